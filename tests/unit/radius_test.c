/* SPDX-License-Identifier: BSD-2-Clause */
/* RADIUS: published packets, what we say, and which answers count. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
#include "support/bytes.h"
#include "support/radius_server.h"

#define KEY_A "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEY_B "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeffe0e1e2e3e4e5e6e7e8e9eaebecedeeef"

static const struct radius_ticket ticket = { .id = 7, .authenticator = { 1, 2, 3, 4, 250, 9 } };
static uint8_t buf[RADIUS_PACKET_MAX];

static struct reader text(const char *s)
{
	return rd_from(s, strlen(s));
}

static struct reader secret(void)
{
	return text("a secret of two");
}

/* ---- Published packets ------------------------------------------------------------ */

/* RFC 2865 7.1: the answer to a login. */
static void response_authenticator_of_rfc2865(void **state)
{
	struct reader asked = hex("0f403f9473978057bd83d5cb98f4227a");
	struct reader packet = hex("02000026 86fe220e7624ba2a1005f6bf9b55e0b2"
				   "060600000001 0f0600000000 0e06c0a80103");
	uint8_t sum[RADIUS_AUTH_LEN];

	(void)state;
	assert_int_equal(radius_response_authenticator(packet, asked.at, text("xyzzy5461"), sum),
			 0);
	assert_memory_equal(sum, packet.at + 4, sizeof(sum));
}

/* RFC 5997 6.1: Status-Server, and the answer to it. */
static void message_authenticator_of_rfc5997(void **state)
{
	struct reader packet = hex("0cda0026 8a54f4686fb394c52866e302185d0623"
				   "5012 5a665e2e1e8411f3e243822097c84fa3");
	struct reader answer = hex("02da0014 ef0d552a4bf2d693ec2b6fe8b5411d66");
	uint8_t sum[RADIUS_AUTH_LEN];

	(void)state;
	assert_int_equal(radius_message_authenticator(packet, packet.at + 4, packet.at + 22,
						      text("xyzzy5461"), sum),
			 0);
	assert_memory_equal(sum, packet.at + 22, sizeof(sum));
	assert_int_equal(
		radius_response_authenticator(answer, packet.at + 4, text("xyzzy5461"), sum), 0);
	assert_memory_equal(sum, answer.at + 4, sizeof(sum));
}

/* ---- Requests --------------------------------------------------------------------- */

static struct radius_request request(void)
{
	return (struct radius_request){
		.user = text("alice"),
		.eap = hex("02010009 01 616c6963"),
		.state = text("state"),
		.nas_identifier = "gw",
		.nas_addr = addr_from_v4(0xc0000201),
		.called = "192.0.2.1[4500]",
		.calling = "192.0.2.9[4500]",
		.nas_port = 3,
		.nas_port_id = "road",
	};
}

/* The values of all attributes of this type, joined; *ret_n: how many. */
static struct reader attr_all(struct reader packet, uint8_t type, unsigned *ret_n)
{
	static uint8_t joined[RADIUS_PACKET_MAX];
	struct writer w = wr_into(joined, sizeof(joined));

	*ret_n = 0;
	rd_skip(&packet, 20);
	while (rd_more(&packet)) {
		uint8_t t = rd_u8(&packet);
		size_t len = rd_u8(&packet);
		struct reader value = rd_carve(&packet, len - 2);

		*ret_n += t == type;
		if (t == type)
			wr_copy(&w, value);
	}
	assert_true(rd_done(&packet));
	return rd_from(joined, wr_len(&w));
}

static void assert_attr(struct reader packet, uint8_t type, struct reader want)
{
	unsigned n;

	assert_bytes(attr_all(packet, type, &n), want);
	assert_int_equal(n, 1);
}

static void a_request_says_who_and_where(void **state)
{
	struct radius_request r = request();
	uint8_t sum[RADIUS_AUTH_LEN];
	size_t len;

	(void)state;
	assert_int_equal(radius_request_emit(&r, &ticket, secret(), buf, sizeof(buf), &len), 0);
	struct reader packet = rd_from(buf, len);
	assert_bytes(rd_from(buf, 2), hex("0107"));
	assert_int_equal(buf[2] << 8 | buf[3], len);
	assert_memory_equal(buf + 4, ticket.authenticator, RADIUS_AUTH_LEN);
	assert_bytes(rd_from(buf + 20, 2),
		     hex("5012")); /* Message-Authenticator, before all others */
	assert_int_equal(
		radius_message_authenticator(packet, ticket.authenticator, buf + 22, secret(), sum),
		0);
	assert_memory_equal(buf + 22, sum, sizeof(sum));
	assert_attr(packet, RADIUS_USER_NAME, text("alice"));
	assert_attr(packet, RADIUS_NAS_IP_ADDRESS, hex("c0000201"));
	assert_attr(packet, RADIUS_NAS_IDENTIFIER, text("gw"));
	assert_attr(packet, RADIUS_NAS_PORT, hex("00000003"));
	assert_attr(packet, RADIUS_NAS_PORT_ID, text("road"));
	assert_attr(packet, RADIUS_NAS_PORT_TYPE, hex("00000005"));
	assert_attr(packet, RADIUS_SERVICE_TYPE, hex("00000002"));
	assert_attr(packet, RADIUS_CALLED_STATION_ID, text("192.0.2.1[4500]"));
	assert_attr(packet, RADIUS_CALLING_STATION_ID, text("192.0.2.9[4500]"));
	assert_attr(packet, RADIUS_EAP_MESSAGE, r.eap);
	assert_attr(packet, RADIUS_STATE, r.state);
}

static void a_long_eap_packet_is_cut(void **state)
{
	static uint8_t eap[RADIUS_EAP_MAX + 1];
	struct radius_request r = request();
	size_t len;
	unsigned n;

	(void)state;
	for (size_t i = 0; i < sizeof(eap); i++)
		eap[i] = (uint8_t)(i * 7);
	r.eap = rd_from(eap, RADIUS_EAP_MAX);
	assert_int_equal(radius_request_emit(&r, &ticket, secret(), buf, sizeof(buf), &len), 0);
	assert_bytes(attr_all(rd_from(buf, len), RADIUS_EAP_MESSAGE, &n), r.eap);
	assert_int_equal(n, (RADIUS_EAP_MAX + 252) / 253);
	r.eap = rd_from(eap, RADIUS_EAP_MAX + 1);
	assert_int_equal(radius_request_emit(&r, &ticket, secret(), buf, sizeof(buf), &len),
			 -EMSGSIZE);
}

static void what_does_not_fit_is_not_sent(void **state)
{
	static char name[300];
	struct radius_request r = request();
	size_t len;

	(void)state;
	memset(name, 'a', sizeof(name));
	r.user = rd_from(name, 253);
	assert_int_equal(radius_request_emit(&r, &ticket, secret(), buf, sizeof(buf), &len), 0);
	for (size_t size = 0; size < len; size++)
		assert_int_equal(
			radius_request_emit(&r, &ticket, secret(), buf, size, &(size_t){ 0 }),
			-EMSGSIZE);
	r.user = rd_from(name, 254);
	assert_int_equal(radius_request_emit(&r, &ticket, secret(), buf, sizeof(buf), &len),
			 -EMSGSIZE);
	r.user = rd_from(name, 0);
	assert_int_equal(radius_request_emit(&r, &ticket, secret(), buf, sizeof(buf), &len),
			 -EMSGSIZE);
}

/* ---- Answers ---------------------------------------------------------------------- */

/* An Accept with all that we read. */
static struct reader full_accept(uint8_t *to)
{
	uint8_t attrs[1024];
	struct writer w = wr_into(attrs, sizeof(attrs));

	wr_copy(&w, hex("1a0c 00000137 07060000000f")); /* another vendor type of Microsoft's */
	radius_mppe_emit(&w, 16, hex(KEY_B), &ticket, secret());
	radius_mppe_emit(&w, 17, hex(KEY_A), &ticket, secret());
	wr_copy(&w, hex("4f06 03020004")); /* EAP-Success */
	wr_copy(&w, hex("0105 626f62 0806 0a630005 1b06 00000e10"));
	wr_copy(&w, hex("1205 680a69 630a 0102030405060708"));
	assert_true(wr_ok(&w));
	return radius_answer_make(to, RADIUS_ACCESS_ACCEPT, &ticket, secret(),
				  rd_from(attrs, wr_len(&w)), 0);
}

static int parse(struct reader packet, struct radius_answer *answer)
{
	const char *why = NULL;
	int r = radius_answer_parse(packet, &ticket, secret(), answer, &why);

	assert_non_null(why);
	return r;
}

static void an_accept_brings_the_key(void **state)
{
	struct reader packet = full_accept(buf);
	struct radius_answer answer;

	(void)state;
	assert_int_equal(radius_answer_id(packet), ticket.id);
	assert_int_equal(parse(packet, &answer), 0);
	assert_int_equal(answer.code, RADIUS_ACCESS_ACCEPT);
	assert_bytes(rd_from(answer.eap, answer.eap_len), hex("03020004"));
	assert_true(answer.has_msk);
	assert_bytes(rd_from(answer.msk, RADIUS_MSK_LEN), hex(KEY_A KEY_B));
	assert_bytes(rd_from(answer.user, answer.user_len), text("bob"));
	assert_int_equal(answer.framed_ip, 0x0a630005);
	assert_int_equal(answer.session_s, 3600);
	assert_string_equal(answer.message, "h?i");
	/* padding behind the length */
	memset(buf + rd_left(&packet), 0xaa, 9);
	assert_int_equal(parse(rd_from(buf, rd_left(&packet) + 9), &answer), 0);
}

/* As FreeRADIUS makes them for EAP-MSCHAPv2: two of 16 bytes; the MSK has 64. */
static void short_keys_are_filled_with_zeros(void **state)
{
	uint8_t attrs[256];
	struct writer w = wr_into(attrs, sizeof(attrs));
	struct radius_answer answer;

	(void)state;
	radius_mppe_emit(&w, 17, hex("000102030405060708090a0b0c0d0e0f"), &ticket, secret());
	radius_mppe_emit(&w, 16, hex("101112131415161718191a1b1c1d1e1f"), &ticket, secret());
	assert_int_equal(
		parse(radius_answer_make(buf, 2, &ticket, secret(), rd_from(attrs, wr_len(&w)), 0),
		      &answer),
		0);
	assert_true(answer.has_msk);
	assert_bytes(rd_from(answer.msk, 32), hex(KEY_A));
	for (size_t i = 32; i < RADIUS_MSK_LEN; i++)
		assert_int_equal(answer.msk[i], 0);
}

/* FreeRADIUS 3.2.1 (Debian 12) at the end of EAP-MSCHAPv2. */
static void a_recorded_accept(void **state)
{
	static const char file[] = "tests/vectors/freeradius_accept.txt";
	struct reader asked = hex_file_field(file, "request_authenticator");
	struct reader packet = hex_file_field(file, "accept"), msk = hex_file_field(file, "msk");
	struct radius_ticket t = { .id = (uint8_t)radius_answer_id(packet) };
	struct radius_answer answer;
	const char *why;

	(void)state;
	memcpy(t.authenticator, asked.at, sizeof(t.authenticator));
	assert_int_equal(
		radius_answer_parse(packet, &t, hex_file_field(file, "secret"), &answer, &why), 0);
	assert_int_equal(answer.code, RADIUS_ACCESS_ACCEPT);
	assert_true(answer.has_msk);
	assert_bytes(rd_from(answer.msk, RADIUS_MSK_LEN), msk);
}

/* A challenge of 600 bytes in three attributes, with State. */
static struct reader long_challenge(uint8_t *to, struct reader eap)
{
	uint8_t attrs[1024];
	struct writer w = wr_into(attrs, sizeof(attrs));

	while (rd_more(&eap)) {
		size_t n = rd_left(&eap) < 253 ? rd_left(&eap) : 253;

		wr_u8(&w, RADIUS_EAP_MESSAGE);
		wr_u8(&w, (uint8_t)(n + 2));
		wr_copy(&w, rd_carve(&eap, n));
	}
	wr_copy(&w, hex("1806 01020304"));
	return radius_answer_make(to, RADIUS_ACCESS_CHALLENGE, &ticket, secret(),
				  rd_from(attrs, wr_len(&w)), 0);
}

static void a_challenge_is_joined(void **state)
{
	static uint8_t eap[600] = { 1, 2, 0x02, 0x58, 13 };
	struct radius_answer answer;

	(void)state;
	assert_int_equal(parse(long_challenge(buf, rd_from(eap, sizeof(eap))), &answer), 0);
	assert_int_equal(answer.code, RADIUS_ACCESS_CHALLENGE);
	assert_bytes(rd_from(answer.eap, answer.eap_len), rd_from(eap, sizeof(eap)));
	assert_bytes(rd_from(answer.state, answer.state_len), hex("01020304"));
	assert_false(answer.has_msk);
}

static void assert_no_prefix_counts(struct reader packet)
{
	struct radius_answer answer;

	for (size_t n = 0; n < rd_left(&packet); n++) {
		struct reader cut = exact_copy(packet, n);

		assert_int_equal(parse(cut, &answer), -EBADMSG);
		assert_int_equal(radius_answer_id(cut), n < 2 ? -1 : ticket.id);
		free((void *)cut.at);
	}
}

static void cut_answers_are_refused(void **state)
{
	static uint8_t eap[300];

	(void)state;
	assert_no_prefix_counts(full_accept(buf));
	assert_no_prefix_counts(long_challenge(buf, rd_from(eap, sizeof(eap))));
	assert_no_prefix_counts(radius_answer_make(buf, RADIUS_ACCESS_REJECT, &ticket, secret(),
						   hex("4f06 04020004"), 0));
}

static void changed_answers_are_refused(void **state)
{
	struct reader packet = full_accept(buf);
	struct radius_answer answer;

	(void)state;
	for (size_t i = 0; i < rd_left(&packet) * 8; i++) {
		buf[i / 8] ^= (uint8_t)(1u << i % 8);
		assert_int_not_equal(parse(packet, &answer), 0);
		buf[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	assert_int_equal(parse(packet, &answer), 0);
}

static void assert_refused(struct reader packet, const struct radius_ticket *t, struct reader key,
			   int how, const char *words)
{
	struct radius_answer answer;
	const char *why = "";

	assert_int_equal(radius_answer_parse(packet, t, key, &answer, &why), how);
	if (!strstr(why, words))
		fail_msg("'%s' instead of '%s'", why, words);
}

/* Whose answer it is. BlastRADIUS needs one without Message-Authenticator. */
static void answers_of_others_are_refused(void **state)
{
	struct radius_ticket next = ticket, other = ticket;
	struct reader packet = full_accept(buf);

	(void)state;
	next.id++;
	other.authenticator[15] ^= 1;
	assert_refused(packet, &next, secret(), -EBADMSG, "malformed");
	assert_refused(packet, &other, secret(), -EPERM, "Response Authenticator");
	assert_refused(packet, &ticket, text("a secret of tws"), -EPERM, "is the secret right?");
	packet = radius_answer_make(buf, RADIUS_ACCESS_ACCEPT, &ticket, secret(),
				    hex("4f06 03020004"), RADIUS_UNSIGNED);
	assert_refused(packet, &ticket, secret(), -EPERM, "CVE-2024-3596");
	packet = radius_answer_make(buf, RADIUS_ACCESS_ACCEPT, &ticket, secret(),
				    hex("5012 00112233445566778899aabbccddeeff"), RADIUS_UNSIGNED);
	assert_refused(packet, &ticket, secret(), -EPERM, "bad Message-Authenticator");
	for (unsigned code = 0; code < 256; code++)
		if (code != 2 && code != 3 && code != 11)
			assert_refused(radius_answer_make(buf, (uint8_t)code, &ticket, secret(),
							  hex(""), 0),
				       &ticket, secret(), -EBADMSG, "malformed");
}

/* Right signatures, wrong contents. */
static void malformed_answers_are_refused(void **state)
{
	static const char *const attrs[] = {
		"4f00",
		"4f01",
		"4f",
		"4f06 030200",				     /* lengths */
		"4f06 03020004 1806 01020304 4f06 03020004", /* EAP in two places */
		"1803 01 1803 02",			     /* two States */
		"5012 00000000000000000000000000000000",     /* two Message-Authenticators */
		"0805 0a6300",
		"1b07 0000000000", /* numbers */
		"1a05 000001",
		"1a07 00000137 10", /* vendor's */
		"1a08 00000137 1001",
		"1a08 00000137 1003",
		"1a0a 00000137 1004 8001 1a0a 00000137 1004 8001", /* two keys */
		"1a0a 00000137 1004 8001 1a0a 00000137 1104 8001", /* empty ones */
		"1a0b 00000137 1005 8001 00 1a0b 00000137 1105 8001 00",
	};
	struct radius_answer answer;

	(void)state;
	for (size_t i = 0; i < sizeof(attrs) / sizeof(*attrs); i++)
		if (parse(radius_answer_make(buf, RADIUS_ACCESS_ACCEPT, &ticket, secret(),
					     hex(attrs[i]), 0),
			  &answer) != -EBADMSG)
			fail_msg("%s is taken", attrs[i]);
}

static void keys_of_other_lengths_are_refused(void **state)
{
	uint8_t key[48] = { 0 }, out[32], attrs[128];
	size_t len;

	(void)state;
	for (size_t n = 0; n <= sizeof(key); n++) {
		struct writer w = wr_into(attrs, sizeof(attrs));

		radius_mppe_emit(&w, 16, rd_from(key, n), &ticket, secret());
		struct reader value = rd_from(attrs + 8, wr_len(&w) - 8);
		assert_int_equal(
			radius_mppe_key(value, ticket.authenticator, secret(), 32, out, &len),
			n > 32 ? -EBADMSG : 0);
		assert_true(n > 32 || len == n);
		value.end--;
		assert_int_equal(
			radius_mppe_key(value, ticket.authenticator, secret(), 32, out, &len),
			-EBADMSG);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(response_authenticator_of_rfc2865),
		cmocka_unit_test(message_authenticator_of_rfc5997),
		cmocka_unit_test(a_request_says_who_and_where),
		cmocka_unit_test(a_long_eap_packet_is_cut),
		cmocka_unit_test(what_does_not_fit_is_not_sent),
		cmocka_unit_test(an_accept_brings_the_key),
		cmocka_unit_test(short_keys_are_filled_with_zeros),
		cmocka_unit_test(a_recorded_accept),
		cmocka_unit_test(a_challenge_is_joined),
		cmocka_unit_test(cut_answers_are_refused),
		cmocka_unit_test(changed_answers_are_refused),
		cmocka_unit_test(answers_of_others_are_refused),
		cmocka_unit_test(malformed_answers_are_refused),
		cmocka_unit_test(keys_of_other_lengths_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
