/* SPDX-License-Identifier: BSD-2-Clause */
#include "roam.h"

#include <errno.h>
#include <string.h>
#include "log.h"
#include "net/net.h"
#include "policy.h"
#include "shell.h"

/* News come in bunches: an address goes, its routes go, another one comes. strongSwan waits for
 * 100 ms, too. */
#define ROAM_DELAY_MS 100
#define ROAM_ADDRS_MAX 64

/* 127.0.0.0/8, 169.254.0.0/16, ::1 and fe80::/10 lead nowhere. */
static bool is_routed(const struct ip_addr *addr)
{
	static const struct ip_addr loopback = { .b[15] = 1 };
	uint32_t v4 = addr_to_v4(addr);

	if (addr_is_v4(addr))
		return v4 && v4 >> 24 != 127 && v4 >> 16 != 0xa9fe;
	return !addr_equal(addr, &loopback) && !(addr->b[0] == 0xfe && (addr->b[1] & 0xc0) == 0x80);
}

static bool is_usable(const struct net *net, const struct net_addr *a)
{
	const struct net_link *link = net_link(net, a->ifindex);

	return link && link->up && is_routed(&a->addr);
}

static void tell(struct shell *sh)
{
	struct ip_addr addrs[ROAM_ADDRS_MAX];
	size_t n_all, n = 0;
	const struct net_addr *all = net_addrs(sh->roam.net, &n_all);

	for (size_t i = 0; i < n_all && n < ROAM_ADDRS_MAX; i++)
		if (is_usable(sh->roam.net, &all[i]))
			addrs[n++] = all[i].addr;
	ike_addresses(sh->ike, addrs, n, shell_now_ms());
	shell_carry_out(sh);
}

static void on_timer(uv_timer_t *timer)
{
	tell(timer->data);
}

/* At once: what this host says from its new address has to meet the policies. */
static void policies_follow(struct shell *sh)
{
	uint64_t sources = policy_sources(sh->conf);

	if (sources == sh->roam.policy_sources)
		return;
	sh->roam.policy_sources = sources;
	sh->is_spd_stale = true;
	shell_carry_out(sh);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct shell *sh = poll->data;
	int what = net_read(sh->roam.net);

	(void)status;
	(void)events;
	if (what < 0)
		log_error("cannot read netlink: %s", strerror(-what));
	if (what > 0)
		policies_follow(sh);
	if (what > 0 && !uv_is_active((uv_handle_t *)&sh->roam.timer))
		uv_timer_start(&sh->roam.timer, on_timer, ROAM_DELAY_MS, 0);
}

int roam_start(struct shell *sh)
{
	struct roam *r = &sh->roam;
	int err = net_open(&r->net);

	if (err)
		return err;
	r->poll.data = r->timer.data = sh;
	uv_timer_init(&sh->loop, &r->timer);
	err = uv_poll_init(&sh->loop, &r->poll, net_fd(r->net));
	if (!err)
		err = uv_poll_start(&r->poll, UV_READABLE, on_readable);
	if (!err)
		tell(sh);
	return err;
}

void roam_fini(struct shell *sh)
{
	net_close(sh->roam.net);
}
