/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing a message and printing one. RFC 7296 3.1, 3.14. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include "crypto/secret.h"
#include "ike/message.h"

#define NEXT_OFF 16 /* of the header: type of the first payload */
#define LENGTH_OFF 24
#define GENERIC_HEADER_LEN 4

void message_start(struct payload_writer *pw, uint8_t *buf, size_t size,
		   const struct ike_header *header)
{
	*pw = (struct payload_writer){ .w = wr_into(buf, size), .next = buf + NEXT_OFF };
	wr_u64(&pw->w, header->spi_i);
	wr_u64(&pw->w, header->spi_r);
	wr_u8(&pw->w, PL_NONE);
	wr_u8(&pw->w, 2 << 4); /* version 2.0 */
	wr_u8(&pw->w, header->exchange);
	wr_u8(&pw->w, header->flags);
	wr_u32(&pw->w, header->id);
	wr_u32(&pw->w, 0);
}

void message_protect(struct payload_writer *pw, struct aead_key *key)
{
	size_t opened = payload_open(pw, PL_SK);

	pw->sk = pw->w.start + opened;
	pw->key = key;
	(void)wr_reserve(&pw->w, aead_sizes(key->alg).iv_len);
}

static void length_patch(struct payload_writer *pw)
{
	struct writer w = wr_into(pw->w.start + LENGTH_OFF, 4);

	wr_u32(&w, (uint32_t)wr_len(&pw->w));
}

/* Padding, pad length and room for the ICV: the SK payload gets its final length. Returns the
 * number of bytes to encipher. */
static size_t sk_close(struct payload_writer *pw, struct aead_sizes size)
{
	uint8_t *text = pw->sk + GENERIC_HEADER_LEN + size.iv_len;
	size_t block = size.block ? size.block : 1, len = (size_t)(pw->w.at - text) + 1;
	size_t pad = (block - len % block) % block;

	for (size_t i = 0; i < pad; i++)
		wr_u8(&pw->w, 0);
	wr_u8(&pw->w, (uint8_t)pad);
	(void)wr_reserve(&pw->w, size.icv_len);
	payload_close(pw, (size_t)(pw->sk - pw->w.start));
	return len + pad;
}

static int sk_seal(struct payload_writer *pw)
{
	struct aead_sizes size = aead_sizes(pw->key->alg);
	uint8_t *iv = pw->sk + GENERIC_HEADER_LEN, *text = iv + size.iv_len;
	size_t len = sk_close(pw, size);

	if (!wr_ok(&pw->w))
		return -ENOSPC;
	length_patch(pw); /* the header is authenticated: it must be complete by now */
	return aead_seal(pw->key, rd_from(pw->w.start, (size_t)(iv - pw->w.start)), iv, text, len,
			 text + len);
}

size_t message_len(const struct payload_writer *pw)
{
	struct aead_sizes size = pw->sk ? aead_sizes(pw->key->alg) : (struct aead_sizes){ 0 };
	const uint8_t *text = pw->sk ? pw->sk + GENERIC_HEADER_LEN + size.iv_len : pw->w.at;
	size_t block = size.block ? size.block : 1, len = (size_t)(pw->w.at - text) + 1;

	if (!pw->sk)
		return wr_len(&pw->w);
	return (size_t)(text - pw->w.start) + (len + block - 1) / block * block + size.icv_len;
}

int message_finish(struct payload_writer *pw, size_t *ret_len)
{
	int err = 0;

	if (!wr_ok(&pw->w)) {
		err = -ENOSPC;
	} else if (pw->sk) {
		err = sk_seal(pw);
	} else {
		length_patch(pw);
	}
	if (err)
		secret_wipe(pw->w.start, wr_len(&pw->w));
	else
		*ret_len = wr_len(&pw->w);
	return err;
}

/* ---- For people ----------------------------------------------------------------- */

struct text {
	char *at, *end;
};

__attribute__((format(printf, 2, 3))) static void text_add(struct text *t, const char *format, ...)
{
	size_t room = (size_t)(t->end - t->at);
	va_list args;

	va_start(args, format);
	int n = vsnprintf(t->at, room, format, args);
	va_end(args);
	if (n > 0)
		t->at += (size_t)n < room ? (size_t)n : room - 1;
}

static void notify_print(struct text *t, const struct message *m, size_t i)
{
	const char *name = i < m->n_notifies ? notify_name(m->notifies[i].type) : NULL;

	if (name)
		text_add(t, "N(%s)", name);
	else if (i < m->n_notifies)
		text_add(t, "N(%u)", m->notifies[i].type);
	else
		text_add(t, "N");
}

static void payloads_print(struct text *t, const struct message *m)
{
	const char *nonce = message_is_response(m) ? "Nr" : "Ni";
	size_t n_notifies = 0;

	for (size_t i = 0; i < m->n_payloads; i++) {
		const char *name = payload_name(m->types[i]);

		text_add(t, i ? ", " : " ");
		if (m->types[i] == PL_NOTIFY)
			notify_print(t, m, n_notifies++);
		else if (!name)
			text_add(t, "payload %u", m->types[i]);
		else
			text_add(t, "%s", m->types[i] == PL_NONCE ? nonce : name);
	}
}

const char *message_print(const struct message *message, char *buf, size_t size)
{
	const struct ike_header *h = &message->header;
	const char *name = exchange_name(h->exchange);
	bool is_closed = (message->present & (P_SK | P_SKF)) && !message->is_open;
	struct text t = { buf, buf + size };

	if (!size)
		return buf;
	if (name)
		text_add(&t, "%s", name);
	else
		text_add(&t, "exchange %u", h->exchange);
	text_add(&t, " %s %u", message_is_response(message) ? "response" : "request", h->id);
	if (message->present & (P_SK | P_SKF))
		text_add(&t, message->present & P_SKF ? " SKF" : " SK");
	if (!is_closed) {
		text_add(&t, " {");
		payloads_print(&t, message);
		text_add(&t, " }");
	}
	return buf;
}
