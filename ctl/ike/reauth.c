/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/reauth.h"

#include <string.h>
#include "ike/exchange.h"
#include "ike/redirect.h"

bool reauth_is_under_way(const struct ike_sa *old)
{
	for (const struct ike_sa *sa = old->ike->sas; sa; sa = sa->next)
		if (sa->reauth_of == old->unique_id && sa->state < ST_CLOSED)
			return true;
	return false;
}

/* The first child comes with IKE_AUTH, the others follow. */
static void ask_for_children(struct ike_sa *fresh, const struct ike_sa *old)
{
	enum task_kind kind = TASK_IKE_AUTH;

	for (const struct child *c = old->children; c; c = c->next) {
		if (!child_is_live(c) || !c->sa.conn_child)
			continue;
		task_add(fresh, kind, c->sa.conn_child, 0);
		kind = TASK_CHILD_NEW;
	}
}

bool reauth_has_children(const struct ike_sa *sa)
{
	for (const struct child *c = sa->children; c; c = c->next)
		if (child_is_live(c) && c->sa.conn_child)
			return true;
	return false;
}

void reauth_take_over(struct ike_sa *fresh, const struct ike_sa *old)
{
	fresh->reauth_of = old->unique_id;
	fresh->is_first_contact = false;
	ask_for_children(fresh, old);
}

bool reauth_begin(struct ike_sa *old)
{
	struct ike_sa *fresh;

	if (!sa_is_up(old) || old->is_condemned || !old->birth.is_ours || !old->conn)
		return false;
	old->reauth_ms = old->ike->now_ms + REAUTH_AGAIN_MS;
	sa_touch(old);
	if (reauth_is_under_way(old))
		return false;
	if (!reauth_has_children(old)) { /* nothing to carry over: nothing is missed meanwhile */
		sa_log(old, "reauthentication: IKE_SA without children is deleted");
		exchange_delete(old);
		return true;
	}
	int err = sa_initiate(old->ike, old->conn, redirect_gateway(old), &fresh);
	if (err) {
		sa_error(old, "reauthentication: cannot initiate: %s", strerror(-err));
		return false;
	}
	redirect_inherit(fresh, old);
	reauth_take_over(fresh, old);
	sa_log(old, "reauthentication: IKE_SA [%u] takes over", fresh->unique_id);
	return true;
}

/* Not at once: what is on its way on the old Child SAs would find none. */
static void delete_later(struct ike_sa *old)
{
	struct task *task = task_push(old, TASK_IKE_DELETE, NULL, 0);

	old->is_condemned = true;
	if (task)
		task->not_before_ms = old->ike->now_ms + CHILD_LINGER_MS;
}

void reauth_settle(struct ike_sa *fresh)
{
	struct ike_sa *old;

	if (!fresh->reauth_of || !sa_is_up(fresh) || fresh->ours || fresh->tasks)
		return;
	old = sa_by_id(fresh->ike, fresh->reauth_of);
	fresh->reauth_of = 0;
	if (!old || !sa_is_up(old))
		return;
	sa_log(old, "reauthenticated: IKE_SA [%u] has taken over", fresh->unique_id);
	delete_later(old);
}
