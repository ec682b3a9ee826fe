/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/esp_in.h"

#include <errno.h>
#include <string.h>
#include <sekisho/esp.h>
#include "worker/hot.h"
#include "worker/ip.h"
#include "worker/l4_sum.h"

#define ECN_NOT 0u
#define ECN_CE 3u

/* Length of the ESP packet at f->esp, 0 if the frame does not hold it wholly where the gate
 * says. Ethernet padding behind the IP packet is not counted. */
static uint32_t esp_len(const struct frame *f, struct ip_info *ret_outer)
{
	const uint8_t *packet = f->data + f->l3;

	if (f->len < f->l3 || !ip_read(packet, f->len - f->l3, ret_outer))
		return 0;
	uint32_t at = ret_outer->l4, l4_len = ret_outer->len - at;
	if (ret_outer->proto == PROTO_UDP) {
		const struct udp *udp = (const struct udp *)(packet + at);
		if (l4_len < UDP_HDR_LEN || ntohs(udp->len) != l4_len)
			return 0;
		at += UDP_HDR_LEN;
	} else if (ret_outer->proto != IPPROTO_NUM_ESP) {
		return 0;
	}
	return f->esp == f->l3 + at && ret_outer->len > at ? ret_outer->len - at : 0;
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

enum worker_outcome esp_in_number(struct frame *f, struct sa_rt *sa, const struct esp_hdr *hdr)
{
	if (ntohl(hdr->spi) != sa->spi)
		return WORKER_DROP_STALE_SA;
	if (replay_infer(&sa->replay, ntohl(hdr->seq), sa->flags & SA_ESN, &f->seq) &&
	    replay_check(&sa->replay, f->seq))
		return FRAME_KEEP;
	hot_add(&sa->hot->replayed, 1);
	return WORKER_DROP_REPLAY;
}

enum worker_outcome esp_in_check(struct frame *f, struct sa_rt *sa, struct esp_job *ret_job)
{
	struct ip_info outer;
	uint32_t text_len = text_len_of(sa->key, esp_len(f, &outer));
	struct esp_hdr esp;

	if (!text_len)
		return WORKER_DROP_RUNT;
	memcpy(&esp, f->data + f->esp, sizeof(esp));
	/* With a NAT between, bare ESP cannot come from our peer. The other way round is
	 * allowed: UDP is taken even when no NAT was seen (RFC 7296 2.23). */
	if ((sa->flags & SA_ENCAP) && outer.proto != PROTO_UDP)
		return WORKER_DROP_ENCAP;
	enum worker_outcome outcome = esp_in_number(f, sa, &esp);
	if (outcome != FRAME_KEEP)
		return outcome;
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

static bool selectors_match(struct sa_rt *sa, const struct ip_info *info)
{
	struct ts_flow flow = ts_flow_in(info);

	if (ts_set_match(&sa->ts, &flow))
		return true;
	hot_add(&sa->hot->mismatched, 1);
	return false;
}

/* RFC 6040 4.2, figure 4: the mark of the outer header on the inner one. False: drop. */
static bool ecn_decapsulate(uint8_t *packet, uint8_t outer_tos)
{
	uint8_t tos = ip_tos(packet), inner = tos & IP4_ECN, outer = outer_tos & IP4_ECN;

	if (outer == ECN_CE && inner == ECN_NOT)
		return false;
	if (inner == ECN_NOT || inner == ECN_CE || outer == ECN_NOT || outer == inner)
		return true;
	if (outer == ECN_CE || outer == 1) /* ECT(1) over ECT(0) becomes ECT(1) */
		ip_set_tos(packet, (uint8_t)((tos & ~IP4_ECN) | outer));
	return true;
}

static enum worker_outcome inner_accept(struct frame *f, struct sa_rt *sa, uint8_t *inner,
					uint32_t room, uint8_t next)
{
	uint8_t outer_tos = ip_tos(f->data + f->l3);
	struct ip_info info;

	/* Less than `room` is allowed: traffic flow confidentiality padding (RFC 4303 2.7). */
	if (!ip_read(inner, room, &info) || info.version != (next == ESP_NEXT_IPV4 ? 4 : 6) ||
	    (info.version == 4 && !ip4_sum_ok((const struct ip4 *)inner)))
		return WORKER_DROP_INNER;
	if (!selectors_match(sa, &info))
		return WORKER_DROP_SELECTOR;
	if (!(sa->flags & SA_ECN_OFF) && !ecn_decapsulate(inner, outer_tos))
		return WORKER_DROP_ECN;
	if (sa->flags & SA_DSCP_IN)
		ip_set_tos(inner, (uint8_t)((outer_tos & ~IP4_ECN) | (ip_tos(inner) & IP4_ECN)));
	f->data = inner;
	f->len = info.len;
	f->l3 = 0;
	f->decrypted = true;
	return FRAME_KEEP;
}

/* The outer headers in front of ESP, moved to the payload of len bytes: false, there are none that
 * can be. */
static bool headers_return(const uint8_t *outer, const struct ip_info *info, uint8_t *payload,
			   uint32_t len, uint8_t next)
{
	uint8_t *packet = payload - info->l4;

	if (info->is_fragment || (info->version == 4 && !ip4_sum_ok((const struct ip4 *)outer)))
		return false;
	memmove(packet, outer, info->l4);
	packet[info->next_at] = next;
	if (info->version == 4) {
		((struct ip4 *)packet)->len = htons((uint16_t)(info->l4 + len));
		ip4_sum_write((struct ip4 *)packet);
	} else {
		((struct ip6 *)packet)->len = htons((uint16_t)(info->l4 + len - IP6_HDR_LEN));
	}
	return true;
}

/*
 * The outer header becomes that of the clear packet. A NAT that changed its addresses made the
 * checksum of the payload wrong: RFC 3948 3.1.2, second way (the ICV has vouched for the bytes).
 */
static enum worker_outcome transport_accept(struct frame *f, struct sa_rt *sa,
					    uint8_t *payload, uint32_t len, uint8_t next)
{
	const uint8_t *outer = f->data + f->l3;
	struct ip_info info;

	if (!ip_read(outer, f->len - f->l3, &info))
		return WORKER_DROP_INNER;
	bool is_encap = info.proto == PROTO_UDP;
	uint8_t *packet = payload - info.l4;
	if (!headers_return(outer, &info, payload, len, next) ||
	    !ip_read(packet, info.l4 + len, &info))
		return WORKER_DROP_INNER;
	if (!selectors_match(sa, &info))
		return WORKER_DROP_SELECTOR;
	if (is_encap)
		l4_sum_write(packet, &info);
	f->data = packet;
	f->len = info.len;
	f->l3 = 0;
	f->decrypted = true;
	return FRAME_KEEP;
}

enum worker_outcome esp_in_commit(struct frame *f, struct sa_rt *sa, int result)
{
	if (result == -EBADMSG) {
		hot_add(&sa->hot->bad_icv, 1);
		return WORKER_DROP_ICV;
	}
	if (result)
		return WORKER_DROP_CRYPTO;
	if (replay_commit(&sa->replay, f->seq))
		return FRAME_KEEP;
	hot_add(&sa->hot->replayed, 1);
	return WORKER_DROP_REPLAY;
}

enum worker_outcome esp_in_payload(struct frame *f, struct sa_rt *sa, uint8_t *payload, uint32_t len,
				   uint8_t next)
{
	if (next == ESP_NEXT_NONE)
		return WORKER_DROP_DUMMY;
	if (sa->mode == SA_TRANSPORT)
		return transport_accept(f, sa, payload, len, next);
	if (next != ESP_NEXT_IPV4 && next != ESP_NEXT_IPV6)
		return WORKER_DROP_NEXT_HEADER;
	return inner_accept(f, sa, payload, len, next);
}

enum worker_outcome esp_in_accept(struct frame *f, struct sa_rt *sa, const struct esp_job *job)
{
	enum worker_outcome outcome = esp_in_commit(f, sa, job->result);

	if (outcome != FRAME_KEEP)
		return outcome;
	uint8_t next = job->text[job->text_len - 1];
	if (next == ESP_NEXT_NONE)
		return WORKER_DROP_DUMMY;
	uint32_t room = payload_len(job->text, job->text_len);
	if (!room)
		return WORKER_DROP_PADDING;
	return esp_in_payload(f, sa, job->text, room, next);
}
