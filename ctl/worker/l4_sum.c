/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/l4_sum.h"

#define PROTO_TCP 6u
#define PROTO_UDP 17u
#define TCP_HDR_LEN 20u
#define TCP_CHECK 16u /* offset of the checksum */

static __be16 sum_with_addrs(const struct ip4 *ip, const uint8_t *l4, uint32_t len)
{
	struct {
		__be32 src, dst;
		uint8_t zero, proto;
		__be16 len;
	} pseudo = { ip->src, ip->dst, 0, ip->proto, htons((uint16_t)len) };

	return sum_fold(sum16(l4, len, sum16(&pseudo, sizeof(pseudo), 0)));
}

static void tcp_sum_write(const struct ip4 *ip, uint8_t *l4, uint32_t len)
{
	__be16 sum = 0;

	if (len < TCP_HDR_LEN)
		return;
	memcpy(l4 + TCP_CHECK, &sum, sizeof(sum));
	sum = sum_with_addrs(ip, l4, len);
	memcpy(l4 + TCP_CHECK, &sum, sizeof(sum));
}

static void udp_sum_write(const struct ip4 *ip, uint8_t *l4, uint32_t len)
{
	struct udp *udp = (struct udp *)l4;

	if (len < UDP_HDR_LEN || ntohs(udp->len) < UDP_HDR_LEN || ntohs(udp->len) > len ||
	    !udp->check)
		return;
	udp->check = 0;
	udp->check = sum_with_addrs(ip, l4, ntohs(udp->len));
	if (!udp->check) /* 0 on the wire says: none (RFC 768) */
		udp->check = (__be16)~0;
}

void l4_sum_write(struct ip4 *ip)
{
	unsigned at = ip4_hdr_len(ip);
	uint8_t *l4 = (uint8_t *)ip + at;
	uint32_t len = ntohs(ip->len) - at;

	if (ip->proto == PROTO_TCP)
		tcp_sum_write(ip, l4, len);
	else if (ip->proto == PROTO_UDP)
		udp_sum_write(ip, l4, len);
}
