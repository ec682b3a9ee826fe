/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/esp_out.h"

#include <string.h>

/* What ESP adds around the text. */
static uint32_t fixed_len(const struct sa_rt *sa)
{
	return sa->outer.added + sa->key->iv_len + sa->key->icv_len;
}

static uint32_t text_len(const struct sa_rt *sa, uint32_t payload_len)
{
	uint32_t mask = sa->key->align - 1u;

	return (payload_len + ESP_TRAILER_LEN + mask) & ~mask;
}

uint32_t esp_out_kept(const struct sa_rt *sa, const struct ip4 *ip)
{
	return sa->mode == SA_TRANSPORT ? ip4_hdr_len(ip) : 0;
}

uint32_t esp_out_len(const struct sa_rt *sa, uint32_t kept, uint32_t clear_len)
{
	return kept + fixed_len(sa) + text_len(sa, clear_len - kept);
}

uint16_t esp_out_clear_max(const struct sa_rt *sa, uint32_t kept, uint16_t mtu)
{
	uint32_t fixed = kept + fixed_len(sa), align = sa->key->align;

	if (mtu < fixed + align)
		return 0;
	return (uint16_t)(kept + ((mtu - fixed) & ~(align - 1)) - ESP_TRAILER_LEN);
}

/* Padding 1, 2, 3, ..., pad length, next header (RFC 4303 2.4 to 2.6). */
static void trailer_write(uint8_t *at, uint32_t pad_len, uint8_t next)
{
	for (uint32_t i = 1; i <= pad_len; i++)
		*at++ = (uint8_t)i;
	*at++ = (uint8_t)pad_len;
	*at = next;
}

/* SPI, high half with ESN, low half (RFC 4106 5). */
static uint16_t aad_write(uint8_t *at, const struct sa_rt *sa, uint64_t seq)
{
	__be32 spi = htonl(sa->spi), low = htonl((uint32_t)seq),
	       high = htonl((uint32_t)(seq >> 32));
	bool esn = sa->flags & SA_ESN;

	memcpy(at, &spi, 4);
	memcpy(at + 4, esn ? &high : &low, 4);
	memcpy(at + 8, &low, 4);
	return esn ? 12 : 8;
}

bool esp_out_write(struct frame *f, const struct sa_rt *sa, uint64_t seq, struct esp_job *ret_job)
{
	const struct ip4 *ip = (const struct ip4 *)(f->data + f->l3);
	uint32_t kept = esp_out_kept(sa, ip), clear = ntohs(ip->len) - kept;
	uint32_t len = text_len(sa, clear), total = kept + fixed_len(sa) + len;
	uint8_t *text = f->data + f->l3 + kept, iv_len = sa->key->iv_len;

	f->data = (uint8_t *)ip - iv_len - sa->outer.added;
	f->len = total;
	f->l3 = 0;
	f->seq = seq;
	trailer_write(text + clear, len - clear - ESP_TRAILER_LEN,
		      kept ? ip->proto : ESP_NEXT_IPV4);
	if (kept)
		outer_insert(&sa->outer, f->data, ip, (uint16_t)total, seq);
	else
		outer_write(&sa->outer, f->data, (uint16_t)total, ip->tos, ip4_frag(ip) & IP4_DF,
			    seq);
	ret_job->key = sa->key;
	ret_job->text = text;
	ret_job->text_len = len;
	ret_job->icv = text + len;
	ret_job->aad_len = aad_write(ret_job->aad, sa, seq);
	ret_job->result = 0;
	if (!esp_iv_write(sa->key, seq, ret_job->iv))
		return false;
	if (iv_len == ESP_GCM_IV_LEN) /* nearly always, and a length that the compiler knows */
		memcpy(text - ESP_GCM_IV_LEN, ret_job->iv, ESP_GCM_IV_LEN);
	else
		memcpy(text - iv_len, ret_job->iv, iv_len);
	return true;
}
