/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/ah.h"

#include <errno.h>
#include <string.h>
#include <sekisho/esp.h>
#include "worker/esp_in.h"
#include "worker/esp_out.h"
#include "worker/umem.h"

/*
 * The ICV, made or compared, of the packet of `len` bytes with AH at offset `ah`, over a copy of it
 * whose mutable fields and ICV are zero. The provider authenticates NULL-encrypted ESP, which is 8
 * bytes, then the text, then with ESN the high half of the number: any bytes will do.
 */
static int icv_run(void (*run)(struct esp_job *jobs, size_t n), const struct sa_rt *sa,
		   const uint8_t *packet, uint32_t ah, uint32_t len, uint64_t seq, uint8_t *icv)
{
	/* What a frame holds, then the ICV: a provider may look for it behind the text. */
	uint8_t copy[FRAME_SIZE + ESP_ICV_MAX];
	struct esp_job job = { .key = sa->key, .text = copy + ESP_HDR_LEN };
	__be32 high = htonl((uint32_t)(seq >> 32));

	if (len > FRAME_SIZE || len < ah + AH_HDR_LEN + sa->key->icv_len)
		return -EIO;
	memcpy(copy, packet, len);
	memset(copy + ah + AH_HDR_LEN, 0, sa->key->icv_len);
	if (!ah_mutable_zero(copy, ah))
		return -EBADMSG;
	job.text_len = len - ESP_HDR_LEN;
	job.icv = copy + len;
	memcpy(job.icv, icv, sa->key->icv_len);
	memcpy(job.aad, copy, ESP_HDR_LEN);
	job.aad_len = ESP_HDR_LEN;
	if (sa->flags & SA_ESN) { /* as in esp_in.c: the high half is in the middle */
		memcpy(job.aad + 8, copy + 4, 4);
		memcpy(job.aad + 4, &high, 4);
		job.aad_len = ESP_AAD_MAX;
	}
	run(&job, 1);
	memcpy(icv, job.icv, sa->key->icv_len);
	return job.result;
}

bool ah_out(const struct esp_provider *provider, struct frame *f, const struct sa_rt *sa,
	    uint64_t seq)
{
	uint8_t *packet = f->data + f->l3, icv[ESP_ICV_MAX] = { 0 };
	struct ip_info info = { .len = ip_packet_len(packet, f->len - f->l3) };

	if (sa->mode == SA_TRANSPORT && !ip_read(packet, info.len, &info))
		return false;
	uint32_t kept = esp_out_kept(sa, &info), total = esp_out_len(sa, kept, info.len);
	uint8_t next = esp_out_next(sa, packet, &info);

	f->data = packet - (total - info.len);
	f->len = total;
	f->l3 = 0;
	f->seq = seq;
	/* What stays in front moves there before its old place gets the ICV. */
	f->esp = (uint16_t)esp_out_headers(f, sa, packet, &info, total);
	f->data[f->esp] = next;
	memset(f->data + f->esp + AH_HDR_LEN, 0, sa->ah_icv_room);
	if (icv_run(provider->seal, sa, f->data, f->esp, total, seq, icv))
		return false;
	memcpy(f->data + f->esp + AH_HDR_LEN, icv, sa->key->icv_len);
	return true;
}

/* Length of the AH header at f->esp (RFC 4302 2.2), 0: it is not wholly there, or of another ICV.
 * Padding to 64 bits is taken with IPv4, too. */
static uint32_t header_len(const struct frame *f, const struct sa_rt *sa, struct ip_info *ret_outer)
{
	const uint8_t *packet = f->data + f->l3;
	uint32_t least = AH_HDR_LEN + sa->key->icv_len;

	if (f->len < f->l3 || !ip_read(packet, f->len - f->l3, ret_outer) ||
	    ret_outer->proto != IPPROTO_NUM_AH || f->esp != f->l3 + ret_outer->l4 ||
	    (uint32_t)(ret_outer->len - ret_outer->l4) < least)
		return 0;
	uint32_t len = (f->data[f->esp + 1] + 2u) * 4u;
	bool is_good = len >= least && len <= least + AH_PAD_MAX &&
		       len < (uint32_t)(ret_outer->len - ret_outer->l4);
	return is_good ? len : 0;
}

enum worker_outcome ah_in(const struct esp_provider *provider, struct frame *f, struct sa_rt *sa)
{
	uint8_t *packet = f->data + f->l3, icv[ESP_ICV_MAX];
	struct ip_info outer;
	uint32_t len = header_len(f, sa, &outer);
	struct esp_hdr hdr;

	if (!len)
		return WORKER_DROP_RUNT;
	uint8_t *ah = f->data + f->esp;
	memcpy(&hdr, ah + AH_SPI_AT, sizeof(hdr));
	enum worker_outcome outcome = esp_in_number(f, sa, &hdr);
	if (outcome != FRAME_KEEP)
		return outcome;
	memcpy(icv, ah + AH_HDR_LEN, sa->key->icv_len);
	int result = icv_run(provider->open, sa, packet, outer.l4, outer.len, f->seq, icv);
	outcome = esp_in_commit(f, sa, result);
	if (outcome != FRAME_KEEP)
		return outcome;
	return esp_in_payload(f, sa, ah + len, outer.len - outer.l4 - len, *ah);
}
