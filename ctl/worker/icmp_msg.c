/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/icmp_msg.h"

#include <string.h>
#include "base/addr.h"

#define ICMP_MAX 576u	  /* RFC 1812 4.3.2.3 */
#define TOS_CONTROL 0xc0u /* internetwork control, RFC 1812 4.3.2.5 */
#define ICMPV6_ERROR_MAX 127u
#define ICMPV6_REDIRECT 137u

struct icmp {
	uint8_t type, code;
	__be16 check;
	__be32 rest;
} __attribute__((packed));

struct icmp_kind {
	uint8_t type4, code4, type6, code6;
};

static const struct icmp_kind kinds[] = {
	[ICMP_TTL] = { 11, 0, 3, 0 },
	[ICMP_TOO_BIG] = { 3, 4, 2, 0 },
	[ICMP_PROHIBITED] = { 3, 13, 1, 1 },
};

static bool is_icmp_error(const uint8_t *packet, const struct ip_info *info)
{
	uint8_t type;

	if (info->proto != (info->version == 4 ? PROTO_ICMP : PROTO_ICMPV6))
		return false;
	if (info->l4 >= info->len)
		return true;
	type = packet[info->l4];
	if (info->version == 6)
		return type <= ICMPV6_ERROR_MAX || type == ICMPV6_REDIRECT;
	return type != 0 && type != 8 && type != 13 && type != 14;
}

static bool is_group(struct addr_num a)
{
	return addr_num_is_v4(a) ? (uint32_t)a.lo >> 28 >= 0xe : a.hi >> 56 == 0xff;
}

static bool is_host(struct addr_num a)
{
	uint32_t v4 = (uint32_t)a.lo;

	if (addr_num_is_v4(a))
		return v4 >> 24 != 0 && v4 >> 24 != 127 && !is_group(a);
	return !is_group(a) && (a.hi || a.lo > 1); /* neither :: nor ::1 */
}

bool icmp_may_answer(const uint8_t *packet, const struct ip_info *info)
{
	return is_host(info->src) && !is_group(info->dst) && !info->is_later &&
	       !is_icmp_error(packet, info);
}

static uint32_t ip4_error(uint8_t *at, struct addr_num src, struct addr_num dst, uint32_t len,
			  struct icmp *icmp)
{
	struct ip4 ip = { .ver_ihl = 0x45,
			  .tos = TOS_CONTROL,
			  .len = htons((uint16_t)(IP4_HDR_LEN + len)),
			  .ttl = IP4_TTL,
			  .proto = PROTO_ICMP,
			  .src = htonl((uint32_t)src.lo),
			  .dst = htonl((uint32_t)dst.lo) };

	ip4_sum_write(&ip);
	memcpy(at, &ip, sizeof(ip));
	memcpy(at + sizeof(ip), icmp, sizeof(*icmp));
	icmp->check = sum_fold(sum16(at + sizeof(ip), len, 0));
	return sizeof(ip);
}

static uint32_t ip6_error(uint8_t *at, struct addr_num src, struct addr_num dst, uint32_t len,
			  struct icmp *icmp)
{
	struct ip6 ip = { .flow = htonl(6u << 28),
			  .len = htons((uint16_t)len),
			  .next = PROTO_ICMPV6,
			  .hops = IP6_HOPS,
			  .src = addr_from_num(src),
			  .dst = addr_from_num(dst) };

	memcpy(at, &ip, sizeof(ip));
	memcpy(at + sizeof(ip), icmp, sizeof(*icmp));
	icmp->check = sum_fold(sum16(at + sizeof(ip), len, ip_pseudo_sum(at, PROTO_ICMPV6, len)));
	return sizeof(ip);
}

uint32_t icmp_write(uint8_t *packet, const struct ip_info *info, enum icmp_error what, uint16_t mtu,
		    struct addr_num src, uint8_t **ret_at)
{
	bool is_v4 = info->version == 4;
	uint32_t hdr_len = is_v4 ? IP4_HDR_LEN : IP6_HDR_LEN, max = is_v4 ? ICMP_MAX : IP6_MTU_MIN;
	const struct icmp_kind *kind = &kinds[what];
	struct icmp icmp = { .type = is_v4 ? kind->type4 : kind->type6,
			     .code = is_v4 ? kind->code4 : kind->code6,
			     .rest = htonl(mtu) };
	uint32_t quote = max - hdr_len - (uint32_t)sizeof(icmp), len;

	quote = info->len < quote ? info->len : quote;
	len = (uint32_t)sizeof(icmp) + quote;
	*ret_at = packet - sizeof(icmp) - hdr_len;
	hdr_len = is_v4 ? ip4_error(*ret_at, src, info->src, len, &icmp)
			: ip6_error(*ret_at, src, info->src, len, &icmp);
	memcpy(*ret_at + hdr_len, &icmp, sizeof(icmp));
	return hdr_len + len;
}
