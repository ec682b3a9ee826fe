/* SPDX-License-Identifier: BSD-2-Clause */
/* RFC 4302 3.3.3.1 and appendix A: what of the headers in front of AH the ICV does not cover. */
#include "worker/ah.h"
#include "worker/ip.h"

#define EXT_UNIT 8u
#define OPTION_MAY_CHANGE 0x20u /* RFC 8200 4.2 */
#define OPTION_PAD1 0u

enum ip4_option {
	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_SECURITY = 130,
	OPTION_EXT_SECURITY = 133,
	OPTION_CIPSO = 134,
	OPTION_ROUTER_ALERT = 148,
	OPTION_MULTI_DEST = 149,
};

/* Appendix A1. */
static bool is_immutable(uint8_t type)
{
	return type == OPTION_SECURITY || type == OPTION_EXT_SECURITY || type == OPTION_CIPSO ||
	       type == OPTION_ROUTER_ALERT || type == OPTION_MULTI_DEST;
}

static bool options_zero(uint8_t *at, const uint8_t *end)
{
	while (at < end && *at != OPTION_END) {
		if (*at == OPTION_NOP) {
			at++;
			continue;
		}
		if (end - at < 2 || at[1] < 2 || at[1] > end - at)
			return false;
		uint8_t len = at[1];
		if (!is_immutable(*at))
			memset(at, 0, len);
		at += len;
	}
	return true;
}

static bool ip4_zero(uint8_t *p, uint32_t len)
{
	struct ip4 *ip = (struct ip4 *)p;

	if (len < IP4_HDR_LEN || ip4_hdr_len(ip) != len)
		return false;
	ip->tos = ip->ttl = 0;
	ip->frag = ip->check = 0;
	return options_zero(p + IP4_HDR_LEN, p + len);
}

/* Of hop-by-hop and destination options: the data of those that may change. */
static bool ext_options_zero(uint8_t *at, const uint8_t *end)
{
	while (at < end) {
		if (*at == OPTION_PAD1) {
			at++;
			continue;
		}
		if (end - at < 2 || at[1] > end - at - 2)
			return false;
		if (*at & OPTION_MAY_CHANGE)
			memset(at + 2, 0, at[1]);
		at += 2 + at[1];
	}
	return true;
}

/* A routing header is taken as the destination sees it: with its segments used up. One that has
 * some left has another destination than the SA. A fragment is put together first. */
static bool ext_zero(uint8_t proto, uint8_t *h, uint32_t len)
{
	if (proto == PROTO_ROUTING)
		return h[3] == 0;
	return (proto == PROTO_HOP_BY_HOP || proto == PROTO_DESTINATION) &&
	       ext_options_zero(h + 2, h + len);
}

static bool ip6_zero(uint8_t *p, uint32_t len)
{
	struct ip6 *ip = (struct ip6 *)p;

	if (len < IP6_HDR_LEN)
		return false;
	uint8_t proto = ip->next;
	ip->flow = htonl(6u << 28);
	ip->hops = 0;
	for (uint32_t at = IP6_HDR_LEN; at < len;) {
		uint8_t *h = p + at;
		if (len - at < EXT_UNIT)
			return false;
		uint32_t ext_len = (h[1] + 1u) * EXT_UNIT;
		if (ext_len > len - at || !ext_zero(proto, h, ext_len))
			return false;
		proto = h[0];
		at += ext_len;
	}
	return true;
}

bool ah_mutable_zero(uint8_t *p, uint32_t len)
{
	if (len == 0)
		return false;
	return ip_version(p) == 4 ? ip4_zero(p, len) : ip6_zero(p, len);
}
