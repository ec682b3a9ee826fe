/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A thread for each worker, where there are several: worker i serves queue q of every port where
 * q % n_workers == i. They share nothing that changes, but for SAs (hot.h, replay.h), counters and
 * the frames that they pass to each other (pass.h).
 *
 * What the workers read without a lock the main thread changes while all of them pause: that is
 * some microseconds, a receive ring bridges it. A worker pauses between two turns, never in one.
 */
#ifndef WORKER_THREADS_H
#define WORKER_THREADS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/must.h"

#define WORKERS_MAX 16u

struct control;

struct threads {
	pthread_t thread[WORKERS_MAX];
	uint32_t n; /* started */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint32_t running; /* those that do not pause */
	bool pause, stop; /* pause is also read without the lock */
};

/* As many workers as there are processors that this process may use. */
uint32_t threads_default(void);
/* One worker needs no thread: it runs in the caller's. 0 or -errno. */
int threads_start(struct control *c) MUST_USE;
void threads_stop(struct control *c);
/* Until threads_resume() no worker does anything, and no frame is between two of them. Then every
 * worker does its chores. */
void threads_pause(struct control *c);
void threads_resume(struct control *c);

#endif
