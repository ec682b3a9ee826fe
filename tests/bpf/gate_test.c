/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packet in, packet out: every outcome of the gate and of the tc program, by
 * BPF_PROG_TEST_RUN in the world of support/bpf_world.h. The last test fails when an outcome
 * of drop_reason.h has no fixture here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "support/bpf_world.h"
#include "support/packet.h"
#include <sekisho/esp.h>
#include <sekisho/xsk_meta.h>

struct fixture {
	const char *name;
	enum world_if on;
	struct pkt in;
	enum gate_outcome outcome;
	struct pkt out;	      /* src set: the frame that leaves; else it is the one that came */
	struct xsk_meta meta; /* kind set: what is in front of it; sa is filled in by name */
	void (*prepare)(struct world *), (*restore)(struct world *);
};

static struct world world;
static bool is_hit[GATE_OUTCOME_COUNT];

/* ---- the SPD of the fixtures ---------------------------------------------------- */

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

/* Messages of one ICMP type, any code. */
static void icmp_only(struct spd_policy *p, uint8_t proto, uint8_t type)
{
	p->local.proto = p->remote.proto = proto;
	p->local.port_first = (uint16_t)(type << 8);
	p->local.port_last = (uint16_t)(type << 8 | 0xff);
}

/* Child 1 has an outbound SA, child 2 has none. */
static void write_spd(enum spd_action default_action)
{
	struct spd_policy list[] = {
		policy(SPD_BYPASS, "10.1.0.0/16", "10.2.9.0/24", 0),
		policy(SPD_PROTECT, "10.1.0.0/16", "10.2.0.0/16", 1),
		policy(SPD_PROTECT, "10.5.0.0/24", "10.2.0.0/16", 1),
		policy(SPD_PROTECT, "192.0.2.1", "10.2.0.0/16", 1),
		policy(SPD_PROTECT, "10.1.0.0/16", "10.3.0.0/16", 2),
		policy(SPD_PROTECT, "10.6.0.0/24", "10.2.0.0/16", 1),
		policy(SPD_DISCARD, "10.1.0.0/16", "10.66.0.0/16", 0),
		policy(SPD_PROTECT, "10.1.0.0/16", "10.4.0.0/16", 1),
		policy(SPD_BYPASS, "fd01::/64", "fd02:0:0:9::/64", 0),
		policy(SPD_PROTECT, "fd01::/64", "fd02::/32", 1),
		policy(SPD_PROTECT, "fd01::/64", "fd03::/64", 2),
		policy(SPD_PROTECT, "fd01::/64", "fd04::/64", 1),
		policy(SPD_DISCARD, "fd01::/64", "fd66::/64", 0),
		policy(SPD_PROTECT, "fd77::/64", "::/0", 1),
		policy(SPD_PROTECT, "10.1.0.0/16", "10.8.0.0/16", 1),
		policy(SPD_PROTECT, "fd01::/64", "fd08::/64", 1),
		policy(SPD_DISCARD, "10.1.0.0/16", "10.67.0.0/16", 0), /* answered */
		policy(SPD_DISCARD, "fd01::/64", "fd67::/64", 0),
		policy(SPD_DISCARD, "10.1.0.0/16", "10.68.0.0/24", 0), /* in, out */
		policy(SPD_DISCARD, "10.1.0.0/16", "10.68.1.0/24", 0),
		policy(SPD_DISCARD, "0.0.0.0/0", "10.69.0.0/16", 0), /* of the WAN, the LAN */
		policy(SPD_PROTECT, "10.1.0.0/16", "10.70.0.0/16", 1),
	};

	list[7].remote.port_first = list[7].remote.port_last = 443;
	list[11].remote.port_first = list[11].remote.port_last = 443;
	list[16].is_answered = list[17].is_answered = true;
	list[18].dir = SPD_IN;
	list[19].dir = SPD_OUT;
	list[20].ifindex = world.ifindex[IF_WAN];
	list[21].ifindex = world.ifindex[IF_LAN];
	icmp_only(&list[14], IPPROTO_ICMP, 8);
	icmp_only(&list[15], IPPROTO_ICMPV6, 128);
	if (spd_replace(world.dp, list, ARRAY_SIZE(list), default_action))
		abort();
}

static void default_discard(struct world *w)
{
	(void)w;
	write_spd(SPD_DISCARD);
}

static void default_bypass(struct world *w)
{
	(void)w;
	write_spd(SPD_BYPASS);
}

static void by_kernel(struct world *w)
{
	assert_return_code(spd_forwarding(w->dp, FORWARDING_KERNEL), 0);
}

static void by_fib(struct world *w)
{
	assert_return_code(spd_forwarding(w->dp, FORWARDING_FIB), 0);
}

/* All records of first fragments are older than they may be. */
static void fragments_grow_old(struct world *w)
{
	int fd = dp_map_fd(w->dp, "flow_frags");
	struct flow_frag_key key, next;
	struct flow_frag_val val;

	for (void *at = NULL; !bpf_map_get_next_key(fd, at, &next); at = &key) {
		key = next;
		assert_return_code(bpf_map_lookup_elem(fd, &key, &val), 0);
		val.first_ns -= FLOW_FRAG_LIFE_NS;
		assert_return_code(bpf_map_update_elem(fd, &key, &val, BPF_EXIST), 0);
	}
}

/* ---- states of the maps that correct processes do not leave ---------------------- */

static struct spd_node saved_root;

static void set_root(struct world *w, struct spd_node root)
{
	uint32_t at = SPD_GEN(dp_spd_state(w->dp)->epoch) * SPD_TREE_MAX + SPD_ROOT_IPV4;
	int fd = dp_map_fd(w->dp, "spd_tree");

	if (!saved_root.next)
		assert_return_code(bpf_map_lookup_elem(fd, &at, &saved_root), 0);
	assert_return_code(bpf_map_update_elem(fd, &at, &root, 0), 0);
}

static void restore_root(struct world *w)
{
	set_root(w, saved_root);
}

static void cut_nothing(struct world *w)
{
	set_root(w, (struct spd_node){ .dim = SPD_DIMS });
}

static void leave_the_tree(struct world *w)
{
	set_root(w, (struct spd_node){ .dim = SPD_PROTO, .next = 2 * SPD_TREE_MAX });
}

static void go_in_circles(struct world *w)
{
	struct spd_node root = { .dim = SPD_PROTO, .next = SPD_ROOT_IPV4 };

	memset(root.word, 0xff, sizeof(root.word));
	set_root(w, root);
}

static void name_no_policy(struct world *w)
{
	set_root(w, (struct spd_node){ .dim = SPD_LEAF, .word = { 2 * SPD_MAX + 1 } });
}

static void no_host_if(struct world *w)
{
	assert_return_code(host_if_set(w->dp, 0), 0);
}

static void back_host_if(struct world *w)
{
	assert_return_code(host_if_set(w->dp, w->host_end), 0);
}

static void same_host_if(struct world *w)
{
	assert_return_code(host_if_set(w->dp, w->ifindex[IF_WAN]), 0);
}

static struct spd_state saved_state;

static void set_state(struct world *w, struct spd_state state)
{
	uint32_t zero = 0;

	assert_return_code(bpf_map_update_elem(dp_map_fd(w->dp, "spd_state"), &zero, &state, 0), 0);
}

static void no_spd(struct world *w)
{
	saved_state = *dp_spd_state(w->dp);
	set_state(w, (struct spd_state){ .abi = SEKISHO_ABI });
}

static void back_spd(struct world *w)
{
	set_state(w, saved_state);
}

#include "gate_fixtures.h"
#include "gate_fixtures_ipv6.h"
#include "egress_fixtures.h"

/* ---- one fixture ------------------------------------------------------------------- */

static bool starts(const char *name, const char *with)
{
	return !strncmp(name, with, strlen(with));
}

static uint32_t xdp_verdict(enum gate_outcome o)
{
	const char *name = counters_gate_name(o);

	if (starts(name, "PASS_"))
		return XDP_PASS;
	if (starts(name, "DROP_"))
		return XDP_DROP;
	return XDP_REDIRECT;
}

static uint32_t tc_verdict(enum gate_outcome o)
{
	const char *name = counters_gate_name(o);

	if (starts(name, "DROP_"))
		return TC_ACT_SHOT;
	return o == GATE_EGRESS_PROTECT || o == GATE_EGRESS_REJECT ? TC_ACT_REDIRECT : TC_ACT_OK;
}

/* What the tc program puts in the place of the source MAC. */
static void tag(uint8_t *frame, uint32_t ifindex)
{
	frame[6] = 0x02;
	frame[7] = 0x53;
	memcpy(frame + 8, &ifindex, sizeof(ifindex));
}

static void check_meta(const struct fixture *f, const struct world_run *run)
{
	struct xsk_meta want = f->meta, got;

	if (!want.kind) {
		assert_int_equal(run->meta_len,
				 f->outcome == GATE_DROP_NO_WORKER ? sizeof(got) : 0);
		return;
	}
	want.magic = XSK_META_MAGIC;
	if (want.kind == META_IN || (want.kind == META_FRAGMENT && want.esp_off))
		want.sa = strchr(f->in.src, ':')      ? world.sa_in6
			  : f->in.proto == IPPROTO_AH ? world.sa_ah
						      : world.sa_in;
	else if (want.kind == META_PMTU && f->in.quote->proto == IPPROTO_AH)
		want.sa = world.sa_ah_out;
	else
		want.sa = want.kind == META_OUT || want.kind == META_PMTU ? world.sa_out : 0;
	assert_int_equal(run->meta_len, sizeof(got));
	memcpy(&got, run->out, sizeof(got));
	assert_memory_equal(&got, &want, sizeof(got));
}

static void check_fixture(const struct fixture *f, bool is_tc)
{
	uint8_t in[PKT_MAX], want[PKT_MAX];
	size_t len = pkt_build(&f->in, in);
	size_t want_len = pkt_build(f->out.src ? &f->out : &f->in, want);
	struct world_run run;

	print_message("  %s\n", f->name);
	if (f->prepare)
		f->prepare(&world);
	if (is_tc)
		world_egress(&world, f->on, in, len, &run);
	else
		world_gate(&world, f->on, in, len, &run);
	if (f->restore)
		f->restore(&world);
	assert_string_equal(run.outcome < 0 ? "(none)" : counters_gate_name(run.outcome),
			    counters_gate_name(f->outcome));
	assert_int_equal(run.verdict, is_tc ? tc_verdict(f->outcome) : xdp_verdict(f->outcome));
	check_meta(f, &run);
	if (is_tc && run.verdict == TC_ACT_REDIRECT)
		tag(want, world.ifindex[f->on]);
	assert_int_equal(run.out_len - run.meta_len, want_len);
	assert_memory_equal(run.out + run.meta_len, want, want_len);
	is_hit[f->outcome] = true;
}

static void gate_outcomes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(gate_fixtures); i++)
		check_fixture(&gate_fixtures[i], false);
	for (size_t i = 0; i < ARRAY_SIZE(gate_ipv6_fixtures); i++)
		check_fixture(&gate_ipv6_fixtures[i], false);
}

static void egress_outcomes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(egress_fixtures); i++)
		check_fixture(&egress_fixtures[i], true);
	for (size_t i = 0; i < ARRAY_SIZE(egress_ipv6_fixtures); i++)
		check_fixture(&egress_ipv6_fixtures[i], true);
}

/* Cut anywhere, an IP packet never gets further than the parser. */
static void truncated(const struct fixture *f, bool is_tc)
{
	uint8_t frame[PKT_MAX];
	size_t len = pkt_build(&f->in, frame);
	struct world_run run;

	if (f->in.kind != PKT_IP || f->in.total_len_off)
		return;
	/* A test run takes no frame shorter than Ethernet, for tc than Ethernet and the IP header.
	 */
	for (size_t n = !is_tc ? 14 : strchr(f->in.src, ':') ? 54 : 34; n < len; n++) {
		if (is_tc)
			world_egress(&world, f->on, frame, n, &run);
		else
			world_gate(&world, f->on, frame, n, &run);
		if (run.outcome != GATE_DROP_RUNT && run.outcome != GATE_DROP_MALFORMED)
			fail_msg("%s, cut to %zu: %d", f->name, n, run.outcome);
	}
}

static void truncations_go_no_further(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(gate_fixtures); i++)
		truncated(&gate_fixtures[i], false);
	for (size_t i = 0; i < ARRAY_SIZE(egress_fixtures); i++)
		truncated(&egress_fixtures[i], true);
	for (size_t i = 0; i < ARRAY_SIZE(gate_ipv6_fixtures); i++)
		truncated(&gate_ipv6_fixtures[i], false);
	for (size_t i = 0; i < ARRAY_SIZE(egress_ipv6_fixtures); i++)
		truncated(&egress_ipv6_fixtures[i], true);
}

/* A sum of one's complement finds each single bit that is wrong. */
static void no_wrong_bit_of_an_ipv4_header_goes_further(void **state)
{
	static const struct pkt in[] = { LAN(FLOW("10.1.0.5", "198.51.100.5")),
					 LAN(FLOW("10.1.0.5", "10.2.255.255"), .option_words = 10) };
	uint8_t frame[PKT_MAX];
	struct world_run run;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(in); i++) {
		size_t len = pkt_build(&in[i], frame);
		for (size_t bit = 14 * 8; bit < (34u + 4u * in[i].option_words) * 8; bit++) {
			frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
			world_gate(&world, IF_LAN, frame, len, &run);
			frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
			if (run.outcome != GATE_DROP_CHECKSUM && run.outcome != GATE_DROP_RUNT &&
			    run.outcome != GATE_DROP_MALFORMED)
				fail_msg("packet %zu, bit %zu: %d", i, bit, run.outcome);
		}
	}
}

static void truncated_arp_is_a_runt(void **state)
{
	uint8_t frame[PKT_MAX];
	size_t len = pkt_build(&gate_fixtures[0].in, frame);
	struct world_run run;

	(void)state;
	for (size_t n = 14; n < len; n++) {
		world_gate(&world, IF_LAN, frame, n, &run);
		assert_int_equal(run.outcome, GATE_DROP_RUNT);
	}
}

/* The metadata of another program gives way to ours. */
static void foreign_metadata_is_replaced(void **state)
{
	struct {
		uint8_t meta[32], frame[PKT_MAX];
	} in;
	struct pkt p = LAN(FLOW("10.1.0.5", "10.2.0.5"));
	size_t len = pkt_build(&p, in.frame);
	struct xdp_md ctx = { .data = 32,
			      .data_end = (uint32_t)len + 32,
			      .ingress_ifindex = world.ifindex[IF_LAN] },
		      out;
	uint8_t result[4096];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = &in, .data_size_in = (uint32_t)len + 32,
		    .data_out = result, .data_size_out = sizeof(result), .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .ctx_out = &out, .ctx_size_out = sizeof(out));

	(void)state;
	memset(in.meta, 0xee, sizeof(in.meta));
	assert_return_code(bpf_prog_test_run_opts(dp_prog_fd(world.dp, "gate"), &opts), 0);
	assert_int_equal(opts.retval, XDP_REDIRECT);
	assert_int_equal(out.data - out.data_meta, sizeof(struct xsk_meta));
	assert_int_equal(((struct xsk_meta *)result)->magic, XSK_META_MAGIC);
}

/* What this host sends meets, behind the pair, the policies of the interface that it wanted to
 * leave by. */
static void the_pair_keeps_the_interface(void **state)
{
	static const enum world_if from[] = { IF_WAN, IF_LAN, IF_HOST };
	static const enum gate_outcome want[] = { GATE_DROP_POLICY, GATE_DROP_EGRESS,
						  GATE_DROP_EGRESS };
	struct pkt p = HOST(FLOW("192.0.2.1", "10.69.0.5"));
	uint8_t frame[PKT_MAX];
	size_t len = pkt_build(&p, frame);
	struct world_run run;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(from); i++) {
		tag(frame, world.ifindex[from[i]]);
		world_gate(&world, IF_HOST, frame, len, &run);
		assert_int_equal(run.outcome, want[i]);
	}
}

/* No test run can make a driver without room for metadata. */
static bool is_out_of_reach(enum gate_outcome o)
{
	return o == GATE_DROP_NO_META;
}

static void every_outcome_has_a_fixture(void **state)
{
	(void)state;
	for (int i = 0; i < GATE_OUTCOME_COUNT; i++)
		if (!is_hit[i] && !is_out_of_reach(i))
			fail_msg("no fixture for %s", counters_gate_name(i));
}

static int setup(void **state)
{
	(void)state;
	world_init(&world);
	default_bypass(&world);
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
		cmocka_unit_test(gate_outcomes),
		cmocka_unit_test(egress_outcomes),
		cmocka_unit_test(truncations_go_no_further),
		cmocka_unit_test(no_wrong_bit_of_an_ipv4_header_goes_further),
		cmocka_unit_test(truncated_arp_is_a_runt),
		cmocka_unit_test(foreign_metadata_is_replaced),
		cmocka_unit_test(the_pair_keeps_the_interface),
		cmocka_unit_test(every_outcome_has_a_fixture),
	};
	const char *obstacle = world_obstacle();

	if (obstacle) {
		fprintf(stderr, "SKIPPED: gate_test %s\n", obstacle);
		return 0;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
