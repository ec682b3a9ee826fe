/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/fragment.h"

#include <errno.h>
#include "crypto/secret.h"
#include "ike/alloc.h"

#define GENERIC_HEADER_LEN 4
#define FRAGMENT_HEADER_LEN 4 /* number:16 total:16, 2.5 */
#define NEXT_OFF 16
#define LENGTH_OFF 24
#define UDP_LEN 8
#define MARKER_LEN 4 /* non-ESP marker on port 4500 */

size_t fragment_max(const struct ike_sa *sa)
{
	size_t outer = (addr_is_v4(&sa->remote.addr) ? 20 : 40) + UDP_LEN + MARKER_LEN;

	if (!sa->is_fragmenting || !sa->conn || sa->conn->fragmentation != FRAGMENT_YES)
		return 0;
	return sa->ike->settings.fragment_size - outer;
}

/* ---- Sending -------------------------------------------------------------------- */

struct cut {
	const uint8_t *header; /* IKE header of the whole message */
	uint8_t first;	       /* type of the first payload inside */
	struct aead_key *key;
	struct aead_sizes size;
	size_t chunk; /* bytes of plaintext per fragment */
	uint16_t total;
};

static size_t overhead(struct aead_sizes size)
{
	return IKE_HEADER_LEN + GENERIC_HEADER_LEN + FRAGMENT_HEADER_LEN + size.iv_len +
	       size.icv_len;
}

/* 2.5: one fragment, complete and sealed. Padding is the cipher's need, 3.14 of RFC 7296. */
static int emit_one(struct writer *w, const struct cut *cut, uint16_t number, struct reader text)
{
	size_t block = cut->size.block ? cut->size.block : 1, n = rd_left(&text) + 1;
	size_t pad = (block - n % block) % block, len = overhead(cut->size) + n + pad;
	uint8_t *start = w->at;

	wr_bytes(w, cut->header, IKE_HEADER_LEN);
	wr_u8(w, number == 1 ? cut->first : PL_NONE);
	wr_u8(w, 0);
	wr_u16(w, (uint16_t)(len - IKE_HEADER_LEN));
	wr_u16(w, number);
	wr_u16(w, cut->total);
	uint8_t *iv = wr_reserve(w, cut->size.iv_len), *at = w->at;
	wr_copy(w, text);
	for (size_t i = 0; i < pad; i++)
		wr_u8(w, 0);
	wr_u8(w, (uint8_t)pad);
	uint8_t *icv = wr_reserve(w, cut->size.icv_len);
	if (!wr_ok(w))
		return -ENOSPC;
	struct writer patch = wr_into(start + LENGTH_OFF, 4);
	start[NEXT_OFF] = PL_SKF;
	wr_u32(&patch, (uint32_t)len);
	return aead_seal(cut->key, rd_from(start, (size_t)(iv - start)), iv, at, n + pad, icv);
}

static int emit_all(const struct cut *cut, struct reader text, struct writer *w)
{
	int err = 0;

	for (uint16_t i = 1; i <= cut->total && !err; i++) {
		size_t left = rd_left(&text);

		err = emit_one(w, cut, i, rd_carve(&text, left < cut->chunk ? left : cut->chunk));
	}
	return err;
}

int fragment_finish(struct payload_writer *pw, size_t max, uint8_t **ret_train, size_t *ret_len)
{
	struct aead_sizes size = aead_sizes(pw->key->alg);
	size_t block = size.block ? size.block : 1;

	if (!wr_ok(&pw->w))
		return -ENOSPC;
	if (max < overhead(size) + 2 * block)
		return -EMSGSIZE;
	size_t room = max - overhead(size);
	const uint8_t *start = pw->sk + GENERIC_HEADER_LEN + size.iv_len;
	struct reader text = rd_from(start, (size_t)(pw->w.at - start));
	struct cut cut = { pw->w.start, pw->sk[0], pw->key, size, room - room % block - 1, 0 };
	size_t total = (rd_left(&text) + cut.chunk - 1) / cut.chunk;
	if (total > FRAGMENTS_MAX)
		return -EMSGSIZE;
	cut.total = (uint16_t)total;
	uint8_t *train = alloc_zero(total * max);
	struct writer w = wr_into(train, total * max);
	int err = emit_all(&cut, text, &w);
	*ret_len = wr_len(&w);
	secret_wipe(pw->w.start, wr_len(&pw->w));
	if (err)
		free(train);
	else
		*ret_train = train;
	return err;
}

bool fragment_next(struct reader *train, struct reader *ret_message)
{
	struct reader header = *train;

	if (!rd_more(train))
		return false;
	rd_skip(&header, LENGTH_OFF);
	*ret_message = rd_carve(train, rd_u32(&header));
	return rd_ok(train);
}

/* ---- Receiving ------------------------------------------------------------------ */

static struct fragments *set_of(struct ike_sa *sa, const struct inbound *in)
{
	return &sa->fragments[message_is_response(&in->m)][in->m.header.id % WINDOW_MAX];
}

static void set_clear(struct fragments *f)
{
	for (size_t i = 0; f->parts && i < f->total; i++) {
		if (f->parts[i].bytes)
			secret_wipe(f->parts[i].bytes, f->parts[i].len);
		free(f->parts[i].bytes);
	}
	free(f->parts);
	*f = (struct fragments){ 0 };
}

void fragment_free(struct ike_sa *sa)
{
	for (size_t i = 0; i < WINDOW_MAX; i++) {
		set_clear(&sa->fragments[0][i]);
		set_clear(&sa->fragments[1][i]);
	}
}

/* 2.6: of another message, or cut anew into more pieces (smaller datagrams): begin again. Fewer
 * pieces than those that are here are from before: of no use. */
static bool set_fits(struct fragments *f, const struct ike_sa *sa, const struct inbound *in,
		     const struct skf *skf)
{
	if (f->parts && (f->id != in->m.header.id || f->total < skf->total))
		set_clear(f);
	if (f->parts)
		return f->total == skf->total;
	f->parts = alloc_zero(skf->total * sizeof(*f->parts));
	f->total = skf->total;
	f->id = in->m.header.id;
	f->until_ms = sa->ike->now_ms + FRAGMENT_MS;
	return true;
}

/* The plaintext less padding; false: malformed inside. */
static bool keep(struct fragments *f, const struct skf *skf, uint8_t first, const uint8_t *text,
		 size_t len)
{
	struct fragment *part = &f->parts[skf->number - 1];
	size_t pad = len ? text[len - 1] : 0;

	if (pad + 1 > len)
		return false;
	len -= pad + 1;
	if (part->bytes || f->bytes + len > MESSAGE_LEN_MAX)
		return part->bytes;
	part->bytes = alloc_copy(text, len);
	part->len = len;
	f->bytes += len;
	f->n++;
	if (skf->number == 1)
		f->first = first;
	return true;
}

/* All are here: one message again. */
static enum message_result assemble(struct fragments *f, struct inbound *in)
{
	struct writer w;

	secret_wipe(in->plain, in->plain_len);
	free(in->plain);
	in->plain_len = f->bytes;
	in->plain = alloc_zero(f->bytes ? f->bytes : 1);
	w = wr_into(in->plain, f->bytes);
	for (size_t i = 0; i < f->total; i++)
		wr_bytes(&w, f->parts[i].bytes, f->parts[i].len);
	uint8_t first = f->first;
	set_clear(f);
	return message_inside(&in->m, first, rd_from(in->plain, in->plain_len));
}

enum message_result fragment_take(struct ike_sa *sa, struct inbound *in, bool *ret_is_kept)
{
	struct fragments *f = set_of(sa, in);
	struct reader aad = in->m.sk_aad;
	struct skf skf;
	size_t len;

	*ret_is_kept = false;
	if (!sa->is_fragmenting || skf_parse(in->m.sk, &skf) || skf.total > FRAGMENTS_MAX)
		return MSG_DROP;
	aad = rd_from(aad.at, rd_left(&aad) + FRAGMENT_HEADER_LEN); /* 2.5: up to Total */
	if (aead_open(sa_key_in(sa), aad, skf.body, in->plain, in->plain_len, &len))
		return MSG_DROP;
	*ret_is_kept = true;
	if (!set_fits(f, sa, in, &skf))
		return MSG_DROP;
	if (!keep(f, &skf, in->m.sk_next, in->plain, len)) {
		set_clear(f);
		return MSG_DROP;
	}
	sa_touch(sa);
	return f->n == f->total ? assemble(f, in) : MSG_DROP;
}

static void set_expire(struct fragments *f, uint64_t now_ms)
{
	if (f->parts && f->until_ms <= now_ms)
		set_clear(f);
}

void fragment_expire(struct ike_sa *sa)
{
	for (size_t i = 0; i < WINDOW_MAX; i++) {
		set_expire(&sa->fragments[0][i], sa->ike->now_ms);
		set_expire(&sa->fragments[1][i], sa->ike->now_ms);
	}
}

uint64_t fragment_deadline(const struct ike_sa *sa)
{
	uint64_t best_ms = 0;

	for (size_t i = 0; i < 2 * WINDOW_MAX; i++) {
		uint64_t until_ms = sa->fragments[i / WINDOW_MAX][i % WINDOW_MAX].until_ms;

		if (until_ms && (!best_ms || until_ms < best_ms))
			best_ms = until_ms;
	}
	return best_ms;
}

bool fragment_is_first(const struct inbound *in)
{
	struct reader r = rd_from(in->bytes, in->len);

	if (in->m.header.next != PL_SKF)
		return true;
	rd_skip(&r, IKE_HEADER_LEN + GENERIC_HEADER_LEN);
	return rd_u16(&r) == 1;
}
