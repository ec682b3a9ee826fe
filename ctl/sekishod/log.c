/* SPDX-License-Identifier: BSD-2-Clause */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void log_line(const char *priority, const char *format, va_list args)
{
	char text[1024];

	vsnprintf(text, sizeof(text), format, args);
	/* What a peer sent may be in the text: one line stays one line. */
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	fprintf(stderr, "%ssekishod: %s\n", getenv("JOURNAL_STREAM") ? priority : "", text);
}

void log_info(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line("<6>", format, args);
	va_end(args);
}

void log_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line("<3>", format, args);
	va_end(args);
}
