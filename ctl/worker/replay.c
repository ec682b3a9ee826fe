/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/replay.h"

#include <sched.h>
#include <stddef.h>

#define BIT(seq) (1ull << ((seq) % 64))
/* Looks at a lock that is held for some nanoseconds; after that its holder has lost its CPU. */
#define SPINS 100u

struct replay replay_make(struct sa_hot *hot, uint64_t *words, uint32_t window,
			  struct replay_lock *lock)
{
	return (struct replay){ .hot = hot,
				.words = window ? words : NULL,
				.mask = sa_window_words(window) - 1,
				.window = window,
				.lock = lock };
}

static uint64_t top_of(const struct replay *r)
{
	return __atomic_load_n(&r->hot->seq, __ATOMIC_RELAXED);
}

static uint64_t *word_of(const struct replay *r, uint64_t seq)
{
	return &r->words[(seq / 64) & r->mask];
}

/* With the check off, ESN still needs a window to guess the high half with. */
static uint32_t infer_window(const struct replay *r)
{
	return r->window ? r->window : SA_WINDOW_MAX;
}

bool replay_infer(const struct replay *r, uint32_t low, bool esn, uint64_t *ret_seq)
{
	uint64_t top = top_of(r);
	uint32_t w = infer_window(r), bottom = (uint32_t)top - w + 1;
	uint64_t high = top >> 32;

	if (!esn) {
		*ret_seq = low;
		return true;
	}
	if ((uint32_t)top >= w - 1) { /* case A: the window lies in one subspace */
		if (low < bottom)
			high++;
	} else if (low >= bottom) { /* case B: it spans two, and this is the older one */
		if (high == 0)
			return false;
		high--;
	}
	*ret_seq = high << 32 | low;
	return true;
}

static void lock_take(const struct replay *r)
{
	uint32_t spins = 0;

	if (!r->lock)
		return;
	while (__atomic_exchange_n(&r->lock->held, 1, __ATOMIC_ACQUIRE))
		if (++spins % SPINS == 0)
			sched_yield();
}

static void lock_give(const struct replay *r)
{
	if (r->lock)
		__atomic_store_n(&r->lock->held, 0, __ATOMIC_RELEASE);
}

static bool is_new(const struct replay *r, uint64_t seq)
{
	uint64_t top = top_of(r);

	if (r->window == 0)
		return true;
	if (seq == 0)
		return false;
	if (seq > top)
		return true;
	if (top - seq >= r->window)
		return false;
	return !(__atomic_load_n(word_of(r, seq), __ATOMIC_RELAXED) & BIT(seq));
}

/* Without the lock a yes is as good as any, for replay_commit() has the last word; a no may be that of
 * words that another thread is about to clear. */
bool replay_check(const struct replay *r, uint64_t seq)
{
	bool answer = is_new(r, seq);

	if (answer || !r->lock)
		return answer;
	lock_take(r);
	answer = is_new(r, seq);
	lock_give(r);
	return answer;
}

/*
 * Move the right edge to seq. The new edge is stored before the words between are cleared:
 * a crash in between leaves bits that drop a good packet, never a hole that lets an old one
 * in (rule 2: fail closed).
 */
static void advance(struct replay *r, uint64_t seq)
{
	uint64_t from = top_of(r) / 64, words = seq / 64 - from;

	if (words > r->mask)
		words = r->mask + 1;
	__atomic_store_n(&r->hot->seq, seq, __ATOMIC_RELEASE);
	for (uint64_t i = 1; r->words && i <= words; i++)
		__atomic_store_n(&r->words[(from + i) & r->mask], 0, __ATOMIC_RELEASE);
}

static void note(struct replay *r, uint64_t seq)
{
	if (seq > top_of(r))
		advance(r, seq);
	if (r->words) {
		uint64_t *word = word_of(r, seq);
		__atomic_store_n(word, *word | BIT(seq), __ATOMIC_RELAXED);
	}
}

bool replay_commit(struct replay *r, uint64_t seq)
{
	bool answer;

	lock_take(r);
	answer = is_new(r, seq);
	if (answer)
		note(r, seq);
	lock_give(r);
	return answer;
}
