/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From pins to an open instance. dp_create runs under the directory's lock:
 *
 *	open what is pinned, refuse another ABI
 *	-> drop units (SAD, SPD) of which a part is missing
 *	-> load the programs over the maps, old and new
 *	-> pin the maps that are new; spd_state carries the ABI before it is pinned
 *	-> keep each pinned program that equals ours, replace the others' pins
 */
#include "dataplane/internal.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "sekisho.skel.h"

#define PROG_MAPS_MAX 32 /* map ids of one program: fewer than there are maps */

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN && getenv("SEKISHO_LIBBPF_DEBUG") ?
		       vfprintf(stderr, format, args) : 0;
}

static struct bpf_map *skel_map(const struct sekisho *skel, enum dp_map_id id)
{
	return bpf_object__find_map_by_name(skel->obj, dp_map_names[id]);
}

static struct bpf_program *skel_prog(const struct sekisho *skel, enum dp_prog_id id)
{
	return bpf_object__find_program_by_name(skel->obj, dp_prog_names[id]);
}

/* The pinned map has the shape that we were compiled with. */
static bool is_same_shape(int fd, const struct bpf_map *want)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);

	return !bpf_obj_get_info_by_fd(fd, &info, &len) && info.type == bpf_map__type(want) &&
	       info.key_size == bpf_map__key_size(want) &&
	       info.value_size == bpf_map__value_size(want) &&
	       info.max_entries == bpf_map__max_entries(want) &&
	       info.map_flags == bpf_map__map_flags(want);
}

static int check_abi(int spd_state_fd)
{
	struct spd_state state;
	__u32 zero = 0;

	if (bpf_map_lookup_elem(spd_state_fd, &zero, &state))
		return -errno;
	return state.abi == SEKISHO_ABI ? 0 : -EPROTO;
}

/* A read-only descriptor cannot be mapped, not even for reading: the mapping is read-only. */
static __u32 open_flags(const struct dataplane *dp, const struct bpf_map *map)
{
	return dp->may_write || bpf_map__map_flags(map) & BPF_F_MMAPABLE ? 0 : BPF_F_RDONLY;
}

/* Open the maps that are pinned; the others keep -1. */
static int open_maps(struct dataplane *dp, const struct sekisho *skel)
{
	char path[DP_PATH_MAX];

	for (int i = 0; i < DP_MAP_COUNT; i++) {
		int r = pin_path(dp->dir, dp_map_names[i], path, sizeof(path));
		if (r)
			return r;
		LIBBPF_OPTS(bpf_obj_get_opts, opts,
			    .file_flags = open_flags(dp, skel_map(skel, i)));
		dp->map_fd[i] = bpf_obj_get_opts(path, &opts);
		if (dp->map_fd[i] < 0 && errno != ENOENT)
			return -errno;
		if (dp->map_fd[i] >= 0 && !is_same_shape(dp->map_fd[i], skel_map(skel, i)))
			return -EPROTO;
	}
	return dp->map_fd[DP_MAP_spd_state] < 0 ? 0 : check_abi(dp->map_fd[DP_MAP_spd_state]);
}

static bool is_unit_whole(const struct dataplane *dp, enum dp_unit unit)
{
	for (int i = 0; i < DP_MAP_COUNT; i++)
		if (dp_map_units[i] == unit && dp->map_fd[i] < 0)
			return false;
	return true;
}

static int drop_unit(struct dataplane *dp, enum dp_unit unit)
{
	for (int i = 0; i < DP_MAP_COUNT; i++) {
		if (dp_map_units[i] != unit || dp->map_fd[i] < 0)
			continue;
		int r = pin_remove(dp->dir, dp_map_names[i]);
		if (r)
			return r;
		close(dp->map_fd[i]);
		dp->map_fd[i] = -1;
	}
	return 0;
}

static int drop_broken_units(struct dataplane *dp)
{
	int r = 0;

	if (!is_unit_whole(dp, UNIT_SAD))
		r = drop_unit(dp, UNIT_SAD);
	if (!r && !is_unit_whole(dp, UNIT_SPD))
		r = drop_unit(dp, UNIT_SPD);
	return r;
}

static int load_over(struct dataplane *dp, struct sekisho *skel)
{
	for (int i = 0; i < DP_MAP_COUNT; i++) {
		if (dp->map_fd[i] < 0)
			continue;
		int r = bpf_map__reuse_fd(skel_map(skel, i), dp->map_fd[i]);
		if (r)
			return r;
	}
	return sekisho__load(skel);
}

static int write_defaults(int spd_state_fd)
{
	struct spd_state state = { .abi = SEKISHO_ABI,
				   .hold_packets = HOLD_PACKETS,
				   .hold_ms = HOLD_MS };
	__u32 zero = 0;

	return bpf_map_update_elem(spd_state_fd, &zero, &state, BPF_ANY) ? -errno : 0;
}

static int pin_new_maps(struct dataplane *dp, const struct sekisho *skel)
{
	for (int i = 0; i < DP_MAP_COUNT; i++) {
		if (dp->map_fd[i] >= 0)
			continue;
		int fd = dup(bpf_map__fd(skel_map(skel, i))), r = 0;
		if (fd < 0)
			return -errno;
		dp->map_fd[i] = fd;
		if (i == DP_MAP_spd_state)
			r = write_defaults(fd);
		if (!r)
			r = pin_replace(fd, dp->dir, dp_map_names[i]);
		if (r)
			return r;
	}
	return 0;
}

struct prog_facts {
	struct bpf_prog_info info;
	__u32 maps[PROG_MAPS_MAX];
};

static int prog_facts(int fd, struct prog_facts *ret_facts)
{
	struct prog_facts f = { .info = { .nr_map_ids = PROG_MAPS_MAX } };
	__u32 len = sizeof(f.info);

	f.info.map_ids = (uintptr_t)f.maps;
	if (bpf_obj_get_info_by_fd(fd, &f.info, &len))
		return -errno;
	*ret_facts = f;
	return 0;
}

static bool has_map(const struct prog_facts *f, __u32 id)
{
	for (__u32 i = 0; i < f->info.nr_map_ids && i < PROG_MAPS_MAX; i++)
		if (f->maps[i] == id)
			return true;
	return false;
}

/* Same instructions (the tag leaves the maps out) over the same maps. */
static bool is_same_prog(int a, int b)
{
	struct prog_facts fa, fb;

	if (prog_facts(a, &fa) || prog_facts(b, &fb))
		return false;
	if (memcmp(fa.info.tag, fb.info.tag, BPF_TAG_SIZE) != 0 || fa.info.type != fb.info.type ||
	    fa.info.nr_map_ids != fb.info.nr_map_ids || fa.info.nr_map_ids > PROG_MAPS_MAX)
		return false;
	for (__u32 i = 0; i < fa.info.nr_map_ids; i++)
		if (!has_map(&fb, fa.maps[i]))
			return false;
	return true;
}

static int pin_program(struct dataplane *dp, const struct sekisho *skel, enum dp_prog_id id)
{
	int ours = bpf_program__fd(skel_prog(skel, id)), pinned;
	char path[DP_PATH_MAX];
	int r = pin_path(dp->dir, dp_prog_names[id], path, sizeof(path));

	if (r)
		return r;
	pinned = bpf_obj_get(path);
	if (pinned >= 0 && is_same_prog(pinned, ours)) {
		dp->prog_fd[id] = pinned;
		return 0;
	}
	if (pinned >= 0)
		close(pinned);
	dp->prog_fd[id] = dup(ours);
	if (dp->prog_fd[id] < 0)
		return -errno;
	return pin_replace(ours, dp->dir, dp_prog_names[id]);
}

static int create_locked(struct dataplane *dp, struct sekisho *skel)
{
	int r = open_maps(dp, skel);

	if (!r)
		r = drop_broken_units(dp);
	if (!r)
		r = load_over(dp, skel);
	if (!r)
		r = pin_new_maps(dp, skel);
	for (int i = 0; !r && i < DP_PROG_COUNT; i++)
		r = pin_program(dp, skel, i);
	if (!r)
		r = dp_map_memory(dp);
	return r;
}

static int create(struct dataplane *dp)
{
	int lock, r = pin_dir_lock(dp->dir, &lock);

	if (r)
		return r;
	struct sekisho *skel = sekisho__open();
	r = skel ? create_locked(dp, skel) : -errno;
	sekisho__destroy(skel);
	if (r)
		rmdir(dp->dir); /* if it is empty: nothing of a failed first start stays */
	close(lock);
	return r;
}

/* Programs may be missing (a crash of the first worker): then the set is not usable yet. */
static int open_progs(struct dataplane *dp)
{
	char path[DP_PATH_MAX];

	for (int i = 0; i < DP_PROG_COUNT; i++) {
		int r = pin_path(dp->dir, dp_prog_names[i], path, sizeof(path));
		if (r)
			return r;
		dp->prog_fd[i] = bpf_obj_get(path);
		if (dp->prog_fd[i] < 0)
			return -errno;
	}
	return 0;
}

static int open_pinned(struct dataplane *dp)
{
	int r = pin_dir_check(dp->dir);

	if (r)
		return r;
	struct sekisho *skel = sekisho__open();
	r = skel ? open_maps(dp, skel) : -errno;
	sekisho__destroy(skel);
	for (int i = 0; !r && i < DP_MAP_COUNT; i++)
		if (dp->map_fd[i] < 0)
			r = -ENOENT;
	if (!r)
		r = open_progs(dp);
	return r ? r : dp_map_memory(dp);
}

static int start(const char *instance, bool may_write, int (*how)(struct dataplane *),
		 struct dataplane **ret_dp)
{
	char dir[DP_PATH_MAX];
	int r = dp_pin_dir(instance, dir, sizeof(dir));

	if (r)
		return r;
	struct dataplane *dp = dp_new(dir);
	if (!dp)
		return -ENOMEM;
	dp->may_write = may_write;
	libbpf_set_print(quiet);
	r = how(dp);
	if (r) {
		dp_close(dp);
		return r;
	}
	*ret_dp = dp;
	return 0;
}

int dp_create(const char *instance, struct dataplane **ret_dp)
{
	return start(instance, true, create, ret_dp);
}

int dp_open(const char *instance, bool may_write, struct dataplane **ret_dp)
{
	return start(instance, may_write, open_pinned, ret_dp);
}
