/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/outer.h"

#include <string.h>
#include "base/addr.h"

#define PROTO_UDP 17u

void outer_make(struct outer *o, const struct sa_val *val)
{
	bool encap = val->flags & SA_ENCAP;
	struct ip4 ip = {
		.ver_ihl = 0x45,
		.ttl = IP4_TTL,
		.proto = encap ? PROTO_UDP : IPPROTO_NUM_ESP,
		.src = htonl(addr_to_v4(&val->src)),
		.dst = htonl(addr_to_v4(&val->dst)),
	};
	/* checksum zero: RFC 3948 2.1 */
	struct udp udp = { .sport = htons(val->encap_sport), .dport = htons(val->encap_dport) };
	struct esp_hdr esp = { .spi = htonl(val->spi) };
	uint8_t *at = o->bytes;

	memcpy(at, &ip, sizeof(ip));
	at += sizeof(ip);
	if (encap) {
		memcpy(at, &udp, sizeof(udp));
		at += sizeof(udp);
	}
	memcpy(at, &esp, sizeof(esp));
	o->len = (uint8_t)(at + sizeof(esp) - o->bytes);
	o->added = val->mode == SA_TRANSPORT ? o->len - IP4_HDR_LEN : o->len;
	o->sum = sum16(&ip, sizeof(ip), 0);
}

/* What comes behind the IPv4 header: its fields that differ from packet to packet. */
static void rest_finish(const struct outer *o, uint8_t *at, uint32_t len, uint64_t seq)
{
	__be32 low = htonl((uint32_t)seq);

	if (o->len == OUTER_MAX)
		((struct udp *)at)->len = htons((uint16_t)len);
	memcpy(at + o->len - IP4_HDR_LEN - sizeof(low), &low, sizeof(low));
}

void outer_write(const struct outer *o, uint8_t *at, uint16_t total_len, uint8_t tos, bool df,
		 uint64_t seq)
{
	struct ip4 *ip = (struct ip4 *)at;

	/* Two lengths that the compiler knows; with NULL encryption there is no IV behind them. */
	if (o->len == OUTER_MAX)
		memcpy(at, o->bytes, OUTER_MAX);
	else
		memcpy(at, o->bytes, OUTER_MIN);
	ip->tos = tos;
	ip->len = htons(total_len);
	/* Only a packet that may be fragmented needs an identification (RFC 6864 4.1). */
	ip->id = df ? 0 : htons((uint16_t)seq);
	ip->frag = htons(df ? IP4_DF : 0);
	ip->check = sum_fold(o->sum + htons(tos) + ip->len + ip->id + ip->frag);
	rest_finish(o, at + IP4_HDR_LEN, total_len - IP4_HDR_LEN, seq);
}

void outer_insert(const struct outer *o, uint8_t *at, const struct ip4 *ip, uint16_t total_len,
		  uint64_t seq)
{
	const struct ip4 *ours = (const struct ip4 *)o->bytes;
	struct ip4 *head = (struct ip4 *)at;
	unsigned hdr_len = ip4_hdr_len(ip);

	memmove(at, ip, hdr_len);
	head->proto = ours->proto;
	head->len = htons(total_len);
	ip4_sum_write(head);
	memcpy(at + hdr_len, ours + 1, o->len - IP4_HDR_LEN);
	rest_finish(o, at + hdr_len, total_len - hdr_len, seq);
}
