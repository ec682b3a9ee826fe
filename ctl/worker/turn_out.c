/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The outbound stages of a turn: admit every clear packet to its SA, take sequence numbers
 * per SA, write, seal as one batch, send.
 */
#include "worker/ah.h"
#include "worker/control.h"
#include "worker/esp_out.h"
#include "worker/fragment.h"
#include "worker/hot.h"
#include "worker/icmp.h"
#include "worker/mss.h"
#include "worker/pmtu.h"

uint32_t turn_child_sa(const struct worker *w, uint32_t child)
{
	return child < CHILD_MAX ? (uint32_t)__atomic_load_n(&w->control->child_out[child], __ATOMIC_ACQUIRE)
				 : 0;
}

/* Its index may belong to another child by now: that one's peer must not get the packet. */
static bool use_sa(struct worker *w, struct burst *b, struct frame *f)
{
	if (!turn_use_sa(w, b, f, SA_OUT))
		return false;
	if (f->sa->child == f->child)
		return true;
	f->sa = NULL;
	f->drop = WORKER_DROP_STALE_SA;
	return false;
}

/* The SA that the gate named, or the one that has replaced it since. */
static bool find_sa(struct worker *w, struct burst *b, struct frame *f)
{
	if (f->kind == META_OUT && use_sa(w, b, f))
		return true;
	uint32_t now = turn_child_sa(w, f->child);
	if (f->kind == META_HOLD && !now) {
		hold_keep(w, f);
		return false;
	}
	if (f->kind == META_OUT && (!now || now == f->sa_index))
		return false;
	f->kind = META_OUT;
	f->sa_index = now;
	f->drop = FRAME_KEEP;
	return use_sa(w, b, f);
}

/* The peer may have narrowed the selectors to less than the policy says, and the slot of the
 * child may have changed hands since the packet was held (RFC 4301 4.4.2.1). */
static bool selectors_match(const struct frame *f, const struct ip_info *info)
{
	struct ts_flow flow = ts_flow_out(info);

	return ts_set_match(&f->sa->ts, &flow);
}

/* Without NON_FIRST_FRAGMENTS_ALSO an SA of narrower ports carries no later fragments (RFC 4301
 * 7.2), and in transport mode none carries any. */
static bool carries_pieces(const struct frame *f, const struct ip_info *info)
{
	struct ts_flow piece = { .local = info->src, .remote = info->dst, .proto = info->proto };

	return f->sa->mode == SA_TUNNEL && ts_set_match(&f->sa->ts, &piece);
}

/* Waits for the other fragments; then the whole packet is looked at once more. */
static void make_whole(struct worker *w, struct frame *f)
{
	f->sa = NULL;
	f->may_cut = true;
	reassemble(w, f);
}

/* Transport mode is for what this host itself says to the other end, in whole packets (RFC 4301
 * 4.1, RFC 4303 3.3.4). */
static bool mode_admit(struct worker *w, struct frame *f, const struct ip_info *info)
{
	if (f->sa->mode != SA_TRANSPORT)
		return true;
	if (f->decrypted || f->in->port != w->control->host || !addr_num_equal(info->src, f->sa->src) ||
	    !addr_num_equal(info->dst, f->sa->dst)) {
		f->drop = WORKER_DROP_TRANSPORT;
		return false;
	}
	if (!info->is_fragment)
		return true;
	make_whole(w, f);
	return false;
}

/* A packet that this host routes loses one of its TTL (RFC 4301 5.1.2.1 note 2). The gate has
 * done that to those it gave us, but not to those that were in a tunnel. */
static bool ttl_admit(struct worker *w, struct frame *f)
{
	uint8_t *packet = f->data + f->l3;

	if (!f->decrypted)
		return true;
	if (ip_ttl(packet) > 1) {
		ip_ttl_decrement(packet);
		return true;
	}
	icmp_or_drop(w, f, ICMP_TTL, 0);
	return false;
}

/* Then the ESP packet is cut (RFC 4301 8.2.1). */
static bool whole_admit(struct frame *f)
{
	if (f->sa->flags & SA_DF_SET)
		f->drop = WORKER_DROP_TOO_BIG;
	f->may_cut = true;
	return f->drop == FRAME_KEEP;
}

/* Traffic flow confidentiality, as far as the frame has room. */
static void pad(const struct worker *w, struct frame *f)
{
	uint32_t room = umem_room(&w->umem, f->data + f->l3) - ESP_OUT_TAILROOM;

	f->padded = esp_out_padded(f->sa, f->inner_len, pmtu_of(w, f->sa));
	if (f->padded > room)
		f->padded = (uint16_t)room;
}

static void cut(struct worker *w, struct burst *b, struct frame *f, uint16_t max)
{
	uint32_t before = b->n;

	f->drop = WORKER_DROP_NO_FRAME;
	if (!fragment_cut(w, b, f, max))
		return;
	f->drop = WORKER_FRAGMENTED;
	for (uint32_t i = before; i < b->n; i++) {
		b->frame[i].drop = FRAME_KEEP;
		pad(w, &b->frame[i]);
	}
	f->sa->wanted += b->n - before;
}

/* What no link may refuse to IPv6 goes through, however small the outer one is (RFC 2473 7.1). */
static bool is_small_ipv6(const struct ip_info *info)
{
	return info->version == 6 && info->len <= IP6_MTU_MIN;
}

static bool size_admit(struct worker *w, struct burst *b, struct frame *f,
		       const struct ip_info *info)
{
	uint16_t max = esp_out_clear_max(f->sa, esp_out_kept(f->sa, info), pmtu_of(w, f->sa));

	if (!(f->sa->flags & SA_MSS_OFF))
		mss_clamp(f->data + f->l3, info, max);
	if (info->len <= max)
		return true;
	if (f->may_cut || is_small_ipv6(info))
		return whole_admit(f);
	if (ip_df(f->data + f->l3))
		icmp_or_drop(w, f, ICMP_TOO_BIG, max);
	else if (carries_pieces(f, info))
		cut(w, b, f, max);
	else
		return whole_admit(f);
	return false;
}

/* Room for what ESP puts around the packet. */
static bool frame_admit(const struct worker *w, struct frame *f)
{
	const uint8_t *packet = f->data + f->l3;

	if (umem_room(&w->umem, packet) < f->inner_len + ESP_OUT_TAILROOM ||
	    umem_headroom(&w->umem, packet) < ESP_OUT_HEADROOM)
		f->drop = WORKER_DROP_TOO_BIG;
	return f->drop == FRAME_KEEP;
}

static void admit(struct worker *w, struct burst *b, struct frame *f)
{
	struct ip_info info;

	if (f->l3 >= f->len || !ip_read(f->data + f->l3, f->len - f->l3, &info)) {
		f->drop = WORKER_DROP_RUNT;
		return;
	}
	f->inner_len = info.len;
	if (!find_sa(w, b, f))
		return;
	if (info.is_fragment && f->sa->mode == SA_TUNNEL && !f->decrypted &&
	    !carries_pieces(f, &info)) {
		make_whole(w, f);
		return;
	}
	if (!selectors_match(f, &info)) {
		f->drop = WORKER_DROP_SELECTOR;
		return;
	}
	if (!mode_admit(w, f, &info))
		return;
	const struct nexthop *hop = nexthop_outer(w, f->sa);
	if (hop->kind == HOP_NO_ROUTE)
		f->drop = WORKER_DROP_NO_ROUTE;
	else if (frame_admit(w, f) && ttl_admit(w, f) && size_admit(w, b, f, &info)) {
		f->sa->wanted++;
		pad(w, f);
	}
}

static bool is_to_admit(const struct frame *f)
{
	return (f->kind == META_OUT || f->kind == META_HOLD) && f->drop == FRAME_KEEP && !f->sa &&
	       f->data;
}

/* Pieces of a packet that is cut are appended to the burst; their SA is set already. A frame
 * that has become an ICMP error for the tunnel is a new packet: it is looked at once more. */
static void admit_all(struct worker *w, struct burst *b)
{
	for (uint32_t i = 0; i < b->n; i++)
		for (int tries = 0; tries < 2 && is_to_admit(&b->frame[i]); tries++)
			admit(w, b, &b->frame[i]);
}

/* The highest number that the SA may send. Without ESN the 32-bit space is all there is
 * (RFC 4303 3.3.3); with ESN 2^64 - 1. */
static uint64_t last_number(const struct sa_rt *sa)
{
	uint64_t last = sa->flags & SA_ESN ? UINT64_MAX : UINT32_MAX;

	return sa->hard_packets && sa->hard_packets < last ? sa->hard_packets : last;
}

/* From where on new keys are asked for: well before the end, however fast it comes. */
static uint64_t soft_number(const struct sa_rt *sa, uint64_t last)
{
	uint64_t soft = last - last / 10;

	return sa->soft_packets && sa->soft_packets < soft ? sa->soft_packets : soft;
}

/*
 * Numbers for the whole burst in one step, before any of them is used. If the index has another SA
 * by now the numbers may be that one's, so none is used.
 */
static void take_numbers(struct worker *w, struct sa_rt *sa)
{
	uint64_t last = last_number(sa);
	struct numbers n = hot_take_numbers(sa->hot, sa->wanted, last);

	sa->next_seq = n.next;
	sa->end_seq = n.end;
	if (!sa_cache_valid(&w->sas, sa))
		sa->end_seq = sa->next_seq;
	else if (n.end == n.next || n.end - 1 >= last)
		sa_report(w, sa, EVENT_HARD);
	else if (n.end - 1 >= soft_number(sa, last))
		sa_report(w, sa, EVENT_SOFT);
	sa->wanted = 0;
}

static enum worker_outcome why_no_number(struct worker *w, const struct sa_rt *sa)
{
	if (!sa_cache_valid(&w->sas, sa))
		return WORKER_DROP_STALE_SA;
	return sa->hard_packets ? WORKER_DROP_SA_EXPIRED : WORKER_DROP_SEQ_END;
}

/* RFC 4303 3.3.4: fragmentation after ESP. */
static void send_cut(struct worker *w, struct burst *b, struct frame *f)
{
	uint16_t before = (uint16_t)b->n;

	f->drop = fragment_cut(w, b, f, pmtu_of(w, f->sa)) ? WORKER_FRAGMENTED : WORKER_DROP_NO_FRAME;
	f->pieces_at = before;
	f->n_pieces = (uint16_t)(b->n - before);
	for (uint32_t i = before; i < b->n; i++) {
		b->frame[i].drop = FRAME_KEEP;
		turn_send(w, &b->frame[i], &f->sa->hop);
	}
}

static void send_sealed(struct worker *w, struct burst *b, struct frame *f)
{
	struct sa_rt *sa = f->sa;

	if (sa->outer.is_encap && sa->outer.ip_len == IP6_HDR_LEN)
		outer_sum_udp(f->data, f->esp, f->len);
	sa->packets++;
	sa->bytes += f->inner_len;
	count_add(w, WORKER_SEALED, 1);
	if (f->may_cut && f->len > pmtu_of(w, sa))
		send_cut(w, b, f);
	else
		turn_send(w, f, &sa->hop);
}

static void send_ah(struct worker *w, struct burst *b, struct frame *f)
{
	if (ah_out(w->control->provider, f, f->sa, f->sa->next_seq++))
		send_sealed(w, b, f);
	else
		f->drop = WORKER_DROP_CRYPTO;
}

static void write_all(struct worker *w, struct burst *b)
{
	b->n_jobs = 0;
	for (uint32_t i = 0; i < b->n; i++) {
		struct frame *f = &b->frame[i];

		if (f->kind != META_OUT || f->drop != FRAME_KEEP || !f->data)
			continue;
		if (f->sa->next_seq >= f->sa->end_seq) {
			f->drop = (uint8_t)why_no_number(w, f->sa);
			continue;
		}
		if (f->sa->proto == IPPROTO_NUM_AH) { /* rare: not in the batch */
			send_ah(w, b, f);
			continue;
		}
		if (!esp_out_write(f, f->sa, f->sa->next_seq++, &b->job[b->n_jobs])) {
			f->drop = WORKER_DROP_CRYPTO;
			continue;
		}
		b->job_frame[b->n_jobs++] = (uint16_t)i;
	}
}

/* --bench-forward: everything but ESP, in clear. */
static void send_unsealed(struct worker *w, struct burst *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		struct frame *f = &b->frame[i];

		if (f->kind != META_OUT || f->drop != FRAME_KEEP || !f->data)
			continue;
		f->data += f->l3;
		f->len = f->inner_len;
		turn_send(w, f, &f->sa->hop);
	}
}

void turn_out(struct worker *w, struct burst *b)
{
	admit_all(w, b);
	for (uint32_t i = 0; i < b->n_touched; i++)
		if (b->touched[i]->wanted)
			take_numbers(w, b->touched[i]);
	if (w->control->bench_forward) {
		send_unsealed(w, b);
		return;
	}
	write_all(w, b);
	if (b->n_jobs == 0)
		return;
	w->control->provider->seal(b->job, b->n_jobs);
	for (uint32_t i = 0; i < b->n_jobs; i++) {
		struct frame *f = &b->frame[b->job_frame[i]];

		if (b->job[i].result)
			f->drop = WORKER_DROP_CRYPTO;
		else
			send_sealed(w, b, f);
	}
}
