/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/id.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "crypto/dn.h"

struct prefix {
	const char *word;
	uint8_t type;
};

/* strongSwan's; the first word of a type is the one that is printed. */
static const struct prefix prefixes[] = {
	{ "ipv4:", ID_IPV4_ADDR },
	{ "ipv6:", ID_IPV6_ADDR },
	{ "fqdn:", ID_FQDN },
	{ "dns:", ID_FQDN },
	{ "email:", ID_RFC822_ADDR },
	{ "rfc822:", ID_RFC822_ADDR },
	{ "userfqdn:", ID_RFC822_ADDR },
	{ "keyid:", ID_KEY_ID },
	{ "asn1dn:", ID_DER_ASN1_DN },
};

static const char why_addr[] = "identity is no such address";
static const char why_dn[] = "no distinguished name such as \"C=CH, O=Example, CN=gw\"";

static int id_set(struct ike_id *id, uint8_t type, const void *data, size_t len,
		  const char **ret_why)
{
	if (len == 0 || len > IKE_ID_MAX) {
		*ret_why = len ? "identity is longer than 256 bytes" : "identity is empty";
		return -EINVAL;
	}
	if ((type == ID_IPV4_ADDR && len != 4) || (type == ID_IPV6_ADDR && len != 16)) {
		*ret_why = why_addr;
		return -EINVAL;
	}
	*id = (struct ike_id){ .type = type, .len = (uint16_t)len };
	memcpy(id->data, data, len);
	return 0;
}

struct ike_id id_from_addr(const struct ip_addr *addr)
{
	bool is_v4 = addr_is_v4(addr);
	struct ike_id id = { .type = is_v4 ? ID_IPV4_ADDR : ID_IPV6_ADDR, .len = is_v4 ? 4 : 16 };

	memcpy(id.data, addr->b + sizeof(addr->b) - id.len, id.len);
	return id;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Whole bytes; colons between them are fine. */
static int hex_set(struct ike_id *id, uint8_t type, const char *hex, const char **ret_why)
{
	uint8_t data[IKE_ID_MAX];
	size_t len = 0;

	while (*hex && len < sizeof(data)) {
		int high = hex_digit(hex[0]), low = high < 0 ? -1 : hex_digit(hex[1]);

		if (low < 0)
			break;
		data[len++] = (uint8_t)(high << 4 | low);
		hex += 2;
		if (hex[0] == ':' && hex[1])
			hex++;
	}
	if (*hex) {
		*ret_why = "identity is not of whole hexadecimal bytes, 256 at most";
		return -EINVAL;
	}
	return id_set(id, type, data, len, ret_why);
}

static int addr_set(struct ike_id *id, uint8_t type, const char *text, const char **ret_why)
{
	struct ip_addr addr;

	if (addr_parse(text, &addr) || id_from_addr(&addr).type != type) {
		*ret_why = why_addr;
		return -EINVAL;
	}
	*id = id_from_addr(&addr);
	return 0;
}

static int dn_set(struct ike_id *id, const char *text, const char **ret_why)
{
	uint8_t der[IKE_ID_MAX];
	size_t len = 0;

	switch (dn_parse(text, der, sizeof(der), &len)) {
	case 0:
		return id_set(id, ID_DER_ASN1_DN, der, len, ret_why);
	case -ENOSPC:
		*ret_why = "distinguished name is longer than 256 bytes";
		return -EINVAL;
	default:
		*ret_why = why_dn;
		return -EINVAL;
	}
}

/* The text after "type:". */
static int typed_set(struct ike_id *id, uint8_t type, const char *text, const char **ret_why)
{
	if (*text == '#')
		return hex_set(id, type, text + 1, ret_why);
	if (type == ID_DER_ASN1_DN)
		return dn_set(id, text, ret_why);
	if (type == ID_IPV4_ADDR || type == ID_IPV6_ADDR)
		return addr_set(id, type, text, ret_why);
	return id_set(id, type, text, strlen(text), ret_why);
}

/* "@..." */
static int at_set(struct ike_id *id, const char *text, const char **ret_why)
{
	if (text[1] == '#')
		return hex_set(id, ID_KEY_ID, text + 2, ret_why);
	if (text[1] == '@')
		return id_set(id, ID_RFC822_ADDR, text + 2, strlen(text + 2), ret_why);
	return id_set(id, ID_FQDN, text + 1, strlen(text + 1), ret_why);
}

static int plain_set(struct ike_id *id, const char *text, const char **ret_why)
{
	struct ip_addr addr;
	uint8_t type = ID_FQDN;

	if (!addr_parse(text, &addr)) {
		*id = id_from_addr(&addr);
		return 0;
	}
	if (strchr(text, '@'))
		type = ID_RFC822_ADDR;
	else if (strchr(text, ':'))
		type = ID_KEY_ID; /* as strongSwan takes it */
	return id_set(id, type, text, strlen(text), ret_why);
}

static bool is_any_text(const char *text)
{
	static const char *const any[] = { "%any", "%any6", "*", "0.0.0.0", "::", "0::0" };

	for (size_t i = 0; i < ARRAY_SIZE(any); i++)
		if (!strcmp(text, any[i]))
			return true;
	return false;
}

int id_parse(const char *text, struct ike_id *ret_id, const char **ret_why)
{
	if (is_any_text(text)) {
		*ret_id = (struct ike_id){ 0 };
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t len = strlen(prefixes[i].word);

		if (!strncmp(text, prefixes[i].word, len))
			return typed_set(ret_id, prefixes[i].type, text + len, ret_why);
	}
	if (*text == '@')
		return at_set(ret_id, text, ret_why);
	if (strchr(text, '='))
		return dn_set(ret_id, text, ret_why);
	return plain_set(ret_id, text, ret_why);
}

/* Graphic ASCII only: an identity that the peer made up goes into logs. */
static bool is_printable(const struct ike_id *id)
{
	for (size_t i = 0; i < id->len; i++)
		if (id->data[i] <= ' ' || id->data[i] > '~')
			return false;
	return id->len > 0 && id->data[0] != '#';
}

static const char *prefix_of(uint8_t type, char *buf, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (prefixes[i].type == type)
			return prefixes[i].word;
	snprintf(buf, size, "{%u}:", type);
	return buf;
}

static void hex_print(const struct ike_id *id, char *buf, size_t size)
{
	char number[8];
	int n = snprintf(buf, size, "%s#", prefix_of(id->type, number, sizeof(number)));

	for (size_t i = 0; i < id->len && n >= 0 && (size_t)n + 2 < size; i++)
		n += snprintf(buf + n, size - (size_t)n, "%02x", id->data[i]);
}

static void addr_id_print(const struct ike_id *id, char *buf, size_t size)
{
	struct ip_addr addr = { { [10] = 0xff, [11] = 0xff } };

	memcpy(addr.b + sizeof(addr.b) - id->len, id->data, id->len);
	addr_print(&addr, buf, size);
}

static bool is_read_back(const char *text, const struct ike_id *id)
{
	struct ike_id again;
	const char *why;

	return !id_parse(text, &again, &why) && id_equal(&again, id);
}

const char *id_print(const struct ike_id *id, char *buf, size_t size)
{
	bool is_name = id->type == ID_FQDN || id->type == ID_RFC822_ADDR || id->type == ID_KEY_ID;
	char text[IKE_ID_MAX + 1] = "%any", number[8];

	if (id->type == ID_DER_ASN1_DN) {
		if (dn_print(rd_from(id->data, id->len), buf, size) || !is_read_back(buf, id))
			hex_print(id, buf, size);
		return buf;
	}
	if ((id->type == ID_IPV4_ADDR && id->len == 4) ||
	    (id->type == ID_IPV6_ADDR && id->len == 16))
		addr_id_print(id, text, sizeof(text));
	else if (is_name && is_printable(id))
		snprintf(text, sizeof(text), "%.*s", (int)id->len, (const char *)id->data);
	else if (!id_is_any(id))
		text[0] = '\0';
	snprintf(buf, size, "%s", text);
	if (is_read_back(buf, id))
		return buf;
	snprintf(buf, size, "%s%s", prefix_of(id->type, number, sizeof(number)), text);
	if (!text[0] || !is_read_back(buf, id))
		hex_print(id, buf, size);
	return buf;
}

bool id_is_any(const struct ike_id *id)
{
	return id->type == 0;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool names_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (lower(a[i]) != lower(b[i]))
			return false;
	return true;
}

static bool is_name(const struct ike_id *id)
{
	return id->type == ID_FQDN || id->type == ID_RFC822_ADDR;
}

bool id_equal(const struct ike_id *a, const struct ike_id *b)
{
	if (a->type == ID_DER_ASN1_DN && b->type == ID_DER_ASN1_DN)
		return dn_match(rd_from(a->data, a->len), rd_from(b->data, b->len)) == 3;
	if (a->type != b->type || a->len != b->len)
		return false;
	return is_name(a) ? names_equal(a->data, b->data, a->len)
			  : memcmp(a->data, b->data, a->len) == 0;
}

int id_match(const struct ike_id *pattern, const struct ike_id *id)
{
	if (id_is_any(pattern))
		return 1;
	if (id_equal(pattern, id))
		return 3;
	if (pattern->type == ID_DER_ASN1_DN && id->type == ID_DER_ASN1_DN)
		return dn_match(rd_from(pattern->data, pattern->len), rd_from(id->data, id->len));
	if (!is_name(pattern) || pattern->type != id->type || !pattern->len ||
	    pattern->data[0] != '*')
		return 0;
	size_t tail = pattern->len - 1u;
	return id->len >= tail && names_equal(pattern->data + 1, id->data + id->len - tail, tail)
		       ? 2
		       : 0;
}

bool id_is_pattern(const struct ike_id *id)
{
	struct reader der = rd_from(id->data, id->len);

	if (id->type == ID_DER_ASN1_DN)
		return dn_match(der, der) == 2;
	return id_is_any(id) || (is_name(id) && id->len && id->data[0] == '*');
}
