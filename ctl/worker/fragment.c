/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/fragment.h"

#include <string.h>
#include "worker/worker.h"

#define OPTION_END 0u
#define OPTION_NOP 1u
#define OPTION_COPIED 0x80u
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

/* Bytes offset .. offset + len of the payload as a packet of its own at `to`. */
static void piece_write(uint8_t *to, const struct ip4 *ip, uint32_t offset, uint32_t len, bool last)
{
	unsigned hdr_len = ip4_hdr_len(ip);
	struct ip4 *head = (struct ip4 *)to;
	unsigned frag = ip4_frag(ip);

	memcpy(to, ip, hdr_len);
	memcpy(to + hdr_len, (const uint8_t *)ip + hdr_len + offset, len);
	if (offset)
		options_blank(head);
	frag += offset / 8; /* fragments of fragments count on */
	if (!last)
		frag |= IP4_MF;
	head->frag = htons((uint16_t)frag);
	head->len = htons((uint16_t)(hdr_len + len));
	ip4_sum_write(head);
}

static void undo(struct worker *w, struct burst *b, uint32_t n)
{
	while (b->n > n)
		umem_give(&w->umem, umem_addr(&w->umem, b->frame[--b->n].data), OWNER_WORKER);
}

bool fragment_cut(struct worker *w, struct burst *b, const struct frame *f, uint16_t max)
{
	const struct ip4 *ip = (const struct ip4 *)(f->data + f->l3);
	uint32_t hdr_len = ip4_hdr_len(ip), len = ntohs(ip->len) - hdr_len, n = b->n;
	uint32_t step = max > hdr_len ? (max - hdr_len) & ~7u : 0;
	uint64_t addr;

	for (uint32_t offset = 0; step && offset < len; offset += step) {
		uint32_t part = len - offset < step ? len - offset : step;
		if (b->n == BURST_MAX || umem_take(&w->umem, &addr)) {
			undo(w, b, n);
			return false;
		}
		struct frame *piece = burst_add(b);
		*piece = *f;
		piece->data = w->umem.area + addr + START;
		piece->l3 = 0;
		piece->len = hdr_len + part;
		piece->inner_len = (uint16_t)piece->len;
		piece_write(piece->data, ip, offset, part, offset + part == len);
	}
	return b->n > n;
}
