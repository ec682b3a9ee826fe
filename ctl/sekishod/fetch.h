/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the check of a certificate misses (crypto/revocation.h), by HTTP: libcurl in a thread of its
 * own, so that neither a slow name server nor a slow responder holds up the loop, or the thread
 * pool in which other peers' computations wait.
 *
 *	loop:    fetcher_ask() ── asked ──▶ thread: one curl multi ── ended ──▶ loop: done()
 */
#ifndef SEKISHOD_FETCH_H
#define SEKISHOD_FETCH_H

#include <curl/curl.h>
#include <pthread.h>
#include <uv.h>
#include "base/must.h"
#include "crypto/revocation.h"

#define FETCH_MS 8000	      /* for one, with its redirects */
#define FETCH_CONNECT_MS 4000 /* of these to connect */
#define FETCH_REDIRECTS_MAX 3
#define FETCH_RUNNING_MAX 16 /* at once */
#define FETCH_ASKED_MAX 256  /* with those that wait */

/* Who asks keeps it until done() is called, in the loop's thread. */
struct fetch_task {
	struct fetch *fetch; /* answer or why, filled */
	void (*done)(struct fetch_task *task);
	void *arg;
	struct fetch_task *next; /* the fetcher's, as all below */
	CURL *curl;
	struct curl_slist *headers;
	size_t len_max;
	char error[CURL_ERROR_SIZE];
};

struct fetch_list {
	struct fetch_task *first, **last;
};

struct fetcher {
	uv_async_t ended_async;
	pthread_t thread;
	bool is_started;
	CURLM *multi;
	unsigned n_asked;   /* the loop's */
	unsigned n_running; /* the thread's, as the next */
	struct fetch_task *running[FETCH_RUNNING_MAX];
	pthread_mutex_t lock; /* of what follows */
	bool is_ending;
	struct fetch_list asked, ended;
};

int fetcher_start(struct fetcher *f, uv_loop_t *loop) MUST_USE;
/* The thread ends. Tasks that are not done stay with who asked; done() is not called for them. */
void fetcher_fini(struct fetcher *f);
/* -EBUSY: too many wait; done() will not be called. */
int fetcher_ask(struct fetcher *f, struct fetch_task *task) MUST_USE;

#endif
