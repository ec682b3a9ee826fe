/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IKEv2's payloads (RFC 7296 3.2 to 3.16): for each one a struct, x_parse and x_emit.
 *
 * Parsers take the payload's body (without the generic header). What they return is decoded
 * copies, or views (struct reader) into the datagram or the decrypted buffer, valid while that
 * is. They return 0 or -EBADMSG (INVALID_SYNTAX), with ret_ untouched then; only the big ones,
 * sa_parse and delete_parse, leave something of no use there.
 * Emitters append to a payload_writer (message.h opens one) and never fail by themselves: what
 * does not fit makes message_finish() fail.
 */
#ifndef IKE_PAYLOAD_H
#define IKE_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sekisho/map_abi.h>
#include "base/cursor.h"
#include "base/must.h"
#include "ike/conn.h"
#include "ike/proposal.h"

/* Payload types: name, number, short name of RFC 7296 1.2 (for logs and the trace). */
#define PAYLOADS(X)                                                                                \
	X(SA, 33, "SA")                                                                            \
	X(KE, 34, "KE")                                                                            \
	X(IDI, 35, "IDi")                                                                          \
	X(IDR, 36, "IDr")                                                                          \
	X(CERT, 37, "CERT")                                                                        \
	X(CERTREQ, 38, "CERTREQ")                                                                  \
	X(AUTH, 39, "AUTH")                                                                        \
	X(NONCE, 40, "No")                                                                         \
	X(NOTIFY, 41, "N")                                                                         \
	X(DELETE, 42, "D")                                                                         \
	X(VENDOR, 43, "V")                                                                         \
	X(TSI, 44, "TSi")                                                                          \
	X(TSR, 45, "TSr")                                                                          \
	X(SK, 46, "SK")                                                                            \
	X(CP, 47, "CP")                                                                            \
	X(EAP, 48, "EAP")                                                                          \
	X(SKF, 53, "SKF")

enum payload_type {
	PL_NONE = 0,
#define X(name, number, text) PL_##name = number,
	PAYLOADS(X)
#undef X
};

/* The same as bits, for struct message's `present` and the rows of the state machine. */
#define PL_BIT(type) (1u << ((type) % 32)) /* 33 to 63 */
enum payload_bit {
#define X(name, number, text) P_##name = PL_BIT(PL_##name),
	PAYLOADS(X)
#undef X
};

enum exchange_type {
	EX_IKE_SA_INIT = 34,
	EX_IKE_AUTH = 35,
	EX_CREATE_CHILD_SA = 36,
	EX_INFORMATIONAL = 37,
	EX_IKE_INTERMEDIATE = 43,
	EX_IKE_FOLLOWUP_KE = 44,
};

/* Notify types, RFC 7296 3.10.1 and the extensions that peers send: name, number. Up to
 * NOTIFY_ERROR_MAX they are errors. */
#define NOTIFIES(X)                                                                                \
	X(UNSUPPORTED_CRITICAL_PAYLOAD, 1)                                                         \
	X(INVALID_IKE_SPI, 4)                                                                      \
	X(INVALID_MAJOR_VERSION, 5)                                                                \
	X(INVALID_SYNTAX, 7)                                                                       \
	X(INVALID_MESSAGE_ID, 9)                                                                   \
	X(INVALID_SPI, 11)                                                                         \
	X(NO_PROPOSAL_CHOSEN, 14)                                                                  \
	X(INVALID_KE_PAYLOAD, 17)                                                                  \
	X(AUTHENTICATION_FAILED, 24)                                                               \
	X(SINGLE_PAIR_REQUIRED, 34)                                                                \
	X(NO_ADDITIONAL_SAS, 35)                                                                   \
	X(INTERNAL_ADDRESS_FAILURE, 36)                                                            \
	X(FAILED_CP_REQUIRED, 37)                                                                  \
	X(TS_UNACCEPTABLE, 38)                                                                     \
	X(INVALID_SELECTORS, 39)                                                                   \
	X(UNACCEPTABLE_ADDRESSES, 40)                                                              \
	X(UNEXPECTED_NAT_DETECTED, 41)                                                             \
	X(TEMPORARY_FAILURE, 43)                                                                   \
	X(CHILD_SA_NOT_FOUND, 44)                                                                  \
	X(STATE_NOT_FOUND, 47)                                                                     \
	X(INITIAL_CONTACT, 16384)                                                                  \
	X(SET_WINDOW_SIZE, 16385)                                                                  \
	X(ADDITIONAL_TS_POSSIBLE, 16386)                                                           \
	X(IPCOMP_SUPPORTED, 16387)                                                                 \
	X(NAT_DETECTION_SOURCE_IP, 16388)                                                          \
	X(NAT_DETECTION_DESTINATION_IP, 16389)                                                     \
	X(COOKIE, 16390)                                                                           \
	X(USE_TRANSPORT_MODE, 16391)                                                               \
	X(HTTP_CERT_LOOKUP_SUPPORTED, 16392)                                                       \
	X(REKEY_SA, 16393)                                                                         \
	X(ESP_TFC_PADDING_NOT_SUPPORTED, 16394)                                                    \
	X(NON_FIRST_FRAGMENTS_ALSO, 16395)                                                         \
	X(MOBIKE_SUPPORTED, 16396)                                                                 \
	X(ADDITIONAL_IP4_ADDRESS, 16397)                                                           \
	X(ADDITIONAL_IP6_ADDRESS, 16398)                                                           \
	X(NO_ADDITIONAL_ADDRESSES, 16399)                                                          \
	X(UPDATE_SA_ADDRESSES, 16400)                                                              \
	X(COOKIE2, 16401)                                                                          \
	X(NO_NATS_ALLOWED, 16402)                                                                  \
	X(AUTH_LIFETIME, 16403)                                                                    \
	X(MULTIPLE_AUTH_SUPPORTED, 16404)                                                          \
	X(ANOTHER_AUTH_FOLLOWS, 16405)                                                             \
	X(REDIRECT_SUPPORTED, 16406)                                                               \
	X(REDIRECT, 16407)                                                                         \
	X(REDIRECTED_FROM, 16408)                                                                  \
	X(EAP_ONLY_AUTHENTICATION, 16417)                                                          \
	X(CHILDLESS_IKEV2_SUPPORTED, 16418)                                                        \
	X(QUICK_CRASH_DETECTION, 16419)                                                            \
	X(IKEV2_MESSAGE_ID_SYNC_SUPPORTED, 16420)                                                  \
	X(IKEV2_FRAGMENTATION_SUPPORTED, 16430)                                                    \
	X(SIGNATURE_HASH_ALGORITHMS, 16431)                                                        \
	X(USE_PPK, 16435)                                                                          \
	X(PPK_IDENTITY, 16436)                                                                     \
	X(NO_PPK_AUTH, 16437)                                                                      \
	X(INTERMEDIATE_EXCHANGE_SUPPORTED, 16438)                                                  \
	X(ADDITIONAL_KEY_EXCHANGE, 16441)

#define NOTIFY_ERROR_MAX 16383
enum notify_type {
#define X(name, number) N_##name = number,
	NOTIFIES(X)
#undef X
};

/* "KE", "INVALID_SYNTAX", "IKE_AUTH"; NULL for what has no name here. */
const char *payload_name(uint8_t type);
const char *notify_name(uint16_t type);
const char *exchange_name(uint8_t type);

/* ---- Writing -------------------------------------------------------------------- */

/* One message under way. Payloads are linked as they are opened: `next` is where the type of
 * the next one belongs. message_start() makes one, message_finish() ends it. */
struct payload_writer {
	struct writer w;
	uint8_t *next;
	uint8_t *sk;	      /* generic header of the SK payload, NULL: message in clear */
	struct aead_key *key; /* that seals it; borrowed */
};

/* Links a payload of this type and reserves its generic header. Returns what payload_close
 * needs to patch the length: the header's offset. */
size_t payload_open(struct payload_writer *pw, enum payload_type type);
void payload_close(struct payload_writer *pw, size_t opened);

/* ---- SA, 3.3 -------------------------------------------------------------------- */

#define SA_PROPOSALS_MAX 16

/* What the parser left out is what nobody can choose: proposals past the limit, of more than
 * PROPOSAL_TRANSFORMS_MAX transforms, of unknown protocols or with an SPI of odd length. So n
 * may be 0, which is NO_PROPOSAL_CHOSEN. */
struct sa_payload {
	size_t n;
	struct proposal proposals[SA_PROPOSALS_MAX];
};

int sa_parse(struct reader body, struct sa_payload *ret_sa) MUST_USE;
/* Numbers are those in the proposals (1.. as RFC 7296 3.3.1 wants). */
void sa_emit(struct payload_writer *pw, const struct proposal *proposals, size_t n);

/* ---- KE, 3.4 -------------------------------------------------------------------- */

struct ke {
	uint16_t group; /* enum ke_id */
	struct reader public_value;
};

int ke_parse(struct reader body, struct ke *ret_ke) MUST_USE;
void ke_emit(struct payload_writer *pw, const struct ke *ke);

/* ---- IDi and IDr, 3.5 ----------------------------------------------------------- */

struct id_view {
	uint8_t type; /* enum id_type, unknown ones too */
	struct reader data;
	struct reader body; /* type, reserved and data: what AUTH covers (2.15) */
};

int id_payload_parse(struct reader body, struct id_view *ret_id) MUST_USE;
/* type: PL_IDI or PL_IDR. */
void id_payload_emit(struct payload_writer *pw, enum payload_type type, const struct ike_id *id);
/* -EBADMSG: longer than IKE_ID_MAX, an address of the wrong length, or type 0 (reserved). */
int id_from_view(const struct id_view *view, struct ike_id *ret_id) MUST_USE;
/* The body of the ID payload of our own identity, as AUTH covers it; buf is IKE_ID_MAX + 4. */
struct reader id_payload_body(const struct ike_id *id, uint8_t *buf, size_t size);

/* ---- CERT and CERTREQ, 3.6, 3.7 ------------------------------------------------- */

enum cert_encoding { /* 3.6, RFC 7670 */
	CERT_X509_SIGNATURE = 4,
	CERT_HASH_AND_URL = 12,
	CERT_HASH_AND_URL_BUNDLE = 13,
	CERT_RAW_PUBLIC_KEY = 15,
};

struct cert {
	uint8_t encoding;
	struct reader data;
};

int cert_parse(struct reader body, struct cert *ret_cert) MUST_USE;
void cert_emit(struct payload_writer *pw, enum payload_type type, const struct cert *cert);

/* ---- AUTH, 3.8 ------------------------------------------------------------------ */

enum auth_number {
	AUTH_NONE = 0, /* reserved: no AUTH payload */
	AUTH_RSA = 1,
	AUTH_PSK = 2,
	AUTH_ECDSA_256 = 9, /* RFC 4754 */
	AUTH_ECDSA_384 = 10,
	AUTH_ECDSA_521 = 11,
	AUTH_DIGITAL_SIGNATURE = 14, /* RFC 7427 */
};

struct auth {
	uint8_t method;
	struct reader data;
};

int auth_parse(struct reader body, struct auth *ret_auth) MUST_USE;
void auth_emit(struct payload_writer *pw, const struct auth *auth);

/* ---- Nonce, 3.9 ----------------------------------------------------------------- */

#define NONCE_MIN 16
#define NONCE_MAX 256

int nonce_parse(struct reader body, struct reader *ret_nonce) MUST_USE;
void nonce_emit(struct payload_writer *pw, struct reader nonce);

/* ---- Notify, 3.10 --------------------------------------------------------------- */

#define NOTIFY_SPI_MAX 8

struct notify {
	uint8_t protocol; /* enum protocol_id, 0: of no SA */
	uint8_t spi_len;
	uint8_t spi[NOTIFY_SPI_MAX];
	uint16_t type; /* enum notify_type, unknown ones too */
	struct reader data;
};

int notify_parse(struct reader body, struct notify *ret_notify) MUST_USE;
void notify_emit(struct payload_writer *pw, const struct notify *notify);
/* The usual one: no SPI. data may be empty. */
void notify_emit_plain(struct payload_writer *pw, uint16_t type, struct reader data);
/* About a Child SA: AH or ESP, and its SPI in host order (REKEY_SA, CHILD_SA_NOT_FOUND, INVALID_SPI). */
void notify_emit_child(struct payload_writer *pw, uint16_t type, uint8_t protocol, uint32_t spi);
/* The SPI of a notify of AH or ESP; 0: it has none. */
uint32_t notify_child_spi(const struct notify *notify);

/* ---- Delete, 3.11 --------------------------------------------------------------- */

#define DELETE_SPIS_MAX 256

struct delete_payload {
	uint8_t protocol; /* PROTO_IKE has no SPIs: the IKE SA of the message itself */
	size_t n_spis;
	uint32_t spis[DELETE_SPIS_MAX]; /* host order */
};

int delete_parse(struct reader body, struct delete_payload *ret_delete) MUST_USE;
void delete_emit(struct payload_writer *pw, uint8_t protocol, const uint32_t *spis, size_t n_spis);

/* ---- Traffic selectors, 3.13 ---------------------------------------------------- */

#define TS_LIST_MAX 32

/* Ports: 0..65535 any, 65535..0 OPAQUE. ICMP: type and code as RFC 7296 3.13.1 packs them.
 * A selector of an unknown type is left out (3.13.1 allows ignoring it), so n may be 0. */
struct ts_list {
	size_t n;
	struct ts_val ts[TS_LIST_MAX];
};

int ts_parse(struct reader body, struct ts_list *ret_list) MUST_USE;
/* type: PL_TSI or PL_TSR. */
void ts_emit(struct payload_writer *pw, enum payload_type type, const struct ts_val *ts, size_t n);

/* ---- Configuration, 3.15 --------------------------------------------------------- */

enum cp_type {
	CFG_REQUEST = 1,
	CFG_REPLY = 2,
};

/* INTERNAL_..., 3.15.1 */
enum cp_attr_type {
	CP_IP4_ADDRESS = 1,
	CP_IP4_DNS = 3,
	CP_IP6_ADDRESS = 8,
	CP_IP6_DNS = 10,
	CP_IP4_SUBNET = 13,
	CP_IP6_SUBNET = 15,
	CP_DNS_DOMAIN = 25, /* RFC 8598 */
};

#define CP_ATTRS_MAX 32 /* more are left out */
#define CP_VALUE_MAX 17 /* bytes of an attribute of ours; domains are longer */
#define CP_LEN_MAX (4 + CP_ATTRS_MAX * (4 + CP_VALUE_MAX) + POOL_DOMAINS_MAX * POOL_DOMAIN_LEN_MAX)

struct cp_attr {
	uint16_t type;
	struct reader value; /* empty: the request wants any */
};

struct cp {
	uint8_t type; /* enum cp_type, unknown ones too */
	size_t n;
	struct cp_attr attrs[CP_ATTRS_MAX];
};

int cp_parse(struct reader body, struct cp *ret_cp) MUST_USE;
void cp_emit(struct payload_writer *pw, const struct cp *cp);
/* The address of an ADDRESS or DNS attribute; false: it has none. */
bool cp_addr(const struct cp_attr *attr, struct ip_addr *ret_addr);
/* Values of attributes, in buf. Of ADDRESS: IPv6 has a prefix length, all of it. Of DNS: none. */
struct reader cp_vip_value(const struct ip_addr *addr, uint8_t buf[CP_VALUE_MAX]);
struct reader cp_addr_value(const struct ip_addr *addr, uint8_t buf[CP_VALUE_MAX]);
struct reader cp_subnet_value(const struct ts_val *ts, uint8_t buf[CP_VALUE_MAX]);

/* ---- Opaque ones: V 3.12, EAP 3.16 -------------------------------------- */

void opaque_emit(struct payload_writer *pw, enum payload_type type, struct reader body);

/* ---- Encrypted fragment, RFC 7383 2.5 ------------------------------------------- */

struct skf {
	uint16_t number, total; /* 1.. */
	struct reader body;	/* IV, ciphertext, ICV */
};

int skf_parse(struct reader body, struct skf *ret_skf) MUST_USE;

#endif
