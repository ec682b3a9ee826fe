/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading a message: header, chain of payloads, SK. RFC 7296 3.1, 3.2, 3.14. */
#include "ike/message.h"

#include <errno.h>

#define GENERIC_HEADER_LEN 4
#define CRITICAL 0x80
#define IKE_MAJOR 2

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

/* ---- Payloads, each in its place ---------------------------------------------------- */

static int sa_take(struct message *m, struct reader body)
{
	return sa_parse(body, &m->sa);
}

static int ke_take(struct message *m, struct reader body)
{
	return ke_parse(body, &m->ke);
}

static int idi_take(struct message *m, struct reader body)
{
	return id_payload_parse(body, &m->idi);
}

static int idr_take(struct message *m, struct reader body)
{
	return id_payload_parse(body, &m->idr);
}

static int cert_add(struct cert *certs, size_t *n, struct reader body)
{
	struct cert cert;
	int err = cert_parse(body, &cert);

	if (!err && *n < MESSAGE_CERTS_MAX)
		certs[(*n)++] = cert;
	return err;
}

static int cert_take(struct message *m, struct reader body)
{
	return cert_add(m->certs, &m->n_certs, body);
}

static int certreq_take(struct message *m, struct reader body)
{
	return cert_add(m->certreqs, &m->n_certreqs, body);
}

static int auth_take(struct message *m, struct reader body)
{
	return auth_parse(body, &m->auth);
}

static int nonce_take(struct message *m, struct reader body)
{
	return nonce_parse(body, &m->nonce);
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

static int vendor_take(struct message *m, struct reader body)
{
	if (m->n_vendors < MESSAGE_VENDORS_MAX)
		m->vendors[m->n_vendors++] = body;
	return 0;
}

static int tsi_take(struct message *m, struct reader body)
{
	return ts_parse(body, &m->tsi);
}

static int tsr_take(struct message *m, struct reader body)
{
	return ts_parse(body, &m->tsr);
}

static int cp_take(struct message *m, struct reader body)
{
	return cp_parse(body, &m->cp);
}

static int eap_take(struct message *m, struct reader body)
{
	m->eap = body;
	return 0;
}

/* Every payload that is known here. is_single: one per message (RFC 7296 3.2 and the exchanges
 * of 1.2 to 1.4). SK and SKF are the frame of others: sk_take(). */
static const struct payload_row {
	uint8_t type;
	bool is_single;
	int (*take)(struct message *m, struct reader body);
} payload_rows[] = {
	{ PL_SA, true, sa_take },	   { PL_KE, true, ke_take },
	{ PL_IDI, true, idi_take },	   { PL_IDR, true, idr_take },
	{ PL_CERT, false, cert_take },	   { PL_CERTREQ, false, certreq_take },
	{ PL_AUTH, true, auth_take },	   { PL_NONCE, true, nonce_take },
	{ PL_NOTIFY, false, notify_take }, { PL_DELETE, false, delete_take },
	{ PL_VENDOR, false, vendor_take }, { PL_TSI, true, tsi_take },
	{ PL_TSR, true, tsr_take },	   { PL_CP, true, cp_take },
	{ PL_EAP, true, eap_take },
};

static const struct payload_row *row_of(uint8_t type)
{
	for (size_t i = 0; i < ARRAY_SIZE(payload_rows); i++)
		if (payload_rows[i].type == type)
			return &payload_rows[i];
	return NULL;
}

/* One payload of the chain. RFC 7296 2.5: the critical bit counts for unknown types only. */
static enum message_result payload_take(struct message *m, uint8_t type, bool is_critical,
					struct reader body)
{
	const struct payload_row *row = row_of(type);

	if (m->n_payloads == MESSAGE_PAYLOADS_MAX ||
	    (row && row->is_single && m->present & PL_BIT(type)))
		return MSG_INVALID_SYNTAX;
	if (!row && is_critical) {
		m->critical = type;
		return MSG_UNSUPPORTED_CRITICAL;
	}
	if (row && row->take(m, body))
		return MSG_INVALID_SYNTAX;
	if (row)
		m->present |= PL_BIT(type);
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
