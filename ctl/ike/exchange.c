/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/exchange.h"

#include <stdio.h>
#include "crypto/secret.h"
#include "ike/alloc.h"
#include "ike/cfg.h"
#include "ike/collision.h"
#include "ike/intermediate.h"
#include "ike/mobike.h"
#include "ike/transmit.h"

/* ---- State ---------------------------------------------------------------------- */

static void exchange_forget(struct ike_sa *sa)
{
	free(sa->ours.task);
	free(sa->ours.request);
	inbound_free(sa->ours.in);
	nego_wipe(&sa->ours.nego);
	sa->ours = (struct ours){ .id = sa->ours.id };
}

/* Our exchange is over: the next one has the next message ID (2.2). */
static void exchange_over(struct ike_sa *sa)
{
	exchange_forget(sa);
	sa->ours.id++;
	sa_touch(sa);
}

static void end_children(struct ike_sa *sa, enum ike_end end)
{
	struct child *next;

	sa->is_ending = true;
	for (struct child *c = sa->children; c; c = next) {
		const struct conn_child *cc = child_is_live(c) ? c->sa.conn_child : NULL;

		next = c->next;
		child_end(sa, c);
		if (cc)
			want_child_ended(sa, cc, end);
	}
}

/* What was to be made by a task, too: it failed then, or is made on another IKE SA. */
static void end_task(struct ike_sa *sa, const struct task *task, enum ike_end end)
{
	const struct want *want = task->conn_child ? want_of(sa->ike, task->conn_child) : NULL;

	if (!want)
		return;
	if (end == END_DEAD)
		end = END_NO_ANSWER;
	else if (end == END_PEER)
		end = END_REFUSED;
	else if (end == END_OURS && want->is_wanted)
		end = END_AGAIN;
	want_child_ended(sa, task->conn_child, end);
}

static void end_all(struct ike_sa *sa, enum ike_end end)
{
	struct task *tasks = sa->tasks, *running = sa->ours.task;

	sa->tasks = sa->ours.task = NULL; /* what follows an end may look for them */
	end_children(sa, end);
	if (running)
		end_task(sa, running, end);
	free(running);
	while (tasks) {
		struct task *t = tasks;

		tasks = t->next;
		end_task(sa, t, end);
		free(t);
	}
}

static void enter(struct ike_sa *sa, enum ike_state to, enum step_timer timer)
{
	const uint64_t state_ms[] = {
		[TM_RETRANSMIT] = 0,
		[TM_HALF_OPEN] = sa->ike->settings.half_open_timeout_s * 1000ull,
		[TM_CLOSED] = CLOSED_MS,
		[TM_REKEYED] = REKEYED_MS,
	};
	enum ike_state from = sa->state;

	sa_touch(sa);
	sa->state = to == ST_SAME ? from : to;
	if (sa->state == from)
		return;
	/* One that failed to authenticate is still what anybody can make. */
	sa_set_half_open(sa, sa->state == ST_INIT_REPLIED || sa->state == ST_EAP_ASKED ||
				     (sa->state == ST_CLOSED && sa->is_half_open));
	sa->state_end_ms = state_ms[timer] ? sa->ike->now_ms + state_ms[timer] : 0;
	if (from == ST_ESTABLISHED)
		sa->rekey_ms = sa->over_ms = sa->reauth_ms = sa->keepalive_ms = 0;
	if (sa->state == ST_ESTABLISHED)
		exchange_established(sa);
}

void exchange_close(struct ike_sa *sa, enum ike_end end)
{
	if (sa->state >= ST_CLOSED)
		return;
	/* Only who has answered something may be asked for it again. */
	enter(sa, sa->theirs.response ? ST_CLOSED : ST_GONE, TM_CLOSED);
	end_all(sa, end);
	cfg_end(sa);
	exchange_forget(sa);
	init_free(sa);
	keymat_wipe(&sa->keys);
}

static enum ike_end end_of(const struct turn *t, enum ike_state from)
{
	if (t->sa->is_reborn)
		return END_AGAIN;
	if (from == ST_DELETING || from == ST_REKEYED)
		return END_OURS;
	if (t->step->role == STEP_REQUEST)
		return END_PEER;
	if (from == ST_ESTABLISHED)
		return END_DEAD;
	return t->step->role == STEP_TIMEOUT ? END_NO_ANSWER : END_REFUSED;
}

/* The row's `to`. */
static void follow(struct turn *t)
{
	if (t->step->to == ST_CLOSED)
		exchange_close(t->sa, end_of(t, t->sa->state));
	else
		enter(t->sa, t->step->to, t->step->timer);
}

void exchange_delete(struct ike_sa *sa)
{
	if (sa->state != ST_ESTABLISHED && sa->state != ST_REKEYED) {
		if (sa->state < ST_ESTABLISHED)
			exchange_close(sa, END_OURS);
		return;
	}
	sa->is_condemned = true;
	task_push(sa, TASK_IKE_DELETE, NULL, 0);
}

static uint64_t lifetime_ms(struct ike *ike, uint32_t life_s, uint32_t rand_s)
{
	if (!life_s)
		return 0;
	return ike->now_ms + life_s * 1000ull -
	       ike_jitter(ike, (rand_s < life_s ? rand_s : 0) * 1000ull);
}

void exchange_established(struct ike_sa *sa)
{
	const struct conn *conn = sa->conn;
	struct ike *ike = sa->ike;

	sa->state = ST_ESTABLISHED; /* for one that was never connecting: it is rekeyed */
	sa->established_ms = sa->heard_ms = ike->now_ms;
	sa->keepalive_ms = sa->is_nat_local ? ike->now_ms + KEEPALIVE_MS : 0;
	if (conn) {
		sa->rekey_ms = lifetime_ms(ike, conn->rekey_s, conn->rand_s);
		sa->reauth_ms = lifetime_ms(ike, conn->reauth_s, conn->rand_s);
		uint32_t longer = conn->rekey_s > conn->reauth_s ? conn->rekey_s : conn->reauth_s;

		sa->over_ms = longer ? ike->now_ms + (longer + (uint64_t)conn->over_s) * 1000 : 0;
	}
	if (sa->init)
		collision_born(sa);
	sa->is_fresh = true;
	init_free(sa);
	sa_touch(sa);
}

/* ---- The ends of a step, by role --------------------------------------------------- */

static void tell_and_close(struct ike_sa *sa, uint16_t notify, enum ike_end end)
{
	sa->is_condemned = true; /* nothing new may be asked for on it */
	end_all(sa, end);
	exchange_forget(sa);
	/* Before, the peer has no keys; later, our delete has told it already. */
	if (!notify || (sa->state != ST_AUTH_SENT && sa->state != ST_EAP_SENT &&
			sa->state != ST_ESTABLISHED)) {
		exchange_close(sa, end);
		return;
	}
	struct task *task = task_push(sa, TASK_TELL, NULL, 0);
	if (task)
		task->notify = notify;
}

static void end_start(struct turn *t, enum step_result r)
{
	if (r == STEP_NEXT && transmit_request(t->sa, t->out))
		follow(t);
	else if (r == STEP_WAIT)
		t->sa->ours.waits = t->step;
	else if (r == STEP_FAIL || r == STEP_NEXT)
		exchange_close(t->sa, END_REFUSED);
	else /* nothing was sent: the message ID is still free */
		exchange_forget(t->sa);
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
			follow(t);
	} else if (r == STEP_NOTIFY || r == STEP_FAIL)
		answer_why(t);
	else
		ike_count(t->ike, IKE_COUNT_UNEXPECTED);
	if (r == STEP_FAIL || t->sa->state == ST_NONE)
		exchange_close(t->sa, END_PEER);
	if (!is_kept)
		inbound_free(in);
}

static void run_start(struct ike_sa *sa, struct ike_job *job);

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
		exchange_over(sa);
	if (r == STEP_NEXT)
		follow(t);
	else if (r == STEP_DROP) { /* it was not authentic: the true one may come yet */
		ike_count(t->ike, IKE_COUNT_REFUSED);
		if (!sa->ours.next_ms) /* a computation was tried on it */
			transmit_later(sa, sa->ours.gap_ms);
	} else if (r == STEP_FAIL || (r == STEP_AGAIN && ++sa->ours.again > STEP_AGAIN_MAX)) {
		sa->ours.id++;
		tell_and_close(sa, t->why, end_of(t, sa->state));
	} else if (r == STEP_AGAIN) {
		sa->ours.id += sa->state == ST_INIT_SENT ? 0 : 1; /* 2.2: IKE_SA_INIT stays 0 */
		run_start(sa, NULL);
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

/* The START row of sa->ours.task. */
static void run_start(struct ike_sa *sa, struct ike_job *job)
{
	const struct exchange *ex = NULL;
	const struct step *step = step_find_start(sa, sa->ours.task->kind, &ex);
	struct payload_writer pw;

	if (!step) {
		exchange_forget(sa);
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
		run_start(sa, NULL);
	}
}

static void run_request(struct ike_sa *sa, const struct step *step, struct inbound *in,
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

static void run_response(struct ike_sa *sa, const struct step *step, struct inbound *in,
			 struct ike_job *job)
{
	struct turn t = turn_of(sa, step, in, job);

	end_response(&t, turn_run(&t), in);
}

static enum step_result say_invalid_syntax(struct turn *t)
{
	ike_count(t->ike, IKE_COUNT_UNEXPECTED);
	return turn_refuse(t, STEP_FAIL, N_INVALID_SYNTAX,
			   "peer sent a message that does not fit: INVALID_SYNTAX");
}

static enum step_result say_critical(struct turn *t)
{
	ike_count(t->ike, IKE_COUNT_CRITICAL);
	t->why_data[0] = t->in->critical; /* 3.10.1: the payload type */
	t->why_len = 1;
	return turn_refuse(t, t->step->role == STEP_RESPONSE ? STEP_FAIL : STEP_NOTIFY,
			   N_UNSUPPORTED_CRITICAL_PAYLOAD,
			   "peer insists on payload %u, which is not known here", t->in->critical);
}

static enum step_result say_temporary(struct turn *t)
{
	return turn_refuse(t, STEP_NOTIFY, N_TEMPORARY_FAILURE,
			   "request of the peer was overtaken: TEMPORARY_FAILURE");
}

/* For a request whose computation took so long that the state is another one now. */
static const struct step stale_request = { .role = STEP_REQUEST,
					   .to = ST_SAME,
					   .run = say_temporary };
/* For what no row takes: INVALID_SYNTAX is the end of the IKE SA for both sides (2.21.2). */
static const struct step bad_request = { .role = STEP_REQUEST,
					 .to = ST_SAME,
					 .run = say_invalid_syntax };
static const struct step bad_response = { .role = STEP_RESPONSE,
					  .to = ST_SAME,
					  .run = say_invalid_syntax };
static const struct step critical_request = { .role = STEP_REQUEST,
					      .to = ST_SAME,
					      .run = say_critical };
static const struct step critical_response = { .role = STEP_RESPONSE,
					       .to = ST_SAME,
					       .run = say_critical };

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
	run_request(sa, step ? step : &bad_request, in, NULL);
}

void exchange_response(struct ike_sa *sa, struct inbound *in)
{
	const struct exchange *ex = exchange_by_type(in->m.header.exchange);
	uint64_t shape = exchange_shape(&in->m) | ON(sa->ours.task->kind);
	const struct step *step = ex ? step_find(ex, STEP_RESPONSE, sa->state, shape) : NULL;

	if (step) {
		sa->n_tried = 0;
		run_response(sa, step, in, NULL);
	} else if (is_clear(in)) {
		ike_count(sa->ike, IKE_COUNT_UNEXPECTED);
		inbound_free(in);
	} else {
		run_response(sa, &bad_response, in, NULL);
	}
}

void exchange_bad(struct ike_sa *sa, struct inbound *in, enum message_result what)
{
	bool is_critical = what == MSG_UNSUPPORTED_CRITICAL;

	if (!is_critical)
		ike_count(sa->ike, IKE_COUNT_BAD_SYNTAX);
	if (!message_is_response(&in->m))
		run_request(sa, is_critical ? &critical_request : &bad_request, in, NULL);
	else
		run_response(sa, is_critical ? &critical_response : &bad_response, in, NULL);
}

/* ---- Jobs ----------------------------------------------------------------------- */

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
		run_request(sa, step, in, job);
	else
		run_request(sa, &stale_request, in, NULL);
}

static void our_job(struct ike_sa *sa, struct ike_job *job)
{
	const struct step *step = sa->ours.waits;
	struct inbound *in = sa->ours.in;

	sa->ours.in = NULL;
	sa->ours.waits = NULL;
	if (in && step->from & (1u << sa->state)) {
		run_response(sa, step, in, job);
	} else if (in) {
		exchange_over(sa);
		inbound_free(in);
	} else {
		run_start(sa, job);
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

/* One more refusal of an unknown peer: is there a line for it? The counters have them all. */
static bool has_line(struct turn *t)
{
	struct ike *ike = t->ike;

	if (t->step->role != STEP_REQUEST || t->sa->state != ST_NONE)
		return true;
	if (ike->now_ms - ike->strangers_ms >= STRANGER_MS) {
		ike->strangers_ms = ike->now_ms;
		ike->n_strangers = 0;
	}
	if (++ike->n_strangers == STRANGER_LINES)
		ike_log(ike, true, "many refused IKE_SA_INIT: no more lines on them for %u s",
			STRANGER_MS / 1000);
	return ike->n_strangers < STRANGER_LINES;
}

enum step_result turn_refuse(struct turn *t, enum step_result how, uint16_t notify,
			     const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(t->sa->why, sizeof(t->sa->why), format, args);
	va_end(args);
	if (has_line(t))
		sa_error(t->sa, "%s", t->sa->why);
	t->why = notify;
	return how;
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
			follow(&t);
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
		enter(sa, ST_GONE, TM_NONE);
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
