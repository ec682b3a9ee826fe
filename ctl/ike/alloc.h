/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory of the core. Everything a peer can make grow is bounded by a name in limits.h, so
 * running out of memory is a fault of the machine, not of the peer: the process ends, the SAs
 * live on in the maps (DESIGN rule 1), and the restarted controller begins anew.
 */
#ifndef IKE_ALLOC_H
#define IKE_ALLOC_H

#include <stdlib.h>
#include <string.h>

static inline void *alloc_zero(size_t len)
{
	void *p = calloc(1, len ? len : 1);

	if (!p)
		abort();
	return p;
}

static inline void *alloc_copy(const void *from, size_t len)
{
	void *p = alloc_zero(len);

	if (len)
		memcpy(p, from, len);
	return p;
}

#endif
