/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/unique.h"

#include "ike/exchange.h"
#include "ike/id.h"

/* An identity is as good as the key that proved it: other connections' IKE SAs do not count. */
static bool is_between_the_same(const struct ike_sa *sa, const struct ike_sa *fresh)
{
	return sa != fresh && sa->conn == fresh->conn && sa->state >= ST_ESTABLISHED &&
	       sa->state < ST_CLOSED && id_equal(&sa->their_id, &fresh->their_id) &&
	       id_equal(&sa->our_id, &fresh->our_id);
}

/* One from the same address and port is what the peer reauthenticates, make before break. */
static bool is_one_elsewhere(const struct ike_sa *fresh)
{
	for (const struct ike_sa *sa = fresh->ike->sas; sa; sa = sa->next)
		if (is_between_the_same(sa, fresh) && sa->state == ST_ESTABLISHED &&
		    !endpoint_equal(&sa->remote, &fresh->remote))
			return true;
	return false;
}

bool unique_admit(struct ike_sa *fresh, bool is_initial_contact)
{
	enum conn_unique unique = fresh->conn->unique;

	if (unique == UNIQUE_KEEP && !is_initial_contact && is_one_elsewhere(fresh))
		return false;
	/* The children of both live for a moment, so that the new ones take over unseen. */
	if (unique != UNIQUE_NEVER && (is_initial_contact || unique == UNIQUE_REPLACE))
		fresh->contact_ms = fresh->ike->now_ms + TAKEOVER_MS;
	fresh->is_their_first = is_initial_contact;
	return true;
}

static void move_task(struct ike_sa *fresh, const struct task *task)
{
	if (task->kind == TASK_CHILD_NEW && !child_of(fresh, task->conn_child))
		task_add(fresh, TASK_CHILD_NEW, task->conn_child, 0);
}

/* Child SAs that were being made are wanted still. */
static void move_tasks(struct ike_sa *fresh, const struct ike_sa *sa)
{
	for (const struct ours *o = sa->ours; o; o = o->next)
		move_task(fresh, o->task);
	for (const struct task *t = sa->tasks; t; t = t->next)
		move_task(fresh, t);
}

/* 2.4: the peer has begun anew, so it knows nothing of older ones, and needs no word about
 * them. Those that came up after it asked for this one it does know: both initiated. */
static void drop(struct ike_sa *fresh, struct ike_sa *sa)
{
	if (!fresh->is_their_first) {
		sa_log(sa, "peer has a newer IKE_SA [%u] (unique = replace): deleted",
		       fresh->unique_id);
		exchange_delete(sa);
		return;
	}
	sa_log(sa, "peer began anew (INITIAL_CONTACT): dropped");
	move_tasks(fresh, sa);
	exchange_close(sa, END_OURS);
}

void unique_expire(struct ike_sa *fresh)
{
	if (!fresh->contact_ms || fresh->contact_ms > fresh->ike->now_ms)
		return;
	fresh->contact_ms = 0;
	for (struct ike_sa *sa = fresh->ike->sas; sa && fresh->state == ST_ESTABLISHED;
	     sa = sa->next)
		if (is_between_the_same(sa, fresh) && sa->established_ms < fresh->created_ms)
			drop(fresh, sa);
}
