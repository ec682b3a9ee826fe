/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/esp_in.h"

#include <errno.h>
#include <string.h>
#include <sekisho/esp.h>
#include "worker/ip4.h"
#include "worker/l4_sum.h"
#include "worker/replay.h"

#define PROTO_UDP 17u

#define ECN_NOT 0u
#define ECN_CE 3u

/* Length of the ESP packet at f->esp, 0 if the frame does not hold it wholly where the gate
 * says. Ethernet padding behind the IP packet is not counted. */
static uint32_t esp_len(const struct frame *f)
{
	if (f->len < f->l3)
		return 0;
	const struct ip4 *ip = (const struct ip4 *)(f->data + f->l3);
	uint32_t total = ip4_packet_len(f->data + f->l3, f->len - f->l3);
	if (!total)
		return 0;
	uint32_t at = ip4_hdr_len(ip), l4_len = total - at;
	if (ip->proto == PROTO_UDP) {
		const struct udp *udp = (const struct udp *)((const uint8_t *)ip + at);
		if (l4_len < UDP_HDR_LEN || ntohs(udp->len) != l4_len)
			return 0;
		at += UDP_HDR_LEN;
	} else if (ip->proto != IPPROTO_NUM_ESP) {
		return 0;
	}
	return f->esp == f->l3 + at && total > at ? total - at : 0;
}

/* Length of the ciphertext in an ESP packet; 0 if it is not whole blocks or, with stream ciphers,
 * 4-byte words (RFC 4303 2.4). */
static uint32_t text_len_of(const struct esp_key *key, uint32_t len)
{
	uint32_t around = ESP_HDR_LEN + key->iv_len + key->icv_len;

	if (len <= around || (len - around) & (key->align - 1u))
		return 0;
	return len - around;
}

static void job_make(struct frame *f, struct sa_rt *sa, uint32_t text_len, struct esp_job *ret_job)
{
	uint8_t *esp = f->data + f->esp;
	__be32 high = htonl((uint32_t)(f->seq >> 32));

	ret_job->key = sa->key;
	ret_job->text = esp + ESP_HDR_LEN + sa->key->iv_len;
	ret_job->text_len = text_len;
	ret_job->icv = ret_job->text + text_len;
	ret_job->result = 0;
	memcpy(ret_job->iv, esp + ESP_HDR_LEN, ESP_IV_MAX); /* shorter: the excess is not used */
	memcpy(ret_job->aad, esp, ESP_HDR_LEN);
	ret_job->aad_len = ESP_HDR_LEN;
	if (sa->flags & SA_ESN) { /* SPI, high half, low half (RFC 4106 5) */
		memcpy(ret_job->aad + 8, esp + 4, 4);
		memcpy(ret_job->aad + 4, &high, 4);
		ret_job->aad_len = ESP_AAD_MAX;
	}
}

enum worker_outcome esp_in_check(struct frame *f, struct sa_rt *sa, struct esp_job *ret_job)
{
	uint32_t text_len = text_len_of(sa->key, esp_len(f));
	struct esp_hdr esp;

	if (!text_len)
		return WORKER_DROP_RUNT;
	memcpy(&esp, f->data + f->esp, sizeof(esp));
	if (ntohl(esp.spi) != sa->spi)
		return WORKER_DROP_STALE_SA;
	/* With a NAT between, bare ESP cannot come from our peer. The other way round is
	 * allowed: UDP is taken even when no NAT was seen (RFC 7296 2.23). */
	const struct ip4 *ip = (const struct ip4 *)(f->data + f->l3);
	if ((sa->flags & SA_ENCAP) && ip->proto != PROTO_UDP)
		return WORKER_DROP_ENCAP;
	if (!replay_infer(sa->hot, ntohl(esp.seq), sa->window, sa->flags & SA_ESN, &f->seq) ||
	    !replay_check(sa->hot, f->seq, sa->window)) {
		sa->hot->replayed++;
		return WORKER_DROP_REPLAY;
	}
	job_make(f, sa, text_len, ret_job);
	return FRAME_KEEP;
}

/* Length of the payload in front of the padding, or 0 if the padding is not 1, 2, 3, ...
 * (RFC 4303 2.4). */
static uint32_t payload_len(const uint8_t *text, uint32_t text_len)
{
	uint32_t pad_len = text[text_len - 2];

	if (pad_len + ESP_TRAILER_LEN >= text_len)
		return 0;
	const uint8_t *pad = text + text_len - ESP_TRAILER_LEN - pad_len;
	for (uint32_t i = 0; i < pad_len; i++)
		if (pad[i] != i + 1)
			return 0;
	return text_len - ESP_TRAILER_LEN - pad_len;
}

static bool selectors_match(const struct sa_rt *sa, const struct ip4 *ip, uint16_t len)
{
	struct ts_flow flow = {
		.local = ntohl(ip->dst),
		.remote = ntohl(ip->src),
		.proto = ip->proto,
	};

	flow.ports_known = ip4_ports(ip, len, &flow.remote_port, &flow.local_port);
	return ts_set_match(&sa->ts, &flow);
}

/* RFC 6040 4.2, figure 4: the mark of the outer header on the inner one. False: drop. */
static bool ecn_decapsulate(struct ip4 *ip, uint8_t outer_tos)
{
	uint8_t inner = ip->tos & IP4_ECN, outer = outer_tos & IP4_ECN;

	if (outer == ECN_CE && inner == ECN_NOT)
		return false;
	if (inner == ECN_NOT || inner == ECN_CE || outer == ECN_NOT || outer == inner)
		return true;
	if (outer == ECN_CE || outer == 1) /* ECT(1) over ECT(0) becomes ECT(1) */
		ip4_set_tos(ip, (uint8_t)((ip->tos & ~IP4_ECN) | outer));
	return true;
}

static enum worker_outcome inner_accept(struct frame *f, const struct sa_rt *sa, uint8_t *inner,
					uint32_t room)
{
	struct ip4 *ip = (struct ip4 *)inner;
	uint8_t outer_tos = ((const struct ip4 *)(f->data + f->l3))->tos;
	/* Less than `room` is allowed: traffic flow confidentiality padding (RFC 4303 2.7). */
	uint16_t len = ip4_packet_len(inner, room);

	if (!len || !ip4_sum_ok(ip))
		return WORKER_DROP_INNER;
	if (!selectors_match(sa, ip, len))
		return WORKER_DROP_SELECTOR;
	if (!ecn_decapsulate(ip, outer_tos))
		return WORKER_DROP_ECN;
	f->data = inner;
	f->len = len;
	f->l3 = 0;
	f->decrypted = true;
	return FRAME_KEEP;
}

/*
 * The outer header becomes that of the clear packet. A NAT that changed its addresses made the
 * checksum of the payload wrong: RFC 3948 3.1.2, second way (the ICV has vouched for the bytes).
 */
static enum worker_outcome transport_accept(struct frame *f, const struct sa_rt *sa,
					    uint8_t *payload, uint32_t len, uint8_t next)
{
	const struct ip4 *outer = (const struct ip4 *)(f->data + f->l3);
	unsigned hdr_len = ip4_hdr_len(outer);
	struct ip4 *ip = (struct ip4 *)(payload - hdr_len);
	bool is_encap = outer->proto == PROTO_UDP;

	if (!ip4_sum_ok(outer) || (ip4_frag(outer) & (IP4_MF | IP4_OFFSET)))
		return WORKER_DROP_INNER;
	memmove(ip, outer, hdr_len);
	ip->proto = next;
	ip->len = htons((uint16_t)(hdr_len + len));
	ip4_sum_write(ip);
	if (!selectors_match(sa, ip, (uint16_t)(hdr_len + len)))
		return WORKER_DROP_SELECTOR;
	if (is_encap)
		l4_sum_write(ip);
	f->data = (uint8_t *)ip;
	f->len = hdr_len + len;
	f->l3 = 0;
	f->decrypted = true;
	return FRAME_KEEP;
}

enum worker_outcome esp_in_accept(struct frame *f, struct sa_rt *sa, const struct esp_job *job)
{
	if (job->result == -EBADMSG) {
		sa->hot->bad_icv++;
		return WORKER_DROP_ICV;
	}
	if (job->result)
		return WORKER_DROP_CRYPTO;
	if (!replay_commit(sa->hot, f->seq, sa->window)) {
		sa->hot->replayed++;
		return WORKER_DROP_REPLAY;
	}
	uint8_t next = job->text[job->text_len - 1];
	if (next == ESP_NEXT_NONE)
		return WORKER_DROP_DUMMY;
	uint32_t room = payload_len(job->text, job->text_len);
	if (!room)
		return WORKER_DROP_PADDING;
	if (sa->mode == SA_TRANSPORT)
		return transport_accept(f, sa, job->text, room, next);
	if (next != ESP_NEXT_IPV4)
		return WORKER_DROP_NEXT_HEADER;
	return inner_accept(f, sa, job->text, room);
}
