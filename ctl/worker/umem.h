/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The frames of one worker thread: one area of memory, registered with the kernel once per
 * interface (port.c says why), and who owns each frame at the moment. A frame has exactly
 * one owner; every move names the owner before and after and is asserted.
 *
 *    FREE -> socket (fill) -> WORKER (rx) -> socket (tx) -> FREE (completion)
 *                                  |-> HELD -> WORKER
 *                                  |-> PASSED -> FREE (another worker has copied it)
 *                                  `-> FREE (dropped)
 */
#ifndef WORKER_UMEM_H
#define WORKER_UMEM_H

#include <stddef.h>
#include <stdint.h>
#include "base/must.h"

/* 4096: a page; zero copy needs chunks of at most one, and it takes packets up to 3500 bytes.
 * 16384 of them: 64 MiB, seven sockets with full rings. */
#define FRAME_SIZE 4096u
#define FRAME_COUNT 16384u
/* Besides the 256 bytes that the kernel leaves in front of every frame itself. */
#define FRAME_HEADROOM 64u

#define OWNER_FREE 0u
#define OWNER_WORKER 1u
#define OWNER_HELD 2u
#define OWNER_PASSED 3u /* shown to another worker */
#define OWNER_SOCKET 4u /* + id of the socket */
#define OWNER_MAX (OWNER_SOCKET + 4096u)

struct umem {
	uint8_t *area;
	uint64_t *free; /* a stack: the frame used last is warm in the cache */
	uint32_t n_free;
	uint16_t owner[FRAME_COUNT];
	uint32_t owned[OWNER_MAX]; /* how many each has */
};

/* 0 or -ENOMEM. */
int umem_init(struct umem *u) MUST_USE;
void umem_fini(struct umem *u);
/* Address of a free frame, now the worker's. -ENOBUFS: none. */
int umem_take(struct umem *u, uint64_t *ret_addr) MUST_USE;
/* Give a frame back; addr may point anywhere into it. */
void umem_give(struct umem *u, uint64_t addr, uint16_t from);
/* The frame at addr changes hands. */
void umem_move(struct umem *u, uint64_t addr, uint16_t from, uint16_t to);
/* Everything that `owner` has is free again: its socket is closed. */
void umem_reclaim(struct umem *u, uint16_t owner);

static inline uint64_t umem_addr(const struct umem *u, const uint8_t *data)
{
	return (uint64_t)(data - u->area);
}

/* Bytes from data to the end of its frame. */
static inline uint32_t umem_room(const struct umem *u, const uint8_t *data)
{
	return FRAME_SIZE - (uint32_t)(umem_addr(u, data) % FRAME_SIZE);
}

/* Bytes in front of data in its frame. */
static inline uint32_t umem_headroom(const struct umem *u, const uint8_t *data)
{
	return (uint32_t)(umem_addr(u, data) % FRAME_SIZE);
}

#endif
