/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/mss.h"

#define TCP_HDR_LEN 20u
#define TCP_DATA_OFF 12u
#define TCP_FLAGS 13u
#define TCP_CHECK 16u
#define TCP_SYN 0x2u
#define OPTION_END 0u
#define OPTION_NOP 1u
#define OPTION_MSS 2u
#define OPTION_MSS_LEN 4u
#define MSS_MIN 64u /* below that the path is not worth to be believed */

/* The value of the MSS option in the options of a TCP header; NULL: there is none. */
static uint8_t *mss_find(uint8_t *at, uint8_t *end)
{
	while (at < end && *at != OPTION_END) {
		if (*at == OPTION_NOP) {
			at++;
			continue;
		}
		if (end - at < 2 || at[1] < 2 || at[1] > end - at)
			return NULL;
		if (*at == OPTION_MSS)
			return at[1] == OPTION_MSS_LEN ? at + 2 : NULL;
		at += at[1];
	}
	return NULL;
}

/* One 16-bit word of the segment changed, perhaps at an odd place: RFC 1624 eqn. 3. */
static void check_adjust(uint8_t *tcp, const uint8_t *at, uint16_t from, uint16_t to)
{
	bool is_odd = (at - tcp) & 1;
	uint32_t sum;
	__be16 check;

	if (is_odd) {
		from = (uint16_t)(from << 8 | from >> 8);
		to = (uint16_t)(to << 8 | to >> 8);
	}
	memcpy(&check, tcp + TCP_CHECK, sizeof(check));
	sum = (uint16_t)~check;
	check = sum_fold(sum + (uint16_t)~htons(from) + (uint32_t)htons(to));
	memcpy(tcp + TCP_CHECK, &check, sizeof(check));
}

bool mss_is_said(const uint8_t *packet, const struct ip_info *info)
{
	return info->proto == PROTO_TCP && !info->is_later && info->l4 + TCP_HDR_LEN <= info->len &&
	       packet[info->l4 + TCP_FLAGS] & TCP_SYN;
}

void mss_clamp(uint8_t *packet, const struct ip_info *info, uint16_t mtu)
{
	uint8_t *tcp = packet + info->l4;
	unsigned headers = info->l4 + TCP_HDR_LEN, hdr_len;

	if (!mss_is_said(packet, info) || mtu < headers + MSS_MIN)
		return;
	hdr_len = (tcp[TCP_DATA_OFF] >> 4) * 4u;
	if (hdr_len < TCP_HDR_LEN || info->l4 + hdr_len > info->len)
		return;
	uint8_t *at = mss_find(tcp + TCP_HDR_LEN, tcp + hdr_len);
	if (!at)
		return;
	uint16_t mss = (uint16_t)(at[0] << 8 | at[1]), max = (uint16_t)(mtu - headers);
	if (mss <= max)
		return;
	at[0] = (uint8_t)(max >> 8);
	at[1] = (uint8_t)max;
	check_adjust(tcp, at, mss, max);
}
