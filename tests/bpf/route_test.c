/* SPDX-License-Identifier: BSD-2-Clause */
/* What the worker asks of the programs: routes, and events into the ring. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "support/bpf_world.h"
#include "support/packet.h"

static struct world world;

static struct spd_policy policy(enum spd_action action, const char *local, const char *remote,
				uint32_t child)
{
	struct spd_policy p = { .action = action,
				.child = child,
				.local = { .port_last = 65535 },
				.remote = { .port_last = 65535 } };

	if (addr_parse_range(local, &p.local.addr) || addr_parse_range(remote, &p.remote.addr))
		abort();
	return p;
}

/* The hub of two spokes: 10.7/16 behind child 1, 10.8/16 behind child 2 (no SA yet). */
static void write_spd(enum spd_action default_action)
{
	struct spd_policy list[] = {
		policy(SPD_DISCARD, "10.7.6.0/24", "10.1.0.0/16", 0),
		policy(SPD_PROTECT, "0.0.0.0-255.255.255.255", "10.7.0.0/16", 1),
		policy(SPD_PROTECT, "10.7.0.0/16", "10.8.0.0/16", 2),
		policy(SPD_PROTECT, "10.7.0.0/16", "10.9.0.0/16", 1),
	};

	list[3].remote.port_first = list[3].remote.port_last = 80;
	list[3].remote.proto = list[3].local.proto = 6;
	if (spd_replace(world.dp, list, ARRAY_SIZE(list), default_action))
		abort();
}

static struct route_query ask(const char *src, const char *dst, uint32_t flags, uint16_t len)
{
	struct route_query q = { .flags = flags,
				 .total_len = len,
				 .proto = 17,
				 .sport = 1,
				 .dport = 2,
				 .ingress = world.ifindex[IF_WAN] };

	if (addr_parse(src, &q.saddr) || addr_parse(dst, &q.daddr))
		abort();
	assert_return_code(route_lookup(world.dp, &q), 0);
	return q;
}

static void assert_hop(const struct route_query *q, enum world_if i, const char *dmac, uint32_t mtu)
{
	uint8_t want[6];

	assert_int_equal(q->result, ROUTE_FORWARD);
	assert_int_equal(q->ifindex, world.ifindex[i]);
	assert_int_equal(q->mtu, mtu);
	pkt_mac(dmac, want);
	assert_memory_equal(q->dmac, want, 6);
	pkt_mac(world_mac(i), want);
	assert_memory_equal(q->smac, want, 6);
}

static void own_packets_are_routed(void **state)
{
	struct route_query q = ask("192.0.2.1", "192.0.2.2", ROUTE_OWN, 1400);

	(void)state;
	assert_hop(&q, IF_WAN, SA_OUT_MAC, 1500);
	q = ask("192.0.2.1", "198.51.100.9", ROUTE_OWN, 0);
	assert_hop(&q, IF_WAN, SA_OUT_MAC, 1500);
	q = ask("192.0.2.1", "198.51.105.9", ROUTE_OWN, 0);
	assert_hop(&q, IF_WAN, SA_OUT_MAC, 600);
}

/* The outer packet of a tunnel may not be caught by the tunnel's own policy. */
static void own_packets_ask_no_policy(void **state)
{
	struct route_query q;

	(void)state;
	write_spd(SPD_DISCARD);
	q = ask("192.0.2.1", "192.0.2.2", ROUTE_OWN, 100);
	assert_int_equal(q.result, ROUTE_FORWARD);
	q = ask("192.0.2.1", "10.7.0.9", ROUTE_OWN, 100);
	assert_int_equal(q.result, ROUTE_KERNEL); /* no route, but no policy either */
	write_spd(SPD_BYPASS);
}

static void fib_answers(void **state)
{
	(void)state;
	assert_int_equal(ask("10.7.0.5", "10.1.0.1", 0, 100).result, ROUTE_LOCAL);
	assert_int_equal(ask("10.7.0.5", "10.6.0.1", 0, 100).result, ROUTE_LOCAL);
	assert_int_equal(ask("10.7.0.5", "198.51.101.5", 0, 100).result, ROUTE_KERNEL);
	/* Only the neighbour is missing: the worker needs the link for its MTU. */
	assert_int_equal(ask("10.7.0.5", "198.51.101.5", 0, 100).ifindex, world.ifindex[IF_WAN]);
	assert_int_equal(ask("10.7.0.5", "203.0.113.5", 0, 100).result, ROUTE_KERNEL);
	assert_int_equal(ask("10.7.0.5", "224.0.0.5", 0, 100).result, ROUTE_KERNEL);
	assert_int_equal(ask("10.7.0.5", "255.255.255.255", 0, 100).result, ROUTE_KERNEL);
	assert_int_equal(ask("10.7.0.5", "198.51.102.5", 0, 100).result, ROUTE_UNREACHABLE);
	assert_int_equal(ask("10.7.0.5", "198.51.103.5", 0, 100).result, ROUTE_UNREACHABLE);
	assert_int_equal(ask("10.7.0.5", "198.51.104.5", 0, 100).result, ROUTE_UNREACHABLE);
	struct route_query q = ask("10.7.0.5", "198.51.105.5", 0, 601);
	assert_int_equal(q.result, ROUTE_TOO_BIG);
	assert_int_equal(q.mtu, 600);
	q = ask("10.7.0.5", "10.1.0.5", 0, 1500);
	assert_hop(&q, IF_LAN, "02:00:00:00:01:aa", 1500);
}

static void decrypted_packets_meet_the_outbound_spd(void **state)
{
	struct route_query q = ask("10.8.0.5", "10.7.0.5", 0, 100);

	(void)state;
	assert_int_equal(q.result, ROUTE_PROTECT);
	assert_int_equal(q.child, 1);
	assert_int_equal(q.sa, world.sa_out);
	q = ask("10.7.0.5", "10.8.0.5", 0, 100);
	assert_int_equal(q.result, ROUTE_HOLD);
	assert_int_equal(q.child, 2);
	assert_int_equal(ask("10.7.6.5", "10.1.0.5", 0, 100).result, ROUTE_DISCARD);
	/* Its SA allowed it: the default action does not refuse it. */
	write_spd(SPD_DISCARD);
	assert_int_equal(ask("10.7.0.5", "10.1.0.5", 0, 100).result, ROUTE_FORWARD);
	write_spd(SPD_BYPASS);
}

static void fragments_without_ports_are_refused(void **state)
{
	struct route_query q = { .flags = ROUTE_LATER_FRAGMENT,
				 .total_len = 100,
				 .proto = 6,
				 .ingress = world.ifindex[IF_WAN] };

	(void)state;
	assert_int_equal(addr_parse("10.7.0.5", &q.saddr), 0);
	assert_int_equal(addr_parse("10.9.0.5", &q.daddr), 0);
	assert_return_code(route_lookup(world.dp, &q), 0);
	assert_int_equal(q.result, ROUTE_DISCARD);
}

/* ---- events ------------------------------------------------------------------------ */

static struct event seen[8];
static int n_seen;

static void on_event(const struct event *ev, void *arg)
{
	(void)arg;
	if (n_seen < 8)
		seen[n_seen++] = *ev;
}

static struct dp_events *events_open(void)
{
	struct dp_events *ev;

	assert_return_code(
		dp_events_open(world.dp, &(struct dp_sinks){ .on_event = on_event }, NULL, &ev), 0);
	assert_return_code(dp_events_read(ev), 0);
	n_seen = 0;
	return ev;
}

static void report_reaches_the_controller(void **state)
{
	struct dp_events *ev = events_open();
	struct event what = { .type = EVENT_SOFT, .child = 7, .sa = 8, .proto = 9 };

	(void)state;
	assert_return_code(dp_report(world.dp, &what), 0);
	assert_return_code(dp_events_read(ev), 0);
	assert_int_equal(n_seen, 1);
	assert_memory_equal(&seen[0], &what, sizeof(what));
	dp_events_close(ev);
}

static void a_full_ring_is_reported(void **state)
{
	struct event what = { .type = EVENT_SOFT };
	int r = 0;

	(void)state;
	for (size_t i = 0; !r && i <= EVENTS_BYTES / sizeof(what); i++)
		r = dp_report(world.dp, &what);
	assert_int_equal(r, -EAGAIN);
	dp_events_close(events_open());
}

/* Two packets, one acquire: at most one per child and second. */
static void acquire_is_sent_once(void **state)
{
	struct dp_events *ev = events_open();
	struct pkt p = { .src = "10.7.0.5",
			 .dst = "10.8.0.9",
			 .sport = 11,
			 .dport = 22,
			 .dmac = world_mac(IF_LAN) };
	uint8_t frame[PKT_MAX];
	size_t len = pkt_build(&p, frame);
	struct world_run run;
	char a[ADDR_TEXT_MAX], b[ADDR_TEXT_MAX];

	(void)state;
	world_run("sleep 1.1"); /* since the ROUTE_HOLD above */
	write_spd(SPD_BYPASS);
	for (int i = 0; i < 2; i++) {
		world_gate(&world, IF_HOST, frame, len, &run);
		assert_int_equal(run.outcome, GATE_TO_WORKER_HOLD);
	}
	assert_return_code(dp_events_read(ev), 0);
	assert_int_equal(n_seen, 1);
	assert_int_equal(seen[0].type, EVENT_ACQUIRE);
	assert_int_equal(seen[0].child, 2);
	assert_int_equal(seen[0].proto, 17);
	assert_int_equal(seen[0].local_port, 11);
	assert_int_equal(seen[0].remote_port, 22);
	assert_string_equal(addr_print(&seen[0].local, a, sizeof(a)), "10.7.0.5");
	assert_string_equal(addr_print(&seen[0].remote, b, sizeof(b)), "10.8.0.9");
	dp_events_close(ev);
}

/* A veth can be sent into by XDP while its peer runs XDP or GRO (kernel 6.3 and later). */
static void xmit_follows_the_peer(void **state)
{
	char command[128];

	(void)state;
	assert_false(port_can_xmit(world.ifindex[IF_LAN]));
	assert_false(port_can_xmit(0xffffff));
	world_run("ethtool -K lan_p gro on >/dev/null 2>&1");
	if (!port_can_xmit(world.ifindex[IF_LAN]))
		print_message("kernel without xdp-features\n");
	world_run("ethtool -K lan_p gro off >/dev/null 2>&1");
	assert_false(port_can_xmit(world.ifindex[IF_LAN]));
	snprintf(command, sizeof(command),
		 "ip link set lan_p xdp pinned /sys/fs/bpf/sekisho@%s/gate", world.instance);
	world_run(command);
	if (!port_can_xmit(world.ifindex[IF_LAN]))
		print_message("kernel without xdp-features\n");
}

static int setup(void **state)
{
	(void)state;
	world_init(&world);
	write_spd(SPD_BYPASS);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_fini(&world);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_packets_are_routed),
		cmocka_unit_test(own_packets_ask_no_policy),
		cmocka_unit_test(fib_answers),
		cmocka_unit_test(decrypted_packets_meet_the_outbound_spd),
		cmocka_unit_test(fragments_without_ports_are_refused),
		cmocka_unit_test(report_reaches_the_controller),
		cmocka_unit_test(a_full_ring_is_reported),
		cmocka_unit_test(acquire_is_sent_once),
		cmocka_unit_test(xmit_follows_the_peer),
	};
	const char *obstacle = world_obstacle();

	if (obstacle) {
		fprintf(stderr, "SKIPPED: route_test %s\n", obstacle);
		return 0;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
