/* SPDX-License-Identifier: BSD-2-Clause */
/* Traffic selectors and identities. Selectors are written "range", "range[proto/ports]". */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "ike/id.h"
#include "ike/ts.h"
#include "support/bytes.h"

#define LIST_MAX 8

/* "10.0.0.0/8 17:53-53": range, protocol and ports as numbers. */
static struct ts_val ts(const char *text)
{
	struct ts_val t = { .port_last = TS_PORT_MAX };
	unsigned proto = 0, first = 0, last = TS_PORT_MAX;
	char range[64];

	if (sscanf(text, "%63s %u:%u-%u", range, &proto, &first, &last) < 1 ||
	    addr_parse_range(range, &t.addr))
		fail_msg("no selector: %s", text);
	t.proto = (uint8_t)proto;
	t.port_first = (uint16_t)first;
	t.port_last = (uint16_t)last;
	return t;
}

/* "a, b" */
static size_t ts_list(const char *text, struct ts_val list[LIST_MAX])
{
	char copy[256], *save;
	size_t n = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *at = strtok_r(copy, ",", &save); at; at = strtok_r(NULL, ",", &save))
		list[n++] = ts(at);
	return n;
}

static void printing_is_strongswans(void **state)
{
	static const char *const rows[][2] = {
		{ "10.1.0.0/16", "10.1.0.0/16" },
		{ "10.1.0.5", "10.1.0.5/32" },
		{ "10.1.0.1-10.1.0.9", "10.1.0.1..10.1.0.9" },
		{ "0.0.0.0/0", "0.0.0.0/0" },
		{ "10.1.0.0/16 6:80-80", "10.1.0.0/16[tcp/80]" },
		{ "10.1.0.0/16 17:1000-2000", "10.1.0.0/16[udp/1000-2000]" },
		{ "10.1.0.0/16 1", "10.1.0.0/16[icmp]" },
		{ "10.1.0.0/16 1:2048-2303", "10.1.0.0/16[icmp/8]" },
		{ "10.1.0.0/16 1:2048-2048", "10.1.0.0/16[icmp/8(0)]" },
		{ "::/0 58:32768-33279", "::/0[ipv6-icmp/128-129]" },
		{ "::/0 58:257-260", "::/0[ipv6-icmp/1(1)-1(4)]" },
		{ "10.1.0.0/16 99", "10.1.0.0/16[99]" },
		{ "10.1.0.0/16 0:80-80", "10.1.0.0/16[0/80]" },
		{ "10.1.0.0/16 17:65535-0", "10.1.0.0/16[udp/OPAQUE]" },
		{ "2001:db8::/32 58", "2001:db8::/32[ipv6-icmp]" },
		{ "::/0", "::/0" },
	};
	char text[TS_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ts_val t = ts(rows[i][0]);

		assert_string_equal(ts_print(&t, text, sizeof(text)), rows[i][1]);
	}
}

static void lists_print_with_blanks(void **state)
{
	struct ts_val list[LIST_MAX];
	size_t n = ts_list("10.1.0.0/16,10.2.0.0/16 6", list);
	char text[TS_TEXT_MAX], tiny[16];

	(void)state;
	assert_string_equal(ts_list_print(list, n, text, sizeof(text)),
			    "10.1.0.0/16 10.2.0.0/16[tcp]");
	assert_string_equal(ts_list_print(list, n, tiny, sizeof(tiny)), "10.1.0.0/16 10.");
	assert_string_equal(ts_list_print(list, 0, text, sizeof(text)), "");
}

static void within(void **state)
{
	static const struct {
		const char *inner, *outer;
		bool want;
	} rows[] = {
		{ "10.1.0.0/16", "10.0.0.0/8", true },
		{ "10.0.0.0/8", "10.1.0.0/16", false },
		{ "10.1.0.0/16", "10.1.0.0/16", true },
		{ "10.1.0.0/16 6", "10.1.0.0/16", true },
		{ "10.1.0.0/16", "10.1.0.0/16 6", false },
		{ "10.1.0.0/16 6", "10.1.0.0/16 17", false },
		{ "10.1.0.0/16 6:80-80", "10.1.0.0/16 6:1-100", true },
		{ "10.1.0.0/16 6:80-101", "10.1.0.0/16 6:1-100", false },
		{ "10.1.0.0/16 6:65535-0", "10.1.0.0/16 6", true },
		{ "10.1.0.0/16 6:65535-0", "10.1.0.0/16 6:65535-0", true },
		{ "10.1.0.0/16 6:65535-0", "10.1.0.0/16 6:1-65535", false },
		{ "10.1.0.0/16 6:80-80", "10.1.0.0/16 6:65535-0", false },
		{ "10.1.0.0/16", "::/0", false },
		{ "2001:db8::/64", "2001:db8::/32", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ts_val inner = ts(rows[i].inner), outer = ts(rows[i].outer);

		if (ts_within(&inner, &outer) != rows[i].want)
			fail_msg("%s within %s", rows[i].inner, rows[i].outer);
	}
}

static void meet(void **state)
{
	static const char *const rows[][3] = {
		{ "10.0.0.0/8", "10.1.0.0/16", "10.1.0.0/16" },
		{ "10.1.0.0/16", "10.2.0.0/16", NULL },
		{ "10.0.0.0-10.0.0.9", "10.0.0.5-10.0.0.20", "10.0.0.5..10.0.0.9" },
		{ "10.0.0.0/8 6", "10.1.0.0/16", "10.1.0.0/16[tcp]" },
		{ "10.0.0.0/8 6", "10.1.0.0/16 17", NULL },
		{ "10.0.0.0/8 6:1-100", "10.0.0.0/8 6:50-200", "10.0.0.0/8[tcp/50-100]" },
		{ "10.0.0.0/8 6:1-100", "10.0.0.0/8 6:101-200", NULL },
		{ "10.0.0.0/8 6:65535-0", "10.0.0.0/8", "10.0.0.0/8[tcp/OPAQUE]" },
		{ "10.0.0.0/8", "10.0.0.0/8 6:65535-0", "10.0.0.0/8[tcp/OPAQUE]" },
		{ "10.0.0.0/8 6:65535-0", "10.0.0.0/8 6:80-80", NULL },
		{ "10.0.0.0/8", "::/0", NULL },
		{ "::/0", "2001:db8::/32", "2001:db8::/32" },
	};
	char text[TS_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ts_val a = ts(rows[i][0]), b = ts(rows[i][1]), got;

		if (ts_meet(&a, &b, &got) != (rows[i][2] != NULL))
			fail_msg("%s meets %s", rows[i][0], rows[i][1]);
		if (rows[i][2])
			assert_string_equal(ts_print(&got, text, sizeof(text)), rows[i][2]);
	}
}

static void narrowing(void **state)
{
	static const char *const rows[][3] = {
		/* ours, theirs, result */
		{ "10.1.0.0/16", "0.0.0.0/0", "10.1.0.0/16" },
		{ "0.0.0.0/0", "10.1.0.0/16", "10.1.0.0/16" },
		{ "10.1.0.0/16", "10.2.0.0/16", NULL },
		{ "10.1.0.0/16", "::/0", NULL },
		{ "10.1.0.0/16,10.2.0.0/16", "0.0.0.0/0", "10.1.0.0/16 10.2.0.0/16" },
		/* the packet comes first and is inside the second: one selector is left */
		{ "10.1.0.0/16", "10.1.0.5/32 6:80-80,10.1.0.0/16", "10.1.0.0/16" },
		/* what covers the packet moves to the front */
		{ "10.1.0.0/16,10.2.0.0/16", "10.2.0.5/32 6:80-80,0.0.0.0/0",
		  "10.2.0.0/16 10.1.0.0/16" },
		/* nobody's range covers it: it stays itself */
		{ "10.1.0.0/16,10.2.0.0/16 6", "10.1.0.5/32 17,10.2.0.0/16",
		  "10.1.0.5/32[udp] 10.2.0.0/16[tcp]" },
		{ "10.1.0.0/16", "10.1.0.0/16,10.1.0.0/16", "10.1.0.0/16" },
	};
	struct ts_val ours[LIST_MAX], theirs[LIST_MAX], got[LIST_MAX];
	char text[4 * TS_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t n_ours = ts_list(rows[i][0], ours), n_theirs = ts_list(rows[i][1], theirs);
		size_t n = 77;
		int err = ts_narrow(ours, n_ours, theirs, n_theirs, got, LIST_MAX, &n);

		assert_int_equal(err, rows[i][2] ? 0 : -ENOENT);
		if (!err)
			assert_string_equal(ts_list_print(got, n, text, sizeof(text)), rows[i][2]);
		if (!err)
			assert_true(ts_all_within(got, n, ours, n_ours) &&
				    ts_all_within(got, n, theirs, n_theirs));
	}
}

static void narrowing_keeps_the_packet_when_it_cuts(void **state)
{
	struct ts_val ours[LIST_MAX], theirs[LIST_MAX], got[LIST_MAX];
	size_t n_ours = ts_list("10.1.0.0/16,10.2.0.0/16,10.3.0.0/16", ours), n;
	size_t n_theirs = ts_list("10.3.0.1/32 1,0.0.0.0/0", theirs);
	char text[TS_TEXT_MAX];

	(void)state;
	assert_int_equal(ts_narrow(ours, n_ours, theirs, n_theirs, got, 1, &n), 0);
	assert_int_equal(n, 1);
	assert_string_equal(ts_print(&got[0], text, sizeof(text)), "10.3.0.0/16");
	assert_int_equal(ts_narrow(ours, n_ours, theirs, 0, got, 1, &n), -ENOENT);
}

static void host_selector(void **state)
{
	struct ip_addr a;
	char text[TS_TEXT_MAX];

	(void)state;
	assert_int_equal(addr_parse("192.0.2.1", &a), 0);
	struct ts_val host = ts_from_addr(&a);
	assert_string_equal(ts_print(&host, text, sizeof(text)), "192.0.2.1/32");
	struct ts_val same = ts("192.0.2.1");
	assert_true(ts_equal(&host, &same));
	same.proto = 6;
	assert_false(ts_equal(&host, &same));
}

/* ---- Identities ----------------------------------------------------------------- */

static struct ike_id id(const char *text)
{
	const char *why = "";
	struct ike_id got;

	if (id_parse(text, &got, &why))
		fail_msg("%s: %s", text, why);
	return got;
}

static void identities_parse_and_print(void **state)
{
	static const struct {
		const char *text;
		uint8_t type;
		const char *bytes, *printed;
	} rows[] = {
		{ "%any", 0, "", "%any" },
		{ "*", 0, "", "%any" },
		{ "192.0.2.1", ID_IPV4_ADDR, "c0000201", "192.0.2.1" },
		{ "2001:db8::1", ID_IPV6_ADDR, "20010db8000000000000000000000001", "2001:db8::1" },
		{ "gwa", ID_FQDN, "677761", "gwa" },
		{ "@gwa", ID_FQDN, "677761", "gwa" },
		{ "fqdn:192.0.2.1", ID_FQDN, "3139322e302e322e31", "fqdn:192.0.2.1" },
		{ "@192.0.2.1", ID_FQDN, "3139322e302e322e31", "fqdn:192.0.2.1" },
		{ "dns:gwa", ID_FQDN, "677761", "gwa" },
		{ "a@b", ID_RFC822_ADDR, "614062", "a@b" },
		{ "@@a@b", ID_RFC822_ADDR, "614062", "a@b" },
		{ "email:a@b", ID_RFC822_ADDR, "614062", "a@b" },
		{ "email:ab", ID_RFC822_ADDR, "6162", "email:ab" },
		{ "@#0aFF", ID_KEY_ID, "0aff", "keyid:#0aff" },
		{ "keyid:ab", ID_KEY_ID, "6162", "keyid:ab" },
		{ "keyid:#61:62", ID_KEY_ID, "6162", "keyid:ab" },
		{ "keyid:=x", ID_KEY_ID, "3d78", "keyid:=x" },
		{ "ipv4:0.0.0.0", ID_IPV4_ADDR, "00000000", "ipv4:0.0.0.0" },
		{ "ipv6:#00000000000000000000ffff0a000001", ID_IPV6_ADDR,
		  "00000000000000000000ffff0a000001", "ipv6:#00000000000000000000ffff0a000001" },
		{ "ipv4:10.0.0.1", ID_IPV4_ADDR, "0a000001", "10.0.0.1" },
		{ "*.example.com", ID_FQDN, "2a2e6578616d706c652e636f6d", "*.example.com" },
	};
	char text[ID_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ike_id got = id(rows[i].text);

		assert_int_equal(got.type, rows[i].type);
		assert_bytes(rd_from(got.data, got.len), hex(rows[i].bytes));
		assert_string_equal(id_print(&got, text, sizeof(text)), rows[i].printed);
		struct ike_id again = id(text);
		assert_true(id_equal(&got, &again));
	}
}

static void wrong_identities_say_why(void **state)
{
	static const struct {
		const char *text;
		int err;
		const char *why;
	} rows[] = {
		{ "", -EINVAL, "identity is empty" },
		{ "@", -EINVAL, "identity is empty" },
		{ "@#abc", -EINVAL, "identity is not of whole hexadecimal bytes, 256 at most" },
		{ "@#xy", -EINVAL, "identity is not of whole hexadecimal bytes, 256 at most" },
		{ "ipv4:#0a0000", -EINVAL, "identity is no such address" },
		{ "ipv4:gwa", -EINVAL, "identity is no such address" },
		{ "ipv4:::1", -EINVAL, "identity is no such address" },
		{ "nonsense=x", -EINVAL, "no distinguished name such as \"C=CH, O=Example, CN=gw\"" },
		{ "asn1dn:x", -EINVAL, "no distinguished name such as \"C=CH, O=Example, CN=gw\"" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *why = "";
		struct ike_id got;

		assert_int_equal(id_parse(rows[i].text, &got, &why), rows[i].err);
		assert_string_equal(why, rows[i].why);
	}
}

/* A peer chooses its identity: nothing of it may break a line of the log. */
static void bytes_that_are_no_text_print_as_hex(void **state)
{
	struct ike_id evil = { .type = ID_FQDN, .len = 4, .data = "a\nb" };
	struct ike_id dn = { .type = ID_DER_ASN1_DN, .len = 2, .data = "0\0" };
	struct ike_id odd = { .type = 201, .len = 1, .data = "x" };
	struct ike_id longest = { .type = ID_KEY_ID, .len = IKE_ID_MAX };
	char text[ID_TEXT_MAX];

	(void)state;
	assert_string_equal(id_print(&evil, text, sizeof(text)), "fqdn:#610a6200");
	assert_string_equal(id_print(&dn, text, sizeof(text)), "asn1dn:#3000");
	assert_string_equal(id_print(&odd, text, sizeof(text)), "{201}:#78");
	id_print(&longest, text, sizeof(text));
	assert_int_equal(strlen(text), strlen("keyid:#") + 2 * IKE_ID_MAX);
}

static void matching(void **state)
{
	static const struct {
		const char *pattern, *id;
		int want;
	} rows[] = {
		{ "%any", "gwa", 1 },
		{ "gwa", "gwa", 3 },
		{ "gwa", "GWA", 3 },
		{ "gwa", "gwb", 0 },
		{ "gwa", "gwaa", 0 },
		{ "*.example.com", "a.example.com", 2 },
		{ "*.example.com", "A.B.EXAMPLE.com", 2 },
		{ "*.example.com", "example.com", 0 },
		{ "*.example.com", "a.example.org", 0 },
		{ "*@example.com", "a@example.com", 2 },
		{ "*@example.com", "a.example.com", 0 },
		{ "192.0.2.1", "192.0.2.1", 3 },
		{ "192.0.2.1", "@192.0.2.1", 0 },
		{ "keyid:*a", "keyid:ba", 0 },
		{ "keyid:A", "keyid:a", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ike_id pattern = id(rows[i].pattern), got = id(rows[i].id);

		if (id_match(&pattern, &got) != rows[i].want)
			fail_msg("%s matches %s", rows[i].pattern, rows[i].id);
	}
}

/* strcmp would stop at the NUL. */
static void names_are_compared_past_a_nul(void **state)
{
	struct ike_id a = { .type = ID_FQDN, .len = 3, .data = "a\0b" };
	struct ike_id b = { .type = ID_FQDN, .len = 3, .data = "a\0c" };

	(void)state;
	assert_false(id_equal(&a, &b));
	assert_int_equal(id_match(&a, &b), 0);
}

/* What has no partner of its family at the other side goes. */
static void families_are_paired(void **state)
{
	struct ts_val local[LIST_MAX], remote[LIST_MAX];
	size_t n_local = ts_list("10.1.0.0/16,fd01::/64,10.2.0.0/16", local);
	size_t n_remote = ts_list("fd02::/64", remote);
	char text[TS_TEXT_MAX];

	(void)state;
	assert_true(ts_pair(local, &n_local, remote, &n_remote));
	assert_string_equal(ts_list_print(local, n_local, text, sizeof(text)), "fd01::/64");
	assert_int_equal(n_remote, 1);
	n_local = ts_list("10.1.0.0/16", local);
	assert_false(ts_pair(local, &n_local, remote, &n_remote));
	n_local = ts_list("0.0.0.0/0,::/0", local);
	n_remote = ts_list("::/0,0.0.0.0/0", remote);
	assert_true(ts_pair(local, &n_local, remote, &n_remote));
	assert_true(n_local == 2 && n_remote == 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(printing_is_strongswans),
		cmocka_unit_test(lists_print_with_blanks),
		cmocka_unit_test(within),
		cmocka_unit_test(meet),
		cmocka_unit_test(narrowing),
		cmocka_unit_test(narrowing_keeps_the_packet_when_it_cuts),
		cmocka_unit_test(families_are_paired),
		cmocka_unit_test(host_selector),
		cmocka_unit_test(identities_parse_and_print),
		cmocka_unit_test(wrong_identities_say_why),
		cmocka_unit_test(bytes_that_are_no_text_print_as_hex),
		cmocka_unit_test(matching),
		cmocka_unit_test(names_are_compared_past_a_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
