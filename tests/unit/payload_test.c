/* SPDX-License-Identifier: BSD-2-Clause */
/* Each payload: what is parsed and emitted again is the same; cut short it is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
#include "ike/message.h"
#include "ike/ts.h"
#include "support/bytes.h"

/* A writer over `buf` as message_start() makes it, so that an emitter can be looked at. */
static struct payload_writer writer_start(uint8_t *buf, size_t size)
{
	struct ike_header header = { .spi_i = 1 };
	struct payload_writer pw;

	message_start(&pw, buf, size, &header);
	return pw;
}

/* What was emitted is one payload of this type and body. */
static void assert_emitted(struct payload_writer *pw, uint8_t type, struct reader body)
{
	struct reader r = rd_from(pw->w.start, wr_len(&pw->w));

	assert_true(wr_ok(&pw->w));
	assert_int_equal(pw->w.start[16], type);
	rd_skip(&r, IKE_HEADER_LEN);
	assert_int_equal(rd_u16(&r), 0);
	assert_int_equal(rd_u16(&r), rd_left(&body) + 4);
	assert_bytes(r, body);
}

static uint8_t buf[4096];

static void ke_round_trip(void **state)
{
	struct reader body = hex("001f 0000 aabbcc");
	struct payload_writer pw = writer_start(buf, sizeof(buf));
	struct ke ke;

	(void)state;
	assert_int_equal(ke_parse(body, &ke), 0);
	assert_int_equal(ke.group, KE_X25519);
	assert_bytes(ke.public_value, hex("aabbcc"));
	ke_emit(&pw, &ke);
	assert_emitted(&pw, PL_KE, body);
	for (size_t n = 0; n < 4; n++)
		assert_int_equal(ke_parse(rd_from(body.at, n), &ke), -EBADMSG);
}

static void id_round_trip(void **state)
{
	struct reader body = hex("02 000000 677761"); /* FQDN gwa */
	struct payload_writer pw = writer_start(buf, sizeof(buf));
	uint8_t again[IKE_ID_MAX + 4];
	struct id_view view;
	struct ike_id id;

	(void)state;
	assert_int_equal(id_payload_parse(body, &view), 0);
	assert_bytes(view.body, body);
	assert_int_equal(id_from_view(&view, &id), 0);
	assert_int_equal(id.type, ID_FQDN);
	assert_int_equal(id.len, 3);
	id_payload_emit(&pw, PL_IDR, &id);
	assert_emitted(&pw, PL_IDR, body);
	assert_bytes(id_payload_body(&id, again, sizeof(again)), body);
	for (size_t n = 0; n < 4; n++)
		assert_int_equal(id_payload_parse(rd_from(body.at, n), &view), -EBADMSG);
}

static void id_from_the_wire_is_checked(void **state)
{
	static const char *const wrong[] = {
		"01 000000 0a0000",   /* IPv4 of three bytes */
		"05 000000 0a000001", /* IPv6 of four */
		"00 000000 0a000001", /* type 0 would be %any */
	};
	struct id_view view;
	struct ike_id id;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_int_equal(id_payload_parse(hex(wrong[i]), &view), 0);
		assert_int_equal(id_from_view(&view, &id), -EBADMSG);
	}
	memset(buf, 2, 300);
	assert_int_equal(id_payload_parse(rd_from(buf, IKE_ID_MAX + 5), &view), 0);
	assert_int_equal(id_from_view(&view, &id), -EBADMSG);
}

static void cert_round_trip(void **state)
{
	struct reader body = hex("04 0102030405");
	struct payload_writer pw = writer_start(buf, sizeof(buf));
	struct cert cert;

	(void)state;
	assert_int_equal(cert_parse(body, &cert), 0);
	assert_int_equal(cert.encoding, 4);
	cert_emit(&pw, PL_CERTREQ, &cert);
	assert_emitted(&pw, PL_CERTREQ, body);
	assert_int_equal(cert_parse(rd_from(body.at, 0), &cert), -EBADMSG);
}

static void auth_round_trip(void **state)
{
	struct reader body = hex("02 000000 00112233445566778899");
	struct payload_writer pw = writer_start(buf, sizeof(buf));
	struct auth auth;

	(void)state;
	assert_int_equal(auth_parse(body, &auth), 0);
	assert_int_equal(auth.method, AUTH_PSK);
	auth_emit(&pw, &auth);
	assert_emitted(&pw, PL_AUTH, body);
	for (size_t n = 0; n < 4; n++)
		assert_int_equal(auth_parse(rd_from(body.at, n), &auth), -EBADMSG);
}

static void nonce_has_16_to_256_bytes(void **state)
{
	struct payload_writer pw = writer_start(buf, sizeof(buf));
	static const uint8_t bytes[257];
	struct reader nonce;

	(void)state;
	assert_int_equal(nonce_parse(rd_from(bytes, 15), &nonce), -EBADMSG);
	assert_int_equal(nonce_parse(rd_from(bytes, 257), &nonce), -EBADMSG);
	assert_int_equal(nonce_parse(rd_from(bytes, 256), &nonce), 0);
	assert_int_equal(nonce_parse(rd_from(bytes, 16), &nonce), 0);
	nonce_emit(&pw, nonce);
	assert_emitted(&pw, PL_NONCE, rd_from(bytes, 16));
}

static void notify_round_trip(void **state)
{
	struct reader body = hex("03 04 4009 c0ffee01"); /* REKEY_SA of an ESP SPI */
	struct payload_writer pw = writer_start(buf, sizeof(buf));
	struct notify n;

	(void)state;
	assert_int_equal(notify_parse(body, &n), 0);
	assert_int_equal(n.type, N_REKEY_SA);
	assert_int_equal(notify_child_spi(&n), 0xc0ffee01);
	notify_emit(&pw, &n);
	assert_emitted(&pw, PL_NOTIFY, body);
	pw = writer_start(buf, sizeof(buf));
	notify_emit_child(&pw, N_REKEY_SA, PROTO_ESP, 0xc0ffee01);
	assert_emitted(&pw, PL_NOTIFY, body);
	for (size_t len = 0; len < rd_left(&body); len++)
		assert_int_equal(notify_parse(rd_from(body.at, len), &n), -EBADMSG);
	assert_int_equal(notify_parse(hex("03 09 4009 010203040506070809"), &n), -EBADMSG);
}

static void plain_notify_has_no_spi(void **state)
{
	struct payload_writer pw = writer_start(buf, sizeof(buf));
	struct notify n;

	(void)state;
	notify_emit_plain(&pw, N_COOKIE, hex("aabb"));
	assert_emitted(&pw, PL_NOTIFY, hex("00 00 4006 aabb"));
	assert_int_equal(notify_parse(hex("00 00 4006 aabb"), &n), 0);
	assert_int_equal(notify_child_spi(&n), 0);
	assert_bytes(n.data, hex("aabb"));
}

static void delete_round_trip(void **state)
{
	struct reader body = hex("03 04 0002 00000101 fffffff0");
	struct payload_writer pw = writer_start(buf, sizeof(buf));
	struct delete_payload d;

	(void)state;
	assert_int_equal(delete_parse(body, &d), 0);
	assert_int_equal(d.n_spis, 2);
	assert_int_equal(d.spis[1], 0xfffffff0);
	delete_emit(&pw, d.protocol, d.spis, d.n_spis);
	assert_emitted(&pw, PL_DELETE, body);
	pw = writer_start(buf, sizeof(buf));
	delete_emit(&pw, PROTO_IKE, NULL, 0);
	assert_emitted(&pw, PL_DELETE, hex("01 00 0000"));
	for (size_t n = 0; n < rd_left(&body); n++)
		assert_int_equal(delete_parse(rd_from(body.at, n), &d), -EBADMSG);
}

static void wrong_delete_is_refused(void **state)
{
	static const char *const wrong[] = {
		"01 00 0001",		       /* IKE with a number of SPIs */
		"01 08 0000",		       /* IKE with an SPI size */
		"03 08 0001 0000000000000001", /* ESP with the wrong size */
		"03 04 0001 00000101 00",      /* something left */
	};
	struct delete_payload d;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(delete_parse(hex(wrong[i]), &d), -EBADMSG);
	memset(buf, 0, sizeof(buf)); /* more SPIs than the limit, all there */
	buf[0] = PROTO_ESP;
	buf[1] = 4;
	buf[2] = 1;
	buf[3] = 1;
	assert_int_equal(delete_parse(rd_from(buf, 4 + 257 * 4), &d), -EBADMSG);
}

static const char ts_two[] = "02 000000"
			     "07 06 0010 0050 0050 0a010000 0a01ffff"
			     "08 00 0028 0000 ffff 20010db8000000000000000000000000"
			     "                    20010db80000000000000000ffffffff";

static void ts_round_trip(void **state)
{
	struct reader body = hex(ts_two);
	struct payload_writer pw = writer_start(buf, sizeof(buf));
	char text[TS_TEXT_MAX];
	struct ts_list list;

	(void)state;
	assert_int_equal(ts_parse(body, &list), 0);
	assert_int_equal(list.n, 2);
	assert_string_equal(ts_print(&list.ts[0], text, sizeof(text)), "10.1.0.0/16[tcp/80]");
	assert_string_equal(ts_print(&list.ts[1], text, sizeof(text)), "2001:db8::/96");
	ts_emit(&pw, PL_TSI, list.ts, list.n);
	assert_emitted(&pw, PL_TSI, body);
	for (size_t n = 0; n < rd_left(&body); n++)
		assert_int_equal(ts_parse(rd_from(body.at, n), &list), -EBADMSG);
}

static void ts_opaque_ports(void **state)
{
	struct reader body = hex("01 000000 07 11 0010 ffff 0000 0a010000 0a01ffff");
	struct payload_writer pw = writer_start(buf, sizeof(buf));
	struct ts_list list;

	(void)state;
	assert_int_equal(ts_parse(body, &list), 0);
	assert_true(ts_is_opaque(&list.ts[0]));
	ts_emit(&pw, PL_TSR, list.ts, list.n);
	assert_emitted(&pw, PL_TSR, body);
}

static void wrong_ts_is_refused(void **state)
{
	static const char *const wrong[] = {
		"00 000000",						     /* none */
		"01 000000 07 00 0010 0000 ffff 0a020000 0a01ffff",	     /* last before first */
		"01 000000 07 00 0010 0051 0050 0a010000 0a01ffff",	     /* ports, too */
		"01 000000 07 00 0014 0000 ffff 0a010000 0a01ffff 00000000", /* too long */
		"01 000000 07 00 0004",					     /* too short */
		"01 000000 07 00 0003 0000 ffff 0a010000 0a01ffff",	     /* below its header */
		"01 000000 07 00 0010 0000 ffff 0a010000 0a01ffff 00",	     /* something left */
		"01 000000 08 00 0028 0000 ffff 00000000000000000000ffff0a010000" /* IPv4 in IPv6 */
		"                               00000000000000000000ffff0a01ffff",
		"01 000000 08 00 0028 0000 ffff 00000000000000000000000000000000" /* ends in it */
		"                               00000000000000000000ffff0a01ffff",
	};
	struct ts_list list;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(ts_parse(hex(wrong[i]), &list), -EBADMSG);
}

static void ts_of_unknown_type_is_left_out(void **state)
{
	struct ts_list list;

	(void)state; /* 9 is Fibre Channel, RFC 4595 */
	assert_int_equal(ts_parse(hex("02 000000 09 00 0008 00000000"
				      "07 00 0010 0000 ffff 0a010000 0a01ffff"),
				  &list),
			 0);
	assert_int_equal(list.n, 1);
}

static void ts_past_the_limit_is_left_out(void **state)
{
	struct payload_writer pw = writer_start(buf, sizeof(buf));
	struct ts_val many[TS_LIST_MAX + 1];
	struct ip_addr a = addr_from_v4(0x0a000001);
	struct ts_list list;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = ts_from_addr(&a);
	ts_emit(&pw, PL_TSI, many, ARRAY_SIZE(many));
	assert_int_equal(ts_parse(rd_from(buf + 32, wr_len(&pw.w) - 32), &list), 0);
	assert_int_equal(list.n, TS_LIST_MAX);
}

static const char sa_two[] =
	"02 00 0024 01 01 00 03  03 00 000c 01 00 0014 800e 0080"
	"                        03 00 0008 02 00 0005  00 00 0008 04 00 001f"
	"00 00 0020 02 03 04 02  12345678  03 00 000c 01 00 0014 800e 0100  00 00 0008 05 00 0000";

static void sa_round_trip(void **state)
{
	static struct sa_payload sa;
	struct reader body = hex(sa_two);
	struct payload_writer pw = writer_start(buf, sizeof(buf));
	char text[PROPOSAL_TEXT_MAX];

	(void)state;
	assert_int_equal(sa_parse(body, &sa), 0);
	assert_int_equal(sa.n, 2);
	assert_string_equal(proposal_print(&sa.proposals[0], text, sizeof(text)),
			    "aes128gcm16-prfsha256-x25519");
	assert_string_equal(proposal_print(&sa.proposals[1], text, sizeof(text)),
			    "aes256gcm16-noesn");
	assert_bytes(rd_from(sa.proposals[1].spi, sa.proposals[1].spi_len), hex("12345678"));
	sa_emit(&pw, sa.proposals, sa.n);
	assert_emitted(&pw, PL_SA, body);
	for (size_t n = 0; n < rd_left(&body); n++)
		assert_int_equal(sa_parse(rd_from(body.at, n), &sa), -EBADMSG);
}

static void wrong_sa_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"02 00 0010 01 01 00 01  00 00 0008 01 00 0003", /* more proposals, but none */
		"00 00 0010 01 01 00 01  03 00 0008 01 00 0003", /* more transforms, but none */
		"00 00 0010 01 01 00 02  00 00 0008 01 00 0003", /* one too few */
		"00 00 0018 01 01 00 01  00 00 0008 01 00 0003 00 00 0008 01 00 0003",
		"00 00 0010 01 01 00 01  00 00 0007 01 00 0003",	   /* cut within */
		"00 00 0003 01 01 00 00",				   /* below its header */
		"00 00 0014 01 01 00 01  00 00 000c 01 00 0003 000e 0004", /* attribute too long */
		"00 00 0010 01 01 09 01  00 00 0008 01 00 0003",	   /* SPI longer than all */
	};
	static struct sa_payload sa;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(sa_parse(hex(wrong[i]), &sa), -EBADMSG);
}

static void unusable_proposals_are_left_out(void **state)
{
	static const char *const odd[] = {
		"00 00 0010 01 07 00 01  00 00 0008 01 00 0003",       /* protocol 7 */
		"00 00 0012 01 03 02 01  abcd  00 00 0008 01 00 0003", /* ESP SPI of 2 */
		"00 00 001c 01 03 0c 01  000102030405060708090a0b 00 00 0008 01 00 0003",
	};
	static struct sa_payload sa;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		assert_int_equal(sa_parse(hex(odd[i]), &sa), 0);
		assert_int_equal(sa.n, 0);
	}
}

/* RFC 7296 3.3.6: a transform with an attribute that is not understood is not chosen. */
static void transform_with_unknown_attribute_is_odd(void **state)
{
	static const char *const odd[] = {
		"00 00 0014 01 01 00 01  00 00 000c 01 00 0014 800f 0080",
		"00 00 0014 01 01 00 01  00 00 000c 01 00 0014 800e 0000",
		"00 00 0018 01 01 00 01  00 00 0010 01 00 0014 800e 0080 800e 0100",
		"00 00 0016 01 01 00 01  00 00 000e 01 00 0014 000e 0002 0080",
	};
	static struct sa_payload sa;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		assert_int_equal(sa_parse(hex(odd[i]), &sa), 0);
		assert_int_equal(sa.n, 1);
		assert_true(sa.proposals[0].transforms[0].is_odd);
	}
}

/* Limits: 20 proposals are read as 16; one of 65 transforms is left out. */
static void sa_limits_hold(void **state)
{
	static struct sa_payload sa;
	struct proposal p = { .number = 1, .protocol = PROTO_IKE, .n_transforms = 1 };
	struct proposal many[20];
	struct payload_writer pw = writer_start(buf, sizeof(buf));

	(void)state;
	p.transforms[0] = (struct transform){ .type = TRANSFORM_ENCR, .id = 3 };
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = p;
	sa_emit(&pw, many, ARRAY_SIZE(many));
	assert_int_equal(sa_parse(rd_from(buf + 32, wr_len(&pw.w) - 32), &sa), 0);
	assert_int_equal(sa.n, SA_PROPOSALS_MAX);

	struct writer w = wr_into(buf, sizeof(buf));
	size_t n = PROPOSAL_TRANSFORMS_MAX + 1;
	wr_u16(&w, 0);
	wr_u16(&w, (uint16_t)(8 + 8 * n));
	wr_u32(&w, 0x01010000u | (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		wr_u16(&w, i + 1 == n ? 0 : 0x0300);
		wr_u16(&w, 8);
		wr_u32(&w, 0x01000003);
	}
	assert_int_equal(sa_parse(rd_from(buf, wr_len(&w)), &sa), 0);
	assert_int_equal(sa.n, 0);
}

static void skf_numbers_are_checked(void **state)
{
	struct skf skf;

	(void)state;
	assert_int_equal(skf_parse(hex("0002 0003 aabb"), &skf), 0);
	assert_int_equal(skf.number, 2);
	assert_int_equal(skf.total, 3);
	assert_int_equal(skf_parse(hex("0000 0003 aabb"), &skf), -EBADMSG);
	assert_int_equal(skf_parse(hex("0004 0003 aabb"), &skf), -EBADMSG);
	assert_int_equal(skf_parse(hex("0001 00"), &skf), -EBADMSG);
}

static void full_buffer_is_noticed(void **state)
{
	struct ip_addr a = addr_from_v4(0x0a000001);
	struct ts_val ts = ts_from_addr(&a);

	(void)state;
	for (size_t size = 0; size < 28 + 4 + 4 + 16; size++) {
		struct payload_writer pw = writer_start(buf, size);
		size_t len;

		ts_emit(&pw, PL_TSI, &ts, 1);
		assert_int_equal(message_finish(&pw, &len), -ENOSPC);
	}
}

static void names_are_known(void **state)
{
	(void)state;
	assert_string_equal(payload_name(PL_TSR), "TSr");
	assert_string_equal(notify_name(N_NO_PROPOSAL_CHOSEN), "NO_PROPOSAL_CHOSEN");
	assert_string_equal(exchange_name(EX_CREATE_CHILD_SA), "CREATE_CHILD_SA");
	assert_null(payload_name(1));
	assert_null(notify_name(2));
	assert_null(exchange_name(2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ke_round_trip),
		cmocka_unit_test(id_round_trip),
		cmocka_unit_test(id_from_the_wire_is_checked),
		cmocka_unit_test(cert_round_trip),
		cmocka_unit_test(auth_round_trip),
		cmocka_unit_test(nonce_has_16_to_256_bytes),
		cmocka_unit_test(notify_round_trip),
		cmocka_unit_test(plain_notify_has_no_spi),
		cmocka_unit_test(delete_round_trip),
		cmocka_unit_test(wrong_delete_is_refused),
		cmocka_unit_test(ts_round_trip),
		cmocka_unit_test(ts_opaque_ports),
		cmocka_unit_test(wrong_ts_is_refused),
		cmocka_unit_test(ts_of_unknown_type_is_left_out),
		cmocka_unit_test(ts_past_the_limit_is_left_out),
		cmocka_unit_test(sa_round_trip),
		cmocka_unit_test(wrong_sa_is_refused),
		cmocka_unit_test(unusable_proposals_are_left_out),
		cmocka_unit_test(transform_with_unknown_attribute_is_odd),
		cmocka_unit_test(sa_limits_hold),
		cmocka_unit_test(skf_numbers_are_checked),
		cmocka_unit_test(full_buffer_is_noticed),
		cmocka_unit_test(names_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
