/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TLS handshake in memory, as EAP-TLS needs it (RFC 5216, RFC 9190): flights of the peer go in,
 * ours come out, and at the end there is a key. TLS 1.2 and 1.3 by OpenSSL; both sides send
 * certificates, which are judged as those of IKE are (x509.h). No I/O, no data but the one octet
 * that RFC 9190 2.5 wants. One thread at a time: tls_run() is slow and may be on any.
 *
 * Whether the peer's certificate was revoked is looked at when it has shown that it has the key,
 * and before anything follows from that: no key, and no word to the peer that it has succeeded.
 */
#ifndef CRYPTO_TLS_H
#define CRYPTO_TLS_H

#include "crypto/revocation.h"

#define TLS_MSK_LEN 64
#define TLS_FLIGHT_MAX                                                                             \
	65536 /* bytes of one flight: certificates of a chain and what goes along                  \
	       */
#define TLS_WHY_MAX REVOCATION_WHY_MAX

struct tls;

enum tls_state {
	TLS_ON_ITS_WAY, /* tls_out() is for the peer; its answer is awaited */
	TLS_ASKS,   /* tls_fetch() is to be had, then tls_run() goes on; nothing is for the peer yet
		     */
	TLS_DONE,   /* the peer has proved itself; what is in tls_out() it must get all the same */
	TLS_FAILED, /* tls_why(); in tls_out() may be an alert */
};

/* Who we are: certs[0] is of the key, the others vouch for it. All referenced, not taken over. */
struct tls_self {
	bool is_server;
	struct key *key;
	struct x509 *const *certs;
	size_t n_certs;
};

/* What the peer's certificate has to name: `is_name` as in x509_each_name(), with a copy of arg of
 * arg_len bytes. NULL: whoever is trusted. */
struct tls_peer {
	struct trust *trust; /* referenced */
	bool (*is_name)(uint8_t type, struct reader data, void *arg);
	const void *arg;
	size_t arg_len;
};

/* -ENOMEM; -EINVAL: OpenSSL does not take the key or the certificates. */
int tls_new(const struct tls_self *self, const struct tls_peer *peer,
	    struct tls **ret_tls) MUST_USE;
void tls_free(struct tls *tls); /* wipes; NULL is fine */

/* A part of the peer's flight. -E2BIG: longer than TLS_FLIGHT_MAX. */
int tls_feed(struct tls *tls, struct reader part) MUST_USE;
/* Goes on with what was fed. A client's first call is without anything. */
enum tls_state tls_run(struct tls *tls);
enum tls_state tls_state(const struct tls *tls);
struct fetch *tls_fetch(struct tls *tls); /* of TLS_ASKS; as revocation_check() wants it */
/* What the last tls_run() has found out about revocation: a line each; often none. */
const char *tls_notes(const struct tls *tls);
struct reader tls_out(const struct tls *tls);	/* our flight; valid until the next tls_run() */
const char *tls_why(const struct tls *tls);	/* one line, of TLS_FAILED */
bool tls_is_refused(const struct tls *tls);	/* TLS_FAILED: by an alert of the peer */
const char *tls_version(const struct tls *tls); /* "TLSv1.3" */
/* The MSK (RFC 5216 2.3, RFC 9190 2.3). -EPROTO: not TLS_DONE. */
int tls_msk(const struct tls *tls, uint8_t ret_msk[TLS_MSK_LEN]) MUST_USE;

#endif
