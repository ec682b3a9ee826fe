/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading a message: header, chain of payloads, SK. RFC 7296 3.1, 3.2, 3.14. */
#include "ike/message.h"

#include <errno.h>

#define GENERIC_HEADER_LEN 4
#define CRITICAL 0x80
#define IKE_MAJOR 2

/* Of these one per message (RFC 7296 3.2 and the exchanges of 1.2 to 1.4). */
#define P_SINGLE                                                                                   \
	((uint32_t)(P_SA | P_KE | P_IDI | P_IDR | P_AUTH | P_NONCE | P_TSI | P_TSR | P_CP | P_EAP))

/*  Header, 3.1:   SPIi:64   SPIr:64   next payload:8   major:4 minor:4   exchange:8   flags:8
 *  message ID:32   length:32  */
enum message_result header_parse(struct reader datagram, struct ike_header *ret_header)
{
	struct reader r = datagram;
	struct ike_header h = { .spi_i = rd_u64(&r) };

	h.spi_r = rd_u64(&r);
	h.next = rd_u8(&r);
	h.minor = rd_u8(&r);
	h.major = h.minor >> 4;
	h.minor &= 0xf;
	h.exchange = rd_u8(&r);
	h.flags = rd_u8(&r);
	h.id = rd_u32(&r);
	h.len = rd_u32(&r);
	if (!rd_ok(&r) || !h.major || !h.spi_i)
		return MSG_DROP;
	if (h.major == IKE_MAJOR && h.len != rd_left(&datagram))
		return MSG_DROP;
	*ret_header = h;
	return h.major != IKE_MAJOR ? MSG_INVALID_MAJOR_VERSION : MSG_OK;
}

static int notify_take(struct message *m, struct reader body)
{
	struct notify notify;
	int err = notify_parse(body, &notify);

	if (!err && m->n_notifies < MESSAGE_NOTIFIES_MAX)
		m->notifies[m->n_notifies++] = notify;
	return err;
}

static int delete_take(struct message *m, struct reader body)
{
	if (m->n_deletes == MESSAGE_DELETES_MAX)
		return -EBADMSG;
	int err = delete_parse(body, &m->deletes[m->n_deletes]);
	if (!err)
		m->n_deletes++;
	return err;
}

static int cert_take(struct cert *certs, size_t *n, struct reader body)
{
	struct cert cert;
	int err = cert_parse(body, &cert);

	if (!err && *n < MESSAGE_CERTS_MAX)
		certs[(*n)++] = cert;
	return err;
}

static void vendor_take(struct message *m, struct reader body)
{
	if (m->n_vendors < MESSAGE_VENDORS_MAX)
		m->vendors[m->n_vendors++] = body;
}

/* Parse one payload into its place; -ENOENT: of a type that is not known here. */
static int payload_parse(struct message *m, uint8_t type, struct reader body)
{
	switch (type) {
	case PL_SA:
		return sa_parse(body, &m->sa);
	case PL_KE:
		return ke_parse(body, &m->ke);
	case PL_IDI:
		return id_payload_parse(body, &m->idi);
	case PL_IDR:
		return id_payload_parse(body, &m->idr);
	case PL_CERT:
		return cert_take(m->certs, &m->n_certs, body);
	case PL_CERTREQ:
		return cert_take(m->certreqs, &m->n_certreqs, body);
	case PL_AUTH:
		return auth_parse(body, &m->auth);
	case PL_NONCE:
		return nonce_parse(body, &m->nonce);
	case PL_NOTIFY:
		return notify_take(m, body);
	case PL_DELETE:
		return delete_take(m, body);
	case PL_VENDOR:
		vendor_take(m, body);
		return 0;
	case PL_TSI:
		return ts_parse(body, &m->tsi);
	case PL_TSR:
		return ts_parse(body, &m->tsr);
	case PL_CP:
		return cp_parse(body, &m->cp);
	case PL_EAP:
		m->eap = body;
		return 0;
	default:
		return -ENOENT;
	}
}

/* One payload of the chain. RFC 7296 2.5: the critical bit counts for unknown types only. */
static enum message_result payload_take(struct message *m, uint8_t type, bool is_critical,
					struct reader body)
{
	bool is_known = payload_name(type) && type != PL_SK && type != PL_SKF;
	uint32_t bit = is_known ? PL_BIT(type) : 0;

	if (m->n_payloads == MESSAGE_PAYLOADS_MAX || (m->present & bit & P_SINGLE))
		return MSG_INVALID_SYNTAX;
	switch (payload_parse(m, type, body)) {
	case 0:
		m->present |= bit;
		break;
	case -ENOENT:
		if (!is_critical)
			break;
		m->critical = type;
		return MSG_UNSUPPORTED_CRITICAL;
	default:
		return MSG_INVALID_SYNTAX;
	}
	m->types[m->n_payloads++] = type;
	return MSG_OK;
}

/* SK or SKF: the last one of the chain; its `next` is of the first payload inside (3.14). */
static enum message_result sk_take(struct message *m, uint8_t type, uint8_t next,
				   struct reader body, struct reader rest)
{
	if (rd_more(&rest))
		return MSG_INVALID_SYNTAX;
	m->present |= PL_BIT(type);
	m->sk = body;
	m->sk_next = next;
	m->sk_aad = rd_from(m->datagram.at, (size_t)(body.at - m->datagram.at));
	return MSG_OK;
}

static enum message_result chain_parse(struct message *m, uint8_t type, struct reader chain,
				       bool is_inside_sk)
{
	while (type != PL_NONE) {
		uint8_t next = rd_u8(&chain), flags = rd_u8(&chain);
		size_t len = rd_u16(&chain);
		struct reader body = rd_carve(
			&chain, len >= GENERIC_HEADER_LEN ? len - GENERIC_HEADER_LEN : SIZE_MAX);

		if (!rd_ok(&chain))
			return MSG_INVALID_SYNTAX;
		if (type == PL_SK || type == PL_SKF)
			return is_inside_sk ? MSG_INVALID_SYNTAX
					    : sk_take(m, type, next, body, chain);
		enum message_result result = payload_take(m, type, flags & CRITICAL, body);
		if (result != MSG_OK)
			return result;
		type = next;
	}
	return rd_done(&chain) ? MSG_OK : MSG_INVALID_SYNTAX;
}

enum message_result message_parse(struct reader datagram, struct message *ret_message)
{
	struct message *m = ret_message;
	struct reader chain = datagram;

	memset(m, 0, sizeof(*m));
	m->datagram = datagram;
	enum message_result result = header_parse(datagram, &m->header);
	if (result != MSG_OK)
		return result;
	rd_skip(&chain, IKE_HEADER_LEN);
	return chain_parse(m, m->header.next, chain, false);
}

enum message_result message_open(struct message *message, const struct aead_key *key, uint8_t *buf,
				 size_t size)
{
	size_t len;

	if (!(message->present & P_SK) || message->is_open ||
	    aead_open(key, message->sk_aad, message->sk, buf, size, &len) || len == 0)
		return MSG_DROP;
	message->is_open = true;
	/* payloads | padding | pad length:8, 3.14 */
	size_t pad_len = buf[len - 1];
	if (pad_len + 1 > len)
		return MSG_INVALID_SYNTAX;
	message->inner = rd_from(buf, len - 1 - pad_len);
	return chain_parse(message, message->sk_next, message->inner, true);
}

enum message_result message_inside(struct message *message, uint8_t first, struct reader plain)
{
	message->is_open = true;
	message->sk_next = first;
	message->inner = plain;
	return chain_parse(message, first, plain, true);
}

const struct notify *message_notify(const struct message *message, uint16_t type)
{
	for (size_t i = 0; i < message->n_notifies; i++)
		if (message->notifies[i].type == type)
			return &message->notifies[i];
	return NULL;
}

const struct notify *message_error(const struct message *message)
{
	for (size_t i = 0; i < message->n_notifies; i++)
		if (message->notifies[i].type <= NOTIFY_ERROR_MAX)
			return &message->notifies[i];
	return NULL;
}
