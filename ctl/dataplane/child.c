/* SPDX-License-Identifier: BSD-2-Clause */
/* Child SA slots by name: the map `child_name`, one writer (the controller). */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include "dataplane/internal.h"

int child_slot_name(struct dataplane *dp, uint32_t child, struct child_name *ret_name)
{
	struct child_name name;

	if (bpf_map_lookup_elem(dp_fd(dp, DP_MAP_child_name), &child, &name))
		return -errno;
	name.name[CHILD_NAME_MAX - 1] = '\0';
	*ret_name = name;
	return 0;
}

int child_slot(struct dataplane *dp, const char *name, uint32_t *ret_child)
{
	struct child_name have = { 0 };
	uint32_t free_slot = 0;

	if (strlen(name) >= CHILD_NAME_MAX)
		return -ENAMETOOLONG;
	for (uint32_t i = 1; i < CHILD_MAX; i++) {
		int err = child_slot_name(dp, i, &have);
		if (err)
			return err;
		if (!strcmp(have.name, name)) {
			*ret_child = i;
			return 0;
		}
		if (!have.name[0] && !free_slot)
			free_slot = i;
	}
	if (!free_slot)
		return -ENOSPC;
	memset(&have, 0, sizeof(have));
	memcpy(have.name, name, strlen(name));
	if (bpf_map_update_elem(dp_fd(dp, DP_MAP_child_name), &free_slot, &have, BPF_ANY))
		return -errno;
	*ret_child = free_slot;
	return 0;
}

int child_slot_free(struct dataplane *dp, uint32_t child)
{
	struct child_name none = { 0 };

	if (bpf_map_update_elem(dp_fd(dp, DP_MAP_child_name), &child, &none, BPF_ANY))
		return -errno;
	return 0;
}
