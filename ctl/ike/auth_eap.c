/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/auth_eap.h"

#include "crypto/secret.h"
#include "ike/alloc.h"
#include "ike/auth_ops.h"
#include "ike/deal.h"
#include "ike/id.h"
#include "ike/intermediate.h"
#include "ike/mobike.h"
#include "ike/ppk.h"
#include "ike/redirect.h"
#include "ike/unique.h"

void auth_eap_free(struct ike_sa *sa)
{
	if (sa->eap)
		eap_fini(&sa->eap->eap);
	free(sa->eap);
	sa->eap = NULL;
	inbound_free(sa->first);
	sa->first = NULL;
}

static struct reader msk_of(const struct ike_sa *sa)
{
	return rd_from(sa->eap->eap.msk, sizeof(sa->eap->eap.msk));
}

static void eap_new(struct ike_sa *sa)
{
	if (!sa->eap)
		sa->eap = alloc_zero(sizeof(*sa->eap));
}

static void emit_packet(struct turn *t)
{
	const struct eap *eap = &t->sa->eap->eap;

	opaque_emit(t->out, PL_EAP, rd_from(eap->out, eap->out_len));
}

/* ---- Responder ------------------------------------------------------------------ */

/* The request and our IKE_SA_INIT are needed at the end, many messages later. */
static void keep_first(struct turn *t)
{
	struct ike_sa *sa = t->sa;
	struct init *init = sa->init;
	struct reader answer = sa_last_answer(sa);

	if (!init->message_r) { /* IKE_INTERMEDIATE may have kept it already */
		init->len_r = rd_left(&answer);
		init->message_r = alloc_copy(answer.at, init->len_r);
	}
	sa->first = (struct inbound *)t->from; /* the engine leaves it to us */
}

/* Ours, before EAP: by another method, or (RFC 5998) none. */
static enum step_result prove_first(struct turn *t)
{
	enum step_result r = auth_begin(t, AUTH_MAKE, NULL);

	if (r != STEP_NEXT)
		return r;
	id_payload_emit(t->out, PL_IDR, &t->sa->our_id);
	auth_certs_emit(t);
	return auth_emit_ours(t);
}

enum step_result eap_asked(struct turn *t)
{
	uint8_t random[EAP_RANDOM_LEN];
	struct ike_sa *sa = t->sa;
	if (inter_is_open(sa)) /* RFC 9370 2.2.2: all of them, or nothing */
		return auth_failed(t, "it left out a key exchange that it had agreed to");
	enum step_result r = auth_find_peer(t);
	if (r != STEP_NEXT)
		return r;
	if (sa->conn->remote_auth != CONN_AUTH_EAP)
		return auth_failed(t, "it sends no AUTH: it wants EAP, which is not configured");
	r = auth_check_childless(t);
	if (r != STEP_NEXT)
		return r;
	if (!t->job)
		auth_note(sa, t->in);
	r = prove_first(t);
	if (r != STEP_NEXT)
		return r;
	eap_new(sa);
	ike_random(t->ike, random, sizeof(random));
	eap_server_start(&sa->eap->eap, random);
	emit_packet(t);
	keep_first(t);
	return STEP_NEXT;
}

/* The session goes along with the job, and comes back with it. */
static enum step_result work(struct turn *t)
{
	struct eap *eap = &t->sa->eap->eap;
	struct ike_job *job = job_new_tls(eap->tls.session);

	eap->tls.session = NULL;
	return turn_wait_job(t, job);
}

/* What comes of the peer's packet, or of the job that it gave rise to. */
static enum eap_result take(struct turn *t)
{
	struct eap *eap = &t->sa->eap->eap;
	struct tls *session = t->job ? t->job->tls : NULL;

	if (t->job && t->job->aaa)
		return eap_aaa_answer(eap, t->job->aaa);
	if (!session)
		return eap_take(eap, t->sa->conn, t->in->eap);
	auth_log_revocation(t->sa, tls_notes(session));
	t->job->tls = NULL;
	return eap_worked(eap, session);
}

/* RFC 7296 2.16: EAP-Failure is the last word, and the end of the IKE SA. */
static enum step_result fail(struct turn *t)
{
	const struct eap *eap = &t->sa->eap->eap;

	t->why_eap = rd_from(eap->out, eap->out_len);
	return auth_failed(t, eap->why);
}

/* It has failed, here and now; the peer hears of it before it ends. */
static void lose(struct turn *t)
{
	(void)auth_failed(t, t->sa->eap->eap.why);
	t->sa->is_lost = true;
}

static enum step_result ask(struct turn *t)
{
	struct aaa_job *job = eap_aaa_ask(t);

	if (job)
		return turn_wait_job(t, job_new_aaa(job));
	(void)eap_refuse(&t->sa->eap->eap, "its EAP packet or identity is too long to pass on");
	return fail(t);
}

enum step_result eap_answered(struct turn *t)
{
	struct ike_sa *sa = t->sa;
	struct eap *eap = &sa->eap->eap;

	if (!sa->conn)
		return auth_failed(t, "its connection is not configured any more");
	if (eap->is_done)
		return auth_failed(t, "EAP goes on after its end");
	enum eap_result r = take(t);
	if (r == EAP_ASK)
		return ask(t);
	if (r == EAP_WORK)
		return work(t);
	if (r == EAP_FAILED)
		return fail(t);
	if (r == EAP_LAST_WORD)
		lose(t);
	emit_packet(t);
	return STEP_NEXT;
}

/* STEP_NEXT: the peer's AUTH fits the key that EAP has made. Only now is it known whether there is a
 * PPK in it: what was signed before EAP is without (RFC 8784 3). */
static enum step_result prove(struct turn *t, struct reader id_body)
{
	const struct eap *eap = &t->sa->eap->eap;

	if (!t->sa->conn)
		return auth_failed(t, "its connection is not configured any more");
	enum step_result r = ppk_settle(t);
	if (r != STEP_NEXT)
		return r;
	if (!eap->is_done || t->in->auth.method != AUTH_PSK ||
	    !auth_is_mac_good(t, msk_of(t->sa), id_body))
		return auth_failed(t, "AUTH does not fit what EAP has made");
	return STEP_NEXT;
}

static void log_success(struct ike_sa *sa)
{
	const struct eap *eap = &sa->eap->eap;

	if (eap->is_passed)
		sa_log(sa, "EAP of '%s' accepted by AAA server %s", eap->name, eap->aaa.server);
	else
		sa_log(sa, "%s of '%s' succeeded%s%s", eap->method->name, eap->name,
		       eap->detail ? ", " : "", eap->detail ? eap->detail : "");
}

/* Who it is, is what EAP has proved: not IDi, which anybody may write. */
static void take_identity(struct ike_sa *sa)
{
	const struct eap *eap = &sa->eap->eap;
	const char *why;

	log_success(sa);
	if (id_parse(eap->name, &sa->their_id, &why)) {
		sa->their_id = (struct ike_id){ .type = ID_KEY_ID };
		sa->their_id.len = (uint16_t)strlen(eap->name);
		memcpy(sa->their_id.data, eap->name, sa->their_id.len);
	}
}

enum step_result eap_proved(struct turn *t)
{
	struct ike_sa *sa = t->sa;
	const struct message *last = t->in, *first = &sa->first->m;
	enum step_result r = prove(t, first->idi.body);
	if (r != STEP_NEXT)
		return r;
	take_identity(sa);
	if (!id_match(&sa->conn->their_eap_id, &sa->their_id))
		return auth_failed(t, "EAP has proved somebody else than remote.eap_id, or else "
				      "remote.id, names");
	if (sa->eap->eap.session_s)
		sa->session_ms = t->ike->now_ms + sa->eap->eap.session_s * 1000ull;
	if (!unique_admit(sa, message_notify(first, N_INITIAL_CONTACT)))
		return auth_failed(t, "it has an IKE_SA already (unique = keep)");
	auth_log_up(sa);
	r = auth_emit_mac(t, AUTH_PSK, msk_of(sa));
	if (r != STEP_NEXT)
		return r;
	if (redirect_at_auth(t))
		return STEP_NEXT;
	t->in = first;
	auth_answer_rest(t);
	t->in = last;
	return STEP_NEXT;
}

/* ---- Initiator ------------------------------------------------------------------ */

/* No AUTH in the first request asks for it. */
static void offer(struct turn *t)
{
	eap_new(t->sa);
	t->sa->eap->spi_in = t->ours->nego.spi_in;
	t->sa->eap->protocol = t->ours->nego.protocol;
	if (t->sa->conn->remote_auth == CONN_AUTH_EAP)
		notify_emit_plain(t->out, N_EAP_ONLY_AUTHENTICATION, rd_from(NULL, 0));
}

/* The next round: a task like this one, which is over. */
static enum step_result again(struct turn *t)
{
	const struct conn_child *cc = t->task->conn_child;

	t->task->conn_child = NULL;
	if (task_push(t->sa, TASK_IKE_EAP, cc, 0))
		return STEP_NEXT;
	t->task->conn_child = cc;
	return turn_refuse(t, STEP_FAIL, 0, "no room for another task");
}

/* The server has closed the IKE SA: there is nobody to be told. */
static enum step_result refused(struct turn *t)
{
	const struct eap *eap = &t->sa->eap->eap;

	return turn_refuse(t, STEP_FAIL, 0, "peer refuses us as '%s': EAP-Failure (%s%s%s)",
			   eap->name, eap->method ? eap->method->name : "no method of ours",
			   eap->method ? ": " : "", eap->method ? eap->method->if_refused : "");
}

/* EAP_DONE leaves nothing to send but AUTH. */
static enum step_result take_packet(struct turn *t)
{
	struct eap *eap = &t->sa->eap->eap;

	if (!t->sa->conn)
		return auth_failed(t, "its connection is not configured any more");
	switch (take(t)) {
	case EAP_WORK:
		return work(t);
	case EAP_FAILED:
		return eap->is_refused ? refused(t) : auth_failed(t, eap->why);
	case EAP_DONE:
		eap->out_len = 0;
		break;
	case EAP_LAST_WORD:
		lose(t);
		break;
	case EAP_GO_ON:
	case EAP_ASK: /* a server's */
		break;
	}
	return again(t);
}

static enum step_result client_begin(struct turn *t)
{
	uint8_t random[EAP_RANDOM_LEN];

	ike_random(t->ike, random, sizeof(random));
	eap_client_start(&t->sa->eap->eap, t->sa->conn, &t->sa->their_id, random);
	return take_packet(t);
}

enum step_result eap_offered(struct turn *t)
{
	enum step_result r = auth_check_peer(t);

	if (r != STEP_NEXT)
		return r;
	return t->sa->eap ? client_begin(t)
			  : auth_failed(t, "it wants EAP, which is not configured");
}

/* RFC 5998: its AUTH comes at the end only. Not unless that is what we are content with. */
enum step_result eap_alone(struct turn *t)
{
	enum step_result r = auth_name_peer(t);

	if (r != STEP_NEXT)
		return r;
	return t->sa->eap && t->sa->conn->remote_auth == CONN_AUTH_EAP
		       ? client_begin(t)
		       : auth_failed(t, "it begins EAP without having proved who it is");
}

enum step_result eap_start(struct turn *t)
{
	if (t->sa->eap->eap.out_len) {
		emit_packet(t);
		return STEP_NEXT;
	}
	if (!t->sa->conn)
		return auth_failed(t, "its connection is not configured any more");
	return auth_emit_mac(t, AUTH_PSK, msk_of(t->sa));
}

enum step_result eap_next(struct turn *t)
{
	if (!t->sa->eap->eap.out_len)
		return auth_failed(t, "EAP goes on after its end");
	return take_packet(t);
}

static enum step_result prove_server(struct turn *t)
{
	uint8_t id[IKE_ID_MAX + 4];
	struct ike_sa *sa = t->sa;

	if (sa->eap->eap.out_len)
		return auth_failed(t, "it sends AUTH before the end of EAP");
	enum step_result r = prove(t, id_payload_body(&sa->their_id, id, sizeof(id)));
	if (r != STEP_NEXT)
		return r;
	log_success(sa);
	mobike_check(t);
	return STEP_NEXT;
}

enum step_result eap_finish(struct turn *t)
{
	enum step_result r = prove_server(t);

	if (r != STEP_NEXT)
		return r;
	t->ours->nego.spi_in = t->sa->eap->spi_in;
	t->ours->nego.protocol = t->sa->eap->protocol;
	return auth_child_finish(t);
}

enum step_result eap_alone_finish(struct turn *t)
{
	enum step_result r = prove_server(t);

	return r == STEP_NEXT ? auth_alone_finish(t) : r;
}

enum step_result eap_childless(struct turn *t)
{
	enum step_result r = prove_server(t);

	return r == STEP_NEXT ? auth_childless_finish(t) : r;
}

enum step_result eap_redirected(struct turn *t)
{
	enum step_result r = prove_server(t);

	return r == STEP_NEXT ? redirect_auth(t) : r;
}

/* ---- The method ------------------------------------------------------------------ */

/* RFC 5998: as responder nothing, if that is enough for the peer. */
static enum step_result emit(struct turn *t)
{
	if (t->sa->is_initiator)
		offer(t);
	else if (t->in->present & P_AUTH)
		return auth_not_computed(t);
	else if (!message_notify(t->in, N_EAP_ONLY_AUTHENTICATION))
		return auth_failed(t, "it does not do with EAP alone (RFC 5998), which is all that "
				      "we have");
	return STEP_NEXT;
}

static const struct auth_ops ops = { .emit = emit };

const struct auth_method auth_eap = {
	.name = "EAP",
	.class = "EAP",
	.whose = "has a certificate for",
	.numbers = 1u << AUTH_NONE,
	.take = eap_words_take,
	.words = eap_words,
	.needs = eap_needs,
	.ops = &ops,
};
