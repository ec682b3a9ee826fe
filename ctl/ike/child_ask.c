/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/child_ask.h"

#include "ike/collision.h"
#include "ike/followup.h"
#include "ike/rekey.h"

/* ---- Ours ----------------------------------------------------------------------- */

static struct child *rekeyed(const struct turn *t, const struct child_ask *ask)
{
	return ask->replaces ? child_by_spi(t->sa, ask->replaces, true) : NULL;
}

void child_ask_later(struct ike_sa *sa, struct child *old, uint64_t wait_ms)
{
	child_move(sa, old, old->is_taken ? CHILD_ON_REPLACE : CHILD_ON_KEEP);
	if (!old->is_taken)
		old->rekey_ms = sa->ike->now_ms + wait_ms + ike_jitter(sa->ike, wait_ms);
}

/* The rekey is done: who uses what, and who deletes what (see collision.h and child.h). */
static void settle_rekey(struct ike_sa *sa, struct child *fresh, const struct child_ask *ask)
{
	struct child *old = child_by_spi(sa, ask->replaces, true);
	struct child *twin = collision_twin(sa, ask->replaces);

	if (old)
		child_move(sa, old, CHILD_ON_REPLACE);
	if (old && old->is_unwanted) /* terminated meanwhile */
		task_delete_child(sa, ask->protocol, fresh->sa.spi_in);
	if (collision_loses(&fresh->low, &ask->twin)) {
		sa_log(sa, "both sides rekeyed CHILD_SA %s: ours is the redundant one",
		       fresh->name);
		child_move(sa, fresh, CHILD_ON_REPLACE);
		task_delete_child(sa, ask->protocol, fresh->sa.spi_in);
		return;
	}
	child_switch(sa, fresh);
	if (twin) /* the peer deletes it */
		child_move(sa, twin, CHILD_ON_REPLACE);
	if (old)
		task_delete_child(sa, old->sa.chosen.protocol, ask->replaces);
}

void child_ask_spoilt(struct turn *t, const struct child_ask *ask, uint16_t why)
{
	struct child *old = rekeyed(t, ask);

	if (old)
		child_ask_later(t->sa, old, REKEY_RETRY_MS);
	deal_failed(t, ask->replaces ? NULL : ask->conn_child, why);
	task_delete_child(t->sa, ask->protocol, ask->spi_in);
}

void child_ask_done(struct turn *t, const struct child_ask *ask, const struct deal *deal,
		    const struct deal_secrets *secrets)
{
	struct child *child = deal_install(t->sa, deal, secrets, ask->replaces);

	if (!child) {
		child_ask_spoilt(t, ask, N_NO_ADDITIONAL_SAS);
		return;
	}
	if (ask->replaces)
		settle_rekey(t->sa, child, ask);
	else
		child_switch(t->sa, child);
	collision_find_child(t->sa, child);
}

/* The peer has no such Child SA (2.25): ours is a leftover. The delete is for a peer that has been
 * told of it meanwhile. */
static void rekey_lost(struct ike_sa *sa, struct child *old)
{
	const struct conn_child *cc = old->sa.conn_child;

	sa_error(sa, "peer knows no CHILD_SA %s{%u}: dropped", old->name, old->sa.unique_id);
	task_delete_child(sa, old->sa.chosen.protocol, old->sa.spi_in);
	child_move(sa, old, CHILD_ON_DROP);
	if (cc && !child_of(sa, cc) && !old->is_unwanted)
		task_add(sa, TASK_CHILD_NEW, cc, 0);
}

/* RFC 9370 2.2.4: a state that was forgotten is no reason not to begin anew. */
static bool is_temporary(uint16_t why)
{
	return why == N_TEMPORARY_FAILURE || why == N_STATE_NOT_FOUND;
}

static void rekey_failed(struct turn *t, struct child *old, uint16_t why)
{
	const char *name = notify_name(why);
	char text[EXPLAIN_MAX];

	sa_error(t->sa, "peer refuses to rekey CHILD_SA: %s (%u)%s", name ? name : "error", why,
		 deal_offered(t, old ? old->sa.conn_child : NULL, why, text, sizeof(text)));
	if (old && why == N_CHILD_SA_NOT_FOUND && !old->is_taken)
		rekey_lost(t->sa, old);
	else if (old)
		child_ask_later(t->sa, old,
				is_temporary(why) ? TEMPORARY_RETRY_MS : REKEY_RETRY_MS);
}

void child_ask_refused(struct turn *t, const struct child_ask *ask, uint16_t why)
{
	const struct conn_child *cc = t->task->conn_child;

	if (ask->replaces) {
		rekey_failed(t, rekeyed(t, ask), why);
		return;
	}
	if (deal_single_pair(t, cc, why))
		return;
	if (!is_temporary(why)) {
		deal_failed(t, cc, why);
		return;
	}
	t->task->conn_child = NULL; /* this one is over, the next is not a duplicate of it */
	struct task *again = cc ? task_add(t->sa, TASK_CHILD_NEW, cc, 0) : NULL;
	if (again)
		again->not_before_ms = t->ike->now_ms + TEMPORARY_RETRY_MS +
				       ike_jitter(t->ike, TEMPORARY_RETRY_MS);
}

/* ---- The peer's ----------------------------------------------------------------- */

uint16_t child_answer_check(const struct turn *t, const struct child *old)
{
	const struct ike_sa *sa = t->sa;

	if (!sa->conn || sa->is_condemned || rekey_is_ours(sa))
		return N_TEMPORARY_FAILURE;
	if (old && (!child_is_live(old) || old->is_unwanted)) /* deleted soon, or replaced already */
		return N_TEMPORARY_FAILURE;
	return old && !old->sa.conn_child ? N_NO_ADDITIONAL_SAS : 0;
}

/* The peer rekeys it; perhaps we do at the same time. */
static void taken(struct ike_sa *sa, struct child *old, const struct child *fresh)
{
	old->is_taken = true;
	for (struct ours *o = sa->ours; o; o = o->next)
		if (o->task->kind == TASK_CHILD_REKEY && o->task->spi == old->sa.spi_in)
			o->nego.twin = fresh->low;
	followup_twin(sa, old->sa.spi_in, &fresh->low);
}

struct child *child_answer_done(struct turn *t, const struct deal *deal,
				const struct deal_secrets *secrets, struct child *old)
{
	struct child *child = deal_install(t->sa, deal, secrets, old ? old->sa.spi_in : 0);

	if (!child)
		return NULL;
	child_await(t->sa, child, old ? SWITCH_WAIT_MS : TAKEOVER_MS);
	child_unsure(t->sa, child, t->in->header.id);
	collision_find_child(t->sa, child);
	if (old)
		taken(t->sa, old, child);
	if (old && old->state == CHILD_INSTALLED) /* else the answer to our own rekey decides */
		child_move(t->sa, old, CHILD_ON_REPLACE);
	return child;
}
