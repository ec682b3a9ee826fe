/* SPDX-License-Identifier: BSD-2-Clause */
/* OCSP, RFC 6960: the request with a nonce, and whether an answer is to be believed. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "crypto/revocation_in.h"

#define NONCE_LEN 32 /* bytes, RFC 8954 2.1 */

/* SHA-1 is what every responder knows in a CertID (RFC 6960 4.3 asks for nothing else); it only
 * names the issuer there, signatures are not made over it. */
static OCSP_CERTID *cert_id(const struct issued *who)
{
	return OCSP_cert_to_id(EVP_sha1(), who->cert, who->issuer);
}

int ocsp_request(const struct issued *who, uint8_t **ret_der, size_t *ret_len)
{
	OCSP_REQUEST *request = OCSP_REQUEST_new();
	OCSP_CERTID *id = cert_id(who);
	unsigned char *der = NULL;
	int len = 0;

	if (request && id && OCSP_request_add0_id(request, id)) {
		id = NULL; /* the request's */
		if (OCSP_request_add1_nonce(request, NULL, NONCE_LEN))
			len = i2d_OCSP_REQUEST(request, &der);
	}
	OCSP_CERTID_free(id);
	OCSP_REQUEST_free(request);
	ERR_clear_error();
	*ret_der = len > 0 ? malloc((size_t)len) : NULL;
	if (*ret_der)
		memcpy(*ret_der, der, (size_t)len);
	*ret_len = *ret_der ? (size_t)len : 0;
	OPENSSL_free(der);
	return *ret_der ? 0 : -EIO;
}

/* RFC 6960 4.2.2.2: signed by the issuer itself, or by whom it gave id-kp-OCSPSigning. */
static bool is_signed(OCSP_BASICRESP *basic, const struct issued *who)
{
	X509_STORE *store = X509_STORE_new();
	STACK_OF(X509) *known = sk_X509_new_null();
	bool is_good = false;

	if (store && known && X509_STORE_add_cert(store, who->issuer) &&
	    sk_X509_push(known, who->issuer)) {
		X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
		X509_VERIFY_PARAM_set_auth_level(X509_STORE_get0_param(store), SECURITY_LEVEL);
		is_good = OCSP_basic_verify(basic, known, store, OCSP_NOEXPLICIT) == 1;
	}
	sk_X509_free(known);
	X509_STORE_free(store);
	return is_good;
}

/* RFC 6960 4.2.2.2.1: not where its certificate says id-pkix-ocsp-nocheck; else the CRLs that are
 * here say so, and nobody is asked about who answers. Where they do not know it, the issuer's word
 * counts. */
static bool is_delegate_revoked(OCSP_BASICRESP *basic, const struct issued *who,
				STACK_OF(X509_CRL) * crls)
{
	struct issued delegate = { .issuer = who->issuer };
	STACK_OF(X509) *known = sk_X509_new_null();
	bool is_found = known && sk_X509_push(known, who->issuer) &&
			OCSP_resp_get0_signer(basic, &delegate.cert, known) == 1;

	sk_X509_free(known);
	if (!is_found)
		return true;
	if (!X509_cmp(delegate.cert, who->issuer) || sk_X509_CRL_num(crls) <= 0 ||
	    X509_get_ext_by_NID(delegate.cert, NID_id_pkix_OCSP_noCheck, -1) >= 0)
		return false;
	return crl_status(crls, &delegate).what == STATUS_REVOKED;
}

/* NULL: it may be believed. The nonce is optional: many responders sign in advance. */
static const char *why_not(OCSP_BASICRESP *basic, struct reader request, const struct issued *who,
			   STACK_OF(X509_CRL) * crls, bool *ret_is_for_us)
{
	const unsigned char *at = request.at;
	OCSP_REQUEST *asked = d2i_OCSP_REQUEST(NULL, &at, (long)rd_left(&request));
	const char *why = NULL;

	if (!asked)
		return "no request";
	int nonce = OCSP_check_nonce(asked, basic);
	*ret_is_for_us = nonce == 1;
	if (nonce == 0)
		why = "the nonce is of another request";
	else if (!is_signed(basic, who))
		why = "not signed by the issuer or whom it allows to";
	else if (is_delegate_revoked(basic, who, crls))
		why = "the responder's certificate is revoked";
	OCSP_REQUEST_free(asked);
	return why;
}

/* Without nextUpdate nothing says when it ends to be true: only who has our nonce in it is known to
 * say it now, and anybody could send an old one again. */
static const char *status_of(OCSP_BASICRESP *basic, OCSP_CERTID *id, bool is_for_us,
			     struct cert_status *s)
{
	ASN1_GENERALIZEDTIME *revoked = NULL, *this = NULL, *next = NULL;
	int what, reason = -1;

	if (!OCSP_resp_find_status(basic, id, &what, &reason, &revoked, &this, &next))
		return "the answer is about another certificate";
	if (!OCSP_check_validity(this, next, CLOCK_SKEW_S,
				 next || is_for_us ? -1 : REVOCATION_NO_NEXT_S))
		return "the answer is not of this time (thisUpdate, nextUpdate)";
	if (what != V_OCSP_CERTSTATUS_GOOD && what != V_OCSP_CERTSTATUS_REVOKED)
		return "the responder does not know the certificate (unknown)";
	s->what = what == V_OCSP_CERTSTATUS_GOOD ? STATUS_GOOD : STATUS_REVOKED;
	s->reason = reason;
	s->revoked_at = asn1_time(revoked);
	s->until = next ? asn1_time(next) : time(NULL) + REVOCATION_NO_NEXT_S;
	if (s->until < time(NULL) + REVOCATION_FAILED_S)
		s->until = time(NULL) + REVOCATION_FAILED_S; /* it was checked a moment ago */
	return NULL;
}

static const char *basic_answer(OCSP_BASICRESP *basic, struct reader request,
				const struct issued *who, STACK_OF(X509_CRL) * crls,
				struct cert_status *s)
{
	OCSP_CERTID *id = cert_id(who);
	bool is_for_us = false;
	const char *why = id ? why_not(basic, request, who, crls, &is_for_us) : "no CertID";

	if (!why)
		why = status_of(basic, id, is_for_us, s);
	OCSP_CERTID_free(id);
	return why;
}

struct cert_status ocsp_answer(struct reader answer, struct reader request,
			       const struct issued *who, STACK_OF(X509_CRL) * crls)
{
	struct cert_status s = { .what = STATUS_NONE, .reason = -1 };
	const unsigned char *at = answer.at;
	OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)rd_left(&answer));
	int said = response ? OCSP_response_status(response) : 0;
	OCSP_BASICRESP *basic = response && said == OCSP_RESPONSE_STATUS_SUCCESSFUL
					? OCSP_response_get1_basic(response)
					: NULL;
	const char *why =
		basic ? basic_answer(basic, request, who, crls, &s) : "not an OCSP answer";

	if (response && said != OCSP_RESPONSE_STATUS_SUCCESSFUL)
		why = OCSP_response_status_str(said);
	if (why)
		snprintf(s.why, sizeof(s.why), "%s", why);
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(response);
	ERR_clear_error();
	return s;
}
