/* SPDX-License-Identifier: BSD-2-Clause */
/* What the worker tells the programs about this host, and what it asks of them. */
#include "dataplane/internal.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int write_entry(int fd, const void *key, const void *value)
{
	return bpf_map_update_elem(fd, key, value, BPF_ANY) ? -errno : 0;
}

static int remove_entry(int fd, const void *key)
{
	return bpf_map_delete_elem(fd, key) && errno != ENOENT ? -errno : 0;
}

int port_set(struct dataplane *dp, uint32_t ifindex, const struct port_val *port)
{
	if (port->slot >= PORT_MAX)
		return -EINVAL;
	return write_entry(dp_fd(dp, DP_MAP_ports), &ifindex, port);
}

int port_clear(struct dataplane *dp, uint32_t ifindex)
{
	return remove_entry(dp_fd(dp, DP_MAP_ports), &ifindex);
}

int ports_count(struct dataplane *dp, uint32_t *ret_count)
{
	int fd = dp_fd(dp, DP_MAP_ports);
	uint32_t key, n = 0;

	for (void *last = NULL; n < PORT_MAX && !bpf_map_get_next_key(fd, last, &key); last = &key)
		n++;
	*ret_count = n;
	return fd < 0 ? -EBADF : 0;
}

int xsk_set(struct dataplane *dp, uint32_t slot, uint32_t queue, int socket_fd)
{
	uint32_t key = slot * PORT_QUEUES + queue;

	if (slot >= PORT_MAX || queue >= PORT_QUEUES)
		return -EINVAL;
	return write_entry(dp_fd(dp, DP_MAP_xsks), &key, &socket_fd);
}

int xsk_clear(struct dataplane *dp, uint32_t slot, uint32_t queue)
{
	uint32_t key = slot * PORT_QUEUES + queue;

	if (slot >= PORT_MAX || queue >= PORT_QUEUES)
		return -EINVAL;
	return remove_entry(dp_fd(dp, DP_MAP_xsks), &key);
}

int host_if_set(struct dataplane *dp, uint32_t ifindex)
{
	struct host_if_val val = { .ifindex = ifindex };
	uint32_t zero = 0;

	return write_entry(dp_fd(dp, DP_MAP_host_if), &zero, &val);
}

int tunnel_set(struct dataplane *dp, uint32_t ifindex, uint32_t child)
{
	return write_entry(dp_fd(dp, DP_MAP_tunnels), &ifindex, &child);
}

int tunnel_clear(struct dataplane *dp, uint32_t ifindex)
{
	return remove_entry(dp_fd(dp, DP_MAP_tunnels), &ifindex);
}

/* Up to two keys of one entry: local everywhere, on its interface. */
#define ENTRY_KEYS 2

static size_t entry_keys(const struct addr_entry *e, struct addr_key ret_keys[ENTRY_KEYS])
{
	size_t n = 0;

	ret_keys[n++] = (struct addr_key){ 0 };
	memcpy(ret_keys[0].addr, e->addr.b, sizeof(e->addr.b));
	if (!e->ifindex)
		return n;
	ret_keys[n] = ret_keys[0];
	ret_keys[n++].ifindex = e->ifindex;
	return n;
}

static int key_cmp(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct addr_key));
}

static int proxy_cmp(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct proxy_key));
}

static int vlan_cmp(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct vlan_key));
}

static int ifindex_cmp(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(uint32_t));
}

/* Keys that a map is to have, and no others. */
struct keep {
	void *keys;
	size_t n, size; /* size: of each, at most that of an addr_key */
	int (*cmp)(const void *a, const void *b);
};

static int map_prune(int fd, const struct keep *keep)
{
	uint8_t key[sizeof(struct addr_key)], next[sizeof(key)];
	int r = bpf_map_get_next_key(fd, NULL, next);

	qsort(keep->keys, keep->n, keep->size, keep->cmp);
	while (!r) {
		memcpy(key, next, keep->size);
		r = bpf_map_get_next_key(fd, key, next);
		if (!bsearch(key, keep->keys, keep->n, keep->size, keep->cmp) &&
		    remove_entry(fd, key))
			return -errno;
	}
	return errno == ENOENT ? 0 : -errno;
}

int addrs_replace(struct dataplane *dp, const struct addr_entry *entries, size_t n)
{
	struct addr_key *keep = calloc(n * ENTRY_KEYS + 1, sizeof(*keep));
	int fd = dp_fd(dp, DP_MAP_addrs), r = 0;
	size_t n_keep = 0;

	if (!keep)
		return -ENOMEM;
	for (size_t i = 0; !r && i < n; i++) {
		size_t n_keys = entry_keys(&entries[i], &keep[n_keep]);
		struct addr_val val = { 0 };
		memcpy(val.mac, entries[i].mac, sizeof(val.mac));
		for (size_t k = 0; !r && k < n_keys; k++)
			r = write_entry(fd, &keep[n_keep + k], &val);
		n_keep += n_keys;
	}
	if (!r)
		r = map_prune(fd, &(struct keep){ keep, n_keep, sizeof(*keep), key_cmp });
	free(keep);
	return r;
}

static int vlans_keep(struct dataplane *dp, const struct vlan_entry *entries, size_t n,
		      struct vlan_key *tags, uint32_t *devs)
{
	int by_tags = dp_fd(dp, DP_MAP_vlans), by_dev = dp_fd(dp, DP_MAP_vlan_tags), r = 0;

	for (size_t i = 0; !r && i < n; i++) {
		tags[i] = entries[i].on;
		devs[i] = entries[i].ifindex;
		r = write_entry(by_tags, &tags[i], &devs[i]);
		r = r ? r : write_entry(by_dev, &devs[i], &tags[i]);
	}
	if (!r)
		r = map_prune(by_tags, &(struct keep){ tags, n, sizeof(*tags), vlan_cmp });
	return r ? r : map_prune(by_dev, &(struct keep){ devs, n, sizeof(*devs), ifindex_cmp });
}

int vlans_replace(struct dataplane *dp, const struct vlan_entry *entries, size_t n)
{
	struct vlan_key *tags = calloc(n + 1, sizeof(*tags));
	uint32_t *devs = calloc(n + 1, sizeof(*devs));
	int r = tags && devs ? vlans_keep(dp, entries, n, tags, devs) : -ENOMEM;

	free(tags);
	free(devs);
	return r;
}

int proxy_replace(struct dataplane *dp, const struct ip_addr *addrs, size_t n)
{
	struct proxy_key *keep = calloc(n + 1, sizeof(*keep));
	int fd = dp_fd(dp, DP_MAP_proxy), r = 0;
	uint8_t nothing = 0;

	if (!keep)
		return -ENOMEM;
	for (size_t i = 0; !r && i < n; i++) {
		memcpy(keep[i].addr, addrs[i].b, sizeof(keep[i].addr));
		r = write_entry(fd, &keep[i], &nothing);
	}
	if (!r)
		r = map_prune(fd, &(struct keep){ keep, n, sizeof(*keep), proxy_cmp });
	free(keep);
	return r;
}

int route_lookup(struct dataplane *dp, struct route_query *query)
{
	struct route_query answer;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = query, .data_size_in = sizeof(*query),
		    .data_out = &answer, .data_size_out = sizeof(answer));

	if (bpf_prog_test_run_opts(dp->prog_fd[DP_PROG_route], &opts))
		return -errno;
	if (opts.retval != 2 /* XDP_PASS */ || opts.data_size_out != sizeof(answer))
		return -EIO;
	*query = answer;
	return 0;
}
