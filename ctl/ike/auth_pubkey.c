/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signatures (RFC 7296 2.15, RFC 7427) with certificates or raw public keys (RFC 7670): what goes
 * into the job of auth_job.h, and what came out of it.
 */
#include <stdio.h>
#include "crypto/secret.h"
#include "ike/auth_ops.h"
#include "ike/id.h"

#define AUTH_DATA_MAX (1 + UINT8_MAX + SIGN_LEN_MAX)

/* ---- Certificates ------------------------------------------------------------------- */

static void certs_emit(struct turn *t)
{
	const struct conn *conn = t->sa->conn;
	const struct conn_own *own = &conn->own;
	bool is_wanted = conn->send_cert == SEND_CERT_ALWAYS ||
			 (conn->send_cert == SEND_CERT_IFASKED &&
			  (own->n_certs ? t->sa->init->is_cert_asked : t->sa->init->is_raw_asked));
	uint8_t der[CERT_LEN_MAX];

	if (!is_wanted) {
		if (conn->send_cert == SEND_CERT_IFASKED && own->n_certs)
			sa_log(t->sa, "our certificate stays here: the peer asks for none "
				      "(send_cert = always sends it)");
		return;
	}
	for (size_t i = 0; i < own->n_certs; i++) {
		struct cert cert = { CERT_X509_SIGNATURE,
				     rd_from(der, x509_der(own->certs[i], der, sizeof(der))) };

		cert_emit(t->out, PL_CERT, &cert);
	}
	if (own->n_certs)
		return;
	struct cert raw = { CERT_RAW_PUBLIC_KEY,
			    rd_from(der, key_spki(own->key, der, sizeof(der))) };
	cert_emit(t->out, PL_CERT, &raw);
}

static void add_id(struct certreq *req, const uint8_t *id)
{
	for (size_t i = 0; i < req->n; i++)
		if (!memcmp(req->ids + i * CA_ID_LEN, id, CA_ID_LEN))
			return;
	if (req->n < CERTREQ_IDS_MAX)
		memcpy(req->ids + req->n++ * CA_ID_LEN, id, CA_ID_LEN);
}

static void certreq_add(struct certreq *req, const struct conn *conn)
{
	if (!conn->is_certreq_sent)
		return;
	req->is_raw |= trust_n_keys(conn->trust) > 0;
	for (size_t i = 0; i < trust_n_cas(conn->trust); i++)
		add_id(req, trust_ca_id(conn->trust, i));
}

/* ---- The job ----------------------------------------------------------------------- */

static int octets_keep(struct ike_sa *sa, enum auth_whose whose, struct reader id_body,
		       struct octets *ret_octets)
{
	struct to_sign sign;
	int err = auth_signed_octets(sa, whose, id_body, &sign);

	if (!err)
		*ret_octets = octets_copy(sign.octets.parts, ARRAY_SIZE(sign.octets.parts));
	secret_wipe(&sign, sizeof(sign));
	return err;
}

static void take_certs(struct auth_job *job, const struct message *m)
{
	for (size_t i = 0; i < m->n_certs; i++) {
		const struct cert *c = &m->certs[i];

		if (c->encoding == CERT_X509_SIGNATURE && job->n_certs < CHAIN_MAX)
			job->certs[job->n_certs++] = octets_copy(&c->data, 1);
		else if (c->encoding == CERT_RAW_PUBLIC_KEY && !job->their_key.len)
			job->their_key = octets_copy(&c->data, 1);
		job->is_by_url |=
			c->encoding == CERT_HASH_AND_URL || c->encoding == CERT_HASH_AND_URL_BUNDLE;
	}
}

static enum step_result check_begin(struct turn *t, const struct id_view *theirs,
				    struct auth_job *job)
{
	const struct conn *conn = t->sa->conn;
	struct reader auth = auth_theirs(t);

	job->trust = trust_ref(conn->trust);
	job->their_schemes = conn->remote_schemes;
	job->their_id = t->sa->their_id;
	job->method = t->in->auth.method;
	job->their_auth = octets_copy(&auth, 1);
	take_certs(job, t->in);
	return octets_keep(t->sa, THEIRS, theirs->body, &job->their_octets)
		       ? auth_failed(t, "no AUTH computed")
		       : STEP_NEXT;
}

static enum step_result cannot_sign(struct turn *t)
{
	char text[KEY_TEXT_MAX];

	return turn_refuse(t, STEP_FAIL, N_AUTHENTICATION_FAILED,
			   "we cannot authenticate: with our key (%s) no signature algorithm of "
			   "local.auth is one that the peer knows%s",
			   key_print(t->sa->conn->own.key, text, sizeof(text)),
			   t->sa->init->their_hashes ? "" : " (it does not do RFC 7427)");
}

static enum step_result make_begin(struct turn *t, struct auth_job *job)
{
	uint8_t id[IKE_ID_MAX + 4];
	struct ike_sa *sa = t->sa;
	const struct conn_own *own = &sa->conn->own;
	struct reader body = id_payload_body(&sa->our_id, id, sizeof(id));

	job->key = key_ref(own->key);
	job->scheme = scheme_choose(own->key, own->schemes, sa->init->their_hashes);
	if (!job->scheme)
		return cannot_sign(t);
	int err = octets_keep(sa, OURS, body, &job->our_octets);
	if (!err && auth_says_no_ppk(sa))
		err = octets_keep(sa, OURS_NO_PPK, body, &job->no_ppk_octets);
	return err ? auth_failed(t, "no AUTH computed") : STEP_NEXT;
}

/* ---- What came out ------------------------------------------------------------------ */

static enum step_result check(struct turn *t, const struct id_view *theirs)
{
	const struct auth_job *job = t->job ? t->job->auth : NULL;

	(void)theirs; /* it is in the job */
	if (job)
		auth_log_revocation(t->sa, job->revocation.notes);
	if (job && job->result)
		return auth_failed(t, job->why);
	if (!job || !job->trust)
		return auth_failed(t, "its signature was not checked");
	sa_log(t->sa, "peer signed by %s", job->their_scheme->name);
	return STEP_NEXT;
}

/* The data of an AUTH payload, RFC 7427 3. */
static struct reader signature_data(const struct scheme *scheme, const uint8_t *signature,
				    size_t len, uint8_t data[AUTH_DATA_MAX])
{
	struct writer w = wr_into(data, AUTH_DATA_MAX);

	if (scheme->id) {
		wr_u8(&w, (uint8_t)scheme->id_len);
		wr_bytes(&w, scheme->id, scheme->id_len);
	}
	wr_bytes(&w, signature, len);
	return rd_from(data, wr_len(&w));
}

static enum step_result emit(struct turn *t)
{
	const struct auth_job *job = t->job ? t->job->auth : NULL;
	uint8_t data[AUTH_DATA_MAX], no_ppk[AUTH_DATA_MAX];

	if (!job || !job->key || job->result)
		return auth_not_computed(t);
	auth_send(t, job->scheme->method,
		  signature_data(job->scheme, job->signature, job->signature_len, data),
		  job->no_ppk_len
			  ? signature_data(job->scheme, job->no_ppk, job->no_ppk_len, no_ppk)
			  : rd_from(NULL, 0));
	return STEP_NEXT;
}

/* ---- Configuration ------------------------------------------------------------------ */

/* "ike:" before it says for strongSwan that it is not about the certificates' own signatures. */
static bool take(const char *text, bool is_remote, struct auth_words *ret_words)
{
	(void)is_remote;
	return !scheme_parse(strncmp(text, "ike:", 4) ? text : text + 4, &ret_words->schemes);
}

static int words(char *buf, size_t size)
{
	return snprintf(buf, size,
			"pubkey, rsa, rsa/pss, ecdsa, ed25519, ed448 (the latter perhaps with "
			"-sha256, -sha384, -sha512)");
}

static unsigned needs(const struct auth_words *words, bool is_remote)
{
	(void)words;
	return is_remote ? NEEDS_TRUST : NEEDS_OWN;
}

static const struct auth_ops ops = {
	.certs_emit = certs_emit,
	.certreq_add = certreq_add,
	.check_begin = check_begin,
	.make_begin = make_begin,
	.check = check,
	.emit = emit,
};

const struct auth_method auth_pubkey = {
	.name = "a signature",
	.class = "public key",
	.whose = "has a certificate for",
	.numbers = 1u << AUTH_RSA | 1u << AUTH_ECDSA_256 | 1u << AUTH_ECDSA_384 |
		   1u << AUTH_ECDSA_521 | 1u << AUTH_DIGITAL_SIGNATURE,
	.take = take,
	.words = words,
	.needs = needs,
	.ops = &ops,
};
