/* SPDX-License-Identifier: BSD-2-Clause */
/* Jobs: a step gives one out, and goes on when it is back. */
#include "ike/engine.h"

enum step_result turn_wait_job(struct turn *t, struct ike_job *job)
{
	job->sa_id = t->sa->unique_id;
	job->is_request = t->step->role == STEP_REQUEST;
	job->serial = job->is_request ? t->in->header.id : t->ours->serial;
	fx_job(&t->ike->fx, job);
	return STEP_WAIT;
}

enum step_result turn_wait(struct turn *t, uint16_t group, struct ke_pair *pair,
			   struct reader their_public)
{
	return turn_wait_job(t, job_new(group, pair, their_public));
}

static void request_job(struct ike_sa *sa, struct theirs *theirs, struct ike_job *job)
{
	const struct step *step = theirs->waits;
	struct inbound *in = theirs->in;

	theirs->in = NULL;
	theirs->waits = NULL;
	if (step->from & (1u << sa->state))
		engine_request(sa, step, in, job);
	else
		engine_request(sa, &engine_stale, in, NULL);
}

static void our_job(struct ike_sa *sa, struct ours *ours, struct ike_job *job)
{
	const struct step *step = ours->waits;
	struct inbound *in = ours->in;

	ours->in = NULL;
	ours->waits = NULL;
	if (in && step->from & (1u << sa->state)) {
		engine_response(sa, ours, step, in, job);
	} else if (in) {
		engine_forget(sa, ours);
		inbound_free(in);
	} else {
		engine_start(sa, ours, job);
	}
}

void exchange_job(struct ike_sa *sa, struct ike_job *job)
{
	struct theirs *theirs = theirs_at(sa, job->serial);
	struct ours *ours = ours_by_job(sa, job);

	sa_touch(sa);
	if (sa->state < ST_CLOSED && job->is_request && theirs->id == job->serial && theirs->waits)
		request_job(sa, theirs, job);
	else if (sa->state < ST_CLOSED && ours)
		our_job(sa, ours, job);
	job_free(job);
}
