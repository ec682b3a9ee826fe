/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/replay.h"

#define WORD(seq) (((seq) / 64) % SA_WINDOW_WORDS)
#define BIT(seq) (1ull << ((seq) % 64))

/* With the check off, ESN still needs a window to guess the high half with. */
static uint32_t infer_window(uint16_t window)
{
	return window ? window : SA_WINDOW_MAX;
}

bool replay_infer(const struct sa_hot *hot, uint32_t low, uint16_t window, bool esn,
		  uint64_t *ret_seq)
{
	uint32_t w = infer_window(window);
	uint32_t top_low = (uint32_t)hot->seq, bottom = top_low - w + 1;
	uint64_t high = hot->seq >> 32;

	if (!esn) {
		*ret_seq = low;
		return true;
	}
	if (top_low >= w - 1) { /* case A: the window lies in one subspace */
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

bool replay_check(const struct sa_hot *hot, uint64_t seq, uint16_t window)
{
	if (window == 0)
		return true;
	if (seq == 0)
		return false;
	if (seq > hot->seq)
		return true;
	if (hot->seq - seq >= window)
		return false;
	return !(hot->window[WORD(seq)] & BIT(seq));
}

/*
 * Move the right edge to seq. The new edge is stored before the words between are cleared:
 * a crash in between leaves bits that drop a good packet, never a hole that lets an old one
 * in (rule 2: fail closed).
 */
static void advance(struct sa_hot *hot, uint64_t seq)
{
	uint64_t from = hot->seq / 64, words = seq / 64 - from;

	if (words > SA_WINDOW_WORDS)
		words = SA_WINDOW_WORDS;
	__atomic_store_n(&hot->seq, seq, __ATOMIC_RELEASE);
	for (uint64_t i = 1; i <= words; i++)
		__atomic_store_n(&hot->window[(from + i) % SA_WINDOW_WORDS], 0, __ATOMIC_RELEASE);
}

bool replay_commit(struct sa_hot *hot, uint64_t seq, uint16_t window)
{
	if (!replay_check(hot, seq, window))
		return false;
	if (seq > hot->seq)
		advance(hot, seq);
	hot->window[WORD(seq)] |= BIT(seq);
	return true;
}
