/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/outer.h"

#include <string.h>
#include "base/addr.h"
#include "crypto/alg.h"

static uint32_t ip4_make(uint8_t *at, const struct sa_val *val, uint8_t proto)
{
	struct ip4 ip = {
		.ver_ihl = 0x45,
		.ttl = val->ttl ? val->ttl : IP4_TTL,
		.proto = proto,
		.src = htonl(addr_to_v4(&val->src)),
		.dst = htonl(addr_to_v4(&val->dst)),
	};

	memcpy(at, &ip, sizeof(ip));
	return sum16(&ip, sizeof(ip), 0);
}

static void ip6_make(uint8_t *at, const struct sa_val *val, uint8_t proto)
{
	struct ip6 ip = {
		.flow = htonl(6u << 28),
		.next = proto,
		.hops = val->ttl ? val->ttl : IP6_HOPS,
		.src = val->src,
		.dst = val->dst,
	};

	memcpy(at, &ip, sizeof(ip));
}

uint8_t outer_ah_icv(const struct sa_val *val)
{
	const struct integ_info *integ = integ_find(val->integ);
	uint32_t len = AH_HDR_LEN + (integ ? integ->icv_len : 0u);
	uint32_t mask = addr_is_v4(&val->src) ? 3 : 7;

	return (uint8_t)(((len + mask) & ~mask) - AH_HDR_LEN);
}

/* Next header, which each packet has its own of, and the length in words, less two (RFC 4302 2.2). */
static void ah_make(uint8_t *at, const struct sa_val *val)
{
	const uint8_t first[AH_SPI_AT] = { 0, (uint8_t)((AH_HDR_LEN + outer_ah_icv(val)) / 4 - 2) };

	memcpy(at, first, sizeof(first));
}

void outer_make(struct outer *o, const struct sa_val *val)
{
	bool encap = val->flags & SA_ENCAP, is_v4 = addr_is_v4(&val->src);
	/* checksum zero: RFC 3948 2.1 */
	struct udp udp = { .sport = htons(val->encap_sport), .dport = htons(val->encap_dport) };
	struct esp_hdr esp = { .spi = htonl(val->spi) };
	uint8_t *at = o->bytes;

	o->is_encap = encap;
	o->proto = encap ? PROTO_UDP : val->proto;
	o->ip_len = is_v4 ? IP4_HDR_LEN : IP6_HDR_LEN;
	if (is_v4)
		o->sum = ip4_make(at, val, o->proto);
	else
		ip6_make(at, val, o->proto);
	at += o->ip_len;
	if (encap) {
		memcpy(at, &udp, sizeof(udp));
		at += sizeof(udp);
	}
	if (val->proto == IPPROTO_NUM_AH) {
		ah_make(at, val);
		at += AH_SPI_AT;
	}
	memcpy(at, &esp, sizeof(esp));
	o->len = (uint8_t)(at + sizeof(esp) - o->bytes);
	o->added = val->mode == SA_TRANSPORT ? o->len - o->ip_len : o->len;
}

/* What comes behind the IP header: its fields that differ from packet to packet. */
static void rest_finish(const struct outer *o, uint8_t *at, uint32_t len, uint64_t seq)
{
	__be32 low = htonl((uint32_t)seq);

	if (o->is_encap)
		((struct udp *)at)->len = htons((uint16_t)len);
	memcpy(at + o->len - o->ip_len - sizeof(low), &low, sizeof(low));
}

static void ip4_finish(const struct outer *o, struct ip4 *ip, const struct outer_fields *v)
{
	ip->tos = v->tos;
	ip->len = htons(v->total_len);
	/* Only a packet that may be fragmented needs an identification (RFC 6864 4.1). */
	ip->id = v->df ? 0 : htons((uint16_t)v->seq);
	ip->frag = htons(v->df ? IP4_DF : 0);
	ip->check = sum_fold(o->sum + htons(v->tos) + ip->len + ip->id + ip->frag);
}

static void ip6_finish(struct ip6 *ip, const struct outer_fields *v)
{
	ip->flow = htonl(6u << 28 | (uint32_t)v->tos << IP6_TOS_SHIFT | v->flow);
	ip->len = htons((uint16_t)(v->total_len - IP6_HDR_LEN));
}

void outer_write(const struct outer *o, uint8_t *at, const struct outer_fields *v)
{
	/* Lengths that the compiler knows; with NULL encryption there is no IV behind them. */
	if (o->len == IP4_HDR_LEN + ESP_HDR_LEN)
		memcpy(at, o->bytes, IP4_HDR_LEN + ESP_HDR_LEN);
	else if (o->len == IP4_HDR_LEN + UDP_HDR_LEN + ESP_HDR_LEN)
		memcpy(at, o->bytes, IP4_HDR_LEN + UDP_HDR_LEN + ESP_HDR_LEN);
	else
		memcpy(at, o->bytes, o->len);
	if (o->ip_len == IP4_HDR_LEN)
		ip4_finish(o, (struct ip4 *)at, v);
	else
		ip6_finish((struct ip6 *)at, v);
	rest_finish(o, at + o->ip_len, v->total_len - o->ip_len, v->seq);
}

void outer_insert(const struct outer *o, uint8_t *at, const uint8_t *packet,
		  const struct ip_info *info, uint16_t total_len, uint64_t seq)
{
	memmove(at, packet, info->split);
	at[info->split_next_at] = o->proto;
	if (info->version == 4) {
		((struct ip4 *)at)->len = htons(total_len);
		ip4_sum_write((struct ip4 *)at);
	} else {
		((struct ip6 *)at)->len = htons((uint16_t)(total_len - IP6_HDR_LEN));
	}
	memcpy(at + info->split, o->bytes + o->ip_len, o->len - o->ip_len);
	rest_finish(o, at + info->split, total_len - info->split, seq);
}

void outer_sum_udp(uint8_t *outer, uint32_t esp, uint32_t total_len)
{
	uint32_t at = esp - UDP_HDR_LEN, len = total_len - at;
	struct udp *udp = (struct udp *)(outer + at);

	udp->check = 0;
	udp->check = sum_fold(sum16(udp, len, ip_pseudo_sum(outer, PROTO_UDP, len)));
	if (!udp->check)
		udp->check = (__be16)~0;
}
