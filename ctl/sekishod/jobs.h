/* SPDX-License-Identifier: BSD-2-Clause */
/* Slow computations of the core (Diffie-Hellman, signatures) on libuv's thread pool; what a job has
 * to have fetched in between leaves the pool for that time. */
#ifndef SEKISHOD_JOBS_H
#define SEKISHOD_JOBS_H

#include "shell.h"

/* All fetches of one job begin within this. With the last one (FETCH_MS) it is less than a
 * half-open IKE SA lives (half_open_timeout). */
#define JOB_FETCH_MS 20000

/* The result reaches the core on the loop's thread. 0 or -ENOMEM (the job is given back unrun). */
int jobs_start(struct shell *sh, struct ike_job *job) MUST_USE;
/* Frees those that wait for a fetch; fetcher_fini() came before. */
void jobs_fini(struct shell *sh);

#endif
