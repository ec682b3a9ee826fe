/* SPDX-License-Identifier: BSD-2-Clause */
/* Values as text: numbers, times, lists, traffic selectors. No tree, no messages but reasons. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "conf/build.h"

#define TIME_MAX_S (3650ull * 86400) /* ten years: more is a slip of the keyboard */
#define TS_ITEM_MAX 128

int value_number(const char *text, uint64_t max, uint64_t *ret_n)
{
	uint64_t n = 0;

	if (!*text || strspn(text, "0123456789") != strlen(text))
		return -EINVAL;
	for (; *text; text++) {
		unsigned digit = (unsigned)(*text - '0');

		if (n > (max - digit) / 10)
			return -EINVAL;
		n = n * 10 + digit;
	}
	*ret_n = n;
	return 0;
}

int value_time(const char *text, uint64_t *ret_s)
{
	static const char suffixes[] = "smhd";
	static const unsigned units[] = { 1, 60, 3600, 86400 };
	size_t len = strspn(text, "0123456789");
	const char *suffix = text[len] ? strchr(suffixes, text[len]) : suffixes;
	char digits[16];
	uint64_t n;

	if (!suffix || (text[len] && text[len + 1]) || len >= sizeof(digits))
		return -EINVAL;
	memcpy(digits, text, len);
	digits[len] = '\0';
	if (value_number(digits, TIME_MAX_S / units[suffix - suffixes], &n))
		return -EINVAL;
	*ret_s = n * units[suffix - suffixes];
	return 0;
}

bool value_next(const char **at, char *ret_item, size_t size)
{
	size_t len, cut;

	*at += strspn(*at, ", \t\n");
	len = strcspn(*at, ",");
	if (!**at)
		return false;
	cut = len;
	while (cut && strchr(" \t\n", (*at)[cut - 1]))
		cut--;
	if (cut >= size)
		cut = size - 1;
	memcpy(ret_item, *at, cut);
	ret_item[cut] = '\0';
	*at += len;
	return true;
}

/* ---- Traffic selectors ------------------------------------------------------------ */

/* /etc/protocols is not on every machine: what people write, without it. */
static const struct {
	const char *name;
	uint8_t number;
	bool has_ports;
} protocols[] = {
	{ "icmp", IPPROTO_ICMP, false }, { "igmp", IPPROTO_IGMP, false },
	{ "ipip", IPPROTO_IPIP, false }, { "tcp", IPPROTO_TCP, true },
	{ "udp", IPPROTO_UDP, true },	 { "dccp", IPPROTO_DCCP, true },
	{ "gre", IPPROTO_GRE, false },	 { "esp", IPPROTO_ESP, false },
	{ "ah", IPPROTO_AH, false },	 { "ospf", 89, false },
	{ "vrrp", 112, false },		 { "sctp", IPPROTO_SCTP, true },
	{ "udplite", IPPROTO_UDPLITE, true }, { "ipv6-icmp", IPPROTO_ICMPV6, false },
	{ "icmpv6", IPPROTO_ICMPV6, false },
};

static int parse_protocol(const char *text, uint8_t *ret_proto)
{
	struct protoent *entry;
	uint64_t n;

	if (!value_number(text, 255, &n)) {
		*ret_proto = (uint8_t)n;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (!strcmp(protocols[i].name, text)) {
			*ret_proto = protocols[i].number;
			return 0;
		}
	entry = getprotobyname(text);
	if (!entry || entry->p_proto < 1 || entry->p_proto > 255)
		return -EINVAL;
	*ret_proto = (uint8_t)entry->p_proto;
	return 0;
}

static bool has_ports(uint8_t proto, const char **ret_name)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (protocols[i].number == proto) {
			*ret_name = protocols[i].name;
			return protocols[i].has_ports;
		}
	return false;
}

static int parse_port(const char *text, const char *proto_name, uint16_t *ret_port)
{
	struct servent *entry;
	uint64_t n;

	if (!value_number(text, 65535, &n)) {
		*ret_port = (uint16_t)n;
		return 0;
	}
	entry = getservbyname(text, proto_name);
	if (!entry)
		return -EINVAL;
	*ret_port = ntohs((uint16_t)entry->s_port);
	return 0;
}

/* "8" is the type with all its codes, "771" (256 or more) type * 256 + code, as in strongSwan. */
static int parse_icmp(const char *text, struct ts_val *ts)
{
	const char *dash = strchr(text, '-'), *last = dash ? dash + 1 : text;
	char first[8];
	uint64_t a, b;

	snprintf(first, sizeof(first), "%.*s", dash ? (int)(dash - text) : 7, text);
	if (value_number(first, 65535, &a) || value_number(last, 65535, &b))
		return -EINVAL;
	ts->port_first = (uint16_t)(a < 256 ? a << 8 : a);
	ts->port_last = (uint16_t)(b < 256 ? b << 8 | 0xff : b);
	return ts->port_first <= ts->port_last ? 0 : -EINVAL;
}

/* "80", "http", "1024-65535". */
static int parse_ports(char *text, struct ts_val *ts, char *why, size_t why_size)
{
	char *dash = strchr(text, '-'), *last = text;
	const char *name = NULL;
	int r;

	if (ts->proto == IPPROTO_ICMP || ts->proto == IPPROTO_ICMPV6) {
		r = parse_icmp(text, ts);
		if (r)
			snprintf(why, why_size, "'%s' is no ICMP type, or type * 256 + code", text);
		return r;
	}
	if (!has_ports(ts->proto, &name)) {
		snprintf(why, why_size, "this protocol has no ports that could be selected");
		return -EINVAL;
	}
	if (!strcmp(text, "opaque")) {
		snprintf(why, why_size, "not supported yet: opaque ports");
		return -EINVAL;
	}
	/* Some names of services hold a dash: a range is made of digits. */
	if (dash && text[strspn(text, "0123456789-")] == '\0') {
		*dash = '\0';
		last = dash + 1;
	}
	r = parse_port(text, name, &ts->port_first);
	if (!r)
		r = parse_port(last, name, &ts->port_last);
	if (r || ts->port_first > ts->port_last) {
		snprintf(why, why_size, "'%s' is no port or range of ports", text);
		return -EINVAL;
	}
	return 0;
}

/* "tcp/80" of "10.0.0.0/8[tcp/80]". */
static int parse_upper(char *text, struct ts_val *ts, char *why, size_t why_size)
{
	size_t len = strlen(text);
	char *slash;

	if (!len || text[len - 1] != ']') {
		snprintf(why, why_size, "']' is missing at the end");
		return -EINVAL;
	}
	text[len - 1] = '\0';
	slash = strchr(text, '/');
	if (slash)
		*slash = '\0';
	if (parse_protocol(text, &ts->proto)) {
		snprintf(why, why_size, "'%s' is no protocol", text);
		return -EINVAL;
	}
	return slash ? parse_ports(slash + 1, ts, why, why_size) : 0;
}

static int parse_ts_range(const char *text, struct addr_range *ret_range, char *why, size_t size)
{
	if (!addr_parse_range(text, ret_range))
		return 0;
	snprintf(why, size, "'%s' is no prefix, address or range first-last", text);
	return -EINVAL;
}

int value_ts(const char *text, struct ts_val *ret_ts, bool *ret_is_dynamic, char *why,
	     size_t why_size)
{
	struct ts_val ts = { .port_last = 65535 };
	char item[TS_ITEM_MAX], *bracket;
	bool is_dynamic;

	if (strlen(text) >= sizeof(item)) {
		snprintf(why, why_size, "too long for a traffic selector");
		return -EINVAL;
	}
	strcpy(item, text);
	bracket = strchr(item, '[');
	if (bracket)
		*bracket++ = '\0';
	is_dynamic = !strcmp(item, "dynamic") || !strcmp(item, "%dynamic");
	if (is_dynamic && bracket) {
		snprintf(why, why_size, "not supported yet: dynamic with a protocol");
		return -EINVAL;
	}
	if (bracket && parse_upper(bracket, &ts, why, why_size))
		return -EINVAL;
	if (!is_dynamic && parse_ts_range(item, &ts.addr, why, why_size))
		return -EINVAL;
	*ret_is_dynamic = is_dynamic;
	if (!is_dynamic)
		*ret_ts = ts;
	return 0;
}
