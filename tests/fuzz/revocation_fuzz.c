/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What OCSP responders and CRL servers answer:   what:8   DER, or a CRL in PEM
 *
 * As it came, which nobody may believe: the CA is one of this process. And signed anew by that CA,
 * about the certificate that is looked at, which is how far a hostile CA gets.
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <string.h>
#include "crypto/revocation.h"
#include "fuzz/fuzz.h"
#include "support/certs.h"

enum { IS_CRL = 1, IS_SIGNED = 2 };

static struct made ca, leaf;

static void make_both(void)
{
	ca = make((struct made_of){ .kind = "p256", .subject = "CN=ca", .is_ca = true });
	leaf = make((struct made_of){ .kind = "p256",
				      .subject = "CN=a",
				      .issuer = &ca,
				      .serial = 77,
				      .ocsp_uri = "http://ocsp.example/",
				      .crl_uri = "http://crl.example/" });
}

/* ---- Signing ------------------------------------------------------------------------ */

static void copy_string(ASN1_OCTET_STRING *to, const ASN1_OCTET_STRING *from)
{
	must(ASN1_STRING_copy(to, from));
}

/* What the first answer in it is about. */
static void make_about_leaf(OCSP_BASICRESP *basic)
{
	OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), (X509 *)leaf.cert, (X509 *)ca.cert);
	OCSP_CERTID *theirs = (OCSP_CERTID *)OCSP_SINGLERESP_get0_id(OCSP_resp_get0(basic, 0));
	ASN1_OCTET_STRING *name, *key, *their_name, *their_key;
	ASN1_INTEGER *serial, *their_serial;

	must(id != NULL);
	OCSP_id_get0_info(&name, NULL, &key, &serial, id);
	OCSP_id_get0_info(&their_name, NULL, &their_key, &their_serial, theirs);
	copy_string(their_name, name);
	copy_string(their_key, key);
	copy_string(their_serial, serial);
	OCSP_CERTID_free(id);
}

static int sign_ocsp(struct reader der, unsigned char **ret_der)
{
	const unsigned char *at = der.at;
	OCSP_RESPONSE *r = d2i_OCSP_RESPONSE(NULL, &at, (long)rd_left(&der));
	OCSP_BASICRESP *basic = r ? OCSP_response_get1_basic(r) : NULL;
	int len = 0;

	OCSP_RESPONSE_free(r);
	r = NULL;
	if (basic && OCSP_resp_count(basic) > 0)
		make_about_leaf(basic);
	if (basic && OCSP_basic_sign(basic, (X509 *)ca.cert, (EVP_PKEY *)ca.key, EVP_sha256(), NULL,
				     OCSP_NOTIME) == 1)
		r = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	if (r)
		len = i2d_OCSP_RESPONSE(r, ret_der);
	OCSP_RESPONSE_free(r);
	OCSP_BASICRESP_free(basic);
	return len;
}

static int sign_crl(struct reader der, unsigned char **ret_der)
{
	const unsigned char *at = der.at;
	X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)rd_left(&der));
	int len = 0;

	if (crl && X509_CRL_set_issuer_name(crl, X509_get_subject_name((X509 *)ca.cert)) &&
	    X509_CRL_sign(crl, (EVP_PKEY *)ca.key, EVP_sha256()) > 0)
		len = i2d_X509_CRL(crl, ret_der);
	X509_CRL_free(crl);
	return len;
}

/* ---- Looking ------------------------------------------------------------------------ */

static void fill(struct fetch *what, struct reader answer)
{
	what->answer = malloc(rd_left(&answer) + 1);
	must(what->answer != NULL);
	what->answer_len = rd_left(&answer);
	rd_copy(&answer, what->answer, what->answer_len);
}

static int look(enum fetch_kind kind, struct reader answer)
{
	struct x509 *path[] = { leaf.cert, ca.cert };
	struct revocations *all = revocations_new();
	struct revocation_check check = { 0 };
	int err;

	must(all != NULL);
	while ((err = revocation_check(all, REVOCATION_STRICT, path, 2, &check)) == -EAGAIN) {
		if (check.fetch.kind == kind)
			fill(&check.fetch, answer);
		else
			memcpy(check.fetch.why, "nobody there", sizeof("nobody there"));
	}
	must(err == 0 || err == -EPERM);
	must(check.n_fetches >= 1 && check.n_fetches <= 2);
	must(err == 0 || *check.why);
	for (const char *c = check.notes; *c; c++)
		must(*c == '\n' || (*c >= ' ' && *c <= '~'));
	revocation_check_fini(&check);
	revocations_free(all);
	must(ERR_peek_error() == 0);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum fetch_kind kind = size && data[0] & IS_CRL ? FETCH_CRL : FETCH_OCSP;
	unsigned char *der = NULL;
	int len;

	if (!size)
		return 0;
	if (!ca.key)
		make_both();
	struct reader answer = rd_from(data + 1, size - 1);
	if (!(data[0] & IS_SIGNED)) {
		must(look(kind, answer) == -EPERM);
		return 0;
	}
	len = kind == FETCH_CRL ? sign_crl(answer, &der) : sign_ocsp(answer, &der);
	ERR_clear_error();
	if (len > 0)
		(void)look(kind, rd_from(der, (size_t)len));
	OPENSSL_free(der);
	return 0;
}
