/* SPDX-License-Identifier: BSD-2-Clause */
#include "effects.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "control.h"
#include "instances.h"
#include "jobs.h"
#include "last_error.h"
#include "log.h"
#include "net/dev.h"
#include "policy.h"
#include "resolve.h"

static void on_core_timer(uv_timer_t *timer)
{
	struct shell *sh = timer->data;

	ike_expire(sh->ike, shell_now_ms());
	shell_carry_out(sh);
}

static void fx_timer(struct shell *sh, const struct ike_effect *fx)
{
	uint64_t now = shell_now_ms();

	sh->core_timer.data = sh;
	uv_update_time(&sh->loop);
	if (fx->at_ms)
		uv_timer_start(&sh->core_timer, on_core_timer, fx->at_ms > now ? fx->at_ms - now : 0,
			       0);
	else
		uv_timer_stop(&sh->core_timer);
}

static void fx_send(struct shell *sh, const struct ike_effect *fx)
{
	char to[ADDR_TEXT_MAX];
	int err = udp_send(&sh->udp, &fx->datagram);

	if (err)
		log_error("cannot send %zu bytes to %s:%u: %s", fx->datagram.len,
			  addr_print(&fx->datagram.remote.addr, to, sizeof(to)),
			  fx->datagram.remote.port, strerror(-err));
}

/* A failure here leaves the SPD closed: packets of the child are dropped, not sent in clear. */
static void told(struct shell *sh, const struct child_sa *sa, const char *what, int err)
{
	char line[512];

	if (!err)
		return;
	snprintf(line, sizeof(line), "%s/%s: cannot %s the SAs %08x_i %08x_o: %s", sa->conn->name,
		 sa->conn_child->name, what, sa->spi_in, sa->spi_out,
		 strerror(-err));
	log_error("%s", line);
	last_error_keep(sh, sa->conn->name, line);
}

static void fx_sa_add(struct shell *sh, const struct ike_effect *fx)
{
	int err = pairs_add(&sh->pairs, fx->sa, shell_now_ms());

	told(sh, fx->sa, "install", err);
	if (err) {
		ike_hard_limit(sh->ike, fx->sa->spi_in, shell_now_ms());
		return;
	}
	/* Before the answer goes out: the peer's first packet may be faster than what follows. */
	if (instance_has_policies(fx->sa) && shell_write_spd(sh))
		log_error("%s/%s: cannot write its policies", fx->sa->conn->name,
			  fx->sa->conn_child->name);
}

static void on_orphan_timer(uv_timer_t *timer)
{
	struct shell *sh = timer->data;
	uint64_t now = shell_now_ms(), next = pairs_expire(&sh->pairs, now);

	if (next)
		uv_timer_start(timer, on_orphan_timer, next - now, 0);
	sh->is_spd_stale = true;
	shell_carry_out(sh);
}

static void fx_child_up(struct shell *sh, const struct ike_effect *fx)
{
	bool has_orphans = instance_retire_orphans(sh, fx->sa);
	if (has_orphans || pairs_has_orphan(&sh->pairs, fx->sa->child)) {
		pairs_retire_orphans(&sh->pairs, fx->sa->child, shell_now_ms());
		sh->orphan_timer.data = sh;
		uv_timer_start(&sh->orphan_timer, on_orphan_timer, ORPHAN_REST_MS, 0);
	}
	control_child_up(sh, fx->sa);
}

/* On the host's end of the worker's veth: what is decrypted arrives there. */
static void fx_vip(struct shell *sh, const struct ip_addr *addr, bool is_there)
{
	char host[IF_NAMESIZE], port[IF_NAMESIZE], text[ADDR_TEXT_MAX];

	dev_pair_names(sh->instance, host, port);
	int err = dev_addr_set(host, addr, is_there);
	if (err && is_there)
		log_error("cannot set the virtual address %s on %s: %s",
			  addr_print(addr, text, sizeof(text)), host, strerror(-err));
}

static void fx_log(struct shell *sh, const struct ike_effect *fx)
{
	if (fx->is_error)
		log_error("%s", fx->text);
	else
		log_info("%s", fx->text);
	if (fx->is_error && fx->conn)
		last_error_keep(sh, fx->conn->name, fx->text);
	control_log(sh, fx->conn, fx->text);
}

void effect_carry_out(struct shell *sh, const struct ike_effect *fx)
{
	switch (fx->type) {
	case FX_SEND:
		fx_send(sh, fx);
		break;
	case FX_TIMER:
		fx_timer(sh, fx);
		break;
	case FX_JOB:
		if (jobs_start(sh, fx->job))
			log_error("no memory for a computation; the exchange will time out");
		break;
	case FX_ASK:
		aaa_ask(&sh->aaa, fx->job);
		break;
	case FX_SA_ADD:
		fx_sa_add(sh, fx);
		break;
	case FX_SA_MOVE:
		told(sh, fx->sa, "move", pairs_move(&sh->pairs, fx->sa));
		break;
	case FX_RESOLVE:
		resolve_start(sh, fx->id, fx->text);
		break;
	case FX_KEEPALIVE:
		/* One that is lost is as good as one the network loses. */
		(void)!udp_send_keepalive(&sh->udp, &fx->datagram.local, &fx->datagram.remote);
		break;
	case FX_VIP_ADD:
	case FX_VIP_DEL:
		fx_vip(sh, &fx->addr, fx->type == FX_VIP_ADD);
		break;
	case FX_SA_SWITCH:
		told(sh, fx->sa, "switch to", pairs_switch(&sh->pairs, fx->sa));
		break;
	case FX_SA_DELETE:
		told(sh, fx->sa, "remove", pairs_delete(&sh->pairs, fx->sa));
		sh->is_spd_stale |= fx->sa->conn_child && instance_has_policies(fx->sa);
		break;
	case FX_LOG:
		fx_log(sh, fx);
		break;
	case FX_CHILD_UP:
		fx_child_up(sh, fx);
		break;
	case FX_CHILD_DOWN:
		break; /* control_settle() sees what is gone */
	case FX_CONN_FAILED:
		log_error("%s", fx->text);
		if (fx->conn)
			last_error_keep(sh, fx->conn->name, fx->text);
		control_failed(sh, fx->conn, fx->conn_child, fx->text);
		break;
	}
}
