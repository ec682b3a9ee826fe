/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A peer that is authentic and odd: what it sends is made here, payload by payload, sealed with
 * a's keys, and b's answer is opened and read. RFC 7296 2.5, 2.21, 3.10.1, 1.3, 2.25.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include "ike/ike_sa.h"
#include "support/pair.h"

static struct pair pair;
static uint8_t out[4096], plain[4096], answer_bytes[4096];
static size_t answer_len;
static struct message answer;

static bool keep_answer(struct pair *p, struct flight *f, void *arg)
{
	(void)arg;
	if (!addr_equal(&f->from.addr, &p->b.home.addr))
		return true;
	assert_true(f->len <= sizeof(answer_bytes));
	memcpy(answer_bytes, f->bytes, f->len);
	answer_len = f->len;
	return false;
}

static int setup(void **state)
{
	(void)state;
	pair_init(&pair, 21, "aes128gcm16-prfsha256-x25519", "aes128gcm16");
	pair_configure(&pair);
	pair_up(&pair);
	pair.on_wire = keep_answer;
	answer_len = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pair_fini(&pair);
	return 0;
}

static void deliver(const uint8_t *bytes, size_t len)
{
	struct datagram d = {
		.local = pair.b.home, .remote = pair.a.home, .data = bytes, .len = len
	};

	answer_len = 0;
	ike_input(pair.b.ike, &d, pair.now_ms);
	side_effects(&pair.b);
	pair_run(&pair, 10); /* computations */
}

static struct ike_sa *sa_of_b(void)
{
	return pair.b.ike->sas;
}

static struct aead_key key;

static struct payload_writer begin(uint8_t exchange)
{
	struct ike_sa *sa = sa_of_b();
	struct ike_header h = { .spi_i = sa->spi_i,
				.spi_r = sa->spi_r,
				.exchange = exchange,
				.flags = IKE_FLAG_INITIATOR,
				.id = sa->due_id };
	struct payload_writer pw;

	key = *sa_key_in(sa);
	message_start(&pw, out, sizeof(out), &h);
	message_protect(&pw, &key);
	return pw;
}

/* The answer is in `answer`. */
static void end(struct payload_writer *pw)
{
	struct aead_key theirs = *sa_key_out(sa_of_b());
	size_t len;

	assert_int_equal(message_finish(pw, &len), 0);
	deliver(out, len);
	assert_true(answer_len > 0);
	assert_int_equal(message_parse(rd_from(answer_bytes, answer_len), &answer), MSG_OK);
	assert_int_equal(message_open(&answer, &theirs, plain, sizeof(plain)), MSG_OK);
}

static void raw_payload(struct payload_writer *pw, uint8_t type, bool is_critical)
{
	*pw->next = type;
	pw->next = wr_reserve(&pw->w, 1);
	*pw->next = 0;
	wr_u8(&pw->w, is_critical ? 0x80 : 0);
	wr_u16(&pw->w, 8);
	wr_u32(&pw->w, 0);
}

static void unknown_payloads(void **state)
{
	struct payload_writer pw = begin(EX_INFORMATIONAL);

	(void)state;
	raw_payload(&pw, 200, false);
	end(&pw);
	assert_int_equal(answer.present & ~(uint32_t)P_SK, 0);
	pw = begin(EX_INFORMATIONAL);
	raw_payload(&pw, 201, true);
	end(&pw);
	const struct notify *n = message_notify(&answer, N_UNSUPPORTED_CRITICAL_PAYLOAD);
	assert_non_null(n);
	assert_int_equal(rd_left(&n->data), 1);
	assert_int_equal(n->data.at[0], 201);
	assert_int_equal(side_n_ike(&pair.b), 1); /* no reason to end it */
	assert_int_equal(side_n_sas(&pair.b), 1);
}

/* 2.21.2: the end of the IKE SA for both, no delete needed. */
static void malformed_payload(void **state)
{
	struct payload_writer pw = begin(EX_INFORMATIONAL);
	struct aead_key theirs = *sa_key_out(sa_of_b());
	size_t len;

	(void)state;
	raw_payload(&pw, PL_KE, false);
	wr_u16(&pw.w, 1); /* another header, cut */
	assert_int_equal(message_finish(&pw, &len), 0);
	deliver(out, len);
	assert_int_equal(message_parse(rd_from(answer_bytes, answer_len), &answer), MSG_OK);
	assert_int_equal(message_open(&answer, &theirs, plain, sizeof(plain)), MSG_OK);
	assert_non_null(message_notify(&answer, N_INVALID_SYNTAX));
	assert_int_equal(side_n_ike(&pair.b), 0);
	assert_int_equal(side_n_sas(&pair.b), 0);
	uint64_t before = ike_counts(pair.b.ike)[IKE_COUNT_ANSWERED_AGAIN];
	deliver(out, len); /* and the duplicate gets the same, though it is over */
	assert_int_equal(ike_counts(pair.b.ike)[IKE_COUNT_ANSWERED_AGAIN], before + 1);
}

static void missing_payload(void **state)
{
	struct payload_writer pw = begin(EX_CREATE_CHILD_SA);
	size_t len;

	(void)state;
	nonce_emit(&pw, rd_from("0123456789abcdef", 16));
	assert_int_equal(message_finish(&pw, &len), 0);
	deliver(out, len);
	assert_true(answer_len > 0);
	assert_int_equal(side_n_ike(&pair.b), 0);
}

static void other_versions(void **state)
{
	static uint8_t bytes[28] = {
		[7] = 1, [16] = 33, [17] = 0x30, [18] = 34, [19] = 8, [27] = 28
	};

	(void)state;
	deliver(bytes, sizeof(bytes));
	assert_true(answer_len > 28);
	assert_int_equal(answer_bytes[17], 0x20); /* ours: the highest we speak */
	assert_int_equal(answer_bytes[19], IKE_FLAG_RESPONSE);
	assert_int_equal(message_parse(rd_from(answer_bytes, answer_len), &answer), MSG_OK);
	assert_non_null(message_notify(&answer, N_INVALID_MAJOR_VERSION));
	bytes[19] = IKE_FLAG_RESPONSE; /* never a notify for a response */
	deliver(bytes, sizeof(bytes));
	assert_int_equal(answer_len, 0);
	bytes[17] = 0x10; /* IKEv1 */
	bytes[19] = 0;
	deliver(bytes, sizeof(bytes));
	assert_int_equal(side_n_ike(&pair.b), 1);
}

static void unknown_exchange(void **state)
{
	struct ike_sa *sa = sa_of_b();
	struct payload_writer pw = begin(99);
	size_t len;

	(void)state;
	assert_int_equal(message_finish(&pw, &len), 0);
	deliver(out, len);
	assert_true(answer_len > 0);
	assert_int_equal(sa->state, ST_CLOSED);
}

static void put_child(struct payload_writer *pw, uint32_t spi)
{
	struct proposal p = pair.b.children[0][0].proposals[0];
	struct writer w = wr_into(p.spi, 4);
	struct ts_val a = pair_ts("10.1.0.0/16"), b = pair_ts("10.2.0.0/16");

	p.spi_len = 4;
	wr_u32(&w, spi);
	sa_emit(pw, &p, 1);
	nonce_emit(pw, rd_from("0123456789abcdef", 16));
	ts_emit(pw, PL_TSI, &a, 1);
	ts_emit(pw, PL_TSR, &b, 1);
}

/* RFC 7296 1.3.1: what the data plane does not do is not granted. */
static void fragments_of_narrow_ports_are_not_granted(void **state)
{
	struct payload_writer pw = begin(EX_CREATE_CHILD_SA);

	(void)state;
	put_child(&pw, 0xd0000000);
	notify_emit_plain(&pw, N_NON_FIRST_FRAGMENTS_ALSO, rd_from(NULL, 0));
	end(&pw);
	assert_true(answer.present & P_SA);
	assert_null(message_notify(&answer, N_NON_FIRST_FRAGMENTS_ALSO));
	assert_null(message_notify(&answer, N_ESP_TFC_PADDING_NOT_SUPPORTED));
}

/* However many it asks for: bounded, told so, and what is there stays. */
static void too_many_children(void **state)
{
	unsigned n_up = 0;

	(void)state;
	for (uint32_t i = 0; i < CHILDREN_MAX + 10; i++) {
		struct payload_writer pw = begin(EX_CREATE_CHILD_SA);

		put_child(&pw, 0xd0000000 + i);
		end(&pw);
		n_up += (answer.present & P_SA) != 0;
	}
	assert_int_equal(n_up, CHILDREN_MAX - 1);
	assert_non_null(message_notify(&answer, N_NO_ADDITIONAL_SAS));
	assert_int_equal(side_n_sas(&pair.b), CHILDREN_MAX);
}

static void rekey_of_nothing(void **state)
{
	struct payload_writer pw = begin(EX_CREATE_CHILD_SA);

	(void)state;
	notify_emit_child(&pw, N_REKEY_SA, PROTO_ESP, 0x12345678);
	put_child(&pw, 0xd0000000);
	end(&pw);
	const struct notify *n = message_notify(&answer, N_CHILD_SA_NOT_FOUND);
	assert_non_null(n);
	assert_int_equal(notify_child_spi(n), 0x12345678);
	assert_int_equal(side_n_sas(&pair.b), 1);
}

/* 2.25.1: what we are about to delete is not rekeyed. */
static void rekey_of_what_goes(void **state)
{
	struct child *child = sa_of_b()->children;
	uint32_t spi_out = child->sa.spi_out;

	(void)state;
	assert_int_equal(ike_terminate(pair.b.ike, "gw-gw", "net", pair.now_ms), 0);
	side_effects(&pair.b);
	struct payload_writer pw = begin(EX_CREATE_CHILD_SA);
	notify_emit_child(&pw, N_REKEY_SA, PROTO_ESP, spi_out);
	put_child(&pw, 0xd0000000);
	end(&pw);
	assert_non_null(message_notify(&answer, N_TEMPORARY_FAILURE));
}

/* Reserved SPIs (RFC 4303 2.1) and SPIs of the wrong length are no SPIs. */
static void reserved_spi(void **state)
{
	struct payload_writer pw = begin(EX_CREATE_CHILD_SA);

	(void)state;
	put_child(&pw, 255);
	end(&pw);
	assert_non_null(message_notify(&answer, N_INVALID_SYNTAX));
	assert_int_equal(side_n_sas(&pair.b), 1);
}

static void delete_of_strangers(void **state)
{
	struct payload_writer pw = begin(EX_INFORMATIONAL);
	uint32_t spis[DELETE_SPIS_MAX];

	(void)state;
	for (unsigned i = 0; i < DELETE_SPIS_MAX; i++)
		spis[i] = i;
	delete_emit(&pw, PROTO_ESP, spis, DELETE_SPIS_MAX);
	end(&pw);
	assert_int_equal(answer.present & P_DELETE, 0);
	assert_int_equal(side_n_sas(&pair.b), 1);
}

static bool count_inits(struct pair *p, struct flight *f, void *arg)
{
	(void)p;
	*(unsigned *)arg += f->bytes[18] == EX_IKE_SA_INIT;
	return false;
}

/* An authentic answer that makes no sense: the peer is told, and dpd_action begins anew. */
static void malformed_answer(void **state)
{
	struct ike_sa *sa = sa_of_b();
	struct ike_header h = { .spi_i = sa->spi_i,
				.spi_r = sa->spi_r,
				.exchange = EX_CREATE_CHILD_SA,
				.flags = IKE_FLAG_INITIATOR | IKE_FLAG_RESPONSE };
	struct payload_writer pw;
	unsigned n_inits = 0;
	size_t len;

	(void)state;
	pair.b.children[0][0].dpd = START_NOW;
	assert_int_equal(ike_rekey_child(pair.b.ike, "gw-gw", "net", pair.now_ms), 0);
	side_effects(&pair.b);
	h.id = sa->ours->id;
	key = *sa_key_in(sa);
	message_start(&pw, out, sizeof(out), &h);
	message_protect(&pw, &key);
	raw_payload(&pw, PL_NONCE, false);
	assert_int_equal(message_finish(&pw, &len), 0);
	pair.on_wire = count_inits;
	pair.arg = &n_inits;
	deliver(out, len);
	assert_int_equal(side_n_ike(&pair.b), 0);
	assert_int_equal(side_n_sas(&pair.b), 0);
	assert_int_equal(n_inits, 1);
	pair.on_wire = NULL;
	pair_run(&pair, 30000);
	assert_true(pair_fits(&pair));
	assert_int_equal(side_n_ike(&pair.b), 1);
}

/* Is it our own request, which says that `id` was outside of the window? */
static bool is_overrun_told(uint32_t id)
{
	struct aead_key theirs = *sa_key_out(sa_of_b());
	const struct notify *n;

	if (message_parse(rd_from(answer_bytes, answer_len), &answer) ||
	    message_is_response(&answer) || message_open(&answer, &theirs, plain, sizeof(plain)))
		return false;
	n = message_notify(&answer, N_INVALID_MESSAGE_ID);
	struct reader r = n ? n->data : rd_from(NULL, 0);
	return rd_u32(&r) == id && rd_done(&r);
}

/* Old and far message IDs: neither processed nor answered (2.3). Who is too far is told so in an
 * exchange of its own, but not each time. */
static void message_ids(void **state)
{
	struct ike_sa *sa = sa_of_b();
	struct payload_writer pw;
	size_t len;

	(void)state;
	sa->due_id += 10;
	pw = begin(EX_INFORMATIONAL);
	assert_int_equal(message_finish(&pw, &len), 0);
	sa->due_id += 5;
	deliver(out, len);
	assert_int_equal(answer_len, 0);
	sa->due_id -= 5 + 4;
	out[len - 1] ^= 1;
	deliver(out, len); /* not authentic */
	assert_int_equal(answer_len, 0);
	out[len - 1] ^= 1;
	deliver(out, len);
	assert_true(is_overrun_told(sa->due_id + 4));
	deliver(out, len);
	assert_int_equal(answer_len, 0);
	sa->due_id += 4;
	deliver(out, len);
	assert_true(answer_len > 0);
	assert_int_equal(ike_counts(pair.b.ike)[IKE_COUNT_MESSAGE_ID], 4);
}

/* 2.1: the stored answer is for copies of its request, not for what has the same number. */
static void the_stored_answer_is_for_its_exchange(void **state)
{
	struct ike_sa *sa = sa_of_b();
	struct payload_writer pw;
	size_t len;

	(void)state;
	assert_true(sa->theirs[1].response != NULL); /* IKE_AUTH */
	sa->due_id = 1;
	pw = begin(EX_INFORMATIONAL);
	sa->due_id = 2;
	assert_int_equal(message_finish(&pw, &len), 0);
	deliver(out, len);
	assert_int_equal(answer_len, 0);
	assert_int_equal(ike_counts(pair.b.ike)[IKE_COUNT_ANSWERED_AGAIN], 0);
	out[18] = EX_IKE_AUTH;
	deliver(out, len);
	assert_int_equal(ike_counts(pair.b.ike)[IKE_COUNT_ANSWERED_AGAIN], 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(unknown_payloads),
		TEST(malformed_payload),
		TEST(missing_payload),
		TEST(other_versions),
		TEST(unknown_exchange),
		TEST(too_many_children),
		TEST(rekey_of_nothing),
		TEST(rekey_of_what_goes),
		TEST(reserved_spi),
		TEST(delete_of_strangers),
		TEST(malformed_answer),
		TEST(message_ids),
		TEST(the_stored_answer_is_for_its_exchange),
		TEST(fragments_of_narrow_ports_are_not_granted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
