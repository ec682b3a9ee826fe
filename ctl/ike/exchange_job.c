/* SPDX-License-Identifier: BSD-2-Clause */
/* Jobs: a step gives one out, and goes on when it is back. */
#include "ike/engine.h"

enum step_result turn_wait_job(struct turn *t, struct ike_job *job)
{
	job->sa_id = t->sa->unique_id;
	job->is_request = t->step->role == STEP_REQUEST;
	fx_job(&t->ike->fx, job);
	return STEP_WAIT;
}

enum step_result turn_wait(struct turn *t, uint16_t group, struct ke_pair *pair,
			   struct reader their_public)
{
	return turn_wait_job(t, job_new(group, pair, their_public));
}

static void request_job(struct ike_sa *sa, struct ike_job *job)
{
	const struct step *step = sa->theirs.waits;
	struct inbound *in = sa->theirs.in;

	sa->theirs.in = NULL;
	sa->theirs.waits = NULL;
	if (step->from & (1u << sa->state))
		engine_request(sa, step, in, job);
	else
		engine_request(sa, &engine_stale, in, NULL);
}

static void our_job(struct ike_sa *sa, struct ike_job *job)
{
	const struct step *step = sa->ours.waits;
	struct inbound *in = sa->ours.in;

	sa->ours.in = NULL;
	sa->ours.waits = NULL;
	if (in && step->from & (1u << sa->state)) {
		engine_response(sa, step, in, job);
	} else if (in) {
		engine_over(sa);
		inbound_free(in);
	} else {
		engine_start(sa, job);
	}
}

void exchange_job(struct ike_sa *sa, struct ike_job *job)
{
	sa_touch(sa);
	if (sa->state < ST_CLOSED && job->is_request && sa->theirs.waits)
		request_job(sa, job);
	else if (sa->state < ST_CLOSED && !job->is_request && sa->ours.waits)
		our_job(sa, job);
	job_free(job);
}
