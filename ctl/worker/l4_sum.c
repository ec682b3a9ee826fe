/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/l4_sum.h"

#define TCP_HDR_LEN 20u
#define TCP_CHECK 16u /* offset of the checksum */
#define ICMPV6_HDR_LEN 8u
#define ICMPV6_CHECK 2u

/* The checksum stands at `check`, in a header of min_len bytes at least. */
static void plain_sum_write(uint8_t *packet, const struct ip_info *info, uint32_t min_len,
			    uint32_t check)
{
	uint8_t *l4 = packet + info->l4;
	uint32_t len = info->len - info->l4;
	__be16 sum = 0;

	if (len < min_len)
		return;
	memcpy(l4 + check, &sum, sizeof(sum));
	sum = sum_fold(sum16(l4, len, ip_pseudo_sum(packet, info->proto, len)));
	memcpy(l4 + check, &sum, sizeof(sum));
}

static void udp_sum_write(uint8_t *packet, const struct ip_info *info)
{
	struct udp *udp = (struct udp *)(packet + info->l4);
	uint32_t room = info->len - info->l4;

	if (room < UDP_HDR_LEN || ntohs(udp->len) < UDP_HDR_LEN || ntohs(udp->len) > room ||
	    !udp->check)
		return;
	uint32_t len = ntohs(udp->len);
	udp->check = 0;
	udp->check = sum_fold(sum16(udp, len, ip_pseudo_sum(packet, PROTO_UDP, len)));
	if (!udp->check) /* 0 on the wire says: none (RFC 768) */
		udp->check = (__be16)~0;
}

void l4_sum_write(uint8_t *packet, const struct ip_info *info)
{
	if (info->is_fragment)
		return;
	if (info->proto == PROTO_TCP)
		plain_sum_write(packet, info, TCP_HDR_LEN, TCP_CHECK);
	else if (info->proto == PROTO_UDP)
		udp_sum_write(packet, info);
	else if (info->proto == PROTO_ICMPV6)
		plain_sum_write(packet, info, ICMPV6_HDR_LEN, ICMPV6_CHECK);
}
