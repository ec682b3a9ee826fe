/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/replay.h"

#include <stddef.h>

#define BIT(seq) (1ull << ((seq) % 64))

struct replay replay_make(struct sa_hot *hot, uint64_t *words, uint32_t window)
{
	return (struct replay){ .hot = hot,
				.words = window ? words : NULL,
				.mask = sa_window_words(window) - 1,
				.window = window };
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
	uint64_t top = r->hot->seq;
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

bool replay_check(const struct replay *r, uint64_t seq)
{
	if (r->window == 0)
		return true;
	if (seq == 0)
		return false;
	if (seq > r->hot->seq)
		return true;
	if (r->hot->seq - seq >= r->window)
		return false;
	return !(*word_of(r, seq) & BIT(seq));
}

/*
 * Move the right edge to seq. The new edge is stored before the words between are cleared:
 * a crash in between leaves bits that drop a good packet, never a hole that lets an old one
 * in (rule 2: fail closed).
 */
static void advance(struct replay *r, uint64_t seq)
{
	uint64_t from = r->hot->seq / 64, words = seq / 64 - from;

	if (words > r->mask)
		words = r->mask + 1;
	__atomic_store_n(&r->hot->seq, seq, __ATOMIC_RELEASE);
	for (uint64_t i = 1; r->words && i <= words; i++)
		__atomic_store_n(&r->words[(from + i) & r->mask], 0, __ATOMIC_RELEASE);
}

bool replay_commit(struct replay *r, uint64_t seq)
{
	if (!replay_check(r, seq))
		return false;
	if (seq > r->hot->seq)
		advance(r, seq);
	if (r->words)
		*word_of(r, seq) |= BIT(seq);
	return true;
}
