/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include <stddef.h>

#define NEAREST_WORD_MAX 64

/* Of the n words, `stride` bytes apart (the names in an array of structs, or a plain array), the
 * one with the fewest letters to change, for "did you mean"; NULL: all are too different. */
const char *nearest_word(const char *word, const char *const *words, size_t n, size_t stride);

#endif
