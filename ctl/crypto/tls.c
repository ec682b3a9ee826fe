/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "crypto/secret.h"

#define EAP_TLS_TYPE 13	 /* RFC 9190 2.3: the context of the exporter */
#define SECURITY_LEVEL 2 /* as in trust.c */

struct tls {
	SSL_CTX *ctx;
	SSL *ssl;
	bool is_server, is_told; /* RFC 9190 2.5: the octet was sent, or has come */
	struct trust *trust;
	bool (*is_name)(uint8_t type, struct reader data, void *arg);
	void *arg;
	size_t arg_len;
	size_t fed;
	enum tls_state state;
	struct revocation_check revocation;
	bool is_checked; /* and was not revoked */
	bool is_refused;
	char why[TLS_WHY_MAX];
	uint8_t *out;
	size_t out_len;
};

/* ---- The peer's certificate --------------------------------------------------------- */

static bool names_peer(struct tls *tls, const struct x509 *cert)
{
	char name[CERT_TEXT_MAX];

	if (!tls->is_name || x509_each_name(cert, tls->is_name, tls->arg))
		return true;
	snprintf(tls->why, sizeof(tls->why),
		 "certificate '%.120s' does not name it (neither subject nor subjectAltName)",
		 x509_print(cert, name, sizeof(name)));
	return false;
}

/* RFC 5280 4.2.1.12, RFC 5216 5.3: an extendedKeyUsage that is there has to name its side of TLS.
 */
static bool is_for_tls(struct tls *tls, const struct x509 *cert)
{
	uint32_t theirs = tls->is_server ? XKU_SSL_CLIENT : XKU_SSL_SERVER;
	char name[CERT_TEXT_MAX];

	if (X509_get_extended_key_usage((X509 *)cert) &
	    (theirs | XKU_ANYEKU)) /* absent: all bits */
		return true;
	snprintf(tls->why, sizeof(tls->why),
		 "certificate '%.120s' is not for a TLS %s (extendedKeyUsage without %s)",
		 x509_print(cert, name, sizeof(name)), tls->is_server ? "client" : "server",
		 tls->is_server ? "clientAuth" : "serverAuth");
	return false;
}

static size_t chain_of(STACK_OF(X509) * sent, struct x509 *ret_chain[CHAIN_MAX])
{
	size_t n = 0;

	for (int i = 0; i < sk_X509_num(sent) && n < CHAIN_MAX; i++)
		ret_chain[n++] = (struct x509 *)sk_X509_value(sent, i);
	return n;
}

/* In place of OpenSSL's own check, whose store is empty. Revocation comes later. */
static int on_cert(X509_STORE_CTX *store, void *arg)
{
	struct tls *tls = arg;
	struct x509 *cert = (struct x509 *)X509_STORE_CTX_get0_cert(store);
	struct x509 *chain[CHAIN_MAX];
	size_t n = chain_of(X509_STORE_CTX_get0_untrusted(store), chain);

	if (cert && names_peer(tls, cert) && is_for_tls(tls, cert) &&
	    !trust_check(tls->trust, cert, chain, n, tls->why, sizeof(tls->why))) {
		tls->why[0] = '\0'; /* of what was looked at on the way */
		return 1;
	}
	X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED); /* alert: bad certificate */
	return 0;
}

/* The handshake is over, so it has the key. */
static enum tls_state check_revocation(struct tls *tls)
{
	struct x509 *cert = (struct x509 *)SSL_get0_peer_certificate(tls->ssl);
	struct x509 *chain[CHAIN_MAX];
	size_t n = chain_of(SSL_get_peer_cert_chain(tls->ssl), chain);
	int err = cert ? trust_check_revocation(tls->trust, cert, chain, n, &tls->revocation)
		       : -EPERM;

	tls->is_checked = !err;
	if (!err)
		return TLS_DONE;
	if (err == -EAGAIN)
		return TLS_ASKS;
	snprintf(tls->why, sizeof(tls->why), "%s",
		 cert ? tls->revocation.why : "TLS: no certificate");
	(void)!BIO_reset(SSL_get_wbio(tls->ssl)); /* what was to be said after success */
	return TLS_FAILED;
}

/* ---- Begin and end -------------------------------------------------------------------- */

static int use_own(SSL_CTX *ctx, const struct tls_self *self)
{
	if (!self->key || !self->n_certs)
		return -EINVAL;
	if (SSL_CTX_use_certificate(ctx, (X509 *)self->certs[0]) != 1 ||
	    SSL_CTX_use_PrivateKey(ctx, (EVP_PKEY *)self->key) != 1)
		return -EINVAL;
	for (size_t i = 1; i < self->n_certs; i++)
		if (SSL_CTX_add1_chain_cert(ctx, (X509 *)self->certs[i]) != 1)
			return -EINVAL;
	return 0;
}

/* No tickets, no resumption: each authentication stands for itself. */
static int ctx_make(struct tls *tls, const struct tls_self *self)
{
	tls->ctx = SSL_CTX_new(self->is_server ? TLS_server_method() : TLS_client_method());
	if (!tls->ctx)
		return -ENOMEM;
	SSL_CTX_set_min_proto_version(tls->ctx, TLS1_2_VERSION);
	SSL_CTX_set_security_level(tls->ctx, SECURITY_LEVEL);
	SSL_CTX_set_options(tls->ctx,
			    SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	/* strongSwan's servers do not know RFC 5746. There is no renegotiation here, and no data
	 * that somebody could put in front of ours. */
	SSL_CTX_set_options(tls->ctx, SSL_OP_LEGACY_SERVER_CONNECT);
	SSL_CTX_set_num_tickets(tls->ctx, 0);
	SSL_CTX_set_session_cache_mode(tls->ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(tls->ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(tls->ctx, on_cert, tls);
	return use_own(tls->ctx, self);
}

static int ssl_make(struct tls *tls)
{
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());

	tls->ssl = SSL_new(tls->ctx);
	if (!tls->ssl || !in || !out) {
		BIO_free(in);
		BIO_free(out);
		return -ENOMEM;
	}
	BIO_set_mem_eof_return(in, -1); /* empty: more will come */
	SSL_set_bio(tls->ssl, in, out);
	if (tls->is_server)
		SSL_set_accept_state(tls->ssl);
	else
		SSL_set_connect_state(tls->ssl);
	return 0;
}

static int arg_keep(struct tls *tls, const struct tls_peer *peer)
{
	tls->is_name = peer->is_name;
	tls->trust = trust_ref(peer->trust);
	tls->arg_len = peer->is_name ? peer->arg_len : 0;
	tls->arg = malloc(tls->arg_len + 1);
	if (!tls->arg)
		return -ENOMEM;
	if (tls->arg_len)
		memcpy(tls->arg, peer->arg, tls->arg_len);
	return 0;
}

int tls_new(const struct tls_self *self, const struct tls_peer *peer, struct tls **ret_tls)
{
	struct tls *tls = calloc(1, sizeof(*tls));
	int err = tls ? 0 : -ENOMEM;

	if (err)
		return err;
	tls->is_server = self->is_server;
	err = arg_keep(tls, peer);
	err = err ? err : ctx_make(tls, self);
	err = err ? err : ssl_make(tls);
	ERR_clear_error();
	if (err) {
		tls_free(tls);
		return err;
	}
	*ret_tls = tls;
	return 0;
}

void tls_free(struct tls *tls)
{
	if (!tls)
		return;
	SSL_free(tls->ssl); /* with its BIOs */
	SSL_CTX_free(tls->ctx);
	trust_free(tls->trust);
	revocation_check_fini(&tls->revocation);
	free(tls->arg);
	free(tls->out);
	secret_wipe(tls, sizeof(*tls));
	free(tls);
}

/* ---- A turn ---------------------------------------------------------------------------- */

int tls_feed(struct tls *tls, struct reader part)
{
	size_t len = rd_left(&part);

	if (tls->fed + len > TLS_FLIGHT_MAX)
		return -E2BIG;
	if (len && BIO_write(SSL_get_rbio(tls->ssl), part.at, (int)len) != (int)len)
		return -E2BIG;
	tls->fed += len;
	return 0;
}

static enum tls_state fail(struct tls *tls)
{
	unsigned long error = ERR_peek_last_error();
	const char *text = error ? ERR_reason_error_string(error) : NULL;
	int alert = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) - SSL_AD_REASON_OFFSET
						      : 0;

	tls->is_refused = alert > 0;
	if (tls->is_refused)
		snprintf(tls->why, sizeof(tls->why), "TLS: it sends alert '%s'",
			 SSL_alert_desc_string_long(alert));
	else if (!tls->why[0]) /* else the certificate's check has said it already */
		snprintf(tls->why, sizeof(tls->why), "TLS: %s", text ? text : "it failed");
	return TLS_FAILED;
}

/* RFC 9190 2.5: with TLS 1.3 the server says by one octet 0 that it is content, too. */
static enum tls_state confirm(struct tls *tls)
{
	uint8_t octet = 0;
	int n;

	if (SSL_version(tls->ssl) < TLS1_3_VERSION || tls->is_told) {
		tls->is_told = true;
		return TLS_DONE;
	}
	n = tls->is_server ? SSL_write(tls->ssl, &octet, 1) : SSL_read(tls->ssl, &octet, 1);
	if (n == 1 && !octet) {
		tls->is_told = true;
		return TLS_DONE;
	}
	if (n != 1 && SSL_get_error(tls->ssl, n) == SSL_ERROR_WANT_READ)
		return TLS_ON_ITS_WAY;
	return fail(tls);
}

static enum tls_state advance(struct tls *tls)
{
	enum tls_state checked = TLS_DONE;
	int n;

	ERR_clear_error();
	*tls->revocation.notes = '\0';
	if (tls->state == TLS_FAILED)
		return TLS_FAILED;
	n = SSL_is_init_finished(tls->ssl) ? 1 : SSL_do_handshake(tls->ssl);
	if (n != 1)
		return SSL_get_error(tls->ssl, n) == SSL_ERROR_WANT_READ ? TLS_ON_ITS_WAY
									 : fail(tls);
	if (!tls->is_checked)
		checked = check_revocation(tls);
	return checked == TLS_DONE ? confirm(tls) : checked;
}

static void take_out(struct tls *tls)
{
	char *bytes = NULL;
	long len = BIO_get_mem_data(SSL_get_wbio(tls->ssl), &bytes);

	free(tls->out);
	tls->out = len > 0 ? malloc((size_t)len) : NULL;
	tls->out_len = tls->out ? (size_t)len : 0;
	if (tls->out)
		memcpy(tls->out, bytes, tls->out_len);
	(void)!BIO_reset(SSL_get_wbio(tls->ssl));
}

enum tls_state tls_run(struct tls *tls)
{
	tls->state = advance(tls);
	tls->fed = 0;
	if (tls->state != TLS_ASKS) /* it is still to be decided whether the peer gets it */
		take_out(tls);
	ERR_clear_error();
	return tls->state;
}

enum tls_state tls_state(const struct tls *tls)
{
	return tls->state;
}

struct fetch *tls_fetch(struct tls *tls)
{
	return &tls->revocation.fetch;
}

const char *tls_notes(const struct tls *tls)
{
	return tls->revocation.notes;
}

struct reader tls_out(const struct tls *tls)
{
	return rd_from(tls->out, tls->out_len);
}

const char *tls_why(const struct tls *tls)
{
	return tls->why;
}

bool tls_is_refused(const struct tls *tls)
{
	return tls->is_refused;
}

const char *tls_version(const struct tls *tls)
{
	return SSL_get_version(tls->ssl);
}

int tls_msk(const struct tls *tls, uint8_t ret_msk[TLS_MSK_LEN])
{
	static const char old[] = "client EAP encryption", new[] = "EXPORTER_EAP_TLS_Key_Material";
	const uint8_t type = EAP_TLS_TYPE;
	bool is_new = SSL_version(tls->ssl) >= TLS1_3_VERSION;
	uint8_t keys[2 * TLS_MSK_LEN]; /* MSK and EMSK */
	int is_good;

	if (tls->state != TLS_DONE)
		return -EPROTO;
	is_good = is_new ? SSL_export_keying_material(tls->ssl, keys, sizeof(keys), new,
						      sizeof(new) - 1, &type, 1, 1)
			 : SSL_export_keying_material(tls->ssl, keys, sizeof(keys), old,
						      sizeof(old) - 1, NULL, 0, 0);
	if (is_good == 1)
		memcpy(ret_msk, keys, TLS_MSK_LEN);
	secret_wipe(keys, sizeof(keys));
	return is_good == 1 ? 0 : -EPROTO;
}
