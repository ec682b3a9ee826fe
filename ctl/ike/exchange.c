/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/engine.h"

#include "ike/alloc.h"
#include "ike/intermediate.h"
#include "ike/mobike.h"
#include "ike/transmit.h"

/* ---- The ends of a step, by role --------------------------------------------------- */

static void end_start(struct turn *t, enum step_result r)
{
	if (r == STEP_NEXT && transmit_request(t->sa, t->out))
		engine_follow(t);
	else if (r == STEP_WAIT)
		t->sa->ours.waits = t->step;
	else if (r == STEP_FAIL || r == STEP_NEXT)
		exchange_close(t->sa, END_REFUSED);
	else /* nothing was sent: the message ID is still free */
		engine_forget(t->sa);
	sa_touch(t->sa);
}

static void emit_why(struct payload_writer *pw, const struct turn *t)
{
	if (t->why_spi)
		notify_emit_esp(pw, t->why, t->why_spi);
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
	if (!transmit_response(t->sa, &pw))
		exchange_close(t->sa, END_REFUSED);
}

/* Takes over `in` when the step waits for a job. */
static void end_request(struct turn *t, enum step_result r, struct inbound *in)
{
	bool is_kept = t->sa->first == in;

	if (r == STEP_WAIT) {
		t->sa->theirs.waits = t->step;
		t->sa->theirs.in = in;
		return;
	}
	if ((r == STEP_NEXT || r == STEP_STAY) && transmit_response(t->sa, t->out)) {
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

static void end_response(struct turn *t, enum step_result r, struct inbound *in)
{
	struct ike_sa *sa = t->sa;

	if (r == STEP_WAIT) {
		sa->ours.next_ms = 0; /* no reason to ask again */
		sa->ours.waits = t->step;
		sa->ours.in = in;
		return;
	}
	if (r == STEP_NEXT || r == STEP_STAY || r == STEP_NOTIFY)
		engine_over(sa);
	if (r == STEP_NEXT)
		engine_follow(t);
	else if (r == STEP_DROP) { /* it was not authentic: the true one may come yet */
		ike_count(t->ike, IKE_COUNT_REFUSED);
		if (!sa->ours.next_ms) /* a computation was tried on it */
			transmit_later(sa, sa->ours.gap_ms);
	} else if (r == STEP_FAIL || (r == STEP_AGAIN && ++sa->ours.again > STEP_AGAIN_MAX)) {
		sa->ours.id++;
		engine_tell_and_close(sa, t->why, engine_end_of(t, sa->state));
	} else if (r == STEP_AGAIN) {
		sa->ours.id += sa->state == ST_INIT_SENT ? 0 : 1; /* 2.2: IKE_SA_INIT stays 0 */
		engine_start(sa, NULL);
	}
	sa_touch(sa);
	inbound_free(in);
}

/* ---- Running a row -------------------------------------------------------------- */

static struct turn turn_of(struct ike_sa *sa, const struct step *step, struct inbound *in,
			   struct ike_job *job)
{
	return (struct turn){
		.ike = sa->ike,
		.sa = sa,
		.step = step,
		.task = step->role == STEP_REQUEST ? NULL : sa->ours.task,
		.in = in ? &in->m : NULL,
		.from = in,
		.job = job,
	};
}

static enum step_result turn_run(struct turn *t)
{
	return t->job && t->step->resume ? t->step->resume(t) : t->step->run(t);
}

void engine_start(struct ike_sa *sa, struct ike_job *job)
{
	const struct exchange *ex = NULL;
	const struct step *step = step_find_start(sa, sa->ours.task->kind, &ex);
	struct payload_writer pw;

	if (!step) {
		engine_forget(sa);
		return;
	}
	free(sa->ours.request);
	sa->ours.request = NULL;
	sa->ours.next_ms = 0;
	sa->ours.type = ex->type;
	struct turn t = turn_of(sa, step, NULL, job);
	t.out = &pw;
	transmit_begin(sa, &pw, ex->type, sa->ours.id, false);
	end_start(&t, turn_run(&t));
}

void exchange_start(struct ike_sa *sa)
{
	const struct exchange *ex;

	while (!sa->ours.task && sa->state < ST_CLOSED) {
		struct task *task = task_take(sa, sa->ike->now_ms);

		if (!task)
			return;
		if (!step_find_start(sa, task->kind, &ex)) { /* not in this state: it waits */
			task->next = sa->tasks;
			sa->tasks = task;
			return;
		}
		sa->ours.task = task;
		engine_start(sa, NULL);
	}
}

void engine_request(struct ike_sa *sa, const struct step *step, struct inbound *in,
		    struct ike_job *job)
{
	struct turn t = turn_of(sa, step, in, job);
	struct payload_writer pw;

	t.out = &pw;
	sa->reply_local = in->local;
	sa->reply_remote = in->remote;
	transmit_begin(sa, &pw, in->m.header.exchange, in->m.header.id, true);
	end_request(&t, turn_run(&t), in);
}

void engine_response(struct ike_sa *sa, const struct step *step, struct inbound *in,
		     struct ike_job *job)
{
	struct turn t = turn_of(sa, step, in, job);

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

	child_sure(sa, in->m.header.id);
	engine_request(sa, step ? step : &engine_bad_request, in, NULL);
}

void exchange_response(struct ike_sa *sa, struct inbound *in)
{
	const struct exchange *ex = exchange_by_type(in->m.header.exchange);
	uint64_t shape = exchange_shape(&in->m) | ON(sa->ours.task->kind);
	const struct step *step = ex ? step_find(ex, STEP_RESPONSE, sa->state, shape) : NULL;

	if (step) {
		sa->n_tried = 0;
		engine_response(sa, step, in, NULL);
	} else if (is_clear(in)) {
		ike_count(sa->ike, IKE_COUNT_UNEXPECTED);
		inbound_free(in);
	} else {
		engine_response(sa, &engine_bad_response, in, NULL);
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
		engine_response(sa, is_critical ? &engine_critical_response : &engine_bad_response,
				in, NULL);
}

/* ---- Time ----------------------------------------------------------------------- */

static void timeout(struct ike_sa *sa)
{
	uint64_t shape = sa->ours.task ? ON(sa->ours.task->kind) : 0;

	for (size_t i = 0; i < n_exchanges; i++) {
		const struct step *step = step_find(exchanges[i], STEP_TIMEOUT, sa->state, shape);

		if (!step)
			continue;
		struct turn t = turn_of(sa, step, NULL, NULL);
		if (step->run(&t) == STEP_NEXT)
			engine_follow(&t);
		return;
	}
	exchange_close(sa, END_NO_ANSWER);
}

void exchange_expire(struct ike_sa *sa)
{
	uint64_t now_ms = sa->ike->now_ms;

	if (sa->ours.next_ms && sa->ours.next_ms <= now_ms && !transmit_again(sa) &&
	    !mobike_try_other(sa))
		timeout(sa);
	if (!sa->state_end_ms || sa->state_end_ms > now_ms)
		return;
	sa->state_end_ms = 0;
	sa_touch(sa);
	if (sa->state == ST_CLOSED)
		engine_enter(sa, ST_GONE, TM_NONE);
	else
		timeout(sa);
}

uint64_t exchange_deadline(const struct ike_sa *sa)
{
	uint64_t at_ms = sa->state_end_ms;

	if (sa->ours.next_ms && (!at_ms || sa->ours.next_ms < at_ms))
		at_ms = sa->ours.next_ms;
	return at_ms;
}
