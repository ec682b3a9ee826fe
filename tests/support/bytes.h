/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes in tests: written as hexadecimal, compared as views. */
#ifndef SUPPORT_BYTES_H
#define SUPPORT_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include "base/cursor.h"

/* Blanks and line ends between the digits are skipped; '#' comments to the end of the line.
 * The bytes live until the program ends. Fails the test on anything else. */
struct reader hex(const char *text);
/* A file of such text, its path from the top of the tree (tests run there). */
struct reader hex_file(const char *path);
/* The value of "name = hex" in such a file, where each line is one. */
struct reader hex_file_field(const char *path, const char *name);
/* cmocka assertion: same length and bytes. */
void assert_bytes(struct reader got, struct reader want);
/* A heap copy of exactly n bytes, so that a sanitizer sees reads past its end. free(.at). */
struct reader exact_copy(struct reader from, size_t n);

#endif
