/* SPDX-License-Identifier: BSD-2-Clause */
/* The linear reading of the SPD, and the classifier made of it, without any kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "dataplane/spd_tree.h"
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

/* ---- the tree ---------------------------------------------------------------------- */

static struct spd_node *tree;

/* What the program does, with the checks that it need not make: nodes used, sorted cuts. */
struct walk {
	int found;
	unsigned depth, compared;
};

static void words_of(const struct spd_flow *f, uint32_t word[SPD_DIMS])
{
	for (unsigned i = 0; i < 16; i++) {
		uint32_t *remote = &word[SPD_REMOTE + i / 4], *local = &word[SPD_LOCAL + i / 4];
		*remote = *remote << 8 | f->remote.b[i];
		*local = *local << 8 | f->local.b[i];
	}
	word[SPD_REMOTE_PORT] = f->remote_port;
	word[SPD_LOCAL_PORT] = f->local_port;
	word[SPD_PROTO] = f->proto;
}

static const struct spd_node *leaf_of(const uint32_t word[SPD_DIMS], uint32_t at, uint32_t n_nodes,
				      struct walk *w)
{
	for (w->depth = 1; tree[at].dim != SPD_LEAF; w->depth++) {
		uint32_t part = 0;
		assert_in_range(tree[at].dim, SPD_REMOTE, SPD_PROTO);
		while (part < SPD_CUTS && word[tree[at].dim] > tree[at].word[part])
			part++;
		at = tree[at].next + part;
		assert_in_range(at, SPD_ROOTS, n_nodes - 1);
		assert_true(w->depth < SPD_DEPTH_MAX);
	}
	return &tree[at];
}

/* no_ports: of a later fragment, for which a policy that could match but for its ports is the end.
 */
static struct walk find(uint32_t n_nodes, const struct spd_policy *list, const struct spd_flow *f,
			bool no_ports)
{
	uint32_t word[SPD_DIMS] = { 0 };
	uint32_t root = addr_is_v4(&f->remote) ? SPD_ROOT_IPV4 : SPD_ROOT_IPV6;
	struct walk w = { .found = -1 };

	words_of(f, word);
	const struct spd_node *leaf =
		leaf_of(word, root + (no_ports ? SPD_ROOT_NO_PORTS : 0), n_nodes, &w);
	for (unsigned i = 0; leaf->word[i % SPD_CUTS]; i++) {
		uint32_t at = leaf->word[i % SPD_CUTS] - 1;
		struct spd_policy p = list[at];
		w.compared++;
		if (no_ports) {
			p.local.port_first = p.remote.port_first = 0;
			p.local.port_last = p.remote.port_last = 65535;
		}
		if (spd_match(&p, 1, f) == 0) {
			w.found = (int)at;
			break;
		}
		if (i % SPD_CUTS == SPD_CUTS - 1) {
			if (!leaf->next)
				break;
			leaf = &tree[leaf->next];
		}
	}
	return w;
}

static uint32_t build(const struct spd_policy *list, size_t n)
{
	int nodes = spd_tree_build(tree, list, n);

	assert_in_range(nodes, SPD_ROOTS, SPD_TREE_MAX);
	return (uint32_t)nodes;
}

/* The first policy that matches but for ports. */
static int match_without_ports(const struct spd_policy *list, size_t n, const struct spd_flow *f)
{
	for (size_t i = 0; i < n; i++) {
		struct spd_policy p = list[i];
		p.local.port_first = p.remote.port_first = 0;
		p.local.port_last = p.remote.port_last = 65535;
		if (spd_match(&p, 1, f) == 0)
			return (int)i;
	}
	return -1;
}

static void agree(const struct spd_policy *list, size_t n, struct spd_random *r, unsigned flows)
{
	uint32_t nodes = build(list, n);

	for (unsigned i = 0; i < flows; i++) {
		const struct spd_policy *near = n ? &list[spd_random_below(r, (uint32_t)n)] : NULL;
		struct spd_flow f =
			near && i % 2 ? spd_random_flow_near(r, near) : spd_random_flow(r);
		assert_int_equal(find(nodes, list, &f, false).found, spd_match(list, n, &f));
		f.local_port = f.remote_port = 0;
		assert_int_equal(find(nodes, list, &f, true).found,
				 match_without_ports(list, n, &f));
	}
}

static void the_tree_agrees_with_the_reference(void **state)
{
	static const uint32_t sizes[] = { 0, 1, 3, 40, 40, 40, 40, 700 };
	struct spd_random r = { .state = 4301 };
	struct spd_policy list[700];

	(void)state;
	for (int s = 0; s < 200; s++) {
		size_t n = spd_random_below(&r, sizes[(size_t)s % ARRAY_SIZE(sizes)] + 1);
		spd_random_policies(&r, list, n);
		for (size_t i = 0; i < n; i++)
			list[i].priority = 0;
		agree(list, n, &r, 200);
	}
}

/* How many policies are compared with a packet at most, and how deep it is looked for. */
static void costs(const struct spd_policy *list, size_t n, unsigned step, unsigned compared,
		  unsigned depth)
{
	struct spd_random r = { .state = 4303 };
	uint32_t nodes = build(list, n);

	for (size_t i = 0; i < n; i += step) {
		struct spd_flow f = spd_random_flow_near(&r, &list[i]);
		struct walk w = find(nodes, list, &f, false);
		assert_int_equal(w.found, spd_match(list, n, &f));
		assert_in_range(w.compared, 0, compared);
		assert_in_range(w.depth, 1, depth);
	}
}

/* Policy i has of the selector `of` the value i, or as many values as it is wide. */
enum varied { REMOTE, LOCAL, BOTH, IPV6, PORTS };

static struct spd_policy varied(enum varied of, uint32_t i)
{
	struct spd_policy p = policy(of == IPV6 ? "2001:db8::/32" : "10.0.0.0/8",
				     of == IPV6 ? "2001:db8::/32" : "10.0.0.0/8");

	if (of == LOCAL || of == BOTH)
		p.local.addr.last.lo = (p.local.addr.first.lo += 64ull * i) + 63;
	if (of == REMOTE || of == BOTH)
		p.remote.addr.last.lo = (p.remote.addr.first.lo += 64ull * i) + 63;
	if (of == IPV6) { /* of 2^72 addresses, which begin and end in the third word */
		p.remote.addr.first.lo = 1ull << 40;
		p.remote.addr.last.hi = (p.remote.addr.first.hi += 256ull * i) + 255;
	}
	if (of == PORTS) {
		p.local.proto = p.remote.proto = i % 2 ? 17 : 6;
		p.remote.port_first = p.remote.port_last = (uint16_t)(1024 + i / 2);
	}
	return p;
}

static void large_lists_are_found_at_once(void **state)
{
	static const enum varied all[] = { REMOTE, LOCAL, BOTH, IPV6, PORTS };
	static struct spd_policy list[100000];

	(void)state;
	for (size_t of = 0; of < ARRAY_SIZE(all); of++) {
		size_t n = all[of] == PORTS ? 50000 : ARRAY_SIZE(list);
		for (size_t i = 0; i < n; i++)
			list[i] = varied(all[of], (uint32_t)i);
		costs(list, n, 997, 4, 10);
	}
}

/* Half of the list is of the remote address, half of the local one: nobody has room for each with
 * each. */
static void what_cannot_be_cut_is_a_long_leaf(void **state)
{
	static struct spd_policy list[20000];

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(list); i++)
		list[i] = varied(i % 2 ? REMOTE : LOCAL, i);
	costs(list, ARRAY_SIZE(list), 97, 1000, SPD_DEPTH_MAX);
	for (uint32_t i = 0; i < ARRAY_SIZE(list); i++) { /* nested */
		list[i] = varied(BOTH, i);
		list[i].remote.addr.last.lo =
			list[0].remote.addr.first.lo + 128 * ARRAY_SIZE(list) - i;
	}
	costs(list, ARRAY_SIZE(list), 97, ARRAY_SIZE(list), SPD_DEPTH_MAX);
}

/* Nothing can be cut at all, and there are as many as there may be, of both families, with ports.
 */
static void the_largest_list_fits(void **state)
{
	struct spd_policy *list = calloc(SPD_MAX, sizeof(*list));

	(void)state;
	for (uint32_t i = 0; i < SPD_MAX; i++) {
		list[i] = i % 2 ? policy("::/0", "::/0") : policy("0.0.0.0/0", "0.0.0.0/0");
		list[i].ifindex = 1 + i;
		list[i].remote.port_last = (uint16_t)(65534 - i % 3);
	}
	costs(list, SPD_MAX, SPD_MAX / 3, SPD_MAX, SPD_DEPTH_MAX);
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

static int setup(void **state)
{
	(void)state;
	tree = calloc(SPD_TREE_MAX, sizeof(*tree));
	return tree ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	free(tree);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_match_wins),
		cmocka_unit_test(families_do_not_mix),
		cmocka_unit_test(priority_goes_before_position),
		cmocka_unit_test(every_selector_counts),
		cmocka_unit_test(the_tree_agrees_with_the_reference),
		cmocka_unit_test(large_lists_are_found_at_once),
		cmocka_unit_test(what_cannot_be_cut_is_a_long_leaf),
		cmocka_unit_test(the_largest_list_fits),
		cmocka_unit_test(instances_have_directories),
		cmocka_unit_test(outcomes_have_names),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
