/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the gate tells the worker about a frame: XDP metadata, directly in front of the
 * Ethernet header of every frame that is redirected to an AF_XDP socket. At most 32 bytes
 * (the limit of kernels before 6.3), a multiple of 4.
 *
 * META_OUT and META_HOLD: the TTL is decremented already, unless this host made the packet
 * (RFC 4301 5.1.2.1); VLAN tags are still there (l3_off says). META_IN: the frame as it came.
 */
#ifndef SEKISHO_XSK_META_H
#define SEKISHO_XSK_META_H

#include <linux/types.h>

enum meta_kind {
	META_OUT = 1,  /* clear packet; protect it with outbound SA `sa` of `child` */
	META_IN = 2,   /* ESP, perhaps in UDP, or AH; open it with inbound SA `sa` */
	META_HOLD = 3, /* clear packet for `child`, which has no SA yet: hold or drop */
	META_REJECT = 4, /* clear packet that the SPD discards: answer by ICMP; untouched */
	META_PMTU = 5, /* ICMP: a packet of outbound SA `sa` was too big for the road */
	META_FRAGMENT = 6, /* of ESP, perhaps in UDP, or of AH; of the first one `sa` is known, and esp_off */
};

#define XSK_META_MAGIC 0x534b /* "SK": frames of a foreign XDP program are dropped */

struct xsk_meta {
	__u16 magic;
	__u8 kind;
	__u8 zero;
	__u32 sa;
	__u32 child;
	__u16 l3_off;  /* of the IP header, from the Ethernet header */
	__u16 esp_off; /* of the ESP or AH header, from the Ethernet header: META_IN; META_PMTU: of SPI
			* and number in the quoted one */
};

_Static_assert(sizeof(struct xsk_meta) == 16, "metadata layout");

#endif
