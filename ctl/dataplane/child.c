/* SPDX-License-Identifier: BSD-2-Clause */
/* Child SA slots by name: the map `child_name`, one writer (the controller). */
#include <errno.h>
#include <string.h>
#include "dataplane/internal.h"

static struct child_name *names(const struct dataplane *dp)
{
	return dp->mapping[DP_MAP_child_name].at;
}

int child_slot_name(struct dataplane *dp, uint32_t child, struct child_name *ret_name)
{
	if (child >= CHILD_MAX)
		return -ENOENT;
	*ret_name = names(dp)[child];
	ret_name->name[CHILD_NAME_MAX - 1] = '\0';
	return 0;
}

int child_slot(struct dataplane *dp, const char *name, uint32_t *ret_child)
{
	struct child_name want = { 0 }, *have = names(dp);
	size_t len = strlen(name);
	uint32_t free_slot = 0;

	if (len >= CHILD_NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(want.name, name, len);
	for (uint32_t i = 1; i < CHILD_MAX; i++) {
		if (!memcmp(have[i].name, want.name, len + 1)) {
			*ret_child = i;
			return 0;
		}
		if (!have[i].name[0] && !free_slot)
			free_slot = i;
	}
	if (!free_slot)
		return -ENOSPC;
	if (!dp->may_write)
		return -EPERM;
	have[free_slot] = want;
	*ret_child = free_slot;
	return 0;
}

int child_slot_free(struct dataplane *dp, uint32_t child)
{
	if (!dp->may_write)
		return -EPERM;
	if (!child || child >= CHILD_MAX)
		return -EINVAL;
	names(dp)[child] = (struct child_name){ 0 };
	return child_tunnel_set(dp, child, "");
}

int child_tunnel_set(struct dataplane *dp, uint32_t child, const char *name)
{
	struct child_tunnel *all = dp->mapping[DP_MAP_child_tunnel].at, val = { 0 };
	size_t len = strlen(name);

	if (!dp->may_write)
		return -EPERM;
	if (!child || child >= CHILD_MAX)
		return -EINVAL;
	if (len >= sizeof(val.name))
		return -ENAMETOOLONG;
	memcpy(val.name, name, len);
	if (memcmp(&all[child], &val, sizeof(val)) != 0)
		all[child] = val;
	return 0;
}

const struct child_tunnel *dp_child_tunnel(const struct dataplane *dp)
{
	return dp->mapping[DP_MAP_child_tunnel].at;
}
