/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The programs' SPD against the linear reference spd_match(): random lists, random packets,
 * both directions, ranges that are no prefixes, ports, ICMP types, interfaces, later fragments,
 * IPv4 and IPv6, half of the packets at the edges of a policy. SPD_SEED=n repeats a run,
 * SPD_PAIRS=1000000 makes a long one. Printed is what the packets met, so that nobody takes noise
 * that matches nothing for a proof.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "support/bpf_world.h"
#include "support/packet.h"
#include "support/spd_random.h"

#define SETS 200
#define FLOWS 500
#define POLICIES 1000
#define FEW 60 /* of most lists: then more of them depends on the order */

static struct world world;
static uint64_t seed = 20240229;

struct list {
	struct spd_policy policies[POLICIES];
	size_t n;
	enum spd_action default_action;
};

/* Beside enum spd_action: discard and answer; a later fragment, and the policy wants ports. */
#define SAID_REJECT 100
#define SAID_FRAGMENT 101

struct probe {
	struct spd_flow flow;
	bool is_later_fragment; /* its ports are 0 */
};

static struct {
	unsigned long matched, edges, fragments, refused_fragments, ipv6, policies;
} met;
static bool is_met[POLICIES];

static bool has_ports(uint8_t proto)
{
	return proto == 1 || proto == 6 || proto == 17 || proto == 58;
}

static bool is_any_port(const struct ts_val *ts)
{
	return ts->port_first == 0 && ts->port_last == 65535;
}

static bool wants_ports(const struct spd_policy *p)
{
	return !is_any_port(&p->local) || !is_any_port(&p->remote);
}

/* RFC 4301 7: the first policy that could match the whole packet has to match it without ports. */
static int match_fragment(const struct list *l, const struct spd_flow *f)
{
	struct spd_policy wide[POLICIES];

	memcpy(wide, l->policies, sizeof(wide));
	for (size_t i = 0; i < l->n; i++) {
		wide[i].local.port_first = wide[i].remote.port_first = 0;
		wide[i].local.port_last = wide[i].remote.port_last = 65535;
	}
	return spd_match(wide, l->n, f);
}

/* What the list says; -1: nothing. */
static int said(const struct list *l, const struct probe *p, uint32_t *ret_child)
{
	bool is_blind = p->is_later_fragment && has_ports(p->flow.proto);
	int i = is_blind ? match_fragment(l, &p->flow) : spd_match(l->policies, l->n, &p->flow);

	*ret_child = i < 0 ? 0 : l->policies[i].child;
	if (i >= 0 && is_blind && wants_ports(&l->policies[i]))
		return SAID_FRAGMENT;
	if (i >= 0)
		is_met[i] = true;
	if (i >= 0 && l->policies[i].is_answered)
		return SAID_REJECT;
	return i < 0 ? -1 : (int)l->policies[i].action;
}

static void check_outbound(const struct list *l, const struct probe *in)
{
	struct probe p = *in;
	const struct spd_flow *f = &p.flow;
	struct route_query q = { .ingress = f->ifindex,
				 .total_len = 100,
				 .proto = f->proto,
				 .sport = f->local_port,
				 .dport = f->remote_port,
				 .flags = p.is_later_fragment ? ROUTE_LATER_FRAGMENT : 0 };
	uint32_t child;
	p.flow.dir = SPD_OUT;
	int want = said(l, &p, &child);

	met.matched += want >= 0 && want != SAID_FRAGMENT;
	met.refused_fragments += want == SAID_FRAGMENT;
	q.saddr = f->local;
	q.daddr = f->remote;
	assert_return_code(route_lookup(world.dp, &q), 0);
	if (want == SPD_PROTECT)
		assert_true(q.child == child &&
			    (q.result == ROUTE_PROTECT || q.result == ROUTE_HOLD));
	else if (want == SPD_DISCARD || want == SAID_FRAGMENT)
		assert_int_equal(q.result, ROUTE_DISCARD);
	else if (want == SAID_REJECT)
		assert_int_equal(q.result, ROUTE_REJECT);
	else
		assert_true(q.result == ROUTE_KERNEL || q.result == ROUTE_FORWARD);
}

/* A clear packet on an interface that no worker serves: which counter must grow. */
static enum gate_outcome gate_says(const struct list *l, struct probe in)
{
	uint32_t child;
	in.flow.dir = SPD_IN;
	struct probe out = { spd_flow_reversed(&in.flow), in.is_later_fragment };
	int inbound = said(l, &in, &child), outbound = said(l, &out, &child);

	if (inbound == SPD_PROTECT)
		return GATE_DROP_CLEAR_IN;
	if (inbound == SPD_DISCARD || inbound == SAID_REJECT)
		return GATE_DROP_POLICY;
	if (inbound == SAID_FRAGMENT)
		return GATE_DROP_FRAGMENT;
	if (outbound == SAID_FRAGMENT)
		return GATE_DROP_FRAGMENT;
	if (outbound == SPD_DISCARD || outbound == SAID_REJECT)
		return GATE_DROP_POLICY;
	if (outbound == SPD_PROTECT)
		return GATE_DROP_NO_PORT;
	if (inbound < 0 && outbound < 0 && l->default_action == SPD_DISCARD)
		return GATE_DROP_POLICY;
	return GATE_PASS_FIB;
}

static void run_gate(const struct probe *probe)
{
	const struct spd_flow *in = &probe->flow;
	char local[ADDR_TEXT_MAX], remote[ADDR_TEXT_MAX];
	struct pkt p = { .src = addr_print(&in->remote, remote, sizeof(remote)),
			 .dst = addr_print(&in->local, local, sizeof(local)),
			 .proto = in->proto,
			 .sport = in->remote_port,
			 .dport = in->local_port,
			 .frag = probe->is_later_fragment ? 8 : 0 };
	uint8_t frame[PKT_MAX], out[PKT_MAX];
	size_t len = pkt_build(&p, frame);
	struct xdp_md ctx = { .data_end = (uint32_t)len, .ingress_ifindex = in->ifindex };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = (uint32_t)len,
		    .data_out = out, .data_size_out = sizeof(out), .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx));

	assert_return_code(bpf_prog_test_run_opts(dp_prog_fd(world.dp, "gate"), &opts), 0);
}

/* Half of the packets are at the edges of a policy, one in ten is a later fragment. */
static struct probe random_probe(struct spd_random *r, const struct list *l)
{
	bool is_near = l->n && spd_random_below(r, 2);
	const struct spd_policy *p = &l->policies[spd_random_below(r, (uint32_t)l->n)];
	struct probe probe = { is_near ? spd_random_flow_near(r, p) : spd_random_flow(r),
			       !spd_random_below(r, 10) };

	if (probe.is_later_fragment)
		probe.flow.local_port = probe.flow.remote_port = 0;
	met.edges += is_near;
	met.fragments += probe.is_later_fragment;
	met.ipv6 += !addr_is_v4(&probe.flow.remote);
	return probe;
}

/* In clear, and the kernel's for one reason or another: which one, gate_test asks. */
static void join_clear(uint64_t *counts)
{
	static const enum gate_outcome same[] = { GATE_PASS_NO_NEIGHBOUR, GATE_PASS_OPTIONS };

	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		counts[GATE_PASS_FIB] += counts[same[i]];
		counts[same[i]] = 0;
	}
}

/* Counters once per list, not per packet: they cost more than the run. */
static void check_list(struct spd_random *r, const struct list *l)
{
	uint64_t before[GATE_OUTCOME_COUNT], after[GATE_OUTCOME_COUNT];
	uint64_t want[GATE_OUTCOME_COUNT] = { 0 };

	assert_return_code(counters_gate(world.dp, before), 0);
	for (int i = 0; i < FLOWS; i++) {
		struct probe p = random_probe(r, l);
		check_outbound(l, &p);
		run_gate(&p);
		want[gate_says(l, p)]++;
	}
	for (size_t i = 0; i < l->n; i++)
		met.policies += is_met[i];
	memset(is_met, 0, sizeof(is_met));
	assert_return_code(counters_gate(world.dp, after), 0);
	join_clear(before);
	join_clear(after);
	for (int i = 0; i < GATE_OUTCOME_COUNT; i++)
		if (after[i] - before[i] != want[i])
			fail_msg("%s: %llu, the reference says %llu", counters_gate_name(i),
				 (unsigned long long)(after[i] - before[i]),
				 (unsigned long long)want[i]);
}

/* IF_UNSERVED and the peers: the worker knows none of them, so protect has one outcome. */
static void make_interfaces(uint32_t ret_ifindex[3])
{
	ret_ifindex[0] = world.ifindex[IF_UNSERVED];
	ret_ifindex[1] = if_nametoindex("lan_p");
	ret_ifindex[2] = if_nametoindex("wan_p");
}

/* SETS * FLOWS pairs of a list and a packet, each through `route` and through the gate; SPD_PAIRS
 * says how many instead. */
static void programs_agree_with_the_reference(void **state)
{
	const char *wanted = getenv("SPD_PAIRS");
	unsigned long sets = wanted ? strtoul(wanted, NULL, 0) / FLOWS : SETS;
	uint32_t ifindex[3];
	struct spd_random r = { seed, ifindex, 3 };
	struct list l;

	(void)state;
	make_interfaces(ifindex);
	print_message("  %lu lists, %lu packets\n", sets, sets * FLOWS);
	for (unsigned long i = 0; i < sets; i++) {
		l.n = spd_random_below(&r, (i % 8 ? FEW : POLICIES) + 1);
		l.default_action = spd_random_below(&r, 2) ? SPD_BYPASS : SPD_DISCARD;
		spd_random_policies(&r, l.policies, l.n);
		assert_return_code(spd_replace(world.dp, l.policies, l.n, l.default_action), 0);
		check_list(&r, &l);
	}
	print_message(
		"  outbound %lu matched a policy; %lu packets at edges, %lu of IPv6, %lu later "
		"fragments, %lu of them refused\n  %lu different policies matched\n",
		met.matched, met.edges, met.ipv6, met.fragments, met.refused_fragments,
		met.policies);
	assert_true(met.matched * 2 > sets * FLOWS && met.policies > 10 * sets);
}

/* What was written comes back, in order of priority. */
static void the_list_reads_back(void **state)
{
	struct spd_random r = { .state = seed };
	struct spd_policy in[POLICIES], out[POLICIES];

	(void)state;
	spd_random_policies(&r, in, POLICIES);
	for (int i = 0; i < POLICIES; i++)
		in[i].priority = (uint32_t)(POLICIES - i);
	assert_return_code(spd_replace(world.dp, in, POLICIES, SPD_BYPASS), 0);
	assert_int_equal(spd_list(world.dp, out, POLICIES), POLICIES);
	for (int i = 0; i < POLICIES; i++) {
		const struct spd_policy *want = &in[POLICIES - 1 - i];
		assert_memory_equal(&out[i].local, &want->local, sizeof(want->local));
		assert_memory_equal(&out[i].remote, &want->remote, sizeof(want->remote));
		assert_int_equal(out[i].action, want->action);
		assert_int_equal(out[i].child, want->child);
	}
}

/* Both ends of a policy are of one family. */
static void mixed_families_are_refused(void **state)
{
	struct spd_policy p = { .local.port_last = 65535, .remote.port_last = 65535 };

	(void)state;
	assert_return_code(addr_parse_range("0.0.0.0/0", &p.local.addr), 0);
	assert_return_code(addr_parse_range("::/0", &p.remote.addr), 0);
	assert_int_equal(spd_replace(world.dp, &p, 1, SPD_BYPASS), -EINVAL);
}

/* More than the map holds: refused, and the old list stays in force. */
static void too_much_changes_nothing(void **state)
{
	struct spd_policy *list = calloc(SPD_MAX + 1, sizeof(*list)), one;
	struct spd_random r = { .state = seed };
	uint64_t epoch = dp_spd_state(world.dp)->epoch;

	(void)state;
	spd_random_policies(&r, list, SPD_MAX + 1);
	assert_int_equal(spd_replace(world.dp, list, SPD_MAX + 1, SPD_BYPASS), -E2BIG);
	assert_int_equal(spd_replace(world.dp, list, 1, SPD_PROTECT), -EINVAL);
	list[0].action = SPD_PROTECT;
	list[0].child = 0;
	assert_int_equal(spd_replace(world.dp, list, 1, SPD_BYPASS), -EINVAL);
	assert_int_equal(dp_spd_state(world.dp)->epoch, epoch);
	assert_int_equal(spd_list(world.dp, &one, 1), 1);
	free(list);
}

#define SAME_ADDRESSES 10000u

/* Each policy has an interface of its own, so that nothing can be cut: the last one is found, and
 * one packet more than all of them want is found by none. */
static void the_longest_leaf_is_walked(void **state)
{
	struct spd_policy *list = calloc(SAME_ADDRESSES, sizeof(*list));
	struct route_query q = { .proto = 17 };
	struct addr_range all;

	(void)state;
	assert_return_code(addr_parse_range("0.0.0.0/0", &all), 0);
	for (size_t i = 0; i < SAME_ADDRESSES; i++)
		list[i] = (struct spd_policy){ .local = { .addr = all, .port_last = 65535 },
					       .remote = { .addr = all, .port_last = 65535 },
					       .action = SPD_PROTECT,
					       .child = 1 + (uint32_t)i % (CHILD_MAX - 1),
					       .ifindex = 1000000 + (uint32_t)i };
	list[SAME_ADDRESSES - 1].ifindex = world.ifindex[IF_WAN];
	assert_return_code(spd_replace(world.dp, list, SAME_ADDRESSES, SPD_BYPASS), 0);
	q.saddr = q.daddr = addr_from_v4(0x0a090909);
	q.ingress = world.ifindex[IF_WAN];
	assert_return_code(route_lookup(world.dp, &q), 0);
	assert_int_equal(q.child, list[SAME_ADDRESSES - 1].child);
	q.ingress = world.ifindex[IF_LAN];
	assert_return_code(route_lookup(world.dp, &q), 0);
	assert_int_not_equal(q.result, ROUTE_PROTECT);
	free(list);
}

/* One policy, of SAME_ADDRESSES packets which differ in one thing only: those that it matches and
 * those that it does not take turns, and many have the same place in the cache. */
enum thing { REMOTE_HIGH, REMOTE_LOW, LOCAL_HIGH, LOCAL_LOW, PORT, INTERFACE, THINGS };

static struct ip_addr with_number(bool is_high, uint32_t i)
{
	struct ip_addr a = { { 0x20, 0x01, 0x0d, 0xb8, 0x77 } };

	a.b[is_high ? 6 : 14] = (uint8_t)(i >> 8);
	a.b[is_high ? 7 : 15] = (uint8_t)i;
	return a;
}

static struct route_query query_of(enum thing thing, uint32_t i)
{
	struct route_query q = {
		.proto = 17, .ingress = world.ifindex[IF_WAN], .sport = 7, .dport = 9
	};

	q.daddr = with_number(thing == REMOTE_HIGH,
			      thing == REMOTE_HIGH || thing == REMOTE_LOW ? i : 1);
	q.saddr =
		with_number(thing == LOCAL_HIGH, thing == LOCAL_HIGH || thing == LOCAL_LOW ? i : 1);
	if (thing == PORT)
		q.dport = (uint16_t)i;
	if (thing == INTERFACE)
		q.ingress = i ? i + 1000000 : world.ifindex[IF_WAN];
	return q;
}

static struct spd_policy matches_zero(enum thing thing)
{
	struct route_query q = query_of(thing, 0);
	struct addr_num local = addr_to_num(&q.saddr), remote = addr_to_num(&q.daddr);
	struct spd_policy p = { .local = { .addr = { local, local }, .port_last = 65535 },
				.remote = { .addr = { remote, remote }, .port_last = 65535 },
				.action = SPD_DISCARD };

	if (thing == PORT)
		p.remote.port_last = 0;
	if (thing == INTERFACE)
		p.ifindex = q.ingress;
	return p;
}

static void the_cache_knows_flows_apart(void **state)
{
	(void)state;
	for (enum thing thing = 0; thing < THINGS; thing++) {
		struct spd_policy p = matches_zero(thing);
		struct route_query zero = query_of(thing, 0);
		assert_return_code(spd_replace(world.dp, &p, 1, SPD_BYPASS), 0);
		for (uint32_t i = 1; i <= SAME_ADDRESSES * 2; i++) {
			struct route_query q = query_of(thing, i);
			assert_return_code(route_lookup(world.dp, &zero), 0);
			assert_return_code(route_lookup(world.dp, &q), 0);
			assert_int_equal(zero.result, ROUTE_DISCARD);
			assert_int_not_equal(q.result, ROUTE_DISCARD);
		}
	}
}

static int setup(void **state)
{
	const char *from = getenv("SPD_SEED");

	(void)state;
	if (from)
		seed = strtoull(from, NULL, 0);
	print_message("SPD_SEED=%llu\n", (unsigned long long)seed);
	world_init(&world);
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
		cmocka_unit_test(programs_agree_with_the_reference),
		cmocka_unit_test(the_list_reads_back),
		cmocka_unit_test(mixed_families_are_refused),
		cmocka_unit_test(too_much_changes_nothing),
		cmocka_unit_test(the_longest_leaf_is_walked),
		cmocka_unit_test(the_cache_knows_flows_apart),
	};
	const char *obstacle = world_obstacle();

	if (obstacle) {
		fprintf(stderr, "SKIPPED: spd_bpf_test %s\n", obstacle);
		return 0;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
