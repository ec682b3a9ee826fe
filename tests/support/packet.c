/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/packet.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sekisho/esp.h>

void pkt_mac(const char *text, uint8_t ret_mac[6])
{
	unsigned b[6];

	if (sscanf(text, "%x:%x:%x:%x:%x:%x", b, b + 1, b + 2, b + 3, b + 4, b + 5) != 6)
		abort();
	for (int i = 0; i < 6; i++)
		ret_mac[i] = (uint8_t)b[i];
}

static int is_v6(const struct pkt *p)
{
	return p->src && strchr(p->src, ':');
}

static uint32_t v4(const char *text)
{
	struct in_addr a;

	if (inet_pton(AF_INET, text, &a) != 1)
		abort();
	return a.s_addr;
}

static uint8_t *put16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
	return at + 2;
}

static uint8_t *put_link(const struct pkt *p, uint8_t *at, uint16_t ethertype)
{
	pkt_mac(p->dmac ? p->dmac : "02:00:00:00:00:01", at);
	pkt_mac(p->smac ? p->smac : "02:00:00:00:00:02", at + 6);
	at += 12;
	for (int i = 0; i < 2; i++)
		if (p->vlan[i])
			at = put16(put16(at, i == 0 && p->vlan[1] ? ETH_P_8021AD : ETH_P_8021Q),
				   p->vlan[i]);
	return put16(at, ethertype);
}

static uint16_t checksum_on(uint32_t sum, const uint8_t *at, size_t len)
{

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)at[i] << 8 | at[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~(sum + (sum >> 16));
}

static uint16_t checksum(const uint8_t *at, size_t len)
{
	return checksum_on(0, at, len);
}

static uint8_t ttl(const struct pkt *p)
{
	return p->no_ttl ? 0 : p->ttl ? p->ttl : 64;
}

static uint8_t *put_ipv4(const struct pkt *p, uint8_t *at, size_t l4_len)
{
	size_t header_len = 20 + 4u * p->option_words;
	uint32_t src = v4(p->src), dst = v4(p->dst);

	memset(at, 1, header_len); /* options: no-ops */
	at[0] = (uint8_t)((p->version ? p->version : 4) << 4 | (p->ihl ? p->ihl : header_len / 4));
	at[1] = p->tos;
	put16(at + 2, (uint16_t)((int)(header_len + l4_len) + p->total_len_off));
	put16(at + 4, p->id ? p->id : 0x1234);
	put16(at + 6, p->frag);
	at[8] = ttl(p);
	at[9] = p->proto ? p->proto : IPPROTO_UDP;
	put16(at + 10, 0);
	memcpy(at + 12, &src, 4);
	memcpy(at + 16, &dst, 4);
	put16(at + 10, (uint16_t)(checksum(at, header_len) + p->sum_off));
	return at + header_len;
}

#define IPPROTO_FRAGMENT_HEADER 44

/* Each header says what the next one is. */
static uint8_t *put_ext(const struct pkt *p, uint8_t *at, uint8_t *next, uint8_t proto)
{
	size_t len = 8u * (p->ext_len + 1u);

	for (int i = 0; i < p->n_ext; i++) {
		*next = p->ext[i];
		memset(at, 0, len); /* options: Pad1 */
		next = at;
		at[1] = p->ext_len;
		if (p->ext[i] == IPPROTO_ROUTING)
			at[3] = p->segments_left;
		at += len;
	}
	if (p->frag) {
		*next = IPPROTO_FRAGMENT_HEADER;
		memset(at, 0, 8);
		put16(at + 2, p->frag);
		put16(at + 6, p->id);
		next = at;
		at += 8;
	}
	*next = proto;
	return at;
}

static uint8_t *put_ipv6(const struct pkt *p, uint8_t *at, size_t l4_len)
{
	size_t ext_len = 8u * (p->ext_len + 1u) * p->n_ext + (p->frag ? 8 : 0);

	put16(at, (uint16_t)((p->version ? p->version : 6) << 12 | p->tos << 4));
	put16(at + 2, 0);
	put16(at + 4, (uint16_t)((int)(ext_len + l4_len) + p->total_len_off));
	at[7] = ttl(p);
	if (inet_pton(AF_INET6, p->src, at + 8) != 1 || inet_pton(AF_INET6, p->dst, at + 24) != 1)
		abort();
	return put_ext(p, at + 40, at + 6, p->proto ? p->proto : IPPROTO_UDP);
}

static uint8_t *put_ip(const struct pkt *p, uint8_t *ret_frame, size_t l4_len)
{
	if (is_v6(p))
		return put_ipv6(p, put_link(p, ret_frame, ETH_P_IPV6), l4_len);
	return put_ipv4(p, put_link(p, ret_frame, ETH_P_IP), l4_len);
}

static uint8_t *put_payload(const struct pkt *p, uint8_t *at, size_t len)
{
	memset(at, 0x5a, len);
	if (p->content == PAYLOAD_KEEPALIVE)
		at[0] = 0xff;
	if (p->content == PAYLOAD_MARKER)
		memset(at, 0, 4);
	uint32_t spi_at = p->proto == IPPROTO_AH ? AH_SPI_AT : 0;
	if (p->spi)
		put16(put16(at + spi_at, (uint16_t)(p->spi >> 16)), (uint16_t)p->spi);
	return at + len;
}

static int is_later_fragment(const struct pkt *p)
{
	return p->frag & (is_v6(p) ? 0xfff8 : 0x1fff);
}

static int is_udp(const struct pkt *p)
{
	return (!p->proto || p->proto == IPPROTO_UDP) && !is_later_fragment(p);
}

static int is_icmp(const struct pkt *p)
{
	return (p->proto == IPPROTO_ICMP || p->proto == IPPROTO_ICMPV6) && !is_later_fragment(p);
}

/* TCP needs no more than its ports here. */
static int is_tcp(const struct pkt *p)
{
	return p->proto == IPPROTO_TCP && !is_later_fragment(p);
}

static uint8_t *put_l4(const struct pkt *p, uint8_t *at, size_t payload)
{
	if (is_udp(p) || is_tcp(p))
		at = put16(put16(at, p->sport), p->dport);
	if (is_udp(p))
		at = put16(put16(at, (uint16_t)((int)payload + 8 + p->udp_len_off)), 0);
	else if (is_tcp(p)) {
		memset(at, 0, 16);
		at += 16;
	}
	uint8_t *end = put_payload(p, at, payload);
	if (is_icmp(p))
		put16(at, p->sport);
	return end;
}

static uint8_t *put_arp(const struct pkt *p, uint8_t *at)
{
	uint32_t spa = v4(p->src), tpa = v4(p->dst);

	at = put16(put16(at, 1), ETH_P_IP);
	*at++ = 6;
	*at++ = 4;
	at = put16(at, p->arp_op);
	pkt_mac(p->smac ? p->smac : "02:00:00:00:00:02", at);
	memcpy(at + 6, &spa, 4);
	if (p->arp_op == 2)
		pkt_mac(p->dmac, at + 10);
	else
		memset(at + 10, 0, 6);
	memcpy(at + 16, &tpa, 4);
	return at + 20;
}

#define NDP_LEN 32
#define NDP_ADVERTISEMENT 136

/* Solicited, of a router, overriding (RFC 4861 4.4). */
static uint8_t *put_ndp(const struct pkt *p, uint8_t *at)
{
	bool is_answer = p->icmp_type == NDP_ADVERTISEMENT;

	memset(at, 0, NDP_LEN);
	at[0] = p->icmp_type;
	at[1] = p->icmp_code;
	at[4] = !is_answer ? 0 : p->ndp_flags ? p->ndp_flags : 0xe0;
	if (inet_pton(AF_INET6, p->target, at + 8) != 1)
		abort();
	at[24] = is_answer ? 2 : 1;
	at[25] = 1;
	pkt_mac(p->smac, at + 26);
	/* The pseudo header: both addresses stand before the message. */
	put16(at + 2, (uint16_t)(checksum_on(NDP_LEN + IPPROTO_ICMPV6, at - 32, 32 + NDP_LEN) +
				 p->udp_len_off));
	return at + NDP_LEN;
}

/* Type, code, checksum (left out), 4 bytes unused, then the packet from its IP header on. */
static size_t build_icmp(const struct pkt *p, uint8_t *ret_frame)
{
	uint8_t quote[PKT_MAX];
	size_t len = pkt_build(p->quote, quote) - ETH_HLEN;
	uint8_t *at = put_ip(p, ret_frame, 8 + len);

	memset(at, 0, 8);
	at[0] = p->icmp_type;
	at[1] = p->icmp_code;
	memcpy(at + 8, quote + ETH_HLEN, len);
	return (size_t)(at + 8 + len - ret_frame);
}

size_t pkt_build(const struct pkt *p, uint8_t *ret_frame)
{
	if (p->quote)
		return build_icmp(p, ret_frame);

	size_t payload = p->payload ? p->payload : p->content == PAYLOAD_KEEPALIVE ? 1 : 16;
	size_t l4 = payload + (is_udp(p) ? 8 : is_tcp(p) ? 20 : 0);
	uint8_t *at;

	if (p->kind == PKT_ARP)
		at = put_arp(p, put_link(p, ret_frame, ETH_P_ARP));
	else if (p->kind == PKT_NDP)
		at = put_ndp(p, put_ip(p, ret_frame, NDP_LEN));
	else if (p->kind == PKT_OTHER)
		at = put_payload(p, put_link(p, ret_frame, p->ethertype), payload);
	else
		at = put_l4(p, put_ip(p, ret_frame, l4), payload);
	return (size_t)(at - ret_frame);
}
