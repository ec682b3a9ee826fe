/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the threads of the worker write of a published SA's struct sa_hot, all of them at once (but for
 * the anti-replay window, see replay.h): counters, which nobody waits for, and sequence numbers.
 */
#ifndef WORKER_HOT_H
#define WORKER_HOT_H

#include <stdbool.h>
#include <stdint.h>
#include <sekisho/map_abi.h>

static inline void hot_add(__u64 *count, uint64_t n)
{
	__atomic_fetch_add(count, n, __ATOMIC_RELAXED);
}

static inline uint64_t hot_get(const __u64 *count)
{
	return __atomic_load_n(count, __ATOMIC_RELAXED);
}

/* The bits of `type` (EVENT_*) are noted. False: they were. */
static inline bool hot_report(struct sa_hot *hot, uint32_t type)
{
	/* Mostly they were, and reading costs the other threads nothing. */
	if (__atomic_load_n(&hot->reported, __ATOMIC_RELAXED) & type)
		return false;
	return !(__atomic_fetch_or(&hot->reported, type, __ATOMIC_RELAXED) & type);
}

static inline void hot_report_undo(struct sa_hot *hot, uint32_t type)
{
	__atomic_fetch_and(&hot->reported, ~type, __ATOMIC_RELAXED);
}

/* Sequence numbers for outbound packets: next .. end - 1. */
struct numbers {
	uint64_t next, end;
};

/* Takes `wanted` numbers, none above `last` among them; fewer where there are not so many left. They
 * are taken in the map before anything else happens, so nobody gets one of them again. */
static inline struct numbers hot_take_numbers(struct sa_hot *hot, uint32_t wanted, uint64_t last)
{
	uint64_t at = hot_get(&hot->seq);

	/* The first look keeps the counter from running far beyond its end. */
	if (at < last)
		at = __atomic_fetch_add(&hot->seq, wanted, __ATOMIC_SEQ_CST);
	if (at >= last) /* another thread had the last ones */
		return (struct numbers){ at, at };
	return (struct numbers){ at + 1, last - at < wanted ? last + 1 : at + 1 + wanted };
}

#endif
