/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/umem.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

int umem_init(struct umem *u)
{
	memset(u, 0, sizeof(*u));
	u->area = mmap(NULL, (size_t)FRAME_COUNT * FRAME_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (u->area == MAP_FAILED) {
		u->area = NULL;
		return -ENOMEM;
	}
	u->free = calloc(FRAME_COUNT, sizeof(*u->free));
	if (!u->free) {
		umem_fini(u);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < FRAME_COUNT; i++)
		u->free[i] = (uint64_t)(FRAME_COUNT - 1 - i) * FRAME_SIZE;
	u->n_free = u->owned[OWNER_FREE] = FRAME_COUNT;
	return 0;
}

void umem_fini(struct umem *u)
{
	if (u->area)
		munmap(u->area, (size_t)FRAME_COUNT * FRAME_SIZE);
	free(u->free);
	u->area = NULL;
	u->free = NULL;
}

void umem_move(struct umem *u, uint64_t addr, uint16_t from, uint16_t to)
{
	uint64_t frame = addr / FRAME_SIZE;

	assert(frame < FRAME_COUNT && u->owner[frame] == from);
	u->owner[frame] = to;
	u->owned[from]--;
	u->owned[to]++;
}

int umem_take(struct umem *u, uint64_t *ret_addr)
{
	if (u->n_free == 0)
		return -ENOBUFS;
	*ret_addr = u->free[--u->n_free];
	umem_move(u, *ret_addr, OWNER_FREE, OWNER_WORKER);
	return 0;
}

void umem_give(struct umem *u, uint64_t addr, uint16_t from)
{
	umem_move(u, addr, from, OWNER_FREE);
	u->free[u->n_free++] = addr - addr % FRAME_SIZE;
}

void umem_reclaim(struct umem *u, uint16_t owner)
{
	for (uint32_t i = 0; i < FRAME_COUNT && u->owned[owner]; i++)
		if (u->owner[i] == owner)
			umem_give(u, (uint64_t)i * FRAME_SIZE, owner);
}
