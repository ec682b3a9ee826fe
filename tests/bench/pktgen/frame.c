// SPDX-License-Identifier: BSD-2-Clause
/* The bytes of one frame: UDP over IPv4 or IPv6, or the same sealed in an ESP tunnel. */
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <string.h>
#include "gen.h"
#include <sekisho/esp.h>

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

static uint32_t sum16(const uint8_t *p, int len, uint32_t s)
{
	for (; len > 1; p += 2, len -= 2)
		s += p[0] << 8 | p[1];
	if (len)
		s += p[0] << 8;
	return s;
}

static uint16_t fold(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return s;
}

static int ip_header_len(int family)
{
	return family == AF_INET6 ? 40 : 20;
}

static int put_eth(const struct options *o, uint8_t *p, int family)
{
	memcpy(p, o->dmac, 6);
	memcpy(p + 6, o->smac, 6);
	put16(p + 12, family == AF_INET6 ? ETH_P_IPV6 : ETH_P_IP);
	return ETH_HLEN;
}

struct ip_ends {
	const struct range *src, *dst;
	uint64_t i;
};

static int put_ip6(uint8_t *p, struct ip_ends ends, int proto, int l4_len)
{
	put32(p, 6u << 28);
	put16(p + 4, l4_len);
	p[6] = proto;
	p[7] = 64;
	range_at(ends.src, ends.i, p + 8);
	range_at(ends.dst, ends.i, p + 24);
	return 40;
}

static int put_ip(uint8_t *p, struct ip_ends ends, int proto, int l4_len)
{
	if (ends.src->family == AF_INET6)
		return put_ip6(p, ends, proto, l4_len);
	memset(p, 0, 12);
	p[0] = 0x45;
	put16(p + 2, 20 + l4_len);
	put16(p + 6, 0x4000); /* DF */
	p[8] = 64;
	p[9] = proto;
	range_at(ends.src, ends.i, p + 12);
	range_at(ends.dst, ends.i, p + 16);
	put16(p + 10, ~fold(sum16(p, 20, 0)));
	return 20;
}

/* An IP packet of ip_len bytes; returns how many of them are headers. IPv4 goes without a UDP
 * checksum; IPv6 may not, and its payload is all zero so that the sum covers headers only. */
static int put_udp_packet(const struct options *o, uint8_t *p, uint64_t i, int ip_len)
{
	int ihl = ip_header_len(o->src.family), udp_len = ip_len - ihl;
	uint8_t *u = p + ihl;

	if (udp_len < 8)
		die("a %d byte packet is too short for IP and UDP", ip_len);
	put_ip(p, (struct ip_ends){ &o->src, &o->dst, i }, IPPROTO_UDP, udp_len);
	put16(u, o->sport + i % o->n_sport);
	put16(u + 2, o->dport);
	put16(u + 4, udp_len);
	put16(u + 6, 0);
	memset(u + 8, 0, udp_len - 8);
	if (o->src.family == AF_INET6) {
		uint16_t c = ~fold(sum16(p + 8, 32, sum16(u, 8, IPPROTO_UDP + udp_len)));

		put16(u + 6, c ? c : 0xffff);
	}
	return ihl + 8;
}

int frame_put_udp(const struct options *o, uint8_t *p, uint64_t i, int size, int *ret_copy)
{
	int off = put_eth(o, p, o->src.family);
	uint64_t flow = o->n_sizes > 1 ? i / o->n_sizes : i;

	*ret_copy = off + put_udp_packet(o, p + off, flow, size - off);
	if (o->full_copy)
		*ret_copy = size;
	return size;
}

int frame_esp_overhead_max(const struct esp_options *esp)
{
	return ip_header_len(esp->osrc.family) + (esp->natt ? 8 : 0) + ESP_HDR_LEN +
	       ESP_GCM_IV_LEN + (ESP_ALIGN - 1) + ESP_TRAILER_LEN + ESP_GCM_ICV_LEN;
}

struct evp_cipher_ctx_st *frame_esp_context(const struct esp_options *esp)
{
	const EVP_CIPHER *aes = esp->key_len == 16   ? EVP_aes_128_gcm()
				: esp->key_len == 24 ? EVP_aes_192_gcm()
						     : EVP_aes_256_gcm();
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();

	if (!c || EVP_EncryptInit_ex(c, aes, NULL, esp->key, NULL) != 1)
		die("no AES-GCM");
	return c;
}

/* Inner packet, padding, pad length and next header (RFC 4303 2.4); returns the length. */
static int put_plaintext(const struct options *o, uint8_t *pt, uint64_t i, int ip_len)
{
	int pad = (ESP_ALIGN - (ip_len + ESP_TRAILER_LEN) % ESP_ALIGN) % ESP_ALIGN;

	put_udp_packet(o, pt, i, ip_len);
	for (int k = 0; k < pad; k++)
		pt[ip_len + k] = k + 1;
	pt[ip_len + pad] = pad;
	pt[ip_len + pad + 1] = o->src.family == AF_INET6 ? IPPROTO_IPV6 : ESP_NEXT_IPV4;
	return ip_len + pad + (int)ESP_TRAILER_LEN;
}

/* SPI, sequence number, IV = sequence number, ciphertext, ICV: RFC 4106 3, at e. */
static void seal(const struct esp_options *esp, uint8_t *e, uint64_t seq, const uint8_t *pt,
		 int pt_len, EVP_CIPHER_CTX *c)
{
	uint8_t nonce[12], aad[12], *ct = e + ESP_HDR_LEN + ESP_GCM_IV_LEN;
	int aad_len = ESP_HDR_LEN, n, rest;

	put32(e + 4, seq);
	put32(e + 8, seq >> 32);
	put32(e + 12, seq);
	memcpy(nonce, esp->salt, 4);
	memcpy(nonce + 4, e + ESP_HDR_LEN, ESP_GCM_IV_LEN);
	memcpy(aad, e, ESP_HDR_LEN);
	if (esp->esn) {
		put32(aad + 4, seq >> 32);
		put32(aad + 8, seq);
		aad_len = 12;
	}
	if (EVP_EncryptInit_ex(c, NULL, NULL, NULL, nonce) != 1 ||
	    EVP_EncryptUpdate(c, NULL, &n, aad, aad_len) != 1 ||
	    EVP_EncryptUpdate(c, ct, &n, pt, pt_len) != 1 ||
	    EVP_EncryptFinal_ex(c, ct + n, &rest) != 1 ||
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, ESP_GCM_ICV_LEN, ct + pt_len) != 1)
		die("AES-GCM failed");
}

int frame_put_esp(const struct options *o, uint8_t *p, uint64_t i, int size,
		  struct evp_cipher_ctx_st *c)
{
	const struct esp_options *esp = &o->esp;
	uint64_t tunnel = i % esp->tunnels, seq = esp->seq + i / esp->tunnels;
	uint8_t pt[GEN_FRAME_MAX];
	int pt_len = put_plaintext(o, pt, i, size - ETH_HLEN), udp = esp->natt ? 8 : 0;
	int esp_len = ESP_HDR_LEN + ESP_GCM_IV_LEN + pt_len + ESP_GCM_ICV_LEN;
	int off = put_eth(o, p, esp->osrc.family);

	off += put_ip(p + off, (struct ip_ends){ &esp->osrc, &esp->odst, tunnel },
		      udp ? IPPROTO_UDP : IPPROTO_ESP, esp_len + udp);
	if (udp) {
		put16(p + off, NATT_PORT);
		put16(p + off + 2, NATT_PORT);
		put16(p + off + 4, esp_len + udp);
		put16(p + off + 6, 0);
		off += udp;
	}
	put32(p + off, esp->spi + tunnel);
	seal(esp, p + off, seq, pt, pt_len, c);
	return off + esp_len;
}
