/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/auth.h"

#include <stdio.h>
#include "ike/alloc.h"
#include "ike/auth_ops.h"
#include "ike/id.h"
#include "ike/intermediate.h"
#include "ike/ppk.h"

/* ---- Methods ----------------------------------------------------------------------- */

#define X(name, row) extern const struct auth_method row;
AUTH_METHODS(X)
#undef X

static const struct auth_method *const methods[] = {
#define X(name, row) [CONN_AUTH_##name] = &row,
	AUTH_METHODS(X)
#undef X
};

const struct auth_method *auth_method_of(enum conn_auth auth)
{
	return methods[auth];
}

static const struct auth_ops *ours(const struct turn *t)
{
	return auth_method_of(t->sa->conn->local_auth)->ops;
}

static bool is_of(const struct auth_method *method, const struct auth *auth)
{
	return auth->method < 32 && method->numbers & 1u << auth->method;
}

bool auth_fits(const struct conn *conn, const struct auth *auth)
{
	return is_of(auth_method_of(conn->remote_auth), auth);
}

/* ---- What is signed --------------------------------------------------------------- */

/* SK_pi or SK_pr. As initiator we do not know yet whether the PPK will be used. */
static const uint8_t *sk_p(const struct ike_sa *sa, enum auth_whose whose, bool is_i)
{
	if (whose == OURS && is_i && sa->init->is_ppk)
		return sa->init->ppk.sk_pi;
	return is_i ? sa->keys.sk_pi : sa->keys.sk_pr;
}

int auth_signed_octets(struct ike_sa *sa, enum auth_whose whose, struct reader id_body,
		       struct to_sign *ret)
{
	const struct init *init = sa->init;
	bool is_i = (whose != THEIRS) == sa->is_initiator;
	/* As responder our IKE_SA_INIT is still what we answer duplicates with. */
	struct reader message_r = init->message_r ? rd_from(init->message_r, init->len_r)
						  : sa_last_answer(sa);
	struct reader message = is_i ? rd_from(init->message_i, init->len_i) : message_r;
	struct reader nonce =
		is_i ? rd_from(init->nr, init->nr_len) : rd_from(init->ni, init->ni_len);

	int err = keymat_signed_octets(&sa->keys, sk_p(sa, whose, is_i), message, nonce, id_body,
				       &ret->octets);

	ret->octets.parts[3] = inter_auth(sa, ret->int_auth);
	return err;
}

/* ---- Asking and noting -------------------------------------------------------------- */

void auth_hashes_emit(struct payload_writer *pw)
{
	static const uint8_t hashes[] = { 0, SIGN_SHA2_256, 0, SIGN_SHA2_384,
					  0, SIGN_SHA2_512, 0, SIGN_IDENTITY };

	notify_emit_plain(pw, N_SIGNATURE_HASH_ALGORITHMS, rd_from(hashes, sizeof(hashes)));
}

void auth_note(struct ike_sa *sa, const struct message *m)
{
	const struct notify *n = message_notify(m, N_SIGNATURE_HASH_ALGORITHMS);
	struct reader hashes = n ? n->data : rd_from(NULL, 0);

	while (rd_more(&hashes)) {
		uint16_t hash = rd_u16(&hashes);

		if (rd_ok(&hashes) && hash < 16)
			sa->init->their_hashes |= (uint16_t)(1u << hash);
	}
	for (size_t i = 0; i < m->n_certreqs; i++) {
		sa->init->is_cert_asked |= m->certreqs[i].encoding == CERT_X509_SIGNATURE;
		sa->init->is_raw_asked |= m->certreqs[i].encoding == CERT_RAW_PUBLIC_KEY;
	}
}

static void certreq_write(struct payload_writer *pw, const struct certreq *req)
{
	struct cert cert = { CERT_X509_SIGNATURE, rd_from(req->ids, req->n * CA_ID_LEN) };

	if (req->n)
		cert_emit(pw, PL_CERTREQ, &cert);
	if (req->is_raw) /* RFC 7670 4: without any CA */
		cert_emit(pw, PL_CERTREQ, &(struct cert){ .encoding = CERT_RAW_PUBLIC_KEY });
}

static void certreq_add(struct certreq *req, const struct conn *conn)
{
	const struct auth_ops *ops = auth_method_of(conn->remote_auth)->ops;

	if (ops->certreq_add)
		ops->certreq_add(req, conn);
}

void auth_certreq_any(struct turn *t)
{
	struct certreq req = { 0 };

	for (size_t i = 0; i < t->ike->n_conns; i++)
		if (conn_match_addr(t->ike->conns[i], &t->from->local.addr, &t->from->remote.addr))
			certreq_add(&req, t->ike->conns[i]);
	certreq_write(t->out, &req);
}

void auth_certreq_emit(struct turn *t)
{
	struct certreq req = { 0 };

	certreq_add(&req, t->sa->conn);
	certreq_write(t->out, &req);
}

/* ---- Theirs, and ours --------------------------------------------------------------- */

enum step_result auth_failed(struct turn *t, const char *reason)
{
	char id[ID_TEXT_MAX];

	return turn_refuse(t, STEP_FAIL, N_AUTHENTICATION_FAILED,
			   "authentication of peer %s failed: %s",
			   id_print(&t->sa->their_id, id, sizeof(id)), reason);
}

void auth_log_revocation(struct ike_sa *sa, const char *notes)
{
	const char *at = notes;

	for (const char *end; (end = strchr(at, '\n')) != NULL; at = end + 1)
		sa_log(sa, "%.*s", (int)(end - at), at);
}

struct reader auth_theirs(const struct turn *t)
{
	const struct notify *no_ppk = message_notify(t->in, N_NO_PPK_AUTH);
	bool is_without = no_ppk && !t->sa->is_initiator && !t->sa->init->is_ppk_used;

	return is_without ? no_ppk->data : t->in->auth.data;
}

bool auth_says_no_ppk(const struct ike_sa *sa)
{
	return sa->is_initiator && sa->init->is_ppk && !sa->conn->is_ppk_required;
}

enum step_result auth_begin(struct turn *t, unsigned what, const struct id_view *theirs)
{
	const struct conn *conn = t->sa->conn;
	const struct auth_ops *their = auth_method_of(conn->remote_auth)->ops, *our = ours(t);
	bool is_check = what & AUTH_CHECK && their->check_begin;
	bool is_make = what & AUTH_MAKE && our->make_begin;

	if (t->job || (!is_check && !is_make))
		return STEP_NEXT;
	if (what & AUTH_CHECK && !auth_fits(conn, &t->in->auth))
		return STEP_NEXT; /* auth_check() says so */
	struct auth_job *job = alloc_zero(sizeof(*job));
	enum step_result r = is_check ? their->check_begin(t, theirs, job) : STEP_NEXT;
	if (r == STEP_NEXT && is_make)
		r = our->make_begin(t, job);
	if (r == STEP_NEXT)
		return turn_wait_job(t, job_new_auth(job));
	auth_job_free(job);
	return r;
}

/* Of another method than the one that is configured. */
static enum step_result misfit(struct turn *t, const struct auth_method *wanted)
{
	const char *name = "a method not known here";
	char why[100];

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (is_of(methods[i], &t->in->auth))
			name = methods[i]->name;
	snprintf(why, sizeof(why), "it proves itself by %s, we want %s", name, wanted->name);
	return auth_failed(t, why);
}

enum step_result auth_check(struct turn *t, const struct id_view *theirs)
{
	const struct conn *conn = t->sa->conn;

	if (!conn)
		return auth_failed(t, "its connection is not configured any more");
	const struct auth_method *method = auth_method_of(conn->remote_auth);
	return method->ops->check && auth_fits(conn, &t->in->auth) ? method->ops->check(t, theirs)
								   : misfit(t, method);
}

void auth_certs_emit(struct turn *t)
{
	if (ours(t)->certs_emit)
		ours(t)->certs_emit(t);
}

enum step_result auth_not_computed(struct turn *t)
{
	return turn_refuse(t, STEP_FAIL, t->sa->is_initiator ? 0 : N_AUTHENTICATION_FAILED,
			   "AUTH could not be computed");
}

enum step_result auth_emit_ours(struct turn *t)
{
	return ours(t)->emit(t);
}

void auth_send(struct turn *t, uint8_t number, struct reader data, struct reader no_ppk)
{
	auth_emit(t->out, &(struct auth){ number, data });
	if (rd_left(&no_ppk))
		notify_emit_plain(t->out, N_NO_PPK_AUTH, no_ppk);
	if (t->sa->is_initiator)
		ppk_identity_emit(t);
	else
		ppk_confirm(t);
}
