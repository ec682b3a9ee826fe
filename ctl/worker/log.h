/* SPDX-License-Identifier: BSD-2-Clause */
/* The worker's log: one line to stderr, what happened and why. The packet path never logs. */
#ifndef WORKER_LOG_H
#define WORKER_LOG_H

#include <stdbool.h>

extern bool log_verbose;

void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Only with --verbose. */
void log_detail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
