/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What is addressed to this host and is IPsec's own: IKE goes to the daemon before any policy
 * is asked, ESP (plain or in UDP, RFC 3948) and AH go to the worker if the SAD knows its SPI.
 */
#ifndef BPF_SAD_H
#define BPF_SAD_H

#include <sekisho/esp.h>
#include <sekisho/xsk_meta.h>
#include "host.h"

#define NATT_KEEPALIVE 0xff /* RFC 3948 2.3: one byte */

/* The SA of the ESP or AH header at esp_off. TO_WORKER_IN: *m says which. */
static __always_inline enum gate_outcome sad_find(const struct packet *p, __u16 esp_off,
						  struct xsk_meta *m)
{
	/* SPI and number of AH stand behind its next header and length (RFC 4302 2). */
	__u16 spi_off = p->proto == IPPROTO_NUM_AH ? esp_off + AH_SPI_AT : esp_off;
	struct esp_hdr *esp = header_at(p, spi_off);

	if (p->is_later_fragment) {
		m->kind = META_FRAGMENT;
		return GATE_TO_WORKER_IN;
	}
	if (spi_off + sizeof(*esp) > (__u32)p->l3_off + p->total_len)
		return GATE_DROP_MALFORMED;
	if ((void *)(esp + 1) > p->end)
		return GATE_DROP_RUNT;
	struct sad_key key = { .spi = bpf_ntohl(esp->spi),
			       .proto = p->proto == IPPROTO_NUM_AH ? IPPROTO_NUM_AH : IPPROTO_NUM_ESP };
	addr_write(key.daddr, &p->daddr);
	struct sad_val *val = bpf_map_lookup_elem(&sad, &key);
	if (!val || val->dir != SA_IN)
		return GATE_DROP_NO_SA;
	m->kind = p->is_fragment ? META_FRAGMENT : META_IN;
	m->sa = val->sa;
	m->child = val->child;
	m->esp_off = esp_off;
	return GATE_TO_WORKER_IN;
}

static __always_inline struct natt_frag_key natt_frag(const struct packet *p)
{
	struct natt_frag_key key = { .id = p->frag_id };

	addr_write(key.saddr, &p->saddr);
	addr_write(key.daddr, &p->daddr);
	return key;
}

/* Later fragments of UDP: the worker's where the first one was. */
static __always_inline enum gate_outcome natt_later(const struct packet *p, struct xsk_meta *m)
{
	struct natt_frag_key key = natt_frag(p);

	if (!bpf_map_lookup_elem(&natt_frags, &key)) /* port 4500, but no ESP: IKE, too */
		return p->dport == IKE_PORT || p->dport == NATT_PORT ? GATE_PASS_IKE : NEXT;
	m->kind = META_FRAGMENT;
	return GATE_TO_WORKER_IN;
}

static __always_inline enum gate_outcome natt_esp(const struct packet *p, __u16 esp_off,
						  struct xsk_meta *m)
{
	enum gate_outcome o = sad_find(p, esp_off, m);
	struct natt_frag_key key;
	__u8 is_there = 1;

	if (o != GATE_TO_WORKER_IN || !p->is_fragment)
		return o;
	key = natt_frag(p);
	return bpf_map_update_elem(&natt_frags, &key, &is_there, BPF_ANY) ? GATE_DROP_BUG : o;
}

/* Port 4500: the first four bytes are zero for IKE, else the SPI (RFC 3948 2.2). */
static __always_inline enum gate_outcome sad_natt(const struct packet *p, struct xsk_meta *m)
{
	struct udphdr *udp = header_at(p, p->l4_off);
	__u8 *first = (__u8 *)(udp + 1);
	__be32 *marker = (__be32 *)(udp + 1);

	if ((void *)(first + 1) > p->end)
		return GATE_DROP_RUNT;
	__u32 len = bpf_ntohs(udp->len);
	if (len < sizeof(*udp) ||
	    (!p->is_fragment && p->l4_off + len > (__u32)p->l3_off + p->total_len))
		return GATE_DROP_MALFORMED;
	if (len == sizeof(*udp) + 1 && *first == NATT_KEEPALIVE)
		return GATE_DROP_KEEPALIVE;
	if (len < sizeof(*udp) + sizeof(*marker))
		return GATE_DROP_MALFORMED;
	if ((void *)(marker + 1) > p->end)
		return GATE_DROP_RUNT;
	if (*marker == 0)
		return GATE_PASS_IKE;
	return natt_esp(p, p->l4_off + sizeof(*udp), m);
}

/* NEXT: not IPsec's own; the SPD decides. */
static __always_inline enum gate_outcome sad_inbound(const struct packet *p, struct xsk_meta *m)
{
	if (p->proto == IPPROTO_NUM_ESP || p->proto == IPPROTO_NUM_AH)
		return sad_find(p, p->l4_off, m);
	if (p->proto != IPPROTO_UDP)
		return NEXT;
	if (p->is_later_fragment)
		return natt_later(p, m);
	if (p->dport == IKE_PORT)
		return GATE_PASS_IKE;
	return p->dport == NATT_PORT ? sad_natt(p, m) : NEXT;
}

#endif
