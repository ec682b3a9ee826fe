/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An IKE SA between its exchanges: lifetimes, dead peer detection, INITIAL_CONTACT, and the
 * settling after each call of the shell.
 */
#include "ike/collision.h"
#include "ike/exchange.h"
#include "ike/followup.h"
#include "ike/fragment.h"
#include "ike/nat.h"
#include "ike/reauth.h"
#include "ike/rival.h"
#include "ike/unique.h"

/* ---- Dead peer detection, RFC 7296 2.4 -------------------------------------------- */

/* ESP that came in proves life as well as IKE does. */
static uint64_t last_heard_ms(const struct ike_sa *sa)
{
	const struct ike_host *host = &sa->ike->host;
	uint64_t heard_ms = sa->heard_ms;

	for (const struct child *c = sa->children; c; c = c->next) {
		uint64_t in_ms = host->last_inbound_ms(host->arg, c->sa.spi_in);

		heard_ms = in_ms > heard_ms ? in_ms : heard_ms;
	}
	return heard_ms;
}

static uint64_t dpd_deadline(const struct ike_sa *sa)
{
	if (sa->state != ST_ESTABLISHED || !sa->conn || !sa->conn->dpd_delay_s || sa->ours ||
	    rival_is_open(sa))
		return 0;
	return sa->heard_ms + sa->conn->dpd_delay_s * 1000ull;
}

static void dpd_expire(struct ike_sa *sa)
{
	uint64_t at_ms = dpd_deadline(sa);

	if (!at_ms || at_ms > sa->ike->now_ms)
		return;
	sa->heard_ms = last_heard_ms(sa);
	if (dpd_deadline(sa) <= sa->ike->now_ms)
		task_add(sa, TASK_DPD, NULL, 0);
	sa_touch(sa);
}

/* ---- Lifetimes ------------------------------------------------------------------ */

static bool is_due(const struct ike_sa *sa, uint64_t *at_ms)
{
	if (!*at_ms || *at_ms > sa->ike->now_ms)
		return false;
	*at_ms = 0;
	return true;
}

/* Break, then make: the last resort, at the end of its time. */
static void begin_anew(struct ike_sa *sa, const char *reason)
{
	sa_log(sa, "%s: IKE_SA is deleted and made anew", reason);
	sa->is_reborn = true;
	exchange_delete(sa);
}

void life_expire(struct ike_sa *sa)
{
	exchange_expire(sa);
	child_expire(sa, sa->ike->now_ms);
	nat_expire(sa);
	collision_expire(sa);
	fragment_expire(sa);
	followup_expire(sa);
	dpd_expire(sa);
	unique_expire(sa);
	if (is_due(sa, &sa->over_ms))
		begin_anew(sa, "hard lifetime");
	if (is_due(sa, &sa->session_ms)) {
		sa_log(sa, "the time that the AAA server gave is over: IKE_SA is deleted");
		exchange_delete(sa);
	}
	if (is_due(sa, &sa->reauth_ms) && sa->birth.is_ours)
		(void)reauth_begin(sa);
	if (is_due(sa, &sa->rekey_ms) && sa->state == ST_ESTABLISHED && !sa->is_condemned)
		task_add(sa, TASK_IKE_REKEY, NULL, 0);
}

static void earliest(uint64_t *best_ms, uint64_t at_ms)
{
	if (at_ms && (!*best_ms || at_ms < *best_ms))
		*best_ms = at_ms;
}

uint64_t life_deadline(const struct ike_sa *sa)
{
	uint64_t best_ms = exchange_deadline(sa);

	earliest(&best_ms, child_deadline(sa));
	earliest(&best_ms, fragment_deadline(sa));
	earliest(&best_ms, followup_deadline(sa));
	earliest(&best_ms, dpd_deadline(sa));
	earliest(&best_ms, sa->over_ms);
	earliest(&best_ms, sa->session_ms);
	earliest(&best_ms, sa->reauth_ms);
	earliest(&best_ms, sa->rekey_ms);
	earliest(&best_ms, sa->keepalive_ms);
	earliest(&best_ms, sa->contact_ms);
	earliest(&best_ms, sa->redundant_ms);
	for (const struct task *t = sa->tasks; t; t = t->next)
		if (task_due_ms(sa, t) > sa->ike->now_ms) /* else it waits for an answer */
			earliest(&best_ms, task_due_ms(sa, t));
	return best_ms;
}

/* ---- After each call ------------------------------------------------------------- */

static void settle(struct ike_sa *sa)
{
	child_settle(sa);
	if (sa->is_fresh) {
		sa->is_fresh = false;
		collision_find(sa);
	}
	exchange_start(sa);
	reauth_settle(sa);
	child_reap(sa);
	if (sa->state == ST_GONE) {
		sa_free(sa);
		return;
	}
	uint64_t at_ms = life_deadline(sa), told_ms = sa->ike->fx.timer_at_ms;
	if (at_ms && (!told_ms || at_ms < told_ms))
		fx_timer(&sa->ike->fx, at_ms);
}

void life_settle(struct ike *ike)
{
	while (ike->touched) {
		struct ike_sa *sa = ike->touched;

		ike->touched = sa->touched_next;
		sa->is_touched = false;
		settle(sa);
	}
	uint64_t at_ms = want_deadline(ike);
	if (at_ms && (!ike->fx.timer_at_ms || at_ms < ike->fx.timer_at_ms))
		fx_timer(&ike->fx, at_ms);
}
