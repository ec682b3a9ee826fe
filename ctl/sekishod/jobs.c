/* SPDX-License-Identifier: BSD-2-Clause */
#include "jobs.h"

#include <errno.h>
#include <stdlib.h>

struct work {
	uv_work_t request;
	struct shell *sh;
	struct ike_job *job;
};

static void run(uv_work_t *request)
{
	struct work *w = request->data;

	job_run(w->job);
}

static void done(uv_work_t *request, int status)
{
	struct work *w = request->data;
	struct shell *sh = w->sh;

	(void)status; /* nothing cancels a request */
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
