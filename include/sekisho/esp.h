/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* ESP on the wire (RFC 4303 2, RFC 4106, RFC 3948): offsets and sizes, nothing executable. */
#ifndef SEKISHO_ESP_H
#define SEKISHO_ESP_H

#include <linux/types.h>

#define IPPROTO_NUM_ESP 50
#define IPPROTO_NUM_AH 51
#define IKE_PORT 500
#define NATT_PORT 4500

struct esp_hdr {
	__be32 spi;
	__be32 seq; /* low 32 bits (RFC 4303 2.2.1) */
};

#define ESP_HDR_LEN 8u
#define ESP_TRAILER_LEN 2u /* pad length, next header */
#define ESP_ALIGN 4u       /* the ciphertext ends on a 4-byte boundary (RFC 4303 2.4) */
/* The most that any algorithm takes (RFC 8221); each one's are in ctl/crypto/alg.c. */
#define ESP_IV_MAX 16u    /* AES-CBC */
#define ESP_ICV_MAX 32u   /* HMAC-SHA2-512-256 */
#define ESP_ALIGN_MAX 16u /* AES-CBC */
#define ESP_SALT_MAX 4u
/* AES-GCM-16 (RFC 4106), the usual one. */
#define ESP_GCM_IV_LEN 8u
#define ESP_GCM_SALT_LEN 4u
#define ESP_GCM_ICV_LEN 16u
#define ESP_NEXT_IPV4 4    /* next header of a tunnel packet */
#define ESP_NEXT_IPV6 41
#define ESP_NEXT_NONE 59   /* dummy packet */

/* AH (RFC 4302 2): next header, length, reserved, then SPI and number as in ESP, then the ICV. */
#define AH_HDR_LEN 12u /* without ICV */
#define AH_SPI_AT 4u
#define AH_PAD_MAX 4u /* AH is whole 32-bit words with IPv4, 64-bit words with IPv6 */

#endif
