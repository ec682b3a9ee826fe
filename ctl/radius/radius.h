/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RADIUS (RFC 2865) as far as a gateway needs it that passes EAP through to a server (RFC 3579),
 * sans I/O: one Access-Request out, one answer in. Who waits for which answer, and for how long,
 * is known by ctl/sekishod/aaa.c.
 *
 * An answer counts only with a right Response Authenticator and a right Message-Authenticator: MD5
 * alone lets others change a Reject into an Accept (BlastRADIUS, CVE-2024-3596).
 */
#ifndef RADIUS_RADIUS_H
#define RADIUS_RADIUS_H

#include <stddef.h>
#include <stdint.h>
#include "base/addr.h"
#include "base/cursor.h"
#include "base/must.h"

#define RADIUS_PACKET_MAX 4096 /* RFC 2865 3 */
#define RADIUS_VALUE_MAX 253   /* bytes of an attribute */
#define RADIUS_AUTH_LEN 16     /* of either authenticator */
#define RADIUS_MSK_LEN 64
#define RADIUS_EAP_MAX 3072    /* of a packet that we pass on: leaves room for the other attributes */

enum radius_code {
	RADIUS_ACCESS_REQUEST = 1,
	RADIUS_ACCESS_ACCEPT = 2,
	RADIUS_ACCESS_REJECT = 3,
	RADIUS_ACCESS_CHALLENGE = 11,
};

enum radius_attr {
	RADIUS_USER_NAME = 1,
	RADIUS_NAS_IP_ADDRESS = 4,
	RADIUS_NAS_PORT = 5,
	RADIUS_SERVICE_TYPE = 6,
	RADIUS_FRAMED_IP_ADDRESS = 8,
	RADIUS_REPLY_MESSAGE = 18,
	RADIUS_STATE = 24,
	RADIUS_VENDOR_SPECIFIC = 26,
	RADIUS_SESSION_TIMEOUT = 27,
	RADIUS_CALLED_STATION_ID = 30,
	RADIUS_CALLING_STATION_ID = 31,
	RADIUS_NAS_IDENTIFIER = 32,
	RADIUS_NAS_PORT_TYPE = 61,
	RADIUS_EAP_MESSAGE = 79,
	RADIUS_MESSAGE_AUTHENTICATOR = 80,
	RADIUS_NAS_PORT_ID = 87,
	RADIUS_NAS_IPV6_ADDRESS = 95,
};

/* What tells one request from all others, and its answer from everybody else's. */
struct radius_ticket {
	uint8_t id;
	uint8_t authenticator[RADIUS_AUTH_LEN]; /* random */
};

struct radius_request {
	struct reader user;  /* User-Name: what EAP-Identity said */
	struct reader eap;   /* packet of the peer, not longer than RADIUS_EAP_MAX */
	struct reader state; /* of the Access-Challenge before; empty: none */
	const char *nas_identifier;
	struct ip_addr nas_addr;     /* our end of the IKE SA */
	const char *called, *calling; /* both ends, as text */
	uint32_t nas_port;           /* number of the IKE SA */
	const char *nas_port_id;     /* name of its connection */
};

struct radius_answer {
	enum radius_code code;
	uint8_t eap[RADIUS_PACKET_MAX];
	size_t eap_len; /* 0: none */
	uint8_t state[RADIUS_VALUE_MAX];
	size_t state_len;
	uint8_t user[RADIUS_VALUE_MAX]; /* an Accept may say who it is about; 0: it does not */
	size_t user_len;
	uint8_t msk[RADIUS_MSK_LEN]; /* MS-MPPE-Recv-Key | MS-MPPE-Send-Key | zeros */
	bool has_msk;
	uint32_t framed_ip;   /* host order; 0: none */
	uint32_t session_s;   /* Session-Timeout; 0: none */
	char message[RADIUS_VALUE_MAX + 1]; /* Reply-Message, printable; "": none */
};

/* -EMSGSIZE: it is too long, or a value is. */
int radius_request_emit(const struct radius_request *request, const struct radius_ticket *ticket,
			struct reader secret, uint8_t *buf, size_t size, size_t *ret_len) MUST_USE;

/* The Identifier, to find the ticket: -1, if it is too short to have one. */
int radius_answer_id(struct reader packet);
/* -EBADMSG: malformed; -EPERM: not from a server that knows the secret, or not to this request. *why
 * says which. Whoever has used *ret_answer wipes it. */
int radius_answer_parse(struct reader packet, const struct radius_ticket *ticket,
			struct reader secret, struct radius_answer *ret_answer,
			const char **why) MUST_USE;

/* ---- What MD5 does here: for both of the above, and for tests with published packets ---------- */

/* RFC 2865 3: MD5(code, id, length, request authenticator, attributes, secret). packet: as long as
 * its length says. -EIO. */
int radius_response_authenticator(struct reader packet,
				  const uint8_t request_authenticator[RADIUS_AUTH_LEN],
				  struct reader secret, uint8_t ret[RADIUS_AUTH_LEN]) MUST_USE;
/* RFC 3579 3.2: HMAC-MD5 over the packet with the request's authenticator and, at `at`, zeros instead
 * of the attribute's value. -EIO. */
int radius_message_authenticator(struct reader packet,
				 const uint8_t request_authenticator[RADIUS_AUTH_LEN],
				 const uint8_t *at, struct reader secret,
				 uint8_t ret[RADIUS_AUTH_LEN]) MUST_USE;
/* RFC 2548 2.4.2: salt, then whole blocks. -EBADMSG: no key of at most key_max bytes. -EIO. */
int radius_mppe_key(struct reader value, const uint8_t request_authenticator[RADIUS_AUTH_LEN],
		    struct reader secret, size_t key_max, uint8_t *ret_key,
		    size_t *ret_len) MUST_USE;

#endif
