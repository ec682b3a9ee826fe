/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of hosts to addresses: getaddrinfo() in libuv's thread pool. */
#ifndef SEKISHOD_RESOLVE_H
#define SEKISHOD_RESOLVE_H

#include "shell.h"

/* The core hears of the outcome by ike_resolved(), also where it is none. */
void resolve_start(struct shell *sh, uint32_t id, const char *name);

#endif
