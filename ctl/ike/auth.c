/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/auth.h"

#include <errno.h>
#include "crypto/secret.h"
#include "ike/alloc.h"
#include "ike/auth_job.h"
#include "ike/id.h"
#include "ike/intermediate.h"

enum { /* RFC 7296 3.6, RFC 7670 */
	CERT_X509_SIGNATURE = 4,
	CERT_HASH_AND_URL = 12,
	CERT_HASH_AND_URL_BUNDLE = 13,
	CERT_RAW_PUBLIC_KEY = 15,
};

#define AUTH_DATA_MAX (1 + UINT8_MAX + SIGN_LEN_MAX)
#define CERTREQ_IDS_MAX 64 /* CAs in one CERTREQ: IKE_SA_INIT has to stay small */

/* ---- What is signed --------------------------------------------------------------- */

struct to_sign {
	struct signed_octets octets; /* its last part points into int_auth */
	uint8_t int_auth[INT_AUTH_MAX];
};

enum whose {
	THEIRS,
	OURS,
	OURS_NO_PPK, /* RFC 8784: the initiator signs both ways, until it knows */
};

/* SK_pi or SK_pr. As initiator we do not know yet whether the PPK will be used. */
static const uint8_t *sk_p(const struct ike_sa *sa, enum whose whose, bool is_i)
{
	if (whose == OURS && is_i && sa->init->is_ppk)
		return sa->init->ppk.sk_pi;
	return is_i ? sa->keys.sk_pi : sa->keys.sk_pr;
}

static int signed_octets(struct ike_sa *sa, enum whose whose, struct reader id_body,
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

static int mac_compute(struct ike_sa *sa, enum whose whose, struct reader key,
		       struct reader id_body, uint8_t ret_auth[PRF_LEN_MAX])
{
	struct to_sign sign;
	int err = signed_octets(sa, whose, id_body, &sign);

	err = err ? err : keymat_auth_psk(&sa->keys, key, &sign.octets, ret_auth);
	secret_wipe(&sign, sizeof(sign));
	return err;
}

static struct reader psk_of(const struct conn *conn)
{
	return rd_from(conn->psk, conn->psk_len);
}

/* The same, for a job. */
static int octets_keep(struct ike_sa *sa, enum whose whose, struct reader id_body,
		       struct octets *ret_octets)
{
	struct to_sign sign;
	int err = signed_octets(sa, whose, id_body, &sign);

	if (!err)
		*ret_octets = octets_copy(sign.octets.parts, ARRAY_SIZE(sign.octets.parts));
	secret_wipe(&sign, sizeof(sign));
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

struct certreq {
	bool is_raw; /* raw public keys, too */
	size_t n;
	uint8_t ids[CERTREQ_IDS_MAX * CA_ID_LEN];
};

static void certreq_add(struct certreq *req, const uint8_t *id)
{
	for (size_t i = 0; i < req->n; i++)
		if (!memcmp(req->ids + i * CA_ID_LEN, id, CA_ID_LEN))
			return;
	if (req->n < CERTREQ_IDS_MAX)
		memcpy(req->ids + req->n++ * CA_ID_LEN, id, CA_ID_LEN);
}

static void certreq_add_conn(struct certreq *req, const struct conn *conn)
{
	if (conn->remote_auth != CONN_AUTH_PUBKEY || !conn->is_certreq_sent)
		return;
	req->is_raw |= trust_n_keys(conn->trust) > 0;
	for (size_t i = 0; i < trust_n_cas(conn->trust); i++)
		certreq_add(req, trust_ca_id(conn->trust, i));
}

static void certreq_write(struct payload_writer *pw, const struct certreq *req)
{
	struct cert cert = { CERT_X509_SIGNATURE, rd_from(req->ids, req->n * CA_ID_LEN) };

	if (req->n)
		cert_emit(pw, PL_CERTREQ, &cert);
	if (req->is_raw) /* RFC 7670 4: without any CA */
		cert_emit(pw, PL_CERTREQ, &(struct cert){ .encoding = CERT_RAW_PUBLIC_KEY });
}

void auth_certreq_any(struct turn *t)
{
	struct certreq req = { 0 };

	for (size_t i = 0; i < t->ike->n_conns; i++)
		if (conn_match_addr(t->ike->conns[i], &t->from->local.addr, &t->from->remote.addr))
			certreq_add_conn(&req, t->ike->conns[i]);
	certreq_write(t->out, &req);
}

void auth_certreq_emit(struct turn *t)
{
	struct certreq req = { 0 };

	certreq_add_conn(&req, t->sa->conn);
	certreq_write(t->out, &req);
}

/* ---- The job ----------------------------------------------------------------------- */

enum step_result auth_failed(struct turn *t, const char *reason)
{
	char id[ID_TEXT_MAX];

	return turn_refuse(t, STEP_FAIL, N_AUTHENTICATION_FAILED,
			   "authentication of peer %s failed: %s",
			   id_print(&t->sa->their_id, id, sizeof(id)), reason);
}

static void take_certs(struct auth_job *job, const struct message *m)
{
	for (size_t i = 0; i < m->n_certs; i++) {
		const struct cert *c = &m->certs[i];

		if (c->encoding == CERT_X509_SIGNATURE && job->n_certs < CHAIN_MAX)
			job->certs[job->n_certs++] = octets_copy(&c->data, 1);
		else if (c->encoding == CERT_RAW_PUBLIC_KEY && !job->their_key.len)
			job->their_key = octets_copy(&c->data, 1);
		job->is_by_url |= c->encoding == CERT_HASH_AND_URL ||
				  c->encoding == CERT_HASH_AND_URL_BUNDLE;
	}
}

/* RFC 8784 3.1: without PPK it is what NO_PPK_AUTH says, of the method of AUTH. */
static struct reader their_auth(const struct turn *t)
{
	const struct notify *no_ppk = message_notify(t->in, N_NO_PPK_AUTH);
	bool is_without = no_ppk && !t->sa->is_initiator && !t->sa->init->is_ppk_used;

	return is_without ? no_ppk->data : t->in->auth.data;
}

static int job_check(struct turn *t, struct auth_job *job, const struct id_view *theirs)
{
	const struct conn *conn = t->sa->conn;

	job->trust = trust_ref(conn->trust);
	job->their_schemes = conn->remote_schemes;
	job->their_id = t->sa->their_id;
	job->method = t->in->auth.method;
	struct reader auth = their_auth(t);
	job->their_auth = octets_copy(&auth, 1);
	take_certs(job, t->in);
	return octets_keep(t->sa, THEIRS, theirs->body, &job->their_octets);
}

/* We would do without the PPK, too. */
static bool says_no_ppk(const struct ike_sa *sa)
{
	return sa->is_initiator && sa->init->is_ppk && !sa->conn->is_ppk_required;
}

static int job_make(struct turn *t, struct auth_job *job)
{
	uint8_t id[IKE_ID_MAX + 4];
	const struct conn_own *own = &t->sa->conn->own;

	job->key = key_ref(own->key);
	job->scheme = scheme_choose(own->key, own->schemes, t->sa->init->their_hashes);
	if (!job->scheme)
		return -ENOTSUP;
	struct reader body = id_payload_body(&t->sa->our_id, id, sizeof(id));
	int err = octets_keep(t->sa, OURS, body, &job->our_octets);
	if (!err && says_no_ppk(t->sa))
		err = octets_keep(t->sa, OURS_NO_PPK, body, &job->no_ppk_octets);
	return err;
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

enum step_result auth_begin(struct turn *t, unsigned what, const struct id_view *theirs)
{
	const struct conn *conn = t->sa->conn;
	bool is_check = what & AUTH_CHECK && conn->remote_auth == CONN_AUTH_PUBKEY;
	bool is_make = what & AUTH_MAKE && conn->local_auth == CONN_AUTH_PUBKEY;

	if (t->job || (!is_check && !is_make))
		return STEP_NEXT;
	if (what & AUTH_CHECK && !auth_fits(conn, &t->in->auth))
		return STEP_NEXT; /* auth_check() says so */
	struct auth_job *auth = alloc_zero(sizeof(*auth));
	int err = is_check ? job_check(t, auth, theirs) : 0;
	err = err || !is_make ? err : job_make(t, auth);
	if (err) {
		auth_job_free(auth);
		return err == -ENOTSUP ? cannot_sign(t) : auth_failed(t, "no AUTH computed");
	}
	return turn_wait_job(t, job_new_auth(auth));
}

/* ---- What came out ------------------------------------------------------------------ */

bool auth_fits(const struct conn *conn, const struct auth *auth)
{
	if (!auth->method || conn->remote_auth == CONN_AUTH_EAP) /* none: it wants EAP */
		return !auth->method && conn->remote_auth == CONN_AUTH_EAP;
	return (auth->method == AUTH_PSK) == (conn->remote_auth == CONN_AUTH_PSK);
}

bool auth_is_mac_good(struct turn *t, struct reader key, struct reader id_body)
{
	uint8_t mac[PRF_LEN_MAX];
	struct reader data = their_auth(t);
	bool is_good = t->in->auth.method == AUTH_PSK && rd_left(&key) &&
		       !mac_compute(t->sa, THEIRS, key, id_body, mac) &&
		       rd_left(&data) == t->sa->keys.prf_len &&
		       memeq_ct(data.at, mac, t->sa->keys.prf_len);

	secret_wipe(mac, sizeof(mac));
	return is_good;
}

void auth_log_revocation(struct ike_sa *sa, const char *notes)
{
	const char *at = notes;

	for (const char *end; (end = strchr(at, '\n')) != NULL; at = end + 1)
		sa_log(sa, "%.*s", (int)(end - at), at);
}

enum step_result auth_check(struct turn *t, const struct id_view *theirs)
{
	const struct auth_job *job = t->job ? t->job->auth : NULL;
	const struct conn *conn = t->sa->conn;

	if (!conn)
		return auth_failed(t, "its connection is not configured any more");
	if (!auth_fits(conn, &t->in->auth))
		return auth_failed(t, conn->remote_auth == CONN_AUTH_EAP
					      ? "it sends AUTH at once, we want EAP"
					      : conn->remote_auth == CONN_AUTH_PSK
					      ? "it sends a signature, we want a pre-shared key"
					      : "it uses a pre-shared key, we want a signature");
	if (job)
		auth_log_revocation(t->sa, job->revocation.notes);
	if (job && job->result)
		return auth_failed(t, job->why);
	if (conn->remote_auth == CONN_AUTH_PSK)
		return auth_is_mac_good(t, psk_of(conn), theirs->body)
			       ? STEP_NEXT
			       : auth_failed(t, "AUTH is wrong (is the pre-shared key the same?)");
	if (!job || !job->trust)
		return auth_failed(t, "its signature was not checked");
	sa_log(t->sa, "peer signed by %s", job->their_scheme->name);
	return STEP_NEXT;
}

void auth_certs_emit(struct turn *t)
{
	const struct conn *conn = t->sa->conn;
	const struct conn_own *own = &conn->own;
	bool is_wanted = conn->send_cert == SEND_CERT_ALWAYS ||
			 (conn->send_cert == SEND_CERT_IFASKED &&
			  (own->n_certs ? t->sa->init->is_cert_asked : t->sa->init->is_raw_asked));
	uint8_t der[CERT_LEN_MAX];

	if (conn->local_auth != CONN_AUTH_PUBKEY || !is_wanted)
		return;
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

static void emit_signature(struct turn *t, const struct auth_job *job)
{
	uint8_t data[AUTH_DATA_MAX];
	struct auth auth = { job->scheme->method, signature_data(job->scheme, job->signature,
								 job->signature_len, data) };

	auth_emit(t->out, &auth);
	if (job->no_ppk_len)
		notify_emit_plain(t->out, N_NO_PPK_AUTH,
				  signature_data(job->scheme, job->no_ppk, job->no_ppk_len, data));
}

int auth_emit_mac(struct turn *t, struct reader key)
{
	uint8_t id[IKE_ID_MAX + 4], mac[PRF_LEN_MAX];
	struct reader body = id_payload_body(&t->sa->our_id, id, sizeof(id));
	size_t len = t->sa->keys.prf_len;
	int err = mac_compute(t->sa, OURS, key, body, mac);

	if (!err)
		auth_emit(t->out, &(struct auth){ AUTH_PSK, rd_from(mac, len) });
	if (!err && says_no_ppk(t->sa)) {
		err = mac_compute(t->sa, OURS_NO_PPK, key, body, mac);
		notify_emit_plain(t->out, N_NO_PPK_AUTH, rd_from(mac, len));
	}
	secret_wipe(mac, sizeof(mac));
	return err;
}

int auth_emit_ours(struct turn *t)
{
	struct ike_sa *sa = t->sa;
	const struct auth_job *job = t->job ? t->job->auth : NULL;

	if (job && job->key) {
		if (!job->result)
			emit_signature(t, job);
		return job->result;
	}
	if (sa->conn->local_auth != CONN_AUTH_PSK)
		return -EIO;
	return auth_emit_mac(t, psk_of(sa->conn));
}
