/* SPDX-License-Identifier: BSD-2-Clause */
/* Ends: of an exchange of ours, of a state, of the IKE SA with all that it carries. */
#include "crypto/secret.h"
#include "ike/alloc.h"
#include "ike/cfg.h"
#include "ike/collision.h"
#include "ike/engine.h"
#include "ike/nat.h"

void engine_forget(struct ike_sa *sa, struct ours *ours)
{
	struct ours **at = &sa->ours;

	while (*at != ours)
		at = &(*at)->next;
	*at = ours->next;
	ours_free(ours);
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
	struct task *tasks = sa->tasks;
	struct ours *running = sa->ours;

	sa->tasks = NULL;
	sa->ours = NULL; /* what follows an end may look for them */
	end_children(sa, end);
	while (running) {
		struct ours *o = running;

		running = o->next;
		end_task(sa, o->task, end);
		ours_free(o);
	}
	while (tasks) {
		struct task *t = tasks;

		tasks = t->next;
		end_task(sa, t, end);
		free(t);
	}
}

void engine_enter(struct ike_sa *sa, enum ike_state to, enum step_timer timer)
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
		sa->rekey_ms = sa->over_ms = sa->reauth_ms = sa->session_ms = sa->keepalive_ms = 0;
	if (sa->state == ST_ESTABLISHED)
		exchange_established(sa);
}

void exchange_close(struct ike_sa *sa, enum ike_end end)
{
	if (sa->state >= ST_CLOSED)
		return;
	/* Only who has answered something may be asked for it again. */
	engine_enter(sa, sa->due_id ? ST_CLOSED : ST_GONE, TM_CLOSED);
	end_all(sa, end);
	cfg_end(sa);
	init_free(sa);
	keymat_wipe(&sa->keys);
}

enum ike_end engine_end_of(const struct turn *t, enum ike_state from)
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

void engine_follow(struct turn *t)
{
	if (t->step->to == ST_CLOSED)
		exchange_close(t->sa, engine_end_of(t, t->sa->state));
	else
		engine_enter(t->sa, t->step->to, t->step->timer);
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

void exchange_established(struct ike_sa *sa)
{
	const struct conn *conn = sa->conn;
	struct ike *ike = sa->ike;

	sa->state = ST_ESTABLISHED; /* for one that was never connecting: it is rekeyed */
	sa->established_ms = sa->heard_ms = ike->now_ms;
	nat_keepalive(sa);
	if (conn) {
		sa->rekey_ms = ike_renew_ms(ike, conn->rekey_s, conn->rand_s);
		if (!sa->reauth_ms)
			sa->reauth_ms = ike_renew_ms(ike, conn->reauth_s, conn->rand_s);
		uint32_t longer = conn->rekey_s > conn->reauth_s ? conn->rekey_s : conn->reauth_s;

		sa->over_ms = longer ? ike->now_ms + (longer + (uint64_t)conn->over_s) * 1000 : 0;
	}
	if (sa->init)
		collision_born(sa);
	sa->is_fresh = true;
	init_free(sa);
	sa_touch(sa);
}

void engine_tell_and_close(struct ike_sa *sa, uint16_t notify, enum ike_end end)
{
	sa->is_condemned = true; /* nothing new may be asked for on it */
	end_all(sa, end);
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
