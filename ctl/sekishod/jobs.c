/* SPDX-License-Identifier: BSD-2-Clause */
#include "jobs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "fetch.h"

/* A job, from jobs_start() to ike_job_done(): in the pool, at the fetcher, or behind another
 * one that fetches the same. */
struct work {
	uv_work_t request;
	struct shell *sh;
	struct ike_job *job;
	uint64_t first_fetch_ms; /* 0: none yet */
	struct fetch_task task;
	struct fetch what;   /* what that is; what the task has is the pool's now and then */
	bool is_fetching;    /* in sh->fetching, until the job has looked at what came */
	struct work *next;   /* in sh->fetching */
	struct work *behind; /* who waits for this one's */
};

static void run(uv_work_t *request)
{
	struct work *w = request->data;

	job_run(w->job);
}

static void done(uv_work_t *request, int status);

static void compute(struct work *w)
{
	/* The loop's own; only a request without a callback is refused. */
	(void)!uv_queue_work(&w->sh->loop, &w->request, run, done);
}

/* ---- Fetching ---------------------------------------------------------------------- */

static bool is_same(const struct fetch *a, const struct fetch *b)
{
	return a->kind == b->kind && !strcmp(a->uri, b->uri) &&
	       !memcmp(a->for_what, b->for_what, sizeof(a->for_what));
}

static void on_fetched(struct fetch_task *task)
{
	compute(task->arg);
}

static void refused(struct work *w)
{
	w->task.fetch->is_refused = true;
	compute(w);
}

static void note_what(struct work *w)
{
	const struct fetch *f = w->task.fetch;

	w->what.kind = f->kind;
	memcpy(w->what.uri, f->uri, sizeof(f->uri));
	memcpy(w->what.for_what, f->for_what, sizeof(f->for_what));
}

static void fetch(struct work *w)
{
	uint64_t now = shell_now_ms();
	struct shell *sh = w->sh;

	w->task = (struct fetch_task){ .fetch = job_fetch(w->job), .done = on_fetched, .arg = w };
	note_what(w);
	if (!w->first_fetch_ms)
		w->first_fetch_ms = now;
	if (now - w->first_fetch_ms > JOB_FETCH_MS) {
		refused(w);
		return;
	}
	for (struct work *first = sh->fetching; first; first = first->next)
		if (is_same(&first->what, &w->what)) {
			w->behind = first->behind;
			first->behind = w;
			return;
		}
	if (fetcher_ask(&sh->fetcher, &w->task)) {
		refused(w);
		return;
	}
	w->is_fetching = true;
	w->next = sh->fetching;
	sh->fetching = w;
}

/* What it fetched is known to all now: who waited for the same looks again. */
static void fetching_end(struct work *w)
{
	struct work **at = &w->sh->fetching, *behind = w->behind;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	w->is_fetching = false;
	w->behind = NULL;
	while (behind) {
		struct work *next = behind->behind;

		behind->behind = NULL;
		behind->task.fetch->kind = FETCH_NONE;
		compute(behind);
		behind = next;
	}
}

/* ---- The end ----------------------------------------------------------------------- */

static void done(uv_work_t *request, int status)
{
	struct work *w = request->data;
	struct shell *sh = w->sh;

	(void)status; /* nothing cancels a request */
	if (w->is_fetching)
		fetching_end(w);
	if (job_fetch(w->job) && !sh->is_stopping) {
		fetch(w);
		return;
	}
	if (job_fetch(w->job))
		job_free(w->job);
	else
		ike_job_done(sh->ike, w->job, shell_now_ms());
	free(w);
	if (!sh->is_stopping)
		shell_carry_out(sh);
}

int jobs_start(struct shell *sh, struct ike_job *job)
{
	struct work *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->sh = sh;
	w->job = job;
	w->request.data = w;
	return uv_queue_work(&sh->loop, &w->request, run, done);
}

void jobs_fini(struct shell *sh)
{
	while (sh->fetching) {
		struct work *w = sh->fetching;

		sh->fetching = w->next;
		while (w) {
			struct work *behind = w->behind;

			job_free(w->job);
			free(w);
			w = behind;
		}
	}
}
