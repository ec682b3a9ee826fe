/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/fragment.h"

#include <string.h>
#include "worker/worker.h"

#define OPTION_END 0u
#define OPTION_NOP 1u
#define OPTION_COPIED 0x80u
struct ip6_fragment {
	uint8_t next, zero;
	__be16 frag; /* offset, and whether more come */
	__be32 id;
} __attribute__((packed));

/* In the new frame the packet starts where received ones do. */
#define START (256u + FRAME_HEADROOM + ETH_HDR_LEN)

/* Options without the copied flag belong to the first fragment only (RFC 791 3.1). */
static void options_blank(struct ip4 *ip)
{
	uint8_t *at = (uint8_t *)(ip + 1), *end = (uint8_t *)ip + ip4_hdr_len(ip);

	while (at < end && *at != OPTION_END) {
		uint8_t len = 1;

		if (*at != OPTION_NOP) {
			len = at + 1 < end ? at[1] : 0;
			if (len < 2 || len > end - at) /* malformed: nothing of it goes on */
				len = (uint8_t)(end - at);
		}
		if (!(*at & OPTION_COPIED))
			memset(at, OPTION_NOP, len);
		at += len;
	}
}

/* What is cut, and into what: the payload behind the first `front` bytes, which all pieces have. */
struct cut {
	const uint8_t *packet;
	uint32_t front, payload, added; /* added: the fragment header of IPv6 */
	uint16_t next_at;
	uint32_t id;
};

/* Bytes offset .. offset + len of the payload as a packet of its own at `to`. */
static void piece_write4(uint8_t *to, const struct cut *c, uint32_t offset, uint32_t len, bool last)
{
	struct ip4 *head = (struct ip4 *)to;
	unsigned frag = ip4_frag((const struct ip4 *)c->packet);

	memcpy(to, c->packet, c->front);
	memcpy(to + c->front, c->packet + c->front + offset, len);
	if (offset)
		options_blank(head);
	frag += offset / 8; /* fragments of fragments count on */
	if (!last)
		frag |= IP4_MF;
	head->frag = htons((uint16_t)frag);
	head->len = htons((uint16_t)(c->front + len));
	ip4_sum_write(head);
}

static void undo(struct worker *w, struct burst *b, uint32_t n)
{
	while (b->n > n)
		umem_give(&w->umem, umem_addr(&w->umem, b->frame[--b->n].data), OWNER_WORKER);
}

static void piece_write6(uint8_t *to, const struct cut *c, uint32_t offset, uint32_t len, bool last)
{
	struct ip6_fragment head = { .next = c->packet[c->next_at],
				     .frag = htons((uint16_t)(offset | !last)),
				     .id = htonl(c->id) };

	memcpy(to, c->packet, c->front);
	to[c->next_at] = PROTO_FRAGMENT;
	((struct ip6 *)to)->len = htons((uint16_t)(c->front - IP6_HDR_LEN + sizeof(head) + len));
	memcpy(to + c->front, &head, sizeof(head));
	memcpy(to + c->front + sizeof(head), c->packet + c->front + offset, len);
}

/* IPv6: the identification of ESP is its number, which no two packets of the SA share soon. */
static bool cut_plan(const struct frame *f, struct cut *ret_cut)
{
	const uint8_t *packet = f->data + f->l3;
	struct ip_info info;

	if (!ip_read(packet, f->len - f->l3, &info))
		return false;
	bool is_v6 = info.version == 6;
	*ret_cut = (struct cut){ .packet = packet,
				 .front = is_v6 ? info.split : info.l4,
				 .added = is_v6 ? sizeof(struct ip6_fragment) : 0,
				 .next_at = info.split_next_at,
				 .id = (uint32_t)f->seq };
	ret_cut->payload = info.len - ret_cut->front;
	return !(is_v6 && info.is_fragment);
}

bool fragment_cut(struct worker *w, struct burst *b, const struct frame *f, uint16_t max)
{
	uint32_t n = b->n, step, whole;
	struct cut c;
	uint64_t addr;

	if (!cut_plan(f, &c))
		return false;
	whole = c.front + c.added;
	step = max > whole ? (max - whole) & ~7u : 0;
	for (uint32_t offset = 0; step && offset < c.payload; offset += step) {
		uint32_t part = c.payload - offset < step ? c.payload - offset : step;
		bool last = offset + part == c.payload;
		if (b->n == BURST_MAX || umem_take(&w->umem, &addr)) {
			undo(w, b, n);
			return false;
		}
		struct frame *piece = burst_add(b);
		*piece = *f;
		piece->data = w->umem.area + addr + START;
		piece->l3 = 0;
		piece->len = whole + part;
		piece->inner_len = (uint16_t)piece->len;
		if (c.added)
			piece_write6(piece->data, &c, offset, part, last);
		else
			piece_write4(piece->data, &c, offset, part, last);
	}
	return b->n > n;
}
