/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IKE_INTERMEDIATE (RFC 9242), between IKE_SA_INIT and IKE_AUTH: one additional key exchange each
 * (RFC 9370 2.2.2). Each is protected by the keys before it, and both its messages are mixed into
 * what the peers sign in IKE_AUTH: nobody between them can change the list of algorithms.
 */
#include "ike/intermediate.h"

#include "crypto/secret.h"
#include "ike/alloc.h"
#include "ike/ppk.h"

#define GENERIC_HEADER_LEN 4

/* ---- What the others ask ------------------------------------------------------------ */

void inter_emit(struct payload_writer *pw, const struct proposal *proposals, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!proposal_has_addke(&proposals[i]))
			continue;
		notify_emit_plain(pw, N_INTERMEDIATE_EXCHANGE_SUPPORTED, rd_from(NULL, 0));
		return;
	}
}

bool inter_is_allowed(const struct message *m, const struct proposal *chosen)
{
	return !proposal_has_addke(chosen) || message_notify(m, N_INTERMEDIATE_EXCHANGE_SUPPORTED);
}

void inter_plan(struct ike_sa *sa)
{
	uint32_t n = 0;

	while (proposal_addke(&sa->chosen, n))
		n++;
	while (n--) /* each in front of the others */
		task_push(sa, TASK_INTERMEDIATE, NULL, n);
}

bool inter_is_open(const struct ike_sa *sa)
{
	return proposal_addke(&sa->chosen, sa->init->n_inter);
}

struct reader inter_auth(const struct ike_sa *sa, uint8_t buf[INT_AUTH_MAX])
{
	const struct init *init = sa->init;
	struct writer w = wr_into(buf, INT_AUTH_MAX);

	if (!init->n_inter)
		return rd_from(NULL, 0);
	wr_bytes(&w, init->int_i, sa->keys.prf_len);
	wr_bytes(&w, init->int_r, sa->keys.prf_len);
	wr_u32(&w, (uint32_t)init->n_inter + 1);
	return rd_from(buf, wr_len(&w));
}

/* ---- What is signed, RFC 9242 3.3.2 --------------------------------------------------- */

/* IntAuth_n = prf(SK_p of n, IntAuth_n-1 | A | P). A: the header and that of the SK payload, as
 * if there were no IV, padding and ICV. P: the payloads in clear. */
static int mix(struct ike_sa *sa, const struct ike_header *h, uint8_t first, struct reader plain)
{
	struct init *init = sa->init;
	bool is_i = h->flags & IKE_FLAG_INITIATOR;
	uint8_t *sum = is_i ? init->int_i : init->int_r, head[IKE_HEADER_LEN + GENERIC_HEADER_LEN];
	struct writer w = wr_into(head, sizeof(head));
	struct reader parts[] = { rd_from(sum, init->n_inter ? sa->keys.prf_len : 0),
				  rd_from(head, sizeof(head)), plain };

	wr_u64(&w, h->spi_i);
	wr_u64(&w, h->spi_r);
	wr_u8(&w, PL_SK);
	wr_u8(&w, (uint8_t)(2 << 4 | h->minor));
	wr_u8(&w, h->exchange);
	wr_u8(&w, h->flags);
	wr_u32(&w, h->id);
	wr_u32(&w, (uint32_t)(sizeof(head) + rd_left(&plain)));
	wr_u8(&w, first);
	wr_u8(&w, 0);
	wr_u16(&w, (uint16_t)(GENERIC_HEADER_LEN + rd_left(&plain)));
	return prf_compute(sa->keys.suite.prf,
			   rd_from(is_i ? sa->keys.sk_pi : sa->keys.sk_pr, sa->keys.prf_len), parts,
			   ARRAY_SIZE(parts), sum);
}

static int mix_theirs(struct turn *t)
{
	return mix(t->sa, &t->in->header, t->in->sk_next, t->in->inner);
}

/* Our message, complete but for the sealing. */
static int mix_ours(struct turn *t, uint32_t id, bool is_response)
{
	const uint8_t *sk = t->out->sk;
	const uint8_t *plain = sk + GENERIC_HEADER_LEN + aead_sizes(t->out->key->alg).iv_len;
	struct ike_header h = {
		.spi_i = t->sa->spi_i,
		.spi_r = t->sa->spi_r,
		.exchange = EX_IKE_INTERMEDIATE,
		.flags = (uint8_t)((t->sa->is_initiator ? IKE_FLAG_INITIATOR : 0) |
				   (is_response ? IKE_FLAG_RESPONSE : 0)),
		.id = id,
	};

	return mix(t->sa, &h, sk[0], rd_from(plain, (size_t)(t->out->w.at - plain)));
}

/* RFC 9370 2.2.2: SKEYSEED(n) = prf(SK_d(n-1), SK(n) | Ni | Nr), as in a rekey (RFC 7296 2.18). */
static int derive(const struct ike_sa *sa, const struct ike_job *job, struct ike_keys *ret_keys)
{
	struct ike_seed seed = {
		.shared = rd_from(job->secret, job->secret_len),
		.ni = rd_from(sa->init->ni, sa->init->ni_len),
		.nr = rd_from(sa->init->nr, sa->init->nr_len),
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
	};

	return keymat_rekey(&sa->keys, &sa->keys.suite, &seed, ret_keys);
}

static enum step_result spoilt(struct turn *t)
{
	return turn_refuse(t, STEP_FAIL, N_INVALID_SYNTAX,
			   "additional key exchange of the peer is wrong: INVALID_SYNTAX");
}

/* ---- Initiator ------------------------------------------------------------------ */

static enum step_result inter_start(struct turn *t)
{
	const struct transform *ke = proposal_addke(&t->sa->chosen, t->sa->init->n_inter);
	struct nego *nego = &t->ours->nego;

	if (!ke)
		return STEP_NOTIFY;
	nego->group = ke->id;
	return turn_wait(t, nego->group, &nego->pair, rd_from(NULL, 0));
}

static enum step_result inter_started(struct turn *t)
{
	struct nego *nego = &t->ours->nego;

	nego->pair = t->job->pair;
	t->job->pair = (struct ke_pair){ 0 };
	struct ke ke = { nego->group, rd_from(nego->pair.public_value, nego->pair.public_len) };
	if (t->job->result)
		return turn_refuse(t, STEP_FAIL, 0, "no key pair of method %u", nego->group);
	ke_emit(t->out, &ke);
	if (!wr_ok(&t->out->w) || mix_ours(t, t->ours->id, false))
		return turn_refuse(t, STEP_FAIL, 0, "IKE_INTERMEDIATE could not be written");
	return STEP_NEXT;
}

static enum step_result inter_answered(struct turn *t)
{
	struct nego *nego = &t->ours->nego;
	const struct ke *ke = &t->in->ke;

	if (ke->group != nego->group || rd_left(&ke->public_value) != ke_answer_len(nego->group))
		return spoilt(t);
	return turn_wait(t, nego->group, &nego->pair, ke->public_value);
}

static enum step_result inter_finish(struct turn *t)
{
	struct ike_sa *sa = t->sa;
	struct ike_keys fresh;

	if (t->job->result || mix_theirs(t) || derive(sa, t->job, &fresh))
		return spoilt(t);
	sa->keys = fresh;
	keymat_wipe(&fresh);
	sa->init->n_inter++;
	return STEP_NEXT;
}

static enum step_result inter_refused(struct turn *t)
{
	const struct notify *n = message_error(t->in);
	const char *name = notify_name(n->type);

	return turn_refuse(t, STEP_FAIL, 0, "peer refuses IKE_INTERMEDIATE: %s (%u)",
			   name ? name : "error", n->type);
}

/* ---- Responder ------------------------------------------------------------------ */

static enum step_result inter_asked(struct turn *t)
{
	const struct transform *ke = proposal_addke(&t->sa->chosen, t->sa->init->n_inter);
	const struct ke *theirs = &t->in->ke;

	if (!ke || theirs->group != ke->id ||
	    rd_left(&theirs->public_value) != ke_public_len(ke->id))
		return spoilt(t);
	return turn_wait(t, ke->id, &(struct ke_pair){ 0 }, theirs->public_value);
}

static enum step_result inter_reply(struct turn *t)
{
	struct ike_sa *sa = t->sa;
	struct init *init = sa->init;
	struct ke ke = { t->job->group,
			 rd_from(t->job->pair.public_value, t->job->pair.public_len) };
	struct ike_keys fresh;

	if (t->job->result || mix_theirs(t) || derive(sa, t->job, &fresh))
		return spoilt(t);
	struct reader answer = sa_last_answer(sa);
	if (!init->message_r) { /* the stored response is ours until now: IKE_AUTH signs it */
		init->len_r = rd_left(&answer);
		init->message_r = alloc_copy(answer.at, init->len_r);
	}
	init->next_keys = alloc_copy(&fresh, sizeof(fresh));
	keymat_wipe(&fresh);
	ke_emit(t->out, &ke);
	if (!wr_ok(&t->out->w) || mix_ours(t, t->in->header.id, true))
		return spoilt(t);
	return STEP_NEXT;
}

void inter_sent(struct ike_sa *sa)
{
	struct init *init = sa->init;

	if (!init || !init->next_keys)
		return;
	sa->keys = *init->next_keys;
	keymat_wipe(init->next_keys);
	free(init->next_keys);
	init->next_keys = NULL;
	init->n_inter++;
	/* Half open for as long again: there are at most seven of them. */
	if (sa->state_end_ms)
		sa->state_end_ms =
			sa->ike->now_ms + sa->ike->settings.half_open_timeout_s * 1000ull;
	sa_touch(sa);
}

/* ---- Rows ----------------------------------------------------------------------- */

static enum step_result inter_unanswered(struct turn *t)
{
	return turn_refuse(t, STEP_NEXT, 0, "peer does not answer IKE_INTERMEDIATE");
}

static const struct step steps[] = {
	{ STEP_START, IN(KEYED), ST_SAME, ON(TASK_INTERMEDIATE), 0, inter_start, inter_started,
	  TM_RETRANSMIT, "make a key pair of the next method, send it" },
	{ STEP_RESPONSE, IN(KEYED), ST_SAME, ON(TASK_INTERMEDIATE) | P_KE, P_NOTIFY | P_VENDOR,
	  inter_answered, inter_finish, TM_NONE, "new keys from the old ones and this secret" },
	{ STEP_RESPONSE, IN(KEYED), ST_CLOSED, ON(TASK_INTERMEDIATE) | P_NOTIFY | HAS_ERROR,
	  P_VENDOR | HAS_AUTH_FAILED, inter_refused, NULL, TM_CLOSED, "the peer refuses" },
	{ STEP_TIMEOUT, IN(KEYED), ST_CLOSED, ON(TASK_INTERMEDIATE), 0, inter_unanswered, NULL,
	  TM_CLOSED, "no answer: give up" },
	{ STEP_REQUEST, IN(INIT_REPLIED), ST_SAME, P_KE, P_NOTIFY | P_VENDOR, inter_asked,
	  inter_reply, TM_NONE, "answer, then new keys from the old ones and this secret" },
};

const struct exchange ex_intermediate = { EX_IKE_INTERMEDIATE, "IKE_INTERMEDIATE", steps,
					  ARRAY_SIZE(steps) };
