/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/engine.h"

#include "ike/alloc.h"
#include "ike/intermediate.h"
#include "ike/mobike.h"
#include "ike/rival.h"
#include "ike/transmit.h"

/* ---- The ends of a step, by role --------------------------------------------------- */

static void end_start(struct turn *t, enum step_result r)
{
	if (r == STEP_NEXT)
		window_emit(t);
	if (r == STEP_NEXT && transmit_request(t->sa, t->ours, t->out))
		engine_follow(t);
	else if (r == STEP_WAIT)
		t->ours->waits = t->step;
	else if (r == STEP_FAIL || r == STEP_NEXT)
		exchange_close(t->sa, END_REFUSED);
	else /* nothing was sent: the message ID is still free */
		engine_forget(t->sa, t->ours);
	sa_touch(t->sa);
}

static void emit_why(struct payload_writer *pw, const struct turn *t)
{
	if (rd_left(&t->why_eap))
		opaque_emit(pw, PL_EAP, t->why_eap);
	else if (t->why_spi)
		notify_emit_child(pw, t->why, t->why_protocol, t->why_spi);
	else
		notify_emit_plain(pw, t->why, rd_from(t->why_data, t->why_len));
}

static void answer_why(struct turn *t)
{
	struct payload_writer pw;
	const struct ike_header *h = &t->in->header;

	ike_count(t->ike, IKE_COUNT_REFUSED);
	if (t->sa->state == ST_NONE) { /* 2.6: no state, so no SPI of ours in it */
		transmit_stateless(t->ike, t->from, t->why, rd_from(t->why_data, t->why_len));
		return;
	}
	transmit_begin(t->sa, &pw, h->exchange, h->id, true);
	emit_why(&pw, t);
	if (!transmit_response(t->sa, h->id, &pw))
		exchange_close(t->sa, END_REFUSED);
}

/* Takes over `in` when the step waits for a job. */
static void end_request(struct turn *t, enum step_result r, struct inbound *in)
{
	bool is_kept = t->sa->first == in;

	if (r == STEP_WAIT) {
		theirs_keep(t->sa, in->m.header.id, t->step, in);
		return;
	}
	if (r == STEP_NEXT || r == STEP_STAY)
		window_emit(t);
	if ((r == STEP_NEXT || r == STEP_STAY) &&
	    transmit_response(t->sa, in->m.header.id, t->out)) {
		inter_sent(t->sa);
		if (r == STEP_NEXT)
			engine_follow(t);
	} else if (r == STEP_NOTIFY || r == STEP_FAIL)
		answer_why(t);
	else
		ike_count(t->ike, IKE_COUNT_UNEXPECTED);
	if (r == STEP_FAIL || t->sa->state == ST_NONE)
		exchange_close(t->sa, END_PEER);
	if (!is_kept)
		inbound_free(in);
}

/* With the next message ID (2.2: IKE_SA_INIT stays 0), as soon as there is room. */
static void anew(struct ike_sa *sa, struct ours *ours)
{
	if (sa->state == ST_INIT_SENT)
		sa->next_id = 0;
	free(ours->request);
	ours->request = NULL;
	ours->next_ms = 0;
	ours->is_again = true;
}

static void end_response(struct turn *t, enum step_result r, struct inbound *in)
{
	struct ike_sa *sa = t->sa;
	struct ours *ours = t->ours;

	if (r == STEP_WAIT) {
		ours->next_ms = 0; /* no reason to ask again */
		ours->waits = t->step;
		ours->in = in;
		return;
	}
	if (r == STEP_NEXT || r == STEP_STAY || r == STEP_NOTIFY)
		engine_forget(sa, ours);
	if (r == STEP_NEXT)
		engine_follow(t);
	else if (r == STEP_DROP) { /* it was not authentic: the true one may come yet */
		ike_count(t->ike, IKE_COUNT_REFUSED);
		if (!ours->next_ms) /* a computation was tried on it */
			transmit_later(sa, ours, ours->gap_ms);
	} else if (r == STEP_FAIL || (r == STEP_AGAIN && ++ours->again > STEP_AGAIN_MAX)) {
		engine_tell_and_close(sa, t->why, engine_end_of(t, sa->state));
	} else if (r == STEP_AGAIN) {
		anew(sa, ours);
	}
	sa_touch(sa);
	inbound_free(in);
}

/* ---- Running a row -------------------------------------------------------------- */

static struct turn turn_of(struct ike_sa *sa, struct ours *ours, const struct step *step,
			   struct inbound *in, struct ike_job *job)
{
	return (struct turn){
		.ike = sa->ike,
		.sa = sa,
		.step = step,
		.ours = ours,
		.task = ours ? ours->task : NULL,
		.in = in ? &in->m : NULL,
		.from = in,
		.job = job,
	};
}

static enum step_result turn_run(struct turn *t)
{
	return t->job && t->step->resume ? t->step->resume(t) : t->step->run(t);
}

void engine_start(struct ike_sa *sa, struct ours *ours, struct ike_job *job)
{
	const struct exchange *ex = NULL;
	const struct step *step = step_find_start(sa, ours->task->kind, &ex);
	struct payload_writer pw;

	if (!step) {
		engine_forget(sa, ours);
		return;
	}
	ours->is_again = false;
	ours->type = ex->type;
	ours->id = sa->next_id;
	struct turn t = turn_of(sa, ours, step, NULL, job);
	t.out = &pw;
	transmit_begin(sa, &pw, ex->type, ours->id, false);
	end_start(&t, turn_run(&t));
}

void exchange_start(struct ike_sa *sa)
{
	struct ours *ours;

	while (sa->state < ST_CLOSED && (ours = ours_next(sa)))
		engine_start(sa, ours, NULL);
}

void engine_request(struct ike_sa *sa, const struct step *step, struct inbound *in,
		    struct ike_job *job)
{
	struct turn t = turn_of(sa, NULL, step, in, job);
	struct payload_writer pw;

	t.out = &pw;
	sa->reply_local = in->local;
	sa->reply_remote = in->remote;
	transmit_begin(sa, &pw, in->m.header.exchange, in->m.header.id, true);
	end_request(&t, turn_run(&t), in);
}

void engine_response(struct ike_sa *sa, struct ours *ours, const struct step *step,
		     struct inbound *in, struct ike_job *job)
{
	struct turn t = turn_of(sa, ours, step, in, job);

	end_response(&t, turn_run(&t), in);
}

static bool is_clear(const struct inbound *in)
{
	return in->m.header.exchange == EX_IKE_SA_INIT;
}

void exchange_request(struct ike_sa *sa, struct inbound *in)
{
	const struct exchange *ex = exchange_by_type(in->m.header.exchange);
	const struct step *step =
		ex ? step_find(ex, STEP_REQUEST, sa->state, exchange_shape(&in->m)) : NULL;

	if (!(exchange_shape(&in->m) & HAS_DELETE_IKE))
		rival_used(sa);
	child_sure(sa, theirs_known(sa, in->m.header.id));
	engine_request(sa, step ? step : &engine_bad_request, in, NULL);
}

void exchange_response(struct ike_sa *sa, struct inbound *in)
{
	const struct exchange *ex = exchange_by_type(in->m.header.exchange);
	struct ours *ours = ours_by_id(sa, in->m.header.id);
	uint64_t shape = exchange_shape(&in->m) | ON(ours->task->kind);
	const struct step *step = ex ? step_find(ex, STEP_RESPONSE, sa->state, shape) : NULL;

	if (step) {
		sa->n_tried = 0;
		engine_response(sa, ours, step, in, NULL);
	} else if (is_clear(in)) {
		ike_count(sa->ike, IKE_COUNT_UNEXPECTED);
		inbound_free(in);
	} else {
		engine_response(sa, ours, &engine_bad_response, in, NULL);
	}
}

void exchange_bad(struct ike_sa *sa, struct inbound *in, enum message_result what)
{
	bool is_critical = what == MSG_UNSUPPORTED_CRITICAL;

	if (!is_critical)
		ike_count(sa->ike, IKE_COUNT_BAD_SYNTAX);
	if (!message_is_response(&in->m))
		engine_request(sa, is_critical ? &engine_critical_request : &engine_bad_request, in,
			       NULL);
	else
		engine_response(sa, ours_by_id(sa, in->m.header.id),
				is_critical ? &engine_critical_response : &engine_bad_response, in,
				NULL);
}

/* ---- Time ----------------------------------------------------------------------- */

static void timeout(struct ike_sa *sa, struct ours *ours)
{
	uint64_t shape = ours ? ON(ours->task->kind) : 0;

	for (size_t i = 0; i < n_exchanges; i++) {
		const struct step *step = step_find(exchanges[i], STEP_TIMEOUT, sa->state, shape);

		if (!step)
			continue;
		struct turn t = turn_of(sa, ours, step, NULL, NULL);
		enum step_result r = step->run(&t);
		if (r == STEP_NEXT)
			engine_follow(&t);
		else if (r == STEP_FAIL)
			exchange_close(sa, END_REFUSED);
		return;
	}
	exchange_close(sa, END_NO_ANSWER);
}

/* The first whose tries are used up; NULL: none. */
static struct ours *unanswered(struct ike_sa *sa)
{
	for (struct ours *o = sa->ours; o; o = o->next)
		if (o->next_ms && o->next_ms <= sa->ike->now_ms && !transmit_again(sa, o))
			return o;
	return NULL;
}

void exchange_expire(struct ike_sa *sa)
{
	struct ours *ours = unanswered(sa);

	if (ours && !mobike_try_other(sa))
		timeout(sa, ours);
	if (!sa->state_end_ms || sa->state_end_ms > sa->ike->now_ms)
		return;
	sa->state_end_ms = 0;
	sa_touch(sa);
	if (sa->state == ST_CLOSED)
		engine_enter(sa, ST_GONE, TM_NONE);
	else
		timeout(sa, sa->ours);
}

uint64_t exchange_deadline(const struct ike_sa *sa)
{
	uint64_t at_ms = sa->state_end_ms;

	for (const struct ours *o = sa->ours; o; o = o->next)
		if (o->next_ms && (!at_ms || o->next_ms < at_ms))
			at_ms = o->next_ms;
	return at_ms;
}
