/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which identity has which virtual address. An identity keeps its address as long as the pool has
 * others to give; so that this holds over a restart, all leases are in the file `leases` of the run
 * directory, one line each: POOL ADDRESS TYPE IDENTITY (type as in RFC 7296 3.5, the rest in hex).
 */
#ifndef SEKISHOD_LEASES_H
#define SEKISHOD_LEASES_H

#include "ike/ike.h"

#define LEASES_MAX 65536 /* of all pools together: about 20 MiB */

struct lease {
	char pool[CONN_NAME_MAX];
	struct ip_addr addr;
	struct ike_id id;
	unsigned n_users; /* IKE SAs; 0: it is kept for the identity */
	uint64_t given_no; /* order of giving back: who came first is given to others first */
};

struct leases {
	char path[128];
	struct lease *list;
	size_t n, room;
	uint64_t last_no;
};

/* Reads the file of the instance, if there is one. Lines that cannot be read are left out. */
int leases_init(struct leases *leases, const char *instance) MUST_USE;
/* The same of any file, which is written from then on. */
int leases_read(struct leases *leases, const char *path) MUST_USE;
void leases_fini(struct leases *leases);
/* -ENOSPC: the pools have none left. -EIO: it cannot be written down (then it is not given). */
int leases_take(struct leases *leases, const struct lease_request *request,
		struct ip_addr *ret_addr) MUST_USE;
void leases_give(struct leases *leases, const struct ike_id *id, const struct ip_addr *addr);

#endif
