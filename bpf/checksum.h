/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The checksum of an IPv4 header (RFC 1071), which each router verifies (RFC 1812 5.2.2). */
#ifndef BPF_CHECKSUM_H
#define BPF_CHECKSUM_H

#include "parse.h"

#define IPV4_WORDS_MAX 15 /* the header length is a number of 4 bits */

/* Of the header at l3_off, which parse() has found whole. The order of bytes does not matter to the
 * sum. A function of its own for the verifier, as forward_fib(). */
__weak __noinline int ipv4_sum_holds(struct xdp_md *ctx, __u32 l3_off)
{
	void *end = (void *)(long)ctx->data_end;
	struct iphdr *ip = (void *)(long)ctx->data + (l3_off & HEADER_OFF_MASK);
	__u32 *word = (void *)ip;
	__u64 sum;

	if ((void *)(ip + 1) > end)
		return false;
	sum = (__u64)word[0] + word[1] + word[2] + word[3] + word[4];
	for (__u32 i = sizeof(*ip) / sizeof(*word); i < IPV4_WORDS_MAX && i < ip->ihl; i++) {
		if ((void *)(word + i + 1) > end)
			return false;
		sum += word[i];
	}
	sum = (sum & 0xffffffff) + (sum >> 32); /* of at most 15 words: 33 bits, then 17 twice */
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16) == 0xffff;
}

#endif
