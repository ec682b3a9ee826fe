/* SPDX-License-Identifier: BSD-2-Clause */
/* The linear reading of the SPD, and the classifier made of it, without any kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "dataplane/spd_index.h"
#include "support/spd_random.h"

static struct spd_policy policy(const char *local, const char *remote)
{
	struct spd_policy p = { .local = { .port_last = 65535 }, .remote = { .port_last = 65535 } };

	assert_return_code(addr_parse_range(local, &p.local.addr), 0);
	assert_return_code(addr_parse_range(remote, &p.remote.addr), 0);
	return p;
}

static struct spd_flow flow(const char *local, const char *remote, uint8_t proto, uint16_t lport,
			    uint16_t rport)
{
	struct spd_flow f = { .proto = proto, .local_port = lport, .remote_port = rport };

	assert_return_code(addr_parse(local, &f.local), 0);
	assert_return_code(addr_parse(remote, &f.remote), 0);
	return f;
}

static void first_match_wins(void **state)
{
	struct spd_policy list[] = { policy("10.1.0.0/16", "10.2.3.0/24"),
				     policy("10.1.0.0/16", "10.2.0.0/16"),
				     policy("0.0.0.0/0", "0.0.0.0/0") };
	struct spd_flow f = flow("10.1.0.1", "10.2.3.4", 6, 1, 2);

	(void)state;
	assert_int_equal(spd_match(list, 3, &f), 0);
	f = flow("10.1.0.1", "10.2.4.4", 6, 1, 2);
	assert_int_equal(spd_match(list, 3, &f), 1);
	f = flow("10.9.0.1", "10.2.3.4", 6, 1, 2);
	assert_int_equal(spd_match(list, 3, &f), 2);
	assert_int_equal(spd_match(list, 2, &f), -1);
	f = flow("2001:db8::1", "2001:db8::2", 6, 1, 2);
	assert_int_equal(spd_match(list, 3, &f), -1);
}

static void families_do_not_mix(void **state)
{
	struct spd_policy list[] = { policy("::/0", "::/0"), policy("0.0.0.0/0", "0.0.0.0/0") };
	struct spd_flow v6 = flow("2001:db8::1", "2001:db8::2", 6, 1, 2);
	struct spd_flow v4 = flow("10.1.0.1", "10.2.3.4", 6, 1, 2);

	(void)state;
	assert_int_equal(spd_match(list, 2, &v6), 0);
	assert_int_equal(spd_match(list, 2, &v4), 1);
	assert_int_equal(spd_match(list, 1, &v4), -1);
}

static void priority_goes_before_position(void **state)
{
	struct spd_policy list[] = { policy("0.0.0.0/0", "0.0.0.0/0"),
				     policy("0.0.0.0/0", "0.0.0.0/0"),
				     policy("0.0.0.0/0", "0.0.0.0/0") };
	struct spd_flow f = flow("10.1.0.1", "10.2.3.4", 6, 1, 2);

	(void)state;
	list[0].priority = 2;
	list[1].priority = list[2].priority = 1;
	assert_int_equal(spd_match(list, 3, &f), 1);
}

static void every_selector_counts(void **state)
{
	struct spd_policy p = policy("10.1.0.1-10.1.0.3", "10.2.0.0/16");
	struct spd_flow ok = flow("10.1.0.3", "10.2.0.0", 6, 1000, 443);

	(void)state;
	p.local.proto = p.remote.proto = 6;
	p.remote.port_first = 443;
	p.remote.port_last = 444;
	p.local.port_first = 1000;
	assert_int_equal(spd_match(&p, 1, &ok), 0);
	const struct spd_flow wrong[] = {
		flow("10.1.0.4", "10.2.0.0", 6, 1000, 443),
		flow("10.1.0.0", "10.2.0.0", 6, 1000, 443),
		flow("10.1.0.3", "10.3.0.0", 6, 1000, 443),
		flow("10.1.0.3", "10.2.0.0", 17, 1000, 443),
		flow("10.1.0.3", "10.2.0.0", 6, 999, 443),
		flow("10.1.0.3", "10.2.0.0", 6, 1000, 442),
		flow("10.1.0.3", "10.2.0.0", 6, 1000, 445),
	};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(spd_match(&p, 1, &wrong[i]), -1);
}

/* ---- the classifier ---------------------------------------------------------------- */

static bool covers(const struct spd_prefix *p, const struct ip_addr *a)
{
	struct addr_num n = addr_to_num(a);
	unsigned hi = p->bits < 64 ? p->bits : 64, lo = p->bits - hi;
	uint64_t hi_mask = hi ? ~0ull << (64 - hi) : 0, lo_mask = lo ? ~0ull << (64 - lo) : 0;

	return !((n.hi ^ p->addr.hi) & hi_mask) && !((n.lo ^ p->addr.lo) & lo_mask);
}

/* What the program does: longest prefix, then its bucket in order. */
static int classify(const struct spd_index *ix, const struct spd_policy *list,
		    const struct spd_flow *f)
{
	const struct spd_prefix *best = NULL;

	for (size_t i = 0; i < ix->n_prefixes; i++)
		if (covers(&ix->prefixes[i], &f->remote) &&
		    (!best || ix->prefixes[i].bits > best->bits))
			best = &ix->prefixes[i];
	for (uint32_t i = 0; best && i < best->count; i++) {
		uint32_t at = ix->cand[best->first + i];
		if (spd_match(&list[at], 1, f) == 0)
			return (int)at;
	}
	return -1;
}

#define SETS 200
#define FLOWS 200
#define POLICIES 40

static void classifier_agrees_with_the_reference(void **state)
{
	struct spd_random r = { .state = 4301 };
	struct spd_policy list[POLICIES];
	struct spd_index ix;

	(void)state;
	for (int s = 0; s < SETS; s++) {
		size_t n = spd_random_below(&r, POLICIES + 1);
		spd_random_policies(&r, list, n);
		for (size_t i = 0; i < n; i++)
			list[i].priority = 0;
		assert_return_code(spd_index_init(&ix, list, n), 0);
		for (int i = 0; i < FLOWS; i++) {
			struct spd_flow f = spd_random_flow(&r);
			assert_int_equal(classify(&ix, list, &f), spd_match(list, n, &f));
		}
		spd_index_fini(&ix);
	}
}

/* Besides that of all IPv4, which is always there. */
static size_t n_prefixes(const char *remote)
{
	struct spd_policy p = policy("0.0.0.0/0", remote);
	struct spd_index ix;

	assert_return_code(spd_index_init(&ix, &p, 1), 0);
	size_t n = ix.n_prefixes;
	spd_index_fini(&ix);
	return n - 1;
}

static void ranges_become_few_prefixes(void **state)
{
	(void)state;
	assert_int_equal(n_prefixes("10.0.0.0/8"), 1);
	assert_int_equal(n_prefixes("10.0.0.1"), 1);
	assert_int_equal(n_prefixes("0.0.0.0/0"), 0);
	assert_int_equal(n_prefixes("::/0"), 1);
	assert_int_equal(n_prefixes("10.0.0.0-10.0.0.2"), 2);
	assert_int_equal(n_prefixes("0.0.0.1-255.255.255.254"), 62);
	assert_int_equal(n_prefixes("::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"), 254);
}

static void limits_are_kept(void **state)
{
	struct spd_policy *list = calloc(SPD_BUCKET_MAX + 1, sizeof(*list));
	struct spd_index ix;

	(void)state;
	for (size_t i = 0; i <= SPD_BUCKET_MAX; i++)
		list[i] = policy("10.0.0.0/8", "10.0.0.0/8");
	assert_return_code(spd_index_init(&ix, list, SPD_BUCKET_MAX), 0);
	spd_index_fini(&ix);
	assert_int_equal(spd_index_init(&ix, list, SPD_BUCKET_MAX + 1), -E2BIG);
	spd_index_fini(&ix);
	assert_return_code(spd_index_init(&ix, list, 0), 0);
	assert_int_equal(ix.n_prefixes, 1);
	spd_index_fini(&ix);
	free(list);
}

/* Nested ranges need the square of their number: more than the map holds is refused. */
static void candidates_are_counted(void **state)
{
	size_t n = 8000;
	struct spd_policy *list = calloc(n, sizeof(*list));
	struct spd_index ix;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		list[i] = policy("10.0.0.0/8", "10.0.0.0/8");
		list[i].remote.addr.first.lo = list[0].remote.addr.first.lo + 65536 * (i / 200);
		list[i].remote.addr.last.lo = list[i].remote.addr.first.lo + 64 * (i % 200);
	}
	assert_int_equal(spd_index_init(&ix, list, n), -E2BIG);
	spd_index_fini(&ix);
	free(list);
}

static void instances_have_directories(void **state)
{
	char path[DP_PATH_MAX];

	(void)state;
	assert_return_code(dp_pin_dir(NULL, path, sizeof(path)), 0);
	assert_string_equal(path, "/sys/fs/bpf/sekisho");
	assert_return_code(dp_pin_dir("gw-A_1", path, sizeof(path)), 0);
	assert_string_equal(path, "/sys/fs/bpf/sekisho@gw-A_1");
	assert_return_code(dp_run_dir("gw-A_1", path, sizeof(path)), 0);
	assert_string_equal(path, "/run/sekisho@gw-A_1");
	assert_int_equal(dp_run_dir("..", path, sizeof(path)), -EINVAL);
	assert_int_equal(dp_run_dir("a/b", path, sizeof(path)), -EINVAL);
	assert_int_equal(dp_run_dir("", path, sizeof(path)), -EINVAL);
	assert_int_equal(dp_run_dir("a23456789012345678901234567890123", path, sizeof(path)),
			 -EINVAL);
	assert_int_equal(dp_run_dir("abc", path, 8), -ENAMETOOLONG);
}

static void outcomes_have_names(void **state)
{
	(void)state;
	assert_string_equal(counters_gate_name(GATE_DROP_NO_SA), "DROP_NO_SA");
	assert_string_equal(counters_worker_name(WORKER_DROP_ICV), "DROP_ICV");
	assert_string_equal(counters_gate_name(GATE_OUTCOME_COUNT), "?");
	assert_int_not_equal(strlen(counters_worker_text(WORKER_OUTCOME_COUNT)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_match_wins),
		cmocka_unit_test(families_do_not_mix),
		cmocka_unit_test(priority_goes_before_position),
		cmocka_unit_test(every_selector_counts),
		cmocka_unit_test(classifier_agrees_with_the_reference),
		cmocka_unit_test(ranges_become_few_prefixes),
		cmocka_unit_test(limits_are_kept),
		cmocka_unit_test(candidates_are_counted),
		cmocka_unit_test(instances_have_directories),
		cmocka_unit_test(outcomes_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
