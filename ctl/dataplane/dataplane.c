/* SPDX-License-Identifier: BSD-2-Clause */
/* An open instance: its descriptors and mappings, and nothing of what is in the maps. */
#include "dataplane/internal.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define QUIESCE_US 20000 /* where membarrier is refused: far longer than any program runs */

const char *const dp_map_names[DP_MAP_COUNT] = {
#define X(name, unit) #name,
	DP_MAPS(X)
#undef X
};

const enum dp_unit dp_map_units[DP_MAP_COUNT] = {
#define X(name, unit) unit,
	DP_MAPS(X)
#undef X
};

const char *const dp_prog_names[DP_PROG_COUNT] = {
#define X(name) #name,
	DP_PROGS(X)
#undef X
};

struct dataplane *dp_new(const char *dir)
{
	struct dataplane *dp = calloc(1, sizeof(*dp));

	if (!dp)
		return NULL;
	snprintf(dp->dir, sizeof(dp->dir), "%s", dir);
	for (int i = 0; i < DP_MAP_COUNT; i++)
		dp->map_fd[i] = -1;
	for (int i = 0; i < DP_PROG_COUNT; i++)
		dp->prog_fd[i] = -1;
	return dp;
}

void dp_close(struct dataplane *dp)
{
	if (!dp)
		return;
	for (int i = 0; i < DP_MAP_COUNT; i++) {
		if (dp->mapping[i].at)
			munmap(dp->mapping[i].at, dp->mapping[i].size);
		if (dp->map_fd[i] >= 0)
			close(dp->map_fd[i]);
	}
	for (int i = 0; i < DP_PROG_COUNT; i++)
		if (dp->prog_fd[i] >= 0)
			close(dp->prog_fd[i]);
	free(dp->sa_free);
	free(dp->window_used);
	free(dp);
}

/* The kernel rounds each element of an array up to 8 bytes, and the whole up to pages. */
static int map_memory(struct dataplane *dp, enum dp_map_id id)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(dp->map_fd[id], &info, &len))
		return -errno;
	if (!(info.map_flags & BPF_F_MMAPABLE))
		return 0;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = ((info.value_size + 7ul) & ~7ul) * info.max_entries;
	size = (size + page - 1) & ~(page - 1);
	void *at = mmap(NULL, size, dp->may_write ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED,
			dp->map_fd[id], 0);
	if (at == MAP_FAILED)
		return -errno;
	dp->mapping[id] = (struct dp_mapping){ at, size };
	return 0;
}

int dp_map_memory(struct dataplane *dp)
{
	int r = 0;

	for (int i = 0; !r && i < DP_MAP_COUNT; i++)
		r = map_memory(dp, i);
	return r;
}

void dp_quiesce(void)
{
	/* synchronize_rcu(): programs run inside RCU read sections. */
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		usleep(QUIESCE_US);
}

int dp_map_fd(const struct dataplane *dp, const char *name)
{
	for (int i = 0; i < DP_MAP_COUNT; i++)
		if (!strcmp(name, dp_map_names[i]))
			return dp->map_fd[i];
	return -1;
}

int dp_prog_fd(const struct dataplane *dp, const char *name)
{
	for (int i = 0; i < DP_PROG_COUNT; i++)
		if (!strcmp(name, dp_prog_names[i]))
			return dp->prog_fd[i];
	return -1;
}

uint32_t dp_prog_id(const struct dataplane *dp, const char *name)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);
	int fd = dp_prog_fd(dp, name);

	return fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) ? 0 : info.id;
}

static uint32_t map_id(int fd)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);

	return fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) ? 0 : info.id;
}

bool dp_is_pinned(const struct dataplane *dp)
{
	char path[DP_PATH_MAX];

	if (pin_path(dp->dir, dp_map_names[DP_MAP_spd_state], path, sizeof(path)))
		return false;
	int fd = bpf_obj_get(path);
	if (fd < 0)
		return errno != ENOENT; /* what cannot be asked is not known to be gone */
	bool is_ours = map_id(fd) == map_id(dp->map_fd[DP_MAP_spd_state]);
	close(fd);
	return is_ours;
}

struct sa_hot *dp_sa_hot(const struct dataplane *dp)
{
	return dp->mapping[DP_MAP_sa_hot].at;
}

struct sa_window *dp_sa_window(const struct dataplane *dp)
{
	return dp->mapping[DP_MAP_sa_window].at;
}

const struct sa_val *dp_sa(const struct dataplane *dp)
{
	return dp->mapping[DP_MAP_sa].at;
}

const uint64_t *dp_child_out(const struct dataplane *dp)
{
	return dp->mapping[DP_MAP_child_out].at;
}

const struct spd_state *dp_spd_state(const struct dataplane *dp)
{
	return dp->mapping[DP_MAP_spd_state].at;
}

struct sample_state *dp_sample_state(const struct dataplane *dp)
{
	return dp->mapping[DP_MAP_sample_state].at;
}

uint64_t *dp_worker_count(const struct dataplane *dp)
{
	return dp->mapping[DP_MAP_worker_count].at;
}
