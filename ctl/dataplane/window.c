/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who has which blocks of sa_window. Nothing of it is stored: a new controller reads it off the SAs
 * that are there. Blocks that were given back rest as long as possible, because a worker that is
 * in the middle of a burst may still write into them.
 */
#include "dataplane/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint32_t blocks_of(uint32_t window)
{
	return sa_window_words(window) / SA_WINDOW_WORDS;
}

static bool has_window(const struct sa_val *val)
{
	return val->dir == SA_IN && val->window && val->window <= SA_WINDOW_MAX &&
	       val->window_at <= SA_WINDOW_BLOCKS - blocks_of(val->window);
}

static void mark(struct dataplane *dp, const struct sa_val *val, bool is_used)
{
	if (has_window(val))
		memset(dp->window_used + val->window_at, is_used,
		       blocks_of(val->window) * sizeof(*dp->window_used));
}

static int find_used(struct dataplane *dp)
{
	dp->window_used = calloc(SA_WINDOW_BLOCKS, sizeof(*dp->window_used));
	if (!dp->window_used)
		return -ENOMEM;
	for (uint32_t i = 1; i < SA_MAX; i++)
		mark(dp, &dp_sa(dp)[i], true);
	return 0;
}

static bool is_free(const struct dataplane *dp, uint32_t at, uint32_t n)
{
	return at + n <= SA_WINDOW_BLOCKS && !memchr(dp->window_used + at, true, n);
}

int window_take(struct dataplane *dp, uint32_t window, uint32_t *ret_at)
{
	uint32_t n = blocks_of(window);
	int r = dp->window_used ? 0 : find_used(dp);

	if (r)
		return r;
	for (uint32_t i = 0; i < SA_WINDOW_BLOCKS; i++) {
		uint32_t at = (dp->window_next + i) % SA_WINDOW_BLOCKS;
		if (!is_free(dp, at, n))
			continue;
		memset(dp->window_used + at, true, n);
		memset(dp_sa_window(dp) + at, 0, n * sizeof(struct sa_window));
		dp->window_next = at + n;
		*ret_at = at;
		return 0;
	}
	return -ENOSPC;
}

void window_give(struct dataplane *dp, const struct sa_val *val)
{
	if (dp->window_used)
		mark(dp, val, false);
}
