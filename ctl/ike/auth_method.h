/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ways to prove who one is. Each is one file, auth_NAME.c, and one row of AUTH_METHODS: what the
 * configuration calls it and has to have for it, and (auth_ops.h) what the exchanges do with it.
 */
#ifndef IKE_AUTH_METHOD_H
#define IKE_AUTH_METHOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AUTH_METHODS(X)                                                                     \
	X(PSK, auth_psk)                                                                    \
	X(PUBKEY, auth_pubkey)                                                              \
	X(EAP, auth_eap) /* of the initiator; where EAP proves both, also of both (RFC 5998) */

/* How one side of a connection proves who it is. */
enum conn_auth {
#define X(name, row) CONN_AUTH_##name,
	AUTH_METHODS(X)
#undef X
	CONN_AUTH_COUNT
};

/* What `auth = ...` says besides the method. */
struct auth_words {
	uint32_t schemes; /* scheme_bit(): signature algorithms */
	uint8_t eap;      /* enum eap_can */
	bool is_aaa;      /* an AAA server decides who may come */
};

/* What a connection has to have for it, as bits. */
enum auth_needs {
	NEEDS_PSK = 1,      /* secrets.ike<suffix> */
	NEEDS_OWN = 2,      /* a key and certificates of ours */
	NEEDS_TRUST = 4,    /* whom to trust: CAs, certificates, keys */
	NEEDS_PASSWORD = 8, /* secrets.eap<suffix> */
};

struct auth_ops;

struct auth_method {
	const char *name;  /* in log lines: "a signature" */
	const char *class; /* in VICI, as strongSwan calls it */
	const char *whose; /* who may be the peer when no id is named: "knows the secret of" */
	uint32_t numbers;  /* AUTH payloads of it (RFC 7296 3.8), as bits; 1: there is none */
	/* Is the text of `auth = ...` one of its words? */
	bool (*take)(const char *text, bool is_remote, struct auth_words *ret_words);
	int (*words)(char *buf, size_t size); /* all of them, for who looks for one; as snprintf() */
	unsigned (*needs)(const struct auth_words *words, bool is_remote); /* enum auth_needs */
	const struct auth_ops *ops;
};

const struct auth_method *auth_method_of(enum conn_auth auth);

#endif
