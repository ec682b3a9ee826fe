/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/followup.h"

#include "crypto/secret.h"
#include "ike/alloc.h"

#define LINK_LEN 8 /* of ours */

/* ---- Life ----------------------------------------------------------------------- */

void followup_end(struct ike_sa *sa, struct followup *f)
{
	struct followup **at = &sa->followups;

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	secret_wipe(f, sizeof(*f));
	free(f);
}

void followup_end_all(struct ike_sa *sa)
{
	while (sa->followups)
		followup_end(sa, sa->followups);
}

struct followup *followup_of_ike(const struct ike_sa *sa, bool is_ours)
{
	struct followup *f = sa->followups;

	while (f && (f->is_child || f->is_ours != is_ours))
		f = f->next;
	return f;
}

/* There is one rekey of the IKE SA at a time: who begins another one has given up the first. */
static void end_older(struct ike_sa *sa, bool is_ours)
{
	struct followup *f = followup_of_ike(sa, is_ours);

	if (f)
		followup_end(sa, f);
}

static size_t count(const struct ike_sa *sa, bool is_ours)
{
	size_t n = 0;

	for (const struct followup *f = sa->followups; f; f = f->next)
		n += f->is_ours == is_ours;
	return n;
}

struct followup *followup_begin(struct turn *t, bool is_child, const struct deal *deal,
				struct reader ni, struct reader nr)
{
	bool is_ours = t->step->role == STEP_RESPONSE;
	struct ike_sa *sa = t->sa;

	if (!is_child)
		end_older(sa, is_ours);
	if (count(sa, is_ours) >= FOLLOWUPS_MAX)
		return NULL;
	struct followup *f = alloc_zero(sizeof(*f));
	f->is_ours = is_ours;
	f->is_child = is_child;
	f->deal = *deal;
	f->ni_len = rd_left(&ni);
	f->nr_len = rd_left(&nr);
	rd_copy(&ni, f->ni, f->ni_len);
	rd_copy(&nr, f->nr, f->nr_len);
	f->shared_len = t->job->secret_len;
	memcpy(f->shared, t->job->secret, f->shared_len);
	f->until_ms = is_ours ? 0 : t->ike->now_ms + FOLLOWUP_MS;
	f->next = sa->followups;
	return sa->followups = f;
}

void followup_expire(struct ike_sa *sa)
{
	struct followup *next;

	for (struct followup *f = sa->followups; f; f = next) {
		next = f->next;
		if (f->until_ms && f->until_ms <= sa->ike->now_ms)
			followup_end(sa, f);
	}
}

uint64_t followup_deadline(const struct ike_sa *sa)
{
	uint64_t at_ms = 0;

	for (const struct followup *f = sa->followups; f; f = f->next)
		if (f->until_ms && (!at_ms || f->until_ms < at_ms))
			at_ms = f->until_ms;
	return at_ms;
}

/* ---- Key exchanges -------------------------------------------------------------- */

const struct transform *followup_ke(const struct followup *f)
{
	return proposal_addke(&f->deal.chosen, f->n_done);
}

/* There are no more than FOLLOWUP_KES_MAX types of transform for them. */
void followup_absorb(struct turn *t, struct followup *f)
{
	memcpy(f->more + f->more_len, t->job->secret, t->job->secret_len);
	f->more_len += t->job->secret_len;
	f->n_done++;
	f->until_ms = f->is_ours ? 0 : t->ike->now_ms + FOLLOWUP_MS;
}

struct deal_secrets followup_secrets(const struct followup *f)
{
	return (struct deal_secrets){
		.shared = rd_from(f->shared, f->shared_len),
		.ni = rd_from(f->ni, f->ni_len),
		.nr = rd_from(f->nr, f->nr_len),
		.more = rd_from(f->more, f->more_len),
		.is_initiator = f->is_ours,
	};
}

/* ---- Links ---------------------------------------------------------------------- */

bool followup_next(struct turn *t, struct followup *f)
{
	const struct notify *n = message_notify(t->in, N_ADDITIONAL_KEY_EXCHANGE);
	struct reader link = n ? n->data : rd_from(NULL, 0);

	if (!rd_left(&link) || rd_left(&link) > sizeof(f->link))
		return false;
	f->link_len = rd_left(&link);
	rd_copy(&link, f->link, f->link_len);
	f->id = ++t->ike->last_followup_id;
	return task_push(t->sa, TASK_FOLLOWUP, f->replaces ? NULL : f->deal.conn_child, f->id);
}

struct followup *followup_ours(const struct ike_sa *sa, uint32_t id)
{
	for (struct followup *f = sa->followups; f; f = f->next)
		if (f->is_ours && f->id == id)
			return f;
	return NULL;
}

void followup_link_emit(struct payload_writer *pw, const struct followup *f)
{
	notify_emit_plain(pw, N_ADDITIONAL_KEY_EXCHANGE, rd_from(f->link, f->link_len));
}

void followup_emit(struct turn *t, struct followup *f)
{
	f->link_len = LINK_LEN;
	ike_random(t->ike, f->link, f->link_len);
	followup_link_emit(t->out, f);
}

struct followup *followup_theirs(const struct ike_sa *sa, const struct message *m)
{
	const struct notify *n = message_notify(m, N_ADDITIONAL_KEY_EXCHANGE);

	for (struct followup *f = sa->followups; n && f; f = f->next)
		if (!f->is_ours && rd_left(&n->data) == f->link_len &&
		    memcmp(n->data.at, f->link, f->link_len) == 0)
			return f;
	return NULL;
}

void followup_deleted(struct ike_sa *sa, uint8_t protocol, uint32_t spi_out)
{
	struct followup *f = sa->followups;

	while (f && (f->is_ours || !f->is_child || f->deal.spi_out != spi_out ||
		     f->deal.chosen.protocol != protocol))
		f = f->next;
	if (f)
		followup_end(sa, f);
}

/* ---- What is under way ------------------------------------------------------------ */

bool followup_makes(const struct ike_sa *sa, const struct conn_child *cc)
{
	for (const struct followup *f = sa->followups; f; f = f->next)
		if (f->is_ours && f->is_child && !f->replaces && f->deal.conn_child == cc)
			return true;
	return false;
}

void followup_twin(struct ike_sa *sa, uint32_t replaces, const struct low_nonce *low)
{
	for (struct followup *f = sa->followups; f; f = f->next)
		if (f->is_ours && f->is_child && f->replaces == replaces)
			f->twin = *low;
}
