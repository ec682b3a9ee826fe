/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <ctype.h>
#include <cmocka.h>

#define ARENA_SIZE (1u << 20)

static uint8_t arena[ARENA_SIZE];
static size_t arena_used;

static int digit(char c)
{
	const char *digits = "0123456789abcdef", *at = strchr(digits, tolower((unsigned char)c));

	return c && at ? (int)(at - digits) : -1;
}

struct reader hex(const char *text)
{
	uint8_t *start = arena + arena_used;
	int high = -1;

	for (; *text; text++) {
		if (*text == '#')
			text += strcspn(text, "\n");
		if (!*text)
			break;
		if (isspace((unsigned char)*text))
			continue;
		int d = digit(*text);
		if (d < 0 || arena_used == ARENA_SIZE)
			fail_msg("not hexadecimal, or too much of it: %s", text);
		if (high < 0) {
			high = d;
			continue;
		}
		arena[arena_used++] = (uint8_t)(high << 4 | d);
		high = -1;
	}
	if (high >= 0)
		fail_msg("half a byte at the end");
	return rd_from(start, (size_t)(arena + arena_used - start));
}

static char *file_read(const char *path)
{
	static char text[ARENA_SIZE];
	FILE *f = fopen(path, "r");

	if (!f)
		fail_msg("cannot open %s (tests run at the top of the tree)", path);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	return text;
}

struct reader hex_file(const char *path)
{
	return hex(file_read(path));
}

struct reader hex_file_field(const char *path, const char *name)
{
	size_t len = strlen(name);
	char *save, *text = file_read(path);

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (!strncmp(line, name, len) && !strncmp(line + len, " = ", 3))
			return hex(line + len + 3);
	fail_msg("%s has no %s", path, name);
	return rd_from(NULL, 0);
}

void assert_bytes(struct reader got, struct reader want)
{
	assert_int_equal(rd_left(&got), rd_left(&want));
	if (rd_left(&want))
		assert_memory_equal(got.at, want.at, rd_left(&want));
}

struct reader exact_copy(struct reader from, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);

	assert_non_null(copy);
	if (n)
		memcpy(copy, from.at, n);
	return rd_from(copy, n);
}
