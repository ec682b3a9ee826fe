/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/reassembly.h"

#include "worker/worker.h"

#define FRAGMENT_HDR_LEN 8u /* of IPv6 */

/* ---- frames that wait ------------------------------------------------------------------ */

static void end(struct worker *w, struct datagram *d)
{
	for (unsigned i = 0; i < d->n; i++) {
		umem_give(&w->umem, umem_addr(&w->umem, d->parts[i].frame.data), OWNER_HELD);
		count_add(w, WORKER_DROP_REASSEMBLY, 1);
	}
	w->reassembly.n_held -= d->n;
	d->n = 0;
}

static bool is_of(const struct datagram *d, const struct ip_info *info)
{
	return d->n && d->id == info->frag_id && d->proto == info->proto &&
	       addr_num_equal(d->src, info->src) && addr_num_equal(d->dst, info->dst);
}

/* The packet that the fragment is of; a new one takes a free place, or that of the oldest. */
static struct datagram *find(struct worker *w, const struct ip_info *info)
{
	struct datagram *all = w->reassembly.datagrams, *place = all;

	for (struct datagram *d = all; d < all + REASSEMBLY_MAX; d++) {
		if (is_of(d, info))
			return d;
		if (place->n && (!d->n || d->since_ns < place->since_ns))
			place = d;
	}
	end(w, place);
	*place = (struct datagram){ .src = info->src,
				    .dst = info->dst,
				    .id = info->frag_id,
				    .proto = info->proto,
				    .since_ns = w->now_ns };
	return place;
}

/* What fits beside the parts that are there. */
static bool fits(const struct datagram *d, const struct part *p, bool is_last)
{
	uint32_t end_at = (uint32_t)p->off + p->len;

	if (d->n == REASSEMBLY_PARTS || p->len == 0 || end_at > UINT16_MAX ||
	    (!is_last && p->len % 8) || (is_last && d->total) || (d->total && end_at > d->total))
		return false;
	for (unsigned i = 0; i < d->n; i++) {
		const struct part *q = &d->parts[i];
		if (p->off < q->off + q->len && q->off < end_at)
			return false;
		if (is_last && q->off + q->len > end_at)
			return false;
	}
	return true;
}

static bool is_twin(const struct datagram *d, const struct part *p)
{
	for (unsigned i = 0; i < d->n; i++)
		if (d->parts[i].off == p->off && d->parts[i].len == p->len)
			return true;
	return false;
}

/* ---- the whole packet ------------------------------------------------------------------ */

static struct part *first_of(struct datagram *d)
{
	for (unsigned i = 0; i < d->n; i++)
		if (d->parts[i].off == 0)
			return &d->parts[i];
	return NULL;
}

/* The fragment header of IPv6 goes: what is in front of it moves up. */
static void header_close(struct frame *f, const struct ip_info *info)
{
	uint32_t front = f->l3 + info->frag_at - FRAGMENT_HDR_LEN;

	f->data[f->l3 + info->frag_next_at] = f->data[front];
	memmove(f->data + FRAGMENT_HDR_LEN, f->data, front);
	f->data += FRAGMENT_HDR_LEN;
	f->len -= FRAGMENT_HDR_LEN;
	f->esp -= FRAGMENT_HDR_LEN;
}

static void header_mend(struct frame *f, const struct ip_info *info, uint32_t total)
{
	uint8_t *packet = f->data + f->l3;

	if (info->version == 4) {
		struct ip4 *ip = (struct ip4 *)packet;
		ip->len = htons((uint16_t)(info->frag_at + total));
		ip->frag = 0;
		ip4_sum_write(ip);
	} else {
		((struct ip6 *)packet)->len =
			htons((uint16_t)(info->frag_at - IP6_HDR_LEN - FRAGMENT_HDR_LEN + total));
		header_close(f, info);
	}
}

/* All behind each other in the frame of the first one, which becomes f. False: no room for it. */
static bool join(struct worker *w, struct datagram *d, struct frame *f)
{
	struct part *first = first_of(d);
	struct frame *whole = &first->frame;
	struct ip_info info;
	uint8_t *payload = whole->data + first->at;

	if (umem_room(&w->umem, payload) < d->total ||
	    !ip_read(whole->data + whole->l3, whole->len - whole->l3, &info))
		return false;
	for (unsigned i = 0; i < d->n; i++)
		if (&d->parts[i] != first)
			memcpy(payload + d->parts[i].off, d->parts[i].frame.data + d->parts[i].at,
			       d->parts[i].len);
	whole->len = first->at + d->total;
	header_mend(whole, &info, d->total);
	*f = *whole;
	if (f->kind == META_FRAGMENT)
		f->kind = META_IN;
	umem_move(&w->umem, umem_addr(&w->umem, f->data), OWNER_HELD, OWNER_WORKER);
	return true;
}

/* The parts but the first are given back, or all of them. */
static void finish(struct worker *w, struct datagram *d, struct frame *f)
{
	struct part *first = first_of(d);

	if (!first || !join(w, d, f)) {
		end(w, d);
		return;
	}
	for (unsigned i = 0; i < d->n; i++)
		if (&d->parts[i] != first)
			umem_give(&w->umem, umem_addr(&w->umem, d->parts[i].frame.data),
				  OWNER_HELD);
	w->reassembly.n_held -= d->n;
	d->n = 0;
	count_add(w, WORKER_REASSEMBLED, 1);
}

static void keep(struct worker *w, struct datagram *d, const struct part *p, bool is_last)
{
	umem_move(&w->umem, umem_addr(&w->umem, p->frame.data), OWNER_WORKER, OWNER_HELD);
	d->parts[d->n++] = *p;
	d->have += p->len;
	if (is_last)
		d->total = (uint32_t)p->off + p->len;
	w->reassembly.n_held++;
}

void reassemble(struct worker *w, struct frame *f)
{
	struct part p = { .frame = *f };
	struct ip_info info;

	f->drop = WORKER_DROP_REASSEMBLY;
	if (f->l3 >= f->len || !ip_read(f->data + f->l3, f->len - f->l3, &info) ||
	    !info.is_fragment)
		return;
	p.at = (uint16_t)(f->l3 + info.frag_at);
	p.off = info.frag_off;
	p.len = (uint16_t)(info.len - info.frag_at);
	struct datagram *d = find(w, &info);
	if (is_twin(d, &p))
		return;
	if (!fits(d, &p, info.is_last)) {
		end(w, d);
		return;
	}
	f->data = NULL; /* no longer of this burst */
	keep(w, d, &p, info.is_last);
	if (d->total && d->have == d->total)
		finish(w, d, f);
}

void reassemble_all(struct worker *w, struct burst *b)
{
	for (uint32_t i = 0; i < b->n; i++)
		if (b->frame[i].kind == META_FRAGMENT && b->frame[i].drop == FRAME_KEEP)
			reassemble(w, &b->frame[i]);
}

void reassembly_expire(struct worker *w)
{
	struct datagram *all = w->reassembly.datagrams;

	for (struct datagram *d = all; w->reassembly.n_held && d < all + REASSEMBLY_MAX; d++)
		if (d->n && w->now_ns - d->since_ns > REASSEMBLY_NS)
			end(w, d);
}

void reassembly_forget(struct worker *w, const struct port *port)
{
	struct datagram *all = w->reassembly.datagrams;

	for (struct datagram *d = all; d < all + REASSEMBLY_MAX; d++)
		for (unsigned i = 0; i < d->n; i++)
			if (d->parts[i].frame.in->port == port)
				end(w, d);
}
