/* SPDX-License-Identifier: BSD-2-Clause */
/* The inbound stages of a turn: check, open as one batch, accept, find the next hop. */
#include "worker/ah.h"
#include "worker/control.h"
#include "worker/esp_in.h"
#include "worker/esp_out.h"
#include "worker/icmp.h"
#include "worker/mss.h"
#include "worker/pmtu.h"

static void accepted(struct worker *w, struct frame *f);

static void check(struct worker *w, struct burst *b, uint32_t i)
{
	struct frame *f = &b->frame[i];

	if (!turn_use_sa(w, b, f, SA_IN))
		return;
	if (f->sa->proto == IPPROTO_NUM_AH) { /* rare: not in the batch */
		f->drop = (uint8_t)ah_in(w->control->provider, f, f->sa);
		accepted(w, f);
		return;
	}
	f->drop = (uint8_t)esp_in_check(f, f->sa, &b->job[b->n_jobs]);
	if (f->drop == FRAME_KEEP)
		b->job_frame[b->n_jobs++] = (uint16_t)i;
}

/* Back through the SPD (hub and spoke): the outbound stages take it as a clear packet. */
static void protect_again(struct frame *f, uint32_t child)
{
	f->kind = META_HOLD;
	f->child = child;
	f->sa = NULL;
}

/* This host forwards the packet: what the gate does for clear ones. Errors go back into the
 * tunnel; the kernel, if it found them, would send them in clear. */
static void forward(struct worker *w, struct frame *f, const struct nexthop *hop)
{
	bool fits = f->len <= hop->mtu;

	if (ip_ttl(f->data) <= 1) {
		icmp_or_drop(w, f, ICMP_TTL, 0);
	} else if (!fits && ip_df(f->data)) {
		icmp_or_drop(w, f, ICMP_TOO_BIG, hop->mtu);
	} else if (fits && hop->kind == HOP_PORT) {
		ip_ttl_decrement(f->data);
		turn_send(w, f, hop);
	} else { /* no neighbour yet, or to be cut */
		turn_send_host(w, f);
	}
}

/* What we answer has to fit, too: into the outbound SA of the same child. */
static void clamp_mss(struct worker *w, struct frame *f, const struct ip_info *info)
{
	if (f->sa->flags & SA_MSS_OFF || !mss_is_said(f->data, info))
		return;
	struct sa_rt *out = sa_cache_get(&w->sas, turn_child_sa(w, f->sa->child), SA_OUT);
	if (!out)
		return;
	nexthop_outer(w, out);
	mss_clamp(f->data, info,
		  esp_out_clear_max(out, esp_out_kept(out, info), pmtu_of(w, out)));
}

static void deliver(struct worker *w, struct frame *f)
{
	struct ip_info info;

	if (!ip_read(f->data, f->len, &info)) {
		f->drop = WORKER_DROP_INNER; /* esp_in_accept() has read it, too */
		return;
	}
	clamp_mss(w, f, &info);
	if (tunnel_has(w, f->sa->child)) {
		tunnel_deliver(w, f, &info);
		return;
	}
	const struct nexthop *hop = nexthop_inner(w, &info, ip_tos(f->data));
	if (f->sa->mode == SA_TRANSPORT && hop->kind != HOP_LOCAL) {
		f->drop = WORKER_DROP_TRANSPORT; /* it was for this host, or for nobody */
		return;
	}
	switch (hop->kind) {
	case HOP_PROTECT:
		protect_again(f, hop->child);
		break;
	case HOP_DISCARD:
		f->drop = WORKER_DROP_POLICY;
		break;
	case HOP_REJECT:
		icmp_or_drop(w, f, ICMP_PROHIBITED, 0);
		break;
	case HOP_NO_ROUTE:
		f->drop = WORKER_DROP_NO_ROUTE;
		break;
	case HOP_PORT:
	case HOP_HOST:
		forward(w, f, hop);
		break;
	default:
		turn_send_host(w, f);
	}
}

static void accepted(struct worker *w, struct frame *f)
{
	struct sa_rt *sa = f->sa;

	if (f->drop != FRAME_KEEP)
		return;
	sa->packets++;
	sa->bytes += f->len;
	count_add(w, WORKER_OPENED, 1);
	deliver(w, f);
}

static void take_in(struct worker *w, struct frame *f, const struct esp_job *job)
{
	f->drop = (uint8_t)esp_in_accept(f, f->sa, job);
	accepted(w, f);
}

void turn_in(struct worker *w, struct burst *b)
{
	b->n_jobs = 0;
	for (uint32_t i = 0; i < b->n; i++)
		if (b->frame[i].kind == META_IN && b->frame[i].drop == FRAME_KEEP)
			check(w, b, i);
	if (b->n_jobs == 0)
		return;
	w->control->provider->open(b->job, b->n_jobs);
	for (uint32_t i = 0; i < b->n_jobs; i++)
		take_in(w, &b->frame[b->job_frame[i]], &b->job[i]);
}
