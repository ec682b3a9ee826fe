/* SPDX-License-Identifier: BSD-2-Clause */
/* One line to stderr per event; under systemd with the priority prefix of sd-daemon(3). */
#ifndef SEKISHOD_LOG_H
#define SEKISHOD_LOG_H

void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
