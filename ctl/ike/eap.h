/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EAP (RFC 3748) in IKE_AUTH (RFC 7296 2.16): who says what next, for both sides. What is in the
 * packets of one method is in eap_METHOD.c; the server asks for EAP-Identity first.
 */
#ifndef IKE_EAP_H
#define IKE_EAP_H

#include "base/cursor.h"
#include "crypto/tls.h"
#include "ike/aaa.h"
#include "ike/conn.h"

#define EAP_PACKET_MAX AAA_PACKET_MAX
#define EAP_RANDOM_LEN 16
#define EAP_MSK_LEN 64	  /* RFC 3748 7.10 */
#define EAP_ROUNDS_MAX 64 /* packets of the peer in one authentication */

enum eap_code {
	EAP_REQUEST = 1,
	EAP_RESPONSE = 2,
	EAP_SUCCESS = 3,
	EAP_FAILURE = 4,
};

enum eap_type {
	EAP_IDENTITY = 1,
	EAP_NOTIFICATION = 2,
	EAP_NAK = 3,
#define X(name, type, row) EAP_##name = type,
	EAP_METHODS(X)
#undef X
};

enum eap_result {
	EAP_GO_ON,  /* .out is the next packet */
	EAP_DONE,   /* .msk; server: .out is the Success */
	EAP_FAILED, /* .why; server: .out is the Failure */
	EAP_LAST_WORD, /* .why: it has failed, and .out tells the peer first; then EAP_FAILED */
	EAP_ASK,    /* server: the AAA server has to say what follows */
	EAP_WORK,   /* .tls.session has slow work to do: tls_run(), then eap_worked() */
};

struct eap_method;

/* EAP-TLS. The session is away while a job works on it. */
struct eap_tls {
	struct tls *session;
	size_t n_sent; /* bytes of our flight */
};

struct eap {
	bool is_server, is_done;
	uint8_t id;	   /* of the last request */
	uint8_t answered;  /* server: of the request that the peer has answered last */
	uint8_t last_type; /* of the last request, server */
	unsigned n_rounds;
	unsigned stage;	      /* of the method */
	struct eap_user user; /* a copy: connections come and go */
	bool has_user;
	char name[EAP_NAME_MAX + 1]; /* the peer's identity, ours as client */
	uint8_t random[EAP_RANDOM_LEN]; /* ours, for the method's challenge */
	void *state;                    /* the method's own: eap_state() */
	size_t state_len;
	const struct eap_method *method; /* NULL: none was begun */
	uint8_t tried;	    /* server: enum eap_can of those that the peer did not want */
	struct ike_id peer; /* whom the peer's certificate has to name; %any: nobody */
	struct eap_tls tls;
	bool is_passed; /* to the AAA server; then: */
	struct aaa_session aaa;
	struct ip_addr framed; /* the virtual address that it wants the peer to have */
	uint32_t session_s;    /* and how long it may stay; 0: no limit */
	uint8_t msk[EAP_MSK_LEN];
	const char *why;
	bool is_lost;	 /* after EAP_LAST_WORD */
	bool is_refused;    /* client: by the server's Failure */
	const char *detail; /* of the method's success, static text for the log; NULL: none */
	uint8_t out[EAP_PACKET_MAX];
	size_t out_len;
};

/* One method, one file: takes the data behind the type of a packet, writes the data of the next.
 * What it returns, and how it reads, is as for eap_take(); with EAP_DONE, or when it sets is_done,
 * .msk is there. */
struct eap_method {
	uint8_t type; /* enum eap_type */
	uint8_t can;  /* enum eap_can */
	const char *name;
	const char *if_refused; /* client: what to look at when the server sends Failure */
	const char *keywords; /* of `auth = ...`, separated by blanks; the first one is its name there */
	uint8_t needs;        /* enum auth_needs; NEEDS_OWN and NEEDS_TRUST are of both sides */
	bool is_mutual; /* RFC 5998 4: it proves the server before the client shows anything of worth */
	/* False: not with these keys and certificates. */
	bool (*server_start)(struct eap *eap, const struct conn *conn, struct writer *w);
	enum eap_result (*server_take)(struct eap *eap, struct reader data, struct writer *w);
	enum eap_result (*client_take)(struct eap *eap, const struct conn *conn, struct reader data,
				       struct writer *w);
	enum eap_result (*worked)(struct eap *eap, struct writer *w); /* NULL: never EAP_WORK */
};

/* ---- Configuration: the words of `auth = ...`, see auth_method.h ---------------------- */

bool eap_words_take(const char *text, bool is_remote, struct auth_words *ret_words);
int eap_words(char *buf, size_t size);
unsigned eap_needs(const struct auth_words *words, bool is_remote);
bool eap_is_mutual(uint8_t can); /* all of these methods are */

/* ---- What happens -------------------------------------------------------------------- */

/* Fails, and says why. A server's next and last packet is the Failure then. */
enum eap_result eap_refuse(struct eap *eap, const char *why);
/* Its state, zero when it begins; wiped and freed at the end. */
void *eap_state(struct eap *eap, size_t len);
/* For methods: the same, when the peer has heard what was written. */
enum eap_result eap_refuse_last(struct eap *eap, const char *why);

/* The server's first packet is in .out then. */
void eap_server_start(struct eap *eap, const uint8_t random[EAP_RANDOM_LEN]);
/* server: who it says it is, in IKE. */
void eap_client_start(struct eap *eap, const struct conn *conn, const struct ike_id *server,
		      const uint8_t random[EAP_RANDOM_LEN]);
void eap_fini(struct eap *eap); /* wipes; zeroes are fine */
/* What the AAA server said to the peer's packet. As eap_take(). */
enum eap_result eap_aaa_answer(struct eap *eap, const struct aaa_job *job);
/* The session is back from its work. As eap_take(). */
enum eap_result eap_worked(struct eap *eap, struct tls *session);
/* The peer's packet. users: of the connection. */
enum eap_result eap_take(struct eap *eap, const struct conn *conn, struct reader packet);

#endif
