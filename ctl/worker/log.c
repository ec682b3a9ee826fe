/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/log.h"

#include <stdarg.h>
#include <stdio.h>

bool log_verbose;

static void line(const char *format, va_list args)
{
	char text[512];

	vsnprintf(text, sizeof(text), format, args);
	fprintf(stderr, "sekisho-worker: %s\n", text);
}

void log_info(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line(format, args);
	va_end(args);
}

void log_detail(const char *format, ...)
{
	va_list args;

	if (!log_verbose)
		return;
	va_start(args, format);
	line(format, args);
	va_end(args);
}
