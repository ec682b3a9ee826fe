/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/auth_job.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include "crypto/secret.h"
#include "ike/alloc.h"
#include "ike/id.h"

struct octets octets_copy(const struct reader *parts, size_t n)
{
	struct octets o = { NULL, 0 };

	for (size_t i = 0; i < n; i++)
		o.len += rd_left(&parts[i]);
	o.bytes = alloc_zero(o.len);
	struct writer w = wr_into(o.bytes, o.len);
	for (size_t i = 0; i < n; i++)
		wr_copy(&w, parts[i]);
	return o;
}

struct reader octets_view(const struct octets *o)
{
	return rd_from(o->bytes, o->len);
}

static int refuse(struct auth_job *job, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int refuse(struct auth_job *job, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(job->why, sizeof(job->why), format, args);
	va_end(args);
	return -EPERM;
}

/* ---- Names ------------------------------------------------------------------------- */

/* A name of a certificate is the whole of their identity: no wildcards on either side. */
static bool is_their_name(uint8_t type, struct reader data, void *arg)
{
	const struct auth_job *job = arg;
	struct ike_id name = { .type = type, .len = (uint16_t)rd_left(&data) };

	if (rd_left(&data) > IKE_ID_MAX)
		return false;
	rd_copy(&data, name.data, name.len);
	return id_equal(&name, &job->their_id);
}

static bool names_them(struct auth_job *job, const struct x509 *cert)
{
	return x509_each_name(cert, is_their_name, job);
}

/* ---- Checking ---------------------------------------------------------------------- */

static int check_signature(struct auth_job *job, const struct key *key, struct reader signature)
{
	char text[KEY_TEXT_MAX];

	switch (sign_check(job->their_scheme, key, octets_view(&job->their_octets), signature)) {
	case 0:
		return 0;
	case -EINVAL:
		return refuse(job, "it signs by %s, but its key is %s", job->their_scheme->name,
			      key_print(key, text, sizeof(text)));
	default:
		return refuse(job, "its signature is wrong");
	}
}

static int check_cert(struct auth_job *job, const struct x509 *cert, struct x509 *const *chain,
		      size_t n_chain, struct reader signature)
{
	char name[CERT_TEXT_MAX];
	struct key *key;
	int err;

	if (!names_them(job, cert))
		return refuse(job,
			      "certificate '%.120s' does not name it (neither subject nor "
			      "subjectAltName)", x509_print(cert, name, sizeof(name)));
	err = trust_check(job->trust, cert, chain, n_chain, job->why, sizeof(job->why));
	if (err)
		return err;
	key = x509_key(cert);
	if (!key)
		return refuse(job, "the key in its certificate is of a kind not known here");
	err = check_signature(job, key, signature);
	key_free(key);
	if (err)
		return err;
	err = trust_check_revocation(job->trust, cert, chain, n_chain, &job->revocation);
	return err == -EPERM ? refuse(job, "%s", job->revocation.why) : err;
}

/* RFC 7296 3.6: the first certificate is the one of the key. */
static int check_sent_certs(struct auth_job *job, struct reader signature)
{
	struct x509 *certs[CHAIN_MAX];
	size_t n = 0;
	int err = 0;

	for (size_t i = 0; i < job->n_certs; i++) {
		err = x509_read_der(octets_view(&job->certs[i]), &certs[n]);
		if (err && i == 0)
			break;
		n += !err;
	}
	if (!n)
		err = refuse(job, "its certificate is malformed");
	else
		err = check_cert(job, certs[0], certs + 1, n - 1, signature);
	while (n)
		x509_free(certs[--n]);
	return err;
}

static int check_sent_key(struct auth_job *job, struct reader signature)
{
	int err = refuse(job, "its raw public key is none of remote.pubkeys");
	struct key *key;

	if (key_read_public(octets_view(&job->their_key), &key))
		return refuse(job, "its raw public key is malformed");
	for (size_t i = 0; i < trust_n_keys(job->trust) && err; i++)
		if (key_equal(trust_key(job->trust, i), key))
			err = check_signature(job, key, signature);
	key_free(key);
	return err;
}

/* It sent no certificate: those that are here, of its name; then the raw keys. */
static int check_known(struct auth_job *job, struct reader signature)
{
	int err = refuse(job, "%s, and none of its name is here",
			 job->is_by_url ? "it sends its certificate as hash and URL, which is not "
					  "fetched here (and was not offered)"
					: "it sends no certificate");

	for (size_t i = 0; i < trust_n_certs(job->trust) && err == -EPERM; i++) {
		struct x509 *cert = trust_cert(job->trust, i);

		if (names_them(job, cert))
			err = check_cert(job, cert, NULL, 0, signature);
	}
	for (size_t i = 0; i < trust_n_keys(job->trust) && err == -EPERM; i++)
		err = check_signature(job, trust_key(job->trust, i), signature);
	return err;
}

static int check_peer(struct auth_job *job)
{
	const char *why = "its AUTH payload is malformed";
	struct reader signature;

	job->their_scheme =
		scheme_of_auth(job->method, octets_view(&job->their_auth), &signature, &why);
	if (!job->their_scheme)
		return refuse(job, "%s", why);
	if (!(job->their_schemes & scheme_bit(job->their_scheme)))
		return refuse(job, "it signs by %s, which remote.auth does not allow",
			      job->their_scheme->name);
	if (job->n_certs)
		return check_sent_certs(job, signature);
	if (job->their_key.len)
		return check_sent_key(job, signature);
	return check_known(job, signature);
}

void auth_job_run(struct auth_job *job)
{
	job->result = job->trust ? check_peer(job) : 0;
	if (job->result || !job->key)
		return;
	job->result = sign_make(job->scheme, job->key, octets_view(&job->our_octets),
				job->signature, &job->signature_len);
	if (!job->result && job->no_ppk_octets.len)
		job->result = sign_make(job->scheme, job->key, octets_view(&job->no_ppk_octets),
					job->no_ppk, &job->no_ppk_len);
	if (job->result) {
		(void)refuse(job, "we cannot sign by %s with our key", job->scheme->name);
		job->result = -EIO;
	}
}

static void octets_fini(struct octets *o)
{
	secret_wipe(o->bytes, o->len); /* prf(SK_p, ID) is in them */
	free(o->bytes);
}

void auth_job_free(struct auth_job *job)
{
	if (!job)
		return;
	for (size_t i = 0; i < job->n_certs; i++)
		octets_fini(&job->certs[i]);
	octets_fini(&job->their_auth);
	octets_fini(&job->their_octets);
	octets_fini(&job->their_key);
	octets_fini(&job->our_octets);
	octets_fini(&job->no_ppk_octets);
	revocation_check_fini(&job->revocation);
	trust_free(job->trust);
	key_free(job->key);
	secret_wipe(job, sizeof(*job));
	free(job);
}
