/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A whole IKE message (RFC 7296 3.1, 3.2, 3.14): header, payload chain, encryption.
 *
 * Reading:  message_parse() reads header and clear payloads and stops at SK; once the IKE SA
 *           is found by its SPIs, message_open() verifies, decrypts and reads what is inside.
 * Writing:  message_start(), [message_protect(),] x_emit()..., message_finish(): the bytes.
 */
#ifndef IKE_MESSAGE_H
#define IKE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/cursor.h"
#include "base/must.h"
#include "crypto/ike_aead.h"
#include "ike/payload.h"

#define IKE_HEADER_LEN 28
#define MESSAGE_PAYLOADS_MAX 64 /* in one chain */
#define MESSAGE_NOTIFIES_MAX 32 /* of these the rest is ignored */
#define MESSAGE_DELETES_MAX 4
#define MESSAGE_VENDORS_MAX 16
#define MESSAGE_CERTS_MAX 8

#define IKE_FLAG_INITIATOR 0x08 /* of the IKE SA, not of this exchange */
#define IKE_FLAG_VERSION 0x10
#define IKE_FLAG_RESPONSE 0x20

struct ike_header {
	uint64_t spi_i, spi_r;
	uint8_t next; /* enum payload_type */
	uint8_t major, minor;
	uint8_t exchange; /* enum exchange_type */
	uint8_t flags;
	uint32_t id; /* message ID */
	uint32_t len;
};

/* What to do with a message. Only a request gets a notify; and one that arrives in clear
 * outside IKE_SA_INIT gets none but INVALID_MAJOR_VERSION (RFC 7296 2.21). */
enum message_result {
	MSG_OK = 0,
	MSG_DROP, /* not IKEv2, cut, not authentic: drop without a word */
	MSG_INVALID_SYNTAX,
	MSG_UNSUPPORTED_CRITICAL,  /* message.critical: the type that the peer insists on */
	MSG_INVALID_MAJOR_VERSION, /* header is read, nothing else */
};

/* Views point into the datagram or into the buffer of message_open(). */
struct message {
	struct ike_header header;
	uint32_t present; /* enum payload_bit of all that was read, clear and encrypted */
	uint8_t critical; /* with MSG_UNSUPPORTED_CRITICAL */
	bool is_open;	  /* message_open() succeeded: the content is authentic */
	size_t n_payloads;
	uint8_t types[MESSAGE_PAYLOADS_MAX]; /* in the order of the wire; no SK among them */

	struct sa_payload sa;
	struct ke ke;
	struct id_view idi, idr;
	struct auth auth;
	struct reader nonce;
	struct ts_list tsi, tsr;
	struct cp cp;
	struct reader eap;
	struct notify notifies[MESSAGE_NOTIFIES_MAX];
	struct delete_payload deletes[MESSAGE_DELETES_MAX];
	struct reader vendors[MESSAGE_VENDORS_MAX];
	struct cert certs[MESSAGE_CERTS_MAX], certreqs[MESSAGE_CERTS_MAX];
	size_t n_notifies, n_deletes, n_vendors, n_certs, n_certreqs;

	struct reader datagram; /* all of it, for AUTH's RealMessage and for retransmission */
	struct reader sk_aad;	/* up to and with the SK payload's generic header */
	struct reader sk;	/* the SK payload's body: IV, ciphertext, ICV */
	uint8_t sk_next;	/* type of the first payload inside */
	struct reader inner;	/* all payloads inside, in clear; once it is open */
};

/* Header only; for finding the IKE SA, or for answering INVALID_MAJOR_VERSION. MSG_OK, MSG_DROP
 * or MSG_INVALID_MAJOR_VERSION. */
enum message_result header_parse(struct reader datagram, struct ike_header *ret_header) MUST_USE;

/* *ret_message is written in every case, as far as it was read; it is big: not on small stacks.
 * A message with an SK payload parses MSG_OK with P_SK present and is_open false. */
enum message_result message_parse(struct reader datagram, struct message *ret_message) MUST_USE;

/* Verify and decrypt into buf (as long as the datagram is always enough), which the caller keeps
 * while it uses the views and wipes afterwards, and parse what is inside. MSG_DROP: not authentic,
 * no SK payload, or an encrypted fragment; the message is as before then. After authentication
 * MSG_INVALID_SYNTAX and MSG_UNSUPPORTED_CRITICAL are the peer's own. */
enum message_result message_open(struct message *message, const struct aead_key *key, uint8_t *buf,
				 size_t size) MUST_USE;

/* The content of fragments that were each opened and are joined now (RFC 7383 2.6): the same. */
enum message_result message_inside(struct message *message, uint8_t first,
				   struct reader plain) MUST_USE;

/* First notify of a type; NULL: none. */
const struct notify *message_notify(const struct message *message, uint16_t type);
/* First notify that is an error (RFC 7296 3.10.1); NULL: none. */
const struct notify *message_error(const struct message *message);

static inline bool message_is_response(const struct message *m)
{
	return m->header.flags & IKE_FLAG_RESPONSE;
}

/* ---- Writing -------------------------------------------------------------------- */

/* Begin a message in buf. Of the header spi_i, spi_r, exchange, flags and id are used. */
void message_start(struct payload_writer *pw, uint8_t *buf, size_t size,
		   const struct ike_header *header);
/* Everything emitted from here on goes into the SK payload, sealed with key at the end. */
void message_protect(struct payload_writer *pw, struct aead_key *key);
/* Bytes of the message as it stands, sealed. */
size_t message_len(const struct payload_writer *pw);
/* Pads, seals, patches the lengths. -ENOSPC: buf was too small (or -EIO, -EOVERFLOW of the
 * sealing); buf holds nothing that may be sent then. */
int message_finish(struct payload_writer *pw, size_t *ret_len) MUST_USE;

/* ---- For people ----------------------------------------------------------------- */

/* RFC notation of what was read: "IKE_AUTH response 1 SK { IDr, AUTH, SA, TSi, TSr,
 * N(MOBIKE_SUPPORTED) }"; "SK" alone while it is closed. Cut where buf ends. Returns buf. */
const char *message_print(const struct message *message, char *buf, size_t size);

#endif
