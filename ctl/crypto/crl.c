/* SPDX-License-Identifier: BSD-2-Clause */
/* CRLs, RFC 5280 5 and 6.3. Which CRL is about whom (scope, distribution points) is OpenSSL's. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include "crypto/revocation_in.h"

time_t asn1_time(const ASN1_TIME *t)
{
	struct tm tm;

	return t && ASN1_TIME_to_tm(t, &tm) ? timegm(&tm) : 0;
}

X509_CRL *crl_read(struct reader file)
{
	const unsigned char *at = file.at;
	X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)rd_left(&file));
	BIO *bio = crl ? NULL : BIO_new_mem_buf(file.at, (int)rd_left(&file));

	if (bio)
		crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
	BIO_free(bio);
	ERR_clear_error();
	return crl;
}

bool crl_is_good(X509_CRL *crl, X509 *issuer, time_t *ret_until)
{
	EVP_PKEY *key = X509_get0_pubkey(issuer);
	bool is_good = key &&
		       !X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(issuer)) &&
		       X509_CRL_verify(crl, key) == 1;

	ERR_clear_error();
	*ret_until = asn1_time(X509_CRL_get0_nextUpdate(crl));
	return is_good;
}

static void take_revoked(X509_CRL *crl, X509 *cert, struct cert_status *s)
{
	X509_REVOKED *entry = NULL;
	ASN1_ENUMERATED *reason;

	s->what = STATUS_REVOKED;
	if (!crl || X509_CRL_get0_by_cert(crl, &entry, cert) != 1)
		return;
	s->revoked_at = asn1_time(X509_REVOKED_get0_revocationDate(entry));
	reason = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
	if (reason)
		s->reason = (int)ASN1_ENUMERATED_get(reason);
	ASN1_ENUMERATED_free(reason);
}

/* An old CRL is noted, and asked all the same: what it says is revoked has not become good. */
static int on_verify(int is_good, X509_STORE_CTX *ctx)
{
	struct cert_status *s = X509_STORE_CTX_get_app_data(ctx);
	int error = X509_STORE_CTX_get_error(ctx);

	if (is_good)
		return 1;
	if (error == X509_V_ERR_CRL_HAS_EXPIRED) {
		s->what = STATUS_OLD;
		snprintf(s->why, sizeof(s->why), "only an old CRL");
		X509_STORE_CTX_set_error(ctx, X509_V_OK);
		return 1;
	}
	if (error == X509_V_ERR_CERT_REVOKED)
		take_revoked(X509_STORE_CTX_get0_current_crl(ctx),
			     X509_STORE_CTX_get_current_cert(ctx), s);
	else
		snprintf(s->why, sizeof(s->why), "%s",
			 error == X509_V_ERR_UNABLE_TO_GET_CRL
				 ? "no CRL of its issuer"
				 : X509_verify_cert_error_string(error));
	return 0;
}

/* The issuer is trusted, the path above it has been verified. */
static int verify(X509_STORE *store, X509_STORE_CTX *ctx, STACK_OF(X509_CRL) * crls,
		  const struct issued *who, struct cert_status *s)
{
	X509_VERIFY_PARAM *param;

	if (!X509_STORE_add_cert(store, who->issuer) ||
	    X509_STORE_CTX_init(ctx, store, who->cert, NULL) != 1)
		return 0;
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_CRL_CHECK);
	X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
	X509_STORE_CTX_set0_crls(ctx, crls);
	X509_STORE_CTX_set_app_data(ctx, s);
	X509_STORE_CTX_set_verify_cb(ctx, on_verify);
	return X509_verify_cert(ctx);
}

struct cert_status crl_status(STACK_OF(X509_CRL) * crls, const struct issued *who)
{
	struct cert_status s = { .what = STATUS_NONE, .reason = -1 };
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();

	if (store && ctx && verify(store, ctx, crls, who, &s) == 1 && s.what == STATUS_NONE)
		s.what = STATUS_GOOD;
	else if (s.what == STATUS_NONE && !*s.why)
		snprintf(s.why, sizeof(s.why), "no CRL could be looked at");
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	ERR_clear_error();
	return s;
}
