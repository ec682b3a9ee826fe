/* SPDX-License-Identifier: BSD-2-Clause */
/* Pins that survive, are completed or refused, and the order in which SAs come and go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "support/bpf_world.h"
#include <sekisho/esp.h>

static char instance[33];

static struct dataplane *create(void)
{
	struct dataplane *dp = NULL;

	assert_return_code(dp_create(instance, &dp), 0);
	return dp;
}

static const char *pin(const char *name)
{
	static char path[2 * DP_PATH_MAX];
	char dir[DP_PATH_MAX];

	assert_return_code(dp_pin_dir(instance, dir, sizeof(dir)), 0);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static struct sad_sa an_sa(uint8_t dir, uint32_t spi)
{
	struct sad_sa sa = { .val = { .spi = spi, .child = 3, .dir = dir, .mode = SA_TUNNEL,
				      .proto = IPPROTO_NUM_ESP },
			     .secret = { .enc_len = 20 } };

	sa.val.dst = addr_from_v4(0xc0000201);
	memset(sa.secret.enc, 0x77, 20);
	return sa;
}

static uint32_t add(struct dataplane *dp, uint8_t dir, uint32_t spi)
{
	struct sad_sa sa = an_sa(dir, spi);
	uint32_t index;

	assert_return_code(sad_alloc(dp, &index), 0);
	assert_return_code(sad_add(dp, index, &sa), 0);
	return index;
}

static int count_sa(uint32_t sa, const struct sad_key *key, const struct sa_val *val,
		    const struct sa_ts *ts, const struct sa_hot *hot, void *arg)
{
	(void)sa, (void)key, (void)val, (void)ts, (void)hot;
	++*(int *)arg;
	return 0;
}

static int n_sas(struct dataplane *dp)
{
	int n = 0;

	assert_return_code(sad_each(dp, count_sa, &n), 0);
	return n;
}

static void write_policy(struct dataplane *dp)
{
	struct spd_policy p = { .action = SPD_PROTECT, .child = 3, .local = { .port_last = 65535 },
				.remote = { .port_last = 65535 } };

	assert_return_code(addr_parse_range("10.0.0.0/8", &p.local.addr), 0);
	p.remote.addr = p.local.addr;
	assert_return_code(spd_replace(dp, &p, 1, SPD_BYPASS), 0);
}

/* ---- pins -------------------------------------------------------------------------- */

static void a_restart_changes_nothing(void **state)
{
	struct dataplane *dp = create();
	uint32_t sa = add(dp, SA_OUT, 0x100), gate = dp_prog_id(dp, "gate");
	struct spd_policy p;

	(void)state;
	assert_return_code(spd_switch(dp, 3, sa), 0);
	dp_sa_hot(dp)[sa].seq = 4711;
	write_policy(dp);
	dp_close(dp);
	dp = create();
	assert_int_equal(dp_prog_id(dp, "gate"), gate); /* also: no .rodata of its own */
	assert_int_equal(n_sas(dp), 1);
	assert_int_equal(dp_sa_hot(dp)[sa].seq, 4711);
	assert_int_equal(dp_child_out(dp)[3], sa);
	assert_int_equal(spd_list(dp, &p, 1), 1);
	dp_close(dp);
}

static void a_lost_program_is_pinned_again(void **state)
{
	struct dataplane *dp = create(), *reader;

	(void)state;
	add(dp, SA_OUT, 0x100);
	dp_close(dp);
	assert_return_code(unlink(pin("egress")), 0);
	assert_int_equal(dp_open(instance, false, &reader), -ENOENT);
	dp = create();
	assert_int_equal(n_sas(dp), 1);
	assert_int_equal(access(pin("egress"), F_OK), 0);
	dp_close(dp);
}

static void another_program_is_replaced(void **state)
{
	struct dataplane *dp = create();
	uint32_t route = dp_prog_id(dp, "route");

	(void)state;
	assert_return_code(unlink(pin("gate")), 0);
	assert_return_code(bpf_obj_pin(dp_prog_fd(dp, "route"), pin("gate")), 0);
	dp_close(dp);
	dp = create();
	assert_int_not_equal(dp_prog_id(dp, "gate"), route);
	assert_int_equal(dp_prog_id(dp, "route"), route);
	dp_close(dp);
}

/* Keys without their sequence numbers would repeat nonces. */
static void half_a_sad_is_dropped_whole(void **state)
{
	struct dataplane *dp = create();
	struct spd_policy p;

	(void)state;
	assert_return_code(spd_switch(dp, 3, add(dp, SA_OUT, 0x100)), 0);
	write_policy(dp);
	dp_close(dp);
	assert_return_code(unlink(pin("sa_hot")), 0);
	dp = create();
	assert_int_equal(n_sas(dp), 0);
	assert_int_equal(dp_child_out(dp)[3], 0);
	assert_int_equal(spd_list(dp, &p, 1), 1);
	dp_close(dp);
}

static void half_an_spd_is_dropped_whole(void **state)
{
	struct dataplane *dp = create();
	struct spd_policy p;

	(void)state;
	add(dp, SA_OUT, 0x100);
	write_policy(dp);
	dp_close(dp);
	assert_return_code(unlink(pin("spd_tree")), 0);
	dp = create();
	assert_int_equal(n_sas(dp), 1);
	assert_int_equal(spd_list(dp, &p, 1), 0);
	dp_close(dp);
}

static void another_abi_is_refused(void **state)
{
	struct dataplane *dp = create(), *other;
	struct spd_state spd = { .abi = SEKISHO_ABI + 1 };
	uint32_t zero = 0;

	(void)state;
	assert_return_code(bpf_map_update_elem(dp_map_fd(dp, "spd_state"), &zero, &spd, 0), 0);
	dp_close(dp);
	assert_int_equal(dp_create(instance, &other), -EPROTO);
	assert_int_equal(dp_open(instance, false, &other), -EPROTO);
}

static void another_shape_is_refused(void **state)
{
	struct dataplane *dp = create(), *other;
	int fd = bpf_map_create(BPF_MAP_TYPE_HASH, "sad", 24, 16, SA_MAX, NULL);

	(void)state;
	dp_close(dp);
	assert_true(fd >= 0);
	assert_return_code(unlink(pin("sad")), 0);
	assert_return_code(bpf_obj_pin(fd, pin("sad")), 0);
	close(fd);
	assert_int_equal(dp_create(instance, &other), -EPROTO);
}

static void nothing_pinned(void **state)
{
	struct dataplane *dp;

	(void)state;
	assert_int_equal(dp_open(instance, false, &dp), -ENOENT);
	assert_return_code(dp_unpin(instance), 0);
	assert_int_equal(dp_create("a/b", &dp), -EINVAL);
	assert_int_equal(dp_create("a.b", &dp), -EINVAL);
	assert_int_equal(dp_create("", &dp), -EINVAL);
}

/* bpffs is world-writable: somebody may have been there before us. */
static void a_directory_of_others_is_refused(void **state)
{
	struct dataplane *dp;
	char dir[DP_PATH_MAX];

	(void)state;
	assert_return_code(dp_pin_dir(instance, dir, sizeof(dir)), 0);
	assert_return_code(mkdir(dir, 0700), 0);
	assert_return_code(chown(dir, 65534, 65534), 0);
	assert_int_equal(dp_create(instance, &dp), -EPERM);
	assert_int_equal(dp_open(instance, true, &dp), -EPERM);
	assert_return_code(chown(dir, 0, 0), 0);
	assert_return_code(chmod(dir, 0755), 0);
	assert_int_equal(dp_create(instance, &dp), -EPERM);
	assert_return_code(rmdir(dir), 0);
}

#define CREATORS 6

/* All of them start and end with one set of pins, whose SAs all see. */
static void many_create_at_once(void **state)
{
	pid_t pids[CREATORS];
	struct dataplane *dp;
	int status;

	(void)state;
	for (int i = 0; i < CREATORS; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			int r = dp_create(instance, &dp);
			if (!r)
				r = dp_map_fd(dp, "sad") < 0;
			_exit(r ? 1 : 0);
		}
	}
	for (int i = 0; i < CREATORS; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	assert_return_code(dp_open(instance, true, &dp), 0);
	dp_close(dp);
}

static void a_reader_cannot_write(void **state)
{
	struct dataplane *dp = create(), *reader;
	struct sad_sa sa = an_sa(SA_IN, 0x200);
	uint64_t counts[GATE_OUTCOME_COUNT];

	(void)state;
	add(dp, SA_IN, 0x100);
	assert_return_code(dp_open(instance, false, &reader), 0);
	assert_int_equal(n_sas(reader), 1);
	assert_return_code(counters_gate(reader, counts), 0);
	assert_int_equal(sad_add(reader, 9, &sa), -EPERM);
	assert_int_equal(sad_delete(reader, 1), -EPERM);
	assert_int_equal(spd_switch(reader, 3, 1), -EPERM);
	assert_int_equal(spd_replace(reader, NULL, 0, SPD_BYPASS), -EPERM);
	dp_close(reader);
	dp_close(dp);
}

/* ---- SAD --------------------------------------------------------------------------- */

static void a_deleted_sa_leaves_no_key(void **state)
{
	struct dataplane *dp = create();
	uint32_t sa = add(dp, SA_OUT, 0x100), gen;
	struct sa_secret secret, nothing = { 0 };
	struct sa_val val;

	(void)state;
	assert_return_code(spd_switch(dp, 3, sa), 0);
	assert_return_code(sad_read(dp, sa, &val), 0);
	gen = val.gen;
	assert_return_code(sad_secret(dp, sa, &secret), 0);
	assert_int_equal(secret.enc[19], 0x77);
	assert_return_code(sad_delete(dp, sa), 0);
	assert_int_equal(dp_child_out(dp)[3], 0);
	assert_int_equal(sad_read(dp, sa, &val), -ENOENT);
	assert_int_not_equal(dp_sa(dp)[sa].gen, gen);
	assert_return_code(sad_secret(dp, sa, &secret), 0);
	assert_memory_equal(&secret, &nothing, sizeof(secret));
	assert_int_equal(sad_delete(dp, sa), -ENOENT);
	assert_int_equal(n_sas(dp), 0);
	dp_close(dp);
}

/* Also over a restart of the controller. */
static void a_freed_index_rests(void **state)
{
	struct dataplane *dp = create();
	uint32_t first = add(dp, SA_IN, 0x100), second;

	(void)state;
	assert_return_code(sad_delete(dp, first), 0);
	second = add(dp, SA_IN, 0x100);
	assert_int_not_equal(second, first);
	dp_close(dp);
	dp = create();
	uint32_t third = add(dp, SA_IN, 0x101);
	assert_true(third != first && third != second);
	dp_close(dp);
}

static void a_new_sa_starts_fresh(void **state)
{
	struct dataplane *dp = create();
	struct sad_sa sa = an_sa(SA_OUT, 0x100);
	uint32_t gen;

	(void)state;
	assert_return_code(sad_add(dp, 5, &sa), 0);
	gen = dp_sa(dp)[5].gen;
	dp_sa_hot(dp)[5].seq = 99;
	assert_return_code(sad_delete(dp, 5), 0);
	assert_return_code(sad_add(dp, 5, &sa), 0);
	assert_int_equal(dp_sa_hot(dp)[5].seq, 0);
	assert_true(dp_sa(dp)[5].gen > gen && dp_sa(dp)[5].gen % 2 == 0);
	assert_int_equal(sad_add(dp, 6, &sa), -EEXIST);
	assert_int_equal(dp_sa(dp)[6].dir, 0);
	assert_int_equal(sad_add(dp, 0, &sa), -EINVAL);
	assert_int_equal(sad_add(dp, SA_MAX, &sa), -EINVAL);
	dp_close(dp);
}

/* Its key with the number 1 once more would be a nonce twice. */
static void a_live_sa_keeps_its_numbers(void **state)
{
	struct dataplane *dp = create();
	struct sad_sa sa = an_sa(SA_OUT, 0x100), other = an_sa(SA_OUT, 0x200);
	uint32_t gen;

	(void)state;
	assert_return_code(sad_add(dp, 7, &sa), 0);
	dp_sa_hot(dp)[7].seq = 99;
	gen = dp_sa(dp)[7].gen;
	assert_int_equal(sad_add(dp, 7, &other), -EEXIST);
	assert_int_equal(dp_sa_hot(dp)[7].seq, 99);
	assert_int_equal(dp_sa(dp)[7].gen, gen);

	/* A controller that died between the two steps of sad_delete. */
	struct sad_key key = { .spi = 0x100, .proto = sa.val.proto };
	memcpy(key.daddr, sa.val.dst.b, sizeof(key.daddr));
	assert_return_code(bpf_map_delete_elem(dp_map_fd(dp, "sad"), &key), 0);
	assert_return_code(sad_add(dp, 7, &other), 0);
	assert_int_equal(dp_sa(dp)[7].gen, gen + 4); /* withdrawn, then written */
	dp_close(dp);
}

static void all_indices_can_be_had(void **state)
{
	struct dataplane *dp = create();
	uint32_t sa = 0;

	(void)state;
	for (uint32_t i = 1; i < SA_MAX; i++)
		assert_return_code(sad_alloc(dp, &sa), 0);
	assert_int_equal(sad_alloc(dp, &sa), -ENOSPC);
	sad_release(dp, sa);
	assert_return_code(sad_alloc(dp, &sa), 0);
	dp_close(dp);
}

/* Windows of all sizes lie beside each other, also for a controller that comes later. */
static void windows_do_not_overlap(void **state)
{
	static const uint32_t windows[] = { 64, 65536, 0, 1984, 1985, 65536, 1024 };
	static uint8_t owner[SA_WINDOW_BLOCKS];
	struct dataplane *dp = create();

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(windows); i++) {
		struct sad_sa sa = an_sa(SA_IN, 0x1000 + i);
		sa.val.window = windows[i];
		assert_return_code(sad_add(dp, i + 1, &sa), 0);
		if (i == 3) { /* and one goes, and its blocks rest; and another controller comes */
			assert_return_code(sad_delete(dp, 1), 0);
			dp_close(dp);
			dp = create();
		}
	}
	memset(owner, 0, sizeof(owner));
	for (uint32_t i = 1; i < ARRAY_SIZE(windows); i++) {
		const struct sa_val *val = &dp_sa(dp)[i + 1];
		uint32_t n = windows[i] ? sa_window_words(windows[i]) / SA_WINDOW_WORDS : 0;
		for (uint32_t b = val->window_at; b < val->window_at + n; b++)
			assert_int_equal(owner[b]++, 0);
	}
	dp_close(dp);
}

static void windows_run_out(void **state)
{
	struct dataplane *dp = create();
	uint32_t i = 0, most = SA_WINDOW_BLOCKS / (sa_window_words(SA_WINDOW_MAX) / SA_WINDOW_WORDS);
	struct sad_sa sa = an_sa(SA_IN, 0x1000);
	int r = 0;

	(void)state;
	sa.val.window = SA_WINDOW_MAX;
	for (; !r && i <= most; i++, sa.val.spi++)
		r = sad_add(dp, i + 1, &sa);
	assert_int_equal(r, -ENOSPC);
	assert_int_equal(i, most + 1);
	assert_int_equal(n_sas(dp), most);
	assert_return_code(sad_delete(dp, 5), 0);
	assert_return_code(sad_add(dp, i, &sa), 0);
	dp_close(dp);
}

static void a_moved_sa_is_found_at_its_new_address(void **state)
{
	struct dataplane *dp = create();
	uint32_t sa = add(dp, SA_OUT, 0x100);
	struct ip_addr src = addr_from_v4(1), dst = addr_from_v4(2);
	struct sad_key key = { .spi = 0x100, .proto = IPPROTO_NUM_ESP };
	struct sad_val found;
	struct sa_val val;

	(void)state;
	dp_sa_hot(dp)[sa].seq = 5;
	assert_return_code(sad_move(dp, sa, &src, &dst, 4500, 4501), 0);
	assert_return_code(sad_read(dp, sa, &val), 0);
	assert_int_equal(val.encap_dport, 4501);
	assert_int_equal(dp_sa_hot(dp)[sa].seq, 5);
	memcpy(key.daddr, dst.b, 16);
	assert_return_code(bpf_map_lookup_elem(dp_map_fd(dp, "sad"), &key, &found), 0);
	assert_int_equal(found.sa, sa);
	assert_int_equal(n_sas(dp), 1);
	assert_return_code(sad_move(dp, sa, &src, &dst, 4500, 4502), 0);
	assert_int_equal(n_sas(dp), 1);
	dp_close(dp);
}

/* ---- addresses --------------------------------------------------------------------- */

static bool has_addr(struct dataplane *dp, uint32_t ifindex, uint32_t v4)
{
	struct addr_key key = { .ifindex = ifindex };
	struct ip_addr a = addr_from_v4(v4);
	struct addr_val val;

	if (v4)
		memcpy(key.addr, a.b, 16);
	return !bpf_map_lookup_elem(dp_map_fd(dp, "addrs"), &key, &val);
}

static void addresses_are_replaced_as_a_whole(void **state)
{
	struct dataplane *dp = create();
	struct addr_entry list[] = { { .ifindex = 7, .addr = addr_from_v4(1) },
				     { .ifindex = 8, .addr = addr_from_v4(2) },
				     { .addr = addr_from_v4(3) } };

	(void)state;
	assert_return_code(addrs_replace(dp, list, 3), 0);
	assert_true(has_addr(dp, 7, 1) && has_addr(dp, 0, 1));
	assert_true(has_addr(dp, 8, 2) && has_addr(dp, 0, 2));
	assert_true(has_addr(dp, 0, 3) && !has_addr(dp, 7, 3));
	assert_return_code(addrs_replace(dp, list, 1), 0);
	assert_true(has_addr(dp, 7, 1) && has_addr(dp, 0, 1));
	assert_false(has_addr(dp, 8, 2) || has_addr(dp, 0, 2));
	assert_false(has_addr(dp, 0, 3));
	assert_return_code(addrs_replace(dp, NULL, 0), 0);
	assert_false(has_addr(dp, 0, 1));
	dp_close(dp);
}

static uint32_t vlan_of(struct dataplane *dp, const struct vlan_key *on)
{
	uint32_t ifindex = 0;

	(void)!bpf_map_lookup_elem(dp_map_fd(dp, "vlans"), on, &ifindex);
	return ifindex;
}

static bool has_tags(struct dataplane *dp, uint32_t ifindex, const struct vlan_key *on)
{
	struct vlan_key found;

	return !bpf_map_lookup_elem(dp_map_fd(dp, "vlan_tags"), &ifindex, &found) &&
	       memcmp(&found, on, sizeof(found)) == 0;
}

/* Both ways; an interface that gets another tag loses the old one. */
static void vlans_are_replaced_as_a_whole(void **state)
{
	struct dataplane *dp = create();
	struct vlan_entry list[] = { { 8, { 7, { { 0x8100, 5 } } } },
				     { 9, { 7, { { 0x88a8, 5 }, { 0x8100, 6 } } } } };
	struct vlan_key before = list[0].on;

	(void)state;
	assert_return_code(vlans_replace(dp, list, 2), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(vlan_of(dp, &list[i].on), list[i].ifindex);
		assert_true(has_tags(dp, list[i].ifindex, &list[i].on));
	}
	list[0].on.tag[0].vid = 4;
	assert_return_code(vlans_replace(dp, list, 1), 0);
	assert_int_equal(vlan_of(dp, &before), 0);
	assert_int_equal(vlan_of(dp, &list[0].on), 8);
	assert_int_equal(vlan_of(dp, &list[1].on), 0);
	assert_true(has_tags(dp, 8, &list[0].on) && !has_tags(dp, 9, &list[1].on));
	dp_close(dp);
}

static int clean(void **state)
{
	(void)state;
	snprintf(instance, sizeof(instance), "gatedp%d", (int)getpid());
	return dp_unpin(instance);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, clean, clean)
	const struct CMUnitTest tests[] = {
		TEST(a_restart_changes_nothing),
		TEST(a_lost_program_is_pinned_again),
		TEST(another_program_is_replaced),
		TEST(half_a_sad_is_dropped_whole),
		TEST(half_an_spd_is_dropped_whole),
		TEST(another_abi_is_refused),
		TEST(another_shape_is_refused),
		TEST(nothing_pinned),
		TEST(a_directory_of_others_is_refused),
		TEST(many_create_at_once),
		TEST(a_reader_cannot_write),
		TEST(a_deleted_sa_leaves_no_key),
		TEST(a_freed_index_rests),
		TEST(a_new_sa_starts_fresh),
		TEST(a_live_sa_keeps_its_numbers),
		TEST(all_indices_can_be_had),
		TEST(windows_do_not_overlap),
		TEST(windows_run_out),
		TEST(a_moved_sa_is_found_at_its_new_address),
		TEST(addresses_are_replaced_as_a_whole),
		TEST(vlans_are_replaced_as_a_whole),
	};
	const char *obstacle = world_obstacle();

	if (obstacle) {
		fprintf(stderr, "SKIPPED: dataplane_test %s\n", obstacle);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
