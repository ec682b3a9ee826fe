/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/esp_out.h"

#include <string.h>

static bool is_ah(const struct sa_rt *sa)
{
	return sa->proto == IPPROTO_NUM_AH;
}

/* What ESP adds around the text, or AH in front of it. */
static uint32_t fixed_len(const struct sa_rt *sa)
{
	if (is_ah(sa))
		return sa->outer.added + sa->ah_icv_room;
	return sa->outer.added + sa->key->iv_len + sa->key->icv_len;
}

static uint32_t text_len(const struct sa_rt *sa, uint32_t payload_len)
{
	uint32_t mask = sa->key->align - 1u;

	if (is_ah(sa))
		return payload_len;
	return (payload_len + ESP_TRAILER_LEN + mask) & ~mask;
}

uint32_t esp_out_kept(const struct sa_rt *sa, const struct ip_info *info)
{
	return sa->mode == SA_TRANSPORT ? info->split : 0;
}

uint32_t esp_out_len(const struct sa_rt *sa, uint32_t kept, uint32_t clear_len)
{
	return kept + fixed_len(sa) + text_len(sa, clear_len - kept);
}

uint16_t esp_out_clear_max(const struct sa_rt *sa, uint32_t kept, uint16_t mtu)
{
	uint32_t fixed = kept + fixed_len(sa), align = sa->key->align;

	if (is_ah(sa))
		return mtu > fixed ? (uint16_t)(kept + mtu - fixed) : 0;
	if (mtu < fixed + align)
		return 0;
	return (uint16_t)(kept + ((mtu - fixed) & ~(align - 1)) - ESP_TRAILER_LEN);
}

uint16_t esp_out_padded(const struct sa_rt *sa, uint16_t len, uint16_t mtu)
{
	if (!sa->tfc || is_ah(sa) || sa->mode != SA_TUNNEL)
		return 0;
	uint16_t max = esp_out_clear_max(sa, 0, mtu), to = sa->tfc < max ? sa->tfc : max;
	return to > len ? to : 0;
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

static uint8_t outer_tos(const struct sa_rt *sa, uint8_t inner)
{
	uint8_t dscp = sa->flags & SA_DSCP_FIXED ? (uint8_t)(sa->dscp << 2)
						 : inner & (uint8_t)~IP4_ECN;

	return sa->flags & SA_ECN_OFF ? dscp : dscp | (inner & IP4_ECN);
}

static bool outer_df(const struct frame *f, const struct sa_rt *sa, const uint8_t *packet)
{
	if (f->may_cut || sa->flags & SA_DF_CLEAR)
		return false;
	return sa->flags & SA_DF_SET || ip_df(packet);
}

uint32_t esp_out_headers(struct frame *f, const struct sa_rt *sa, const uint8_t *packet,
			 const struct ip_info *info, uint32_t total)
{
	uint32_t own = is_ah(sa) ? AH_HDR_LEN : ESP_HDR_LEN;

	if (sa->mode == SA_TRANSPORT) {
		outer_insert(&sa->outer, f->data, packet, info, (uint16_t)total, f->seq);
		return info->split + sa->outer.added - own;
	}
	struct outer_fields fields = {
		.total_len = (uint16_t)total,
		.tos = outer_tos(sa, ip_tos(packet)),
		.df = outer_df(f, sa, packet),
		.flow = ip_version(packet) == 6 ? ip6_flow_label(packet) : 0,
		.seq = f->seq,
	};
	outer_write(&sa->outer, f->data, &fields);
	return sa->outer.len - own;
}

uint8_t esp_out_next(const struct sa_rt *sa, const uint8_t *packet, const struct ip_info *info)
{
	if (sa->mode == SA_TRANSPORT)
		return packet[info->split_next_at];
	return ip_version(packet) == 4 ? ESP_NEXT_IPV4 : ESP_NEXT_IPV6;
}

bool esp_out_write(struct frame *f, const struct sa_rt *sa, uint64_t seq, struct esp_job *ret_job)
{
	uint8_t *packet = f->data + f->l3, iv_len = sa->key->iv_len;
	struct ip_info info = { .len = ip_packet_len(packet, f->len - f->l3) };

	if (sa->mode == SA_TRANSPORT && !ip_read(packet, info.len, &info))
		return false;
	if (f->padded > info.len) {
		memset(packet + info.len, 0, f->padded - info.len);
		info.len = f->padded;
	}
	uint32_t kept = esp_out_kept(sa, &info), clear = info.len - kept;
	uint32_t len = text_len(sa, clear), total = kept + fixed_len(sa) + len;
	uint8_t *text = packet + kept;

	f->data = packet - iv_len - sa->outer.added;
	f->len = total;
	f->l3 = 0;
	f->seq = seq;
	trailer_write(text + clear, len - clear - ESP_TRAILER_LEN, esp_out_next(sa, packet, &info));
	f->esp = (uint16_t)esp_out_headers(f, sa, packet, &info, total);
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
