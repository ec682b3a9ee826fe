/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Large SPDs: they are found as the linear reference says, and what they cost is printed: the
 * time of spd_replace() and of the gate for a packet, of one flow again and again (warm) and of a
 * new one each time. Nothing here depends on a clock.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "support/bpf_world.h"
#include "support/packet.h"
#include "support/spd_random.h"

#define LARGE 100000u
#define NEW_FLOWS 20000u
#define WARM_RUNS 200000u
#define CHECKED 2000u
#define SITE 0x0b000000u /* 11.0.0.0/8: remote networks, one per policy */

static struct world world;
static struct spd_policy *list;

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static struct addr_range net(uint32_t first, uint32_t size)
{
	struct ip_addr a = addr_from_v4(first), b = addr_from_v4(first + size - 1);

	return (struct addr_range){ addr_to_num(&a), addr_to_num(&b) };
}

/* Sites of 64 addresses, all discarded (nothing but the lookup is measured), and at the end a net
 * around them all. */
static void make_list(size_t n, uint32_t shift)
{
	for (size_t i = 0; i < n; i++)
		list[i] = (struct spd_policy){
			.local = { .addr = net(0x0a010000, 65536), .port_last = 65535 },
			.remote = { .addr = net(SITE + 64 * ((uint32_t)i + shift), 64),
				    .port_last = 65535 },
			.action = SPD_DISCARD,
		};
	list[n - 1].remote.addr = net(SITE, 1u << 24);
}

static uint32_t run(const struct pkt *p, int repeat)
{
	uint8_t frame[PKT_MAX], out[PKT_MAX];
	size_t len = pkt_build(p, frame);
	struct xdp_md ctx = { .data_end = (uint32_t)len,
			      .ingress_ifindex = world.ifindex[IF_UNSERVED] };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = (uint32_t)len,
		    .data_out = out, .data_size_out = sizeof(out), .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .repeat = repeat);

	assert_return_code(bpf_prog_test_run_opts(dp_prog_fd(world.dp, "gate"), &opts), 0);
	return opts.duration;
}

static struct pkt packet(struct spd_random *r, size_t n, char *dst)
{
	struct ip_addr a = addr_from_v4(SITE + spd_random_below(r, 64 * (uint32_t)n));

	return (struct pkt){ .src = "10.1.0.5",
			     .dst = addr_print(&a, dst, ADDR_TEXT_MAX),
			     .proto = 17,
			     .sport = (uint16_t)(1 + spd_random_below(r, 60000)),
			     .dport = 53 };
}

/* Ratios to the shortest list, which is measured first. */
static void measure(size_t n)
{
	static double first_fresh, first_warm;
	char dst[ADDR_TEXT_MAX];
	struct spd_random r = { .state = 4301 };
	uint64_t fresh = 0, warm = ~0ull;

	for (unsigned i = 0; i < NEW_FLOWS; i++) {
		struct pkt p = packet(&r, n, dst);
		fresh += run(&p, 1);
	}
	for (unsigned i = 0; i < 5; i++) {
		struct pkt p = packet(&r, n, dst);
		uint32_t ns = run(&p, WARM_RUNS);
		warm = ns < warm ? ns : warm;
	}
	fresh /= NEW_FLOWS;
	if (!first_warm) {
		first_fresh = (double)fresh;
		first_warm = (double)warm;
	}
	print_message(
		"%7zu policies: gate, new flow %4llu ns (ratio %.2f), the same again %4llu ns "
		"(ratio %.2f)\n",
		n, (unsigned long long)fresh, (double)fresh / first_fresh, (unsigned long long)warm,
		(double)warm / first_warm);
}

static void agrees(size_t n)
{
	struct spd_random r = { .state = 4303 };

	for (unsigned i = 0; i < CHECKED; i++) {
		struct route_query q = { .proto = 17, .ingress = world.ifindex[IF_WAN] };
		struct spd_flow f = { .proto = 17, .local = addr_from_v4(0x0a010005) };
		f.remote = addr_from_v4(SITE - 64 + spd_random_below(&r, 64 * (uint32_t)(n + 2)));
		q.saddr = f.local;
		q.daddr = f.remote;
		assert_return_code(route_lookup(world.dp, &q), 0);
		assert_int_equal(q.result == ROUTE_DISCARD, spd_match(list, n, &f) >= 0);
	}
}

static void replace(size_t n, const char *what)
{
	double from = now_ms();

	assert_return_code(spd_replace(world.dp, list, n, SPD_BYPASS), 0);
	print_message("%7zu policies: %s in %.1f ms\n", n, what, now_ms() - from);
}

static void large_lists_are_found(void **state)
{
	static const size_t sizes[] = { 10, 1000, 10000, LARGE };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		make_list(sizes[i], 0);
		replace(sizes[i], "written");
		replace(sizes[i], "written again");
		replace(sizes[i], "written once more, no difference");
		agrees(sizes[i]);
		measure(sizes[i]);
		make_list(sizes[i], 1);
		replace(sizes[i], "all of them other ones");
		agrees(sizes[i]);
	}
}

static int setup(void **state)
{
	(void)state;
	list = calloc(LARGE, sizeof(*list));
	world_init(&world);
	return list ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	free(list);
	world_fini(&world);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(large_lists_are_found),
	};
	const char *obstacle = world_obstacle();

	if (obstacle) {
		fprintf(stderr, "SKIPPED: spd_scale_test %s\n", obstacle);
		return 0;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
