/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/pmtu.h"

#include "worker/hot.h"
#include "worker/worker.h"

#define NS_PER_MINUTE 60000000000ull
#define MTU_OFF 4u /* of the ICMP header; 32 bits of ICMPv6, the lower half of them of ICMP */

/* What routers older than RFC 1191 may have meant (its section 7.1). */
static const uint16_t plateaus[] = { 1492, 1400, 1280, 1006, PMTU_MIN4 };

static uint16_t minute(const struct worker *w)
{
	return (uint16_t)(w->now_ns / NS_PER_MINUTE);
}

uint16_t pmtu_of(const struct worker *w, const struct sa_rt *sa)
{
	uint16_t pmtu = __atomic_load_n(&sa->hot->pmtu, __ATOMIC_RELAXED);
	uint16_t until = __atomic_load_n(&sa->hot->pmtu_until, __ATOMIC_RELAXED);

	if (!pmtu || pmtu >= sa->hop.mtu || (int16_t)(until - minute(w)) < 0)
		return sa->hop.mtu;
	return pmtu;
}

/* The SA has sent that number, and not long ago: who says so has seen the packet. */
static bool is_recent(const struct sa_rt *sa, const uint8_t *spi)
{
	uint64_t last = hot_get(&sa->hot->seq);
	uint32_t back;
	__be32 seq;

	memcpy(&seq, spi + 4, sizeof(seq));
	back = (uint32_t)last - ntohl(seq);
	return back < PMTU_RECENT && back < last;
}

/* 0: nothing to be believed. */
static uint16_t mtu_said(const struct frame *f, const struct ip_info *info, uint16_t now)
{
	__be32 field;

	memcpy(&field, f->data + f->l3 + info->l4 + MTU_OFF, sizeof(field));
	uint32_t mtu = ntohl(field) & (info->version == 4 ? 0xffffu : 0xffffffffu);
	for (size_t i = 0; info->version == 4 && !mtu && i < ARRAY_SIZE(plateaus); i++)
		if (plateaus[i] < now)
			mtu = plateaus[i];
	if (mtu < (info->version == 4 ? PMTU_MIN4 : IP6_MTU_MIN) || mtu >= now)
		return 0;
	return (uint16_t)mtu;
}

static enum worker_outcome learn(struct worker *w, const struct frame *f)
{
	struct sa_rt *sa = sa_cache_get(&w->sas, f->sa_index, SA_OUT);
	struct ip_info info;

	if (!sa || !ip_read(f->data + f->l3, f->len - f->l3, &info) ||
	    f->esp + ESP_HDR_LEN > f->l3 + info.len || info.l4 + 8u > info.len ||
	    !is_recent(sa, f->data + f->esp))
		return WORKER_DROP_PMTU;
	nexthop_outer(w, sa);
	uint16_t mtu = mtu_said(f, &info, pmtu_of(w, sa));
	if (!mtu)
		return WORKER_DROP_PMTU;
	uint16_t until = (uint16_t)(minute(w) + PMTU_MINUTES);
	__atomic_store_n(&sa->hot->pmtu_until, until, __ATOMIC_RELAXED);
	__atomic_store_n(&sa->hot->pmtu, mtu, __ATOMIC_RELAXED);
	return WORKER_PMTU;
}

void pmtu_learn_all(struct worker *w, struct burst *b)
{
	for (uint32_t i = 0; i < b->n; i++)
		if (b->frame[i].kind == META_PMTU && b->frame[i].drop == FRAME_KEEP)
			b->frame[i].drop = (uint8_t)learn(w, &b->frame[i]);
}
