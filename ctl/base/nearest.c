/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/nearest.h"

#include <string.h>

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein's distance; both words are shorter than NEAREST_WORD_MAX. */
static size_t distance(const char *a, const char *b)
{
	size_t row[NEAREST_WORD_MAX], len = strlen(b);

	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t corner = row[0]; /* row[j - 1] of the line above */

		row[0] = i + 1;
		for (size_t j = 1; j <= len; j++) {
			size_t above = row[j];
			size_t changed = corner + (a[i] != b[j - 1]);

			row[j] = min(changed, min(above, row[j - 1]) + 1);
			corner = above;
		}
	}
	return row[len];
}

const char *nearest_word(const char *word, const char *const *words, size_t n, size_t stride)
{
	size_t len = strlen(word), best = len / 2 + 1; /* more than half changed is another word */
	const char *found = NULL;

	for (size_t i = 0; len < NEAREST_WORD_MAX && i < n; i++) {
		const char *candidate = *(const char *const *)((const char *)words + i * stride);

		if (!candidate || strlen(candidate) >= NEAREST_WORD_MAX)
			continue;
		size_t d = distance(word, candidate);
		if (d < best) {
			best = d;
			found = candidate;
		}
	}
	return found;
}
