/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this room share: the open instance, and helpers on map descriptors. */
#ifndef DATAPLANE_INTERNAL_H
#define DATAPLANE_INTERNAL_H

#include "dataplane/dataplane.h"

/* X(name, unit). Maps of a unit only make sense together: UNIT_NONE stands for itself. */
#define DP_MAPS(X)               \
	X(sad, UNIT_SAD)         \
	X(sa, UNIT_SAD)          \
	X(sa_ts, UNIT_SAD)       \
	X(sa_secret, UNIT_SAD)   \
	X(sa_hot, UNIT_SAD)      \
	X(sa_window, UNIT_SAD)   \
	X(child_out, UNIT_SAD)   \
	X(child_name, UNIT_SAD)  \
	X(spd_tree, UNIT_SPD)    \
	X(spd_cache, UNIT_SPD)   \
	X(spd, UNIT_SPD)         \
	X(spd_state, UNIT_SPD)   \
	X(child_tunnel, UNIT_NONE) \
	X(tunnels, UNIT_NONE)    \
	X(child_acq, UNIT_NONE)  \
	X(natt_frags, UNIT_NONE) \
	X(flow_frags, UNIT_NONE) \
	X(ports, UNIT_NONE)      \
	X(addrs, UNIT_NONE)      \
	X(vlans, UNIT_NONE)      \
	X(vlan_tags, UNIT_NONE)  \
	X(proxy, UNIT_NONE)      \
	X(xsks, UNIT_NONE)       \
	X(host_if, UNIT_NONE)    \
	X(counters, UNIT_NONE)   \
	X(worker_count, UNIT_NONE) \
	X(events, UNIT_NONE)     \
	X(sample_state, UNIT_NONE) \
	X(samples, UNIT_NONE)

#define DP_PROGS(X) X(gate) X(egress) X(route) X(report) X(drop)

enum dp_unit { UNIT_NONE, UNIT_SAD, UNIT_SPD };

enum dp_map_id {
#define X(name, unit) DP_MAP_##name,
	DP_MAPS(X)
#undef X
	DP_MAP_COUNT
};

enum dp_prog_id {
#define X(name) DP_PROG_##name,
	DP_PROGS(X)
#undef X
	DP_PROG_COUNT
};

struct dp_mapping {
	void *at; /* NULL: not mapped */
	size_t size;
};

struct dataplane {
	char dir[DP_PATH_MAX];
	bool may_write;
	int map_fd[DP_MAP_COUNT];
	int prog_fd[DP_PROG_COUNT];
	struct dp_mapping mapping[DP_MAP_COUNT];
	/* Free SA indices in the order of their next use; made by the first sad_alloc. */
	uint32_t *sa_free; /* ring of SA_MAX */
	size_t sa_free_head, sa_free_count;
	bool *window_used; /* blocks of sa_window; made by the first window_take */
	uint32_t window_next; /* where the search for free ones begins: freed blocks rest */
};

extern const char *const dp_map_names[DP_MAP_COUNT];
extern const char *const dp_prog_names[DP_PROG_COUNT];
extern const enum dp_unit dp_map_units[DP_MAP_COUNT];

/* The pin directory, made if it is missing, locked against other creators (flock): a crash
 * releases it. *ret_fd is the lock. */
int pin_dir_lock(const char *dir, int *ret_fd) MUST_USE;
/* -EPERM: the directory belongs to somebody else or others may enter it; -ENOENT. */
int pin_dir_check(const char *dir) MUST_USE;
/* "DIR/NAME"; -ENAMETOOLONG. */
int pin_path(const char *dir, const char *name, char *ret_path, size_t size) MUST_USE;
/* Pin in one step, over a pin of the same name if there is one. */
int pin_replace(int fd, const char *dir, const char *name) MUST_USE;
int pin_remove(const char *dir, const char *name) MUST_USE; /* 0 too if not there */

/* Blocks for the window of an inbound SA, all bits clear. -ENOSPC: none are left side by side. */
int window_take(struct dataplane *dp, uint32_t window, uint32_t *ret_at) MUST_USE;
/* What the SA had; nothing where it had none. */
void window_give(struct dataplane *dp, const struct sa_val *val);

/* Fresh, empty structure without descriptors. */
struct dataplane *dp_new(const char *dir);
/* Map the mmapable maps whose descriptors are open. */
int dp_map_memory(struct dataplane *dp) MUST_USE;
/* The kernel's epoch: returns when no program runs that started before the call. */
void dp_quiesce(void);

/* Descriptor, or the negative error that makes libbpf calls fail. */
static inline int dp_fd(const struct dataplane *dp, enum dp_map_id id)
{
	return dp->map_fd[id];
}

#endif
