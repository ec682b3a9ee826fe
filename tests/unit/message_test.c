/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole messages: chains, limits, the SK payload, truncation. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "ike/message.h"
#include "ike/ts.h"
#include "support/bytes.h"

static struct message m;
static uint8_t buf[65536], plain[65536];

static const struct ike_header init_header = {
	.spi_i = 0x0102030405060708,
	.exchange = EX_IKE_SA_INIT,
	.flags = IKE_FLAG_INITIATOR,
};
static const struct ike_header auth_header = {
	.spi_i = 0x0102030405060708,
	.spi_r = 0x1112131415161718,
	.exchange = EX_IKE_AUTH,
	.flags = IKE_FLAG_RESPONSE,
	.id = 1,
};

/* A message in clear: header text with "LLLLLLLL" for the length, then payloads. */
static struct reader clear(const char *next, const char *payloads)
{
	char text[4096];
	size_t digits = 0;

	for (const char *c = payloads; *c; c++)
		digits += *c != ' ';
	snprintf(text, sizeof(text),
		 "0102030405060708 0000000000000000 %s 20 22 08 00000000 %08zx %s", next,
		 IKE_HEADER_LEN + digits / 2, payloads);
	return hex(text);
}

#define NONCE16 "00 00 0014 00112233445566778899aabbccddeeff"

static void header_is_read(void **state)
{
	struct ike_header h;
	struct reader r = hex("0102030405060708 1112131415161718 2e 21 25 28 00000007 0000001c");

	(void)state;
	assert_int_equal(header_parse(r, &h), MSG_OK);
	assert_int_equal(h.spi_i, 0x0102030405060708);
	assert_int_equal(h.spi_r, 0x1112131415161718);
	assert_int_equal(h.next, PL_SK);
	assert_int_equal(h.major, 2);
	assert_int_equal(h.minor, 1); /* a higher minor version is fine, RFC 7296 2.5 */
	assert_int_equal(h.exchange, EX_INFORMATIONAL);
	assert_int_equal(h.flags, IKE_FLAG_RESPONSE | IKE_FLAG_INITIATOR);
	assert_int_equal(h.id, 7);
	for (size_t n = 0; n < IKE_HEADER_LEN; n++)
		assert_int_equal(header_parse(rd_from(r.at, n), &h), MSG_DROP);
}

static void wrong_headers_are_dropped(void **state)
{
	static const struct {
		const char *text;
		enum message_result want;
	} rows[] = {
		/* IKEv1; version 0; length one more, one less than there is; SPIi of zero; IKEv3 */
		{ "0102030405060708 0000000000000000 00 10 22 08 00000000 0000001c",
		  MSG_INVALID_MAJOR_VERSION },
		{ "0102030405060708 0000000000000000 00 00 22 08 00000000 0000001c", MSG_DROP },
		{ "0102030405060708 0000000000000000 00 20 22 08 00000000 0000001d", MSG_DROP },
		{ "0102030405060708 0000000000000000 00 20 22 08 00000000 0000001b", MSG_DROP },
		{ "0000000000000000 0000000000000000 00 20 22 08 00000000 0000001c", MSG_DROP },
		{ "0102030405060708 0000000000000000 00 30 22 08 00000000 0000ffff",
		  MSG_INVALID_MAJOR_VERSION },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(message_parse(hex(rows[i].text), &m), rows[i].want);
	assert_int_equal(m.header.major, 3);
	assert_int_equal(m.header.spi_i, 0x0102030405060708);
}

static void chains(void **state)
{
	static const struct {
		const char *next, *payloads;
		enum message_result want;
	} rows[] = {
		{ "00", "", MSG_OK },
		{ "28", NONCE16, MSG_OK },
		{ "28", NONCE16 "00", MSG_INVALID_SYNTAX }, /* something left */
		{ "28", "", MSG_INVALID_SYNTAX },	    /* nothing there */
		{ "00", NONCE16, MSG_INVALID_SYNTAX },	    /* nothing announced */
		{ "28", "28 00 0014 00112233445566778899aabbccddeeff " NONCE16,
		  MSG_INVALID_SYNTAX },			    /* twice */
		{ "28", "00 00 0003", MSG_INVALID_SYNTAX }, /* length below header */
		{ "28", "00 00 0015 00112233445566778899aabbccddeeff", MSG_INVALID_SYNTAX },
		{ "28", "00 80 0014 00112233445566778899aabbccddeeff",
		  MSG_OK },				    /* known: no matter */
		{ "c8", "28 00 0005 aa " NONCE16, MSG_OK }, /* unknown, not critical */
		{ "c8", "28 80 0005 aa " NONCE16, MSG_UNSUPPORTED_CRITICAL },
		{ "01", "00 80 0004", MSG_UNSUPPORTED_CRITICAL },    /* IKEv1's SA is unknown */
		{ "2c", "00 00 0008 00000000", MSG_INVALID_SYNTAX }, /* no selector */
		{ "2e", "00 00 0008 01020304 00 00 0004", MSG_INVALID_SYNTAX }, /* after SK */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (message_parse(clear(rows[i].next, rows[i].payloads), &m) != rows[i].want)
			fail_msg("row %zu", i);
}

static void rare_payloads_are_read(void **state)
{
	char text[256],
		whole[] = "IKE_SA_INIT request 0 { CERT, CERTREQ, CERT, CP, EAP, D, N(40000), "
			  "payload 200 }";

	(void)state;
	assert_int_equal(message_parse(clear("25", "26 00 0006 0401 25 00 0006 0402 2f 00 0006 0403"
						   "30 00 000c 01000000 00010000 2a 00 0006 bbbb"
						   "29 00 0008 01000000 c8 00 0008 00009c40"
						   "00 00 0005 cc"),
				       &m),
			 MSG_OK);
	assert_int_equal(m.present, P_CERT | P_CERTREQ | P_CP | P_EAP | P_DELETE | P_NOTIFY);
	assert_int_equal(m.n_certs, 2);
	assert_bytes(m.certs[1].data, hex("03"));
	assert_int_equal(m.n_certreqs, 1);
	assert_int_equal(m.cp.n, 1);
	assert_int_equal(m.cp.attrs[0].type, CP_IP4_ADDRESS);
	assert_bytes(m.eap, hex("bbbb"));
	assert_int_equal(m.deletes[0].protocol, PROTO_IKE);
	assert_string_equal(message_print(&m, text, sizeof(text)), whole);
	m.header.exchange = 99;
	m.n_notifies = 0; /* as if it had been past the limit */
	message_print(&m, text, sizeof(text));
	assert_memory_equal(text, "exchange 99 request", 19);
	assert_non_null(strstr(text, "D, N, payload"));
}

static void too_many_deletes_are_refused(void **state)
{
	struct payload_writer pw;
	size_t len;

	(void)state;
	message_start(&pw, buf, sizeof(buf), &init_header);
	for (size_t i = 0; i <= MESSAGE_DELETES_MAX; i++)
		delete_emit(&pw, PROTO_IKE, NULL, 0);
	assert_int_equal(message_finish(&pw, &len), 0);
	assert_int_equal(message_parse(rd_from(buf, len), &m), MSG_INVALID_SYNTAX);
}

/* The generic header has 16 bits for the length. */
static void too_long_payload_is_not_written(void **state)
{
	static uint8_t room[70000];
	struct payload_writer pw;
	size_t len;

	(void)state;
	message_start(&pw, room, sizeof(room), &init_header);
	opaque_emit(&pw, PL_VENDOR, rd_from(plain, 65535 - 4));
	assert_int_equal(message_finish(&pw, &len), 0);
	message_start(&pw, room, sizeof(room), &init_header);
	opaque_emit(&pw, PL_VENDOR, rd_from(plain, 65536 - 4));
	assert_int_equal(message_finish(&pw, &len), -ENOSPC);
}

static void critical_type_is_told(void **state)
{
	(void)state;
	assert_int_equal(message_parse(clear("c8", "28 80 0005 aa " NONCE16), &m),
			 MSG_UNSUPPORTED_CRITICAL);
	assert_int_equal(m.critical, 0xc8);
	assert_int_equal(m.present, 0);
}

static void too_many_payloads_are_refused(void **state)
{
	(void)state;
	for (size_t n = MESSAGE_PAYLOADS_MAX; n <= MESSAGE_PAYLOADS_MAX + 1; n++) {
		struct payload_writer pw;
		size_t len;

		message_start(&pw, buf, sizeof(buf), &init_header);
		for (size_t i = 0; i < n; i++)
			opaque_emit(&pw, PL_VENDOR, rd_from("v", 1));
		assert_int_equal(message_finish(&pw, &len), 0);
		assert_int_equal(message_parse(rd_from(buf, len), &m),
				 n > MESSAGE_PAYLOADS_MAX ? MSG_INVALID_SYNTAX : MSG_OK);
		assert_int_equal(m.n_vendors, MESSAGE_VENDORS_MAX);
	}
}

static void too_many_notifies_are_ignored(void **state)
{
	struct payload_writer pw;
	size_t len;

	(void)state;
	message_start(&pw, buf, sizeof(buf), &init_header);
	for (uint16_t i = 0; i < MESSAGE_NOTIFIES_MAX + 3; i++)
		notify_emit_plain(&pw, 40000 + i, rd_from("", 0));
	assert_int_equal(message_finish(&pw, &len), 0);
	assert_int_equal(message_parse(rd_from(buf, len), &m), MSG_OK);
	assert_int_equal(m.n_notifies, MESSAGE_NOTIFIES_MAX);
	assert_non_null(message_notify(&m, 40000));
	assert_null(message_notify(&m, 40000 + MESSAGE_NOTIFIES_MAX));
}

static void errors_among_notifies(void **state)
{
	struct payload_writer pw;
	size_t len;

	(void)state;
	message_start(&pw, buf, sizeof(buf), &init_header);
	notify_emit_plain(&pw, N_INITIAL_CONTACT, rd_from("", 0));
	assert_int_equal(message_finish(&pw, &len), 0);
	assert_int_equal(message_parse(rd_from(buf, len), &m), MSG_OK);
	assert_null(message_error(&m));
	message_start(&pw, buf, sizeof(buf), &init_header);
	notify_emit_plain(&pw, N_INITIAL_CONTACT, rd_from("", 0));
	notify_emit_plain(&pw, N_TS_UNACCEPTABLE, rd_from("", 0));
	assert_int_equal(message_finish(&pw, &len), 0);
	assert_int_equal(message_parse(rd_from(buf, len), &m), MSG_OK);
	assert_int_equal(message_error(&m)->type, N_TS_UNACCEPTABLE);
}

/* IKE_SA_INIT with all it usually holds, in buf; returns its length. */
static size_t init_build(void)
{
	static const uint8_t bytes[256] = { 1, 2, 3 };
	struct ke ke = { .group = KE_X25519, .public_value = rd_from(bytes, 32) };
	struct payload_writer pw;
	struct proposal p;
	char why[64];
	size_t len;

	assert_int_equal(proposal_parse(PROTO_IKE, "default", &p, why, sizeof(why)), 0);
	message_start(&pw, buf, sizeof(buf), &init_header);
	sa_emit(&pw, &p, 1);
	ke_emit(&pw, &ke);
	nonce_emit(&pw, rd_from(bytes, 32));
	notify_emit_plain(&pw, N_NAT_DETECTION_SOURCE_IP, rd_from(bytes, 20));
	opaque_emit(&pw, PL_VENDOR, rd_from("sekisho", 7));
	assert_int_equal(message_finish(&pw, &len), 0);
	return len;
}

static void init_round_trip(void **state)
{
	size_t len = init_build();
	char text[256];

	(void)state;
	assert_int_equal(message_parse(rd_from(buf, len), &m), MSG_OK);
	assert_int_equal(m.present, P_SA | P_KE | P_NONCE | P_NOTIFY | P_VENDOR);
	assert_false(m.is_open);
	assert_string_equal(message_print(&m, text, sizeof(text)),
			    "IKE_SA_INIT request 0 { SA, KE, Ni, N(NAT_DETECTION_SOURCE_IP), V }");
	assert_string_equal(message_print(&m, text, 20), "IKE_SA_INIT request");
	assert_bytes(m.vendors[0], rd_from("sekisho", 7));
	assert_int_equal(message_open(&m, NULL, plain, sizeof(plain)), MSG_DROP);
}

/* Cut at any byte: dropped for its length; with the length in the header corrected: refused. */
static void every_truncation_of_init_is_refused(void **state)
{
	size_t len = init_build();

	(void)state;
	for (size_t n = 0; n < len; n++) {
		struct reader cut = exact_copy(rd_from(buf, len), n);

		assert_int_equal(message_parse(cut, &m), MSG_DROP);
		if (n >= IKE_HEADER_LEN) {
			((uint8_t *)cut.at)[26] = (uint8_t)(n >> 8);
			((uint8_t *)cut.at)[27] = (uint8_t)n;
			assert_int_equal(message_parse(cut, &m), MSG_INVALID_SYNTAX);
		}
		free((void *)cut.at);
	}
}

static const struct aead_alg algs[] = {
	{ ENCR_AES_GCM_16, 128, INTEG_NONE },
	{ ENCR_AES_GCM_16, 256, INTEG_NONE },
	{ ENCR_AES_CBC, 128, INTEG_HMAC_SHA2_256_128 },
	{ ENCR_AES_CBC, 256, INTEG_HMAC_SHA2_512_256 },
};

static struct aead_key some_key(size_t i)
{
	struct aead_key key = { .alg = algs[i] };

	memset(key.enc, 0x33, aead_sizes(algs[i]).enc_len);
	memset(key.auth, 0x44, aead_sizes(algs[i]).auth_len);
	return key;
}

/* IKE_AUTH response, IDr of n bytes, sealed; returns its length. */
static size_t auth_build(struct aead_key *key, size_t n)
{
	struct ip_addr a = addr_from_v4(0x0a010000);
	struct auth auth = { .method = AUTH_PSK, .data = rd_from("0123456789abcdef", 16) };
	struct ts_val ts = ts_from_addr(&a);
	struct ike_id id = { .type = ID_FQDN, .len = (uint16_t)n };
	struct payload_writer pw;
	size_t len;

	memset(id.data, 'x', n);
	message_start(&pw, buf, sizeof(buf), &auth_header);
	message_protect(&pw, key);
	id_payload_emit(&pw, PL_IDR, &id);
	auth_emit(&pw, &auth);
	ts_emit(&pw, PL_TSI, &ts, 1);
	ts_emit(&pw, PL_TSR, &ts, 1);
	notify_emit_plain(&pw, N_MOBIKE_SUPPORTED, rd_from("", 0));
	assert_int_equal(message_finish(&pw, &len), 0);
	return len;
}

static void sealed_message_opens(void **state)
{
	char text[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(algs); i++) {
		struct aead_key key = some_key(i);

		for (size_t n = 1; n <= 33; n++) {
			size_t len = auth_build(&key, n);

			assert_int_equal(message_parse(rd_from(buf, len), &m), MSG_OK);
			assert_int_equal(m.present, P_SK);
			message_print(&m, text, sizeof(text));
			assert_string_equal(text, "IKE_AUTH response 1 SK");
			assert_int_equal(message_open(&m, &key, plain, sizeof(plain)), MSG_OK);
			assert_true(m.is_open);
			assert_int_equal(m.present,
					 P_SK | P_IDR | P_AUTH | P_TSI | P_TSR | P_NOTIFY);
			assert_int_equal(rd_left(&m.idr.data), n);
			assert_bytes(m.auth.data, rd_from("0123456789abcdef", 16));
			message_print(&m, text, sizeof(text));
			assert_string_equal(text, "IKE_AUTH response 1 SK { IDr, AUTH, TSi, TSr, "
						  "N(MOBIKE_SUPPORTED) }");
			assert_int_equal(message_open(&m, &key, plain, sizeof(plain)), MSG_DROP);
		}
	}
}

static void empty_sealed_message_opens(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(algs); i++) {
		struct aead_key key = some_key(i);
		struct payload_writer pw;
		size_t len;

		message_start(&pw, buf, sizeof(buf), &auth_header);
		message_protect(&pw, &key);
		assert_int_equal(message_finish(&pw, &len), 0);
		assert_int_equal(message_parse(rd_from(buf, len), &m), MSG_OK);
		assert_int_equal(message_open(&m, &key, plain, sizeof(plain)), MSG_OK);
		assert_int_equal(m.present, P_SK);
		assert_int_equal(m.n_payloads, 0);
	}
}

static void every_changed_byte_of_a_sealed_message_is_noticed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(algs); i++) {
		struct aead_key key = some_key(i);
		size_t len = auth_build(&key, 5);

		for (size_t j = 0; j < len; j++) {
			buf[j] ^= 1;
			if (message_parse(rd_from(buf, len), &m) == MSG_OK) {
				uint32_t before = m.present;

				assert_int_equal(message_open(&m, &key, plain, sizeof(plain)),
						 MSG_DROP);
				assert_false(m.is_open);
				assert_int_equal(m.present, before);
			}
			buf[j] ^= 1;
		}
	}
}

/* Cut, with the lengths of header and SK payload corrected: not authentic. */
static void every_truncation_of_a_sealed_message_is_dropped(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(algs); i++) {
		struct aead_key key = some_key(i);
		size_t len = auth_build(&key, 5);

		for (size_t n = IKE_HEADER_LEN + 4; n < len; n++) {
			struct reader cut = exact_copy(rd_from(buf, len), n);
			uint8_t *at = (uint8_t *)cut.at;

			assert_int_equal(message_parse(cut, &m), MSG_DROP);
			at[26] = (uint8_t)(n >> 8);
			at[27] = (uint8_t)n;
			at[30] = (uint8_t)((n - 28) >> 8);
			at[31] = (uint8_t)(n - 28);
			assert_int_equal(message_parse(cut, &m), MSG_OK);
			assert_int_equal(message_open(&m, &key, plain, sizeof(plain)), MSG_DROP);
			free(at);
		}
	}
}

/* Seals `text` (payloads, padding, pad length) as it is; `next` is the first payload's type. */
static enum message_result open_text(uint8_t next, struct reader text)
{
	struct aead_key key = some_key(0);
	struct writer w = wr_into(buf, sizeof(buf));
	size_t n = rd_left(&text), len = IKE_HEADER_LEN + 4 + 8 + n + 16;
	uint8_t *iv = buf + IKE_HEADER_LEN + 4;

	wr_copy(&w, hex("0102030405060708 1112131415161718 2e 20 23 20 00000001"));
	wr_u32(&w, (uint32_t)len);
	wr_u8(&w, next);
	wr_u8(&w, 0);
	wr_u16(&w, (uint16_t)(len - IKE_HEADER_LEN));
	memcpy(iv + 8, text.at, n);
	assert_int_equal(
		aead_seal(&key, rd_from(buf, IKE_HEADER_LEN + 4), iv, iv + 8, n, iv + 8 + n), 0);
	assert_int_equal(message_parse(rd_from(buf, len), &m), MSG_OK);
	uint8_t *exact = malloc(n ? n : 1); /* a sanitizer sees what reads past it */
	enum message_result result = message_open(&m, &key, exact, n);
	free(exact);
	return result;
}

static void inside_of_sk(void **state)
{
	static const struct {
		uint8_t next;
		const char *text;
		enum message_result want;
	} rows[] = {
		{ PL_NONE, "00", MSG_OK },
		{ PL_NONE, "aabb02", MSG_OK },	       /* padding of two */
		{ PL_NONE, "", MSG_DROP },	       /* not even a pad length */
		{ PL_NONE, "01", MSG_INVALID_SYNTAX }, /* more padding than there is */
		{ PL_NONCE, "01", MSG_INVALID_SYNTAX },
		{ PL_NONE, "aabb01", MSG_INVALID_SYNTAX }, /* something left */
		{ PL_NONCE, NONCE16 " 00", MSG_OK },
		{ PL_NONCE, NONCE16 " 01", MSG_INVALID_SYNTAX }, /* padding eats the nonce */
		{ PL_SK, "00 00 0004 00", MSG_INVALID_SYNTAX },	 /* SK inside SK */
		{ 200, "00 80 0004 00", MSG_UNSUPPORTED_CRITICAL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (open_text(rows[i].next, hex(rows[i].text)) != rows[i].want)
			fail_msg("row %zu", i);
}

static void clear_payload_before_sk_counts_for_duplicates(void **state)
{
	struct aead_key key = some_key(0);
	struct payload_writer pw;
	size_t len;

	(void)state;
	message_start(&pw, buf, sizeof(buf), &auth_header);
	nonce_emit(&pw, rd_from("0123456789abcdef", 16));
	message_protect(&pw, &key);
	nonce_emit(&pw, rd_from("0123456789abcdef", 16));
	assert_int_equal(message_finish(&pw, &len), 0);
	assert_int_equal(message_parse(rd_from(buf, len), &m), MSG_OK);
	assert_int_equal(message_open(&m, &key, plain, sizeof(plain)), MSG_INVALID_SYNTAX);
}

static void fragment_is_recognised(void **state)
{
	struct aead_key key = some_key(0);

	(void)state;
	assert_int_equal(message_parse(clear("35", "29 00 0010 0001 0002 0102030405060708"), &m),
			 MSG_OK);
	assert_int_equal(m.present, P_SKF);
	assert_int_equal(message_open(&m, &key, plain, sizeof(plain)), MSG_DROP);
}

static void plaintext_needs_room(void **state)
{
	struct aead_key key = some_key(0);
	size_t len = auth_build(&key, 5);

	(void)state;
	assert_int_equal(message_parse(rd_from(buf, len), &m), MSG_OK);
	assert_int_equal(message_open(&m, &key, plain, 10), MSG_DROP);
}

/* Nothing of the plaintext may be left where it could be sent by mistake. */
static void failed_finish_leaves_nothing(void **state)
{
	struct aead_key key = some_key(2);
	size_t len = auth_build(&key, 5), got;

	(void)state;
	for (size_t size = 0; size < len; size++) {
		struct payload_writer pw;
		uint8_t *small = calloc(1, size + 1);

		message_start(&pw, small, size, &auth_header);
		message_protect(&pw, &key);
		opaque_emit(&pw, PL_VENDOR, rd_from(buf, len - 28 - 4 - 16 - 16 - 8));
		assert_int_equal(message_finish(&pw, &got), -ENOSPC);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(small[i], 0);
		free(small);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_is_read),
		cmocka_unit_test(wrong_headers_are_dropped),
		cmocka_unit_test(chains),
		cmocka_unit_test(rare_payloads_are_read),
		cmocka_unit_test(too_many_deletes_are_refused),
		cmocka_unit_test(too_long_payload_is_not_written),
		cmocka_unit_test(critical_type_is_told),
		cmocka_unit_test(too_many_payloads_are_refused),
		cmocka_unit_test(too_many_notifies_are_ignored),
		cmocka_unit_test(errors_among_notifies),
		cmocka_unit_test(init_round_trip),
		cmocka_unit_test(every_truncation_of_init_is_refused),
		cmocka_unit_test(sealed_message_opens),
		cmocka_unit_test(empty_sealed_message_opens),
		cmocka_unit_test(every_changed_byte_of_a_sealed_message_is_noticed),
		cmocka_unit_test(every_truncation_of_a_sealed_message_is_dropped),
		cmocka_unit_test(inside_of_sk),
		cmocka_unit_test(clear_payload_before_sk_counts_for_duplicates),
		cmocka_unit_test(fragment_is_recognised),
		cmocka_unit_test(plaintext_needs_room),
		cmocka_unit_test(failed_finish_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
