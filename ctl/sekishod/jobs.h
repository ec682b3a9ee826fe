/* SPDX-License-Identifier: BSD-2-Clause */
/* Slow computations of the core (Diffie-Hellman) on libuv's thread pool. */
#ifndef SEKISHOD_JOBS_H
#define SEKISHOD_JOBS_H

#include "shell.h"

/* The result reaches the core on the loop's thread. 0 or -ENOMEM (the job is given back unrun). */
int jobs_start(struct shell *sh, struct ike_job *job) MUST_USE;

#endif
