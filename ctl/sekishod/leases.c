/* SPDX-License-Identifier: BSD-2-Clause */
#include "leases.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "dataplane/dataplane.h"
#include "ike/id.h"
#include "log.h"

#define LINE_MAX_BYTES (CONN_NAME_MAX + ADDR_TEXT_MAX + 2 * IKE_ID_MAX + 16)

/* ---- The file -------------------------------------------------------------------- */

static struct lease *lease_add(struct leases *leases)
{
	size_t room = leases->room ? leases->room * 2 : 64;

	if (leases->n == LEASES_MAX)
		return NULL;
	if (leases->n == leases->room) {
		struct lease *list = realloc(leases->list, room * sizeof(*list));
		if (!list)
			return NULL;
		leases->list = list;
		leases->room = room;
	}
	leases->list[leases->n] = (struct lease){ .n_users = 0 };
	return &leases->list[leases->n++];
}

static int hex_read(const char *text, struct ike_id *id)
{
	unsigned byte;

	for (id->len = 0; text[0] && text[1]; text += 2) {
		if (id->len == IKE_ID_MAX || sscanf(text, "%2x", &byte) != 1)
			return -EINVAL;
		id->data[id->len++] = (uint8_t)byte;
	}
	return *text ? -EINVAL : 0;
}

static void line_read(struct leases *leases, const char *line)
{
	char addr[ADDR_TEXT_MAX], hex[2 * IKE_ID_MAX + 1] = "";
	struct lease lease = { .n_users = 0 };
	unsigned type;

	if (sscanf(line, "%63s %45s %u %512s", lease.pool, addr, &type, hex) < 3 || type > 255 ||
	    addr_parse(addr, &lease.addr) || hex_read(hex, &lease.id))
		return;
	lease.id.type = (uint8_t)type;
	struct lease *kept = lease_add(leases);
	if (kept)
		*kept = lease;
}

int leases_init(struct leases *leases, const char *instance)
{
	char path[sizeof(leases->path)], dir[DP_PATH_MAX - 8];
	int err = dp_run_dir(instance, dir, sizeof(dir));

	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/leases", dir);
	return leases_read(leases, path);
}

int leases_read(struct leases *leases, const char *path)
{
	char line[LINE_MAX_BYTES];

	snprintf(leases->path, sizeof(leases->path), "%s", path);
	FILE *file = fopen(leases->path, "re");
	if (!file)
		return errno == ENOENT ? 0 : -errno;
	while (fgets(line, sizeof(line), file))
		line_read(leases, line);
	fclose(file);
	return 0;
}

void leases_fini(struct leases *leases)
{
	free(leases->list);
	*leases = (struct leases){ .n = 0 };
}

static void line_write(FILE *file, const struct lease *lease)
{
	char addr[ADDR_TEXT_MAX];

	fprintf(file, "%s %s %u ", lease->pool, addr_print(&lease->addr, addr, sizeof(addr)),
		lease->id.type);
	for (size_t i = 0; i < lease->id.len; i++)
		fprintf(file, "%02x", lease->id.data[i]);
	fputc('\n', file);
}

/* All of it or the old one: a crash in between leaves no half file. */
static int leases_write(const struct leases *leases)
{
	char fresh[sizeof(leases->path) + 4];

	snprintf(fresh, sizeof(fresh), "%s.new", leases->path);
	FILE *file = fopen(fresh, "we");
	if (!file)
		return -errno;
	for (size_t i = 0; i < leases->n; i++)
		line_write(file, &leases->list[i]);
	int err = ferror(file) ? -EIO : 0;
	if (fclose(file))
		err = -errno;
	if (!err && rename(fresh, leases->path))
		err = -errno;
	if (err)
		(void)!unlink(fresh);
	return err;
}

/* ---- Giving ---------------------------------------------------------------------- */

static bool is_of(const struct lease *lease, const struct conn_pool *pool)
{
	return !strcmp(lease->pool, pool->name) && addr_in_range(&lease->addr, &pool->addrs);
}

/* What the identity has had, and may have again. */
static struct lease *own_find(struct leases *leases, const struct conn_pool *pool,
			      const struct lease_request *r)
{
	for (size_t i = 0; i < leases->n; i++) {
		struct lease *lease = &leases->list[i];

		if (is_of(lease, pool) && id_equal(&lease->id, r->id) &&
		    (!lease->n_users || r->is_alone))
			return lease;
	}
	return NULL;
}

static bool is_leased(const struct leases *leases, const struct ip_addr *addr)
{
	for (size_t i = 0; i < leases->n; i++)
		if (addr_equal(&leases->list[i].addr, addr))
			return true;
	return false;
}

/* Leases are given upwards from the first address, so the search seldom goes far. */
static bool free_find(const struct leases *leases, const struct conn_pool *pool,
		      const struct lease_request *r, struct ip_addr *ret_addr)
{
	struct addr_num at = pool->addrs.first;

	if (r->wanted && addr_in_range(r->wanted, &pool->addrs) && !is_leased(leases, r->wanted)) {
		*ret_addr = *r->wanted;
		return true;
	}
	for (size_t i = 0; i < leases->n; i++)
		at = addr_num_add(at, is_of(&leases->list[i], pool));
	for (size_t i = 0; i <= leases->n; i++, at = addr_num_add(at, 1)) {
		if (addr_num_cmp(at, pool->addrs.last) > 0)
			at = pool->addrs.first;
		*ret_addr = addr_from_num(at);
		if (!is_leased(leases, ret_addr))
			return true;
	}
	return false;
}

/* Who has been away for longest. */
static struct lease *idle_find(struct leases *leases, const struct conn_pool *pool)
{
	struct lease *best = NULL;

	for (size_t i = 0; i < leases->n; i++) {
		struct lease *lease = &leases->list[i];

		if (is_of(lease, pool) && !lease->n_users &&
		    (!best || lease->given_no < best->given_no))
			best = lease;
	}
	return best;
}

static struct lease *lease_of(struct leases *leases, const struct conn_pool *pool,
			      const struct lease_request *r)
{
	struct ip_addr addr;
	bool is_free = free_find(leases, pool, r, &addr);
	struct lease *lease = is_free ? lease_add(leases) : idle_find(leases, pool);

	if (!lease)
		return NULL;
	if (is_free)
		lease->addr = addr;
	snprintf(lease->pool, sizeof(lease->pool), "%s", pool->name);
	lease->id = *r->id;
	return lease;
}

/* Somebody else has decided which one (RADIUS). It has to be of a pool, as its policies are. */
static struct lease *fixed_find(struct leases *leases, const struct lease_request *r)
{
	const struct conn_pool *pool = NULL;
	struct lease *lease = NULL;

	for (size_t i = 0; i < r->conn->n_pools && !pool; i++)
		if (addr_in_range(r->wanted, &r->conn->pools[i].addrs))
			pool = &r->conn->pools[i];
	for (size_t i = 0; i < leases->n && pool && !lease; i++)
		if (addr_equal(&leases->list[i].addr, r->wanted))
			lease = &leases->list[i];
	if (lease && lease->n_users && !id_equal(&lease->id, r->id))
		return NULL;
	if (pool && !lease)
		lease = lease_add(leases);
	if (!lease)
		return NULL;
	lease->addr = *r->wanted;
	snprintf(lease->pool, sizeof(lease->pool), "%s", pool->name);
	lease->id = *r->id;
	return lease;
}

static int fixed_take(struct leases *leases, const struct lease_request *r,
		      struct lease **ret_lease)
{
	char addr[ADDR_TEXT_MAX];

	*ret_lease = fixed_find(leases, r);
	if (*ret_lease)
		return leases_write(leases);
	log_error("virtual address %s is in no pool of '%s', or another peer has it",
		  addr_print(r->wanted, addr, sizeof(addr)), r->conn->name);
	return -ENOSPC;
}

/* The first that `find` has in a pool of the family. */
static struct lease *lease_by(struct lease *(*find)(struct leases *, const struct conn_pool *,
						    const struct lease_request *),
			      struct leases *leases, const struct lease_request *r)
{
	struct lease *lease = NULL;

	for (size_t i = 0; i < r->conn->n_pools && !lease; i++)
		if (addr_range_is_v4(&r->conn->pools[i].addrs) == r->is_v4)
			lease = find(leases, &r->conn->pools[i], r);
	return lease;
}

int leases_take(struct leases *leases, const struct lease_request *r, struct ip_addr *ret_addr)
{
	struct lease *lease = NULL;
	int err = r->is_fixed ? fixed_take(leases, r, &lease) : 0;

	if (err)
		return err;
	if (!lease)
		lease = lease_by(own_find, leases, r);
	if (!lease) {
		lease = lease_by(lease_of, leases, r);
		err = lease ? leases_write(leases) : -ENOSPC;
		if (err) {
			log_error("no virtual address given: %s", strerror(-err));
			return err;
		}
	}
	lease->n_users++;
	*ret_addr = lease->addr;
	return 0;
}

void leases_give(struct leases *leases, const struct ike_id *id, const struct ip_addr *addr)
{
	for (size_t i = 0; i < leases->n; i++) {
		struct lease *lease = &leases->list[i];

		if (!addr_equal(&lease->addr, addr) || !id_equal(&lease->id, id) || !lease->n_users)
			continue;
		lease->n_users--;
		lease->given_no = ++leases->last_no;
		return;
	}
}
