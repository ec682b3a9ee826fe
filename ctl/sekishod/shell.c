/* SPDX-License-Identifier: BSD-2-Clause */
#include "shell.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "control.h"
#include "crypto/random.h"
#include "effects.h"
#include "ike/ts.h"
#include "instances.h"
#include "jobs.h"
#include "last_error.h"
#include "log.h"
#include "policy.h"
#include "settings.h"

uint64_t shell_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void shell_carry_out(struct shell *sh)
{
	struct ike_effect fx;

	while (ike_effect(sh->ike, &fx))
		effect_carry_out(sh, &fx);
	instances_settle(sh);
	control_settle(sh);
}

/* ---- What the core borrows (struct ike_host) ------------------------------------ */

static int host_random(void *arg, void *buf, size_t len)
{
	(void)arg;
	return random_bytes(buf, len);
}

/* As strongSwan's: 0xc0000000 to 0xcfffffff, so that they are told apart at sight. */
static uint32_t host_spi(void *arg)
{
	struct shell *sh = arg;
	uint32_t spi;

	do {
		if (random_bytes(&spi, sizeof(spi)))
			return 0;
		spi = 0xc0000000u | (spi & 0x0fffffffu);
	} while (pairs_find(&sh->pairs, spi));
	return spi;
}

static uint64_t host_last_inbound(void *arg, uint32_t spi_in)
{
	struct shell *sh = arg;
	const struct pair *pair = pairs_find(&sh->pairs, spi_in);

	return pair ? dp_sa_hot(sh->dp)[pair->sa_in].last_ns / 1000000u : 0;
}

static uint64_t host_last_use(void *arg, uint32_t spi_in)
{
	struct shell *sh = arg;
	const struct pair *pair = pairs_find(&sh->pairs, spi_in);

	if (!pair)
		return 0;
	uint64_t in_ns = dp_sa_hot(sh->dp)[pair->sa_in].last_ns;
	uint64_t out_ns = dp_sa_hot(sh->dp)[pair->sa_out].last_ns;
	return (in_ns > out_ns ? in_ns : out_ns) / 1000000u;
}

static int host_source(void *arg, const struct ip_addr *remote, struct ip_addr *ret_local)
{
	(void)arg;
	return udp_source_for(remote, ret_local);
}

static uint32_t host_instance(void *arg, const struct conn *conn, const struct conn_child *child)
{
	return instance_new(arg, conn, child);
}

static int host_lease_take(void *arg, const struct lease_request *request,
			   struct ip_addr *ret_addr)
{
	struct shell *sh = arg;

	return leases_take(&sh->leases, request, ret_addr);
}

static void host_lease_give(void *arg, const struct ike_id *id, const struct ip_addr *addr)
{
	struct shell *sh = arg;

	leases_give(&sh->leases, id, addr);
}

/* ---- Input ---------------------------------------------------------------------- */

static void on_datagram(const struct datagram *in, void *arg)
{
	struct shell *sh = arg;

	ike_input(sh->ike, in, shell_now_ms());
	shell_carry_out(sh);
}

/* The packet's own addresses, protocol and ports, the narrowest selectors there are for it. */
static void acquire(struct shell *sh, const struct event *ev, uint64_t now)
{
	struct ts_val local = ts_from_addr(&ev->local), remote = ts_from_addr(&ev->remote);

	local.proto = remote.proto = ev->proto;
	if (ev->proto == IPPROTO_TCP || ev->proto == IPPROTO_UDP || ev->proto == IPPROTO_SCTP) {
		local.port_first = local.port_last = ev->local_port;
		remote.port_first = remote.port_last = ev->remote_port;
	}
	ike_acquire_packet(sh->ike, ev->child, &local, &remote, now);
}

static void on_event(const struct event *ev, void *arg)
{
	struct shell *sh = arg;
	uint64_t now = shell_now_ms();

	const struct pair *pair = pairs_of_sa(&sh->pairs, ev->sa);
	if (ev->type == EVENT_ACQUIRE)
		acquire(sh, ev, now);
	else if (pair && pair->spi_in && ev->type == EVENT_SOFT)
		ike_soft_limit(sh->ike, pair->spi_in, now);
	else if (pair && pair->spi_in && ev->type == EVENT_HARD)
		ike_hard_limit(sh->ike, pair->spi_in, now);
	else if (pair && ev->type == EVENT_HARD)
		instance_orphan_ended(sh, pair->child);
	shell_carry_out(sh);
}

static void on_sample(const struct drop_sample *s, void *arg)
{
	control_dropped(arg, s);
}

static void on_events_readable(uv_poll_t *poll, int status, int events)
{
	struct shell *sh = poll->data;

	(void)status;
	(void)events;
	if (dp_events_read(sh->events) < 0)
		log_error("cannot read the event ring");
}

/* ---- Start and stop -------------------------------------------------------------- */

static void close_handle(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void shell_close(struct shell *sh)
{
	if (sh->is_stopping)
		return;
	sh->is_stopping = true;
	control_stop(sh);
	fetcher_fini(&sh->fetcher);
	uv_walk(&sh->loop, close_handle, NULL);
}

void shell_stop(struct shell *sh)
{
	if (!sh->is_stopping)
		log_info("ending; the SAs in the maps go on until their hard lifetime");
	shell_close(sh);
}

static void on_signal(uv_signal_t *handle, int signum)
{
	struct shell *sh = handle->data;
	struct conf_errors errors = { 0 };

	if (signum == SIGHUP)
		(void)!shell_reload(sh, &errors);
	else
		shell_stop(sh);
	conf_errors_fini(&errors);
}

/* Who goes on with maps that nobody reads would leave the next worker without an SPD. */
static void on_pins_timer(uv_timer_t *timer)
{
	struct shell *sh = timer->data;

	if (dp_is_pinned(sh->dp))
		return;
	log_info("the pinned maps were removed (sekisho-worker --unpin): beginning anew");
	sh->is_unpinned = true;
	shell_close(sh);
}

static void start_pins_timer(struct shell *sh)
{
	uv_timer_init(&sh->loop, &sh->pins_timer);
	sh->pins_timer.data = sh;
	uv_timer_start(&sh->pins_timer, on_pins_timer, DP_RETRY_MS, DP_RETRY_MS);
}

static int start_signals(struct shell *sh)
{
	static const int numbers[] = { SIGTERM, SIGINT, SIGHUP };
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(numbers) && !err; i++) {
		sh->signals[i].data = sh;
		err = uv_signal_init(&sh->loop, &sh->signals[i]);
		if (!err)
			err = uv_signal_start(&sh->signals[i], on_signal, numbers[i]);
	}
	return err;
}

static int start_events(struct shell *sh)
{
	static const struct dp_sinks sinks = { on_event, on_sample };
	int err = dp_events_open(sh->dp, &sinks, sh, &sh->events);

	if (err)
		return err;
	sh->events_poll.data = sh;
	err = uv_poll_init(&sh->loop, &sh->events_poll, dp_events_fd(sh->events));
	if (!err)
		err = uv_poll_start(&sh->events_poll, UV_READABLE, on_events_readable);
	return err;
}

/* A failed step says its own line; the steps are undone by shell_fini() at the process's end. */
static int step(int err, const char *what)
{
	if (err)
		log_error("cannot %s: %s", what, strerror(-err));
	return err;
}

int shell_start(struct shell *sh)
{
	struct ike_host host = { .random = host_random, .spi = host_spi,
				 .last_inbound_ms = host_last_inbound,
				 .last_use_ms = host_last_use, .source = host_source,
				 .instance = host_instance, .lease_take = host_lease_take,
				 .lease_give = host_lease_give, .arg = sh };
	int err;

	sh->started_ms = shell_now_ms();
	uv_timer_init(&sh->loop, &sh->core_timer);
	uv_timer_init(&sh->loop, &sh->orphan_timer);
	aaa_init(&sh->aaa, sh);
	start_pins_timer(sh);
	if ((err = step(pairs_init(&sh->pairs, sh->dp), "read the SAD")) ||
	    (err = step(instances_init(sh), "read the slots")) ||
	    (err = step(leases_init(&sh->leases, sh->instance), "read the leases")) ||
	    (err = step(ike_new(&host, &sh->ike), "start the IKEv2 core")) ||
	    (err = step(udp_start(&sh->udp, &sh->loop, on_datagram, sh),
			"open UDP ports 500 and 4500")) ||
	    (err = step(roam_start(sh), "watch the addresses of this host")) ||
	    (err = step(fetcher_start(&sh->fetcher, &sh->loop), "start libcurl")) ||
	    (err = step(start_signals(sh), "catch signals")) ||
	    (err = step(start_events(sh), "open the event ring")) ||
	    (err = step(control_start(sh), "open the control socket")))
		return err;
	return settings_apply(sh, sh->conf);
}

void shell_fini(struct shell *sh)
{
	dp_events_close(sh->events);
	roam_fini(sh);
	aaa_fini(&sh->aaa);
	fetcher_fini(&sh->fetcher);
	jobs_fini(sh);
	ike_free(sh->ike);
	leases_fini(&sh->leases);
	free(sh->conns);
	last_errors_fini(sh);
	conf_free(sh->conf);
	pairs_fini(&sh->pairs);
	dp_close(sh->dp);
}
