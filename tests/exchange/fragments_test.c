/* SPDX-License-Identifier: BSD-2-Clause */
/* IKE fragmentation (RFC 7383): negotiated, sent, joined, and what may go wrong with it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>
#include "ike/ike_sa.h"
#include "support/pair.h"

#define NEXT_OFF 16
#define NUMBER_OFF 32

static struct pair pair;

/* What crossed the wire. */
static struct {
	unsigned n_whole, n_pieces; /* encrypted messages, fragments of them */
	size_t longest;
	uint16_t swallow; /* fragments of this number never arrive */
	bool is_from_b_only;
} wire;

static uint16_t number_of(const struct flight *f)
{
	return (uint16_t)(f->bytes[NUMBER_OFF] << 8 | f->bytes[NUMBER_OFF + 1]);
}

static bool watch(struct pair *p, struct flight *f, void *arg)
{
	bool is_piece = f->bytes[NEXT_OFF] == PL_SKF;

	(void)arg;
	wire.n_pieces += is_piece;
	wire.n_whole += f->bytes[NEXT_OFF] == PL_SK;
	if (is_piece && f->len > wire.longest)
		wire.longest = f->len;
	if (!is_piece || number_of(f) != wire.swallow)
		return true;
	return wire.is_from_b_only && addr_equal(&f->from.addr, &p->a.home.addr);
}

static void small_pieces(struct side *s, uint32_t size)
{
	struct ike_settings settings = ike_settings_default();

	settings.fragment_size = size;
	ike_tune(s->ike, &settings);
}

static void setup_with(const char *ike)
{
	memset(&wire, 0, sizeof(wire));
	pair_init(&pair, 7, ike, "aes256gcm16");
	pair.on_wire = watch;
	small_pieces(&pair.a, FRAGMENT_SIZE_MIN);
	small_pieces(&pair.b, FRAGMENT_SIZE_MIN);
}

static int setup(void **state)
{
	(void)state;
	setup_with("aes256gcm16-prfsha256-x25519");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pair_fini(&pair);
	return 0;
}

static void up(void)
{
	pair_configure(&pair);
	pair_up(&pair);
}

static void rekey_all(void)
{
	assert_int_equal(ike_rekey_child(pair.a.ike, "gw-gw", "net", pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 10000);
	assert_int_equal(ike_rekey(pair.b.ike, "gw-gw", pair.now_ms), 0);
	side_effects(&pair.b);
	pair_run(&pair, 70000);
	assert_true(pair_fits(&pair));
	assert_int_equal(side_n_ike(&pair.a), 1);
	assert_int_equal(side_n_ike(&pair.b), 1);
}

static void long_messages_go_in_pieces(void **state)
{
	(void)state;
	up();
	assert_true(wire.n_pieces >= 4); /* IKE_AUTH both ways */
	assert_true(wire.longest <= FRAGMENT_SIZE_MIN - 32);
	rekey_all();
}

static void cbc_and_hmac_do_too(void **state)
{
	teardown(state);
	setup_with("aes256-sha256-x25519");
	up();
	assert_true(wire.n_pieces >= 4);
	rekey_all();
}

static void short_ones_stay_whole(void **state)
{
	(void)state;
	small_pieces(&pair.a, FRAGMENT_SIZE);
	small_pieces(&pair.b, FRAGMENT_SIZE);
	up();
	assert_int_equal(wire.n_pieces, 0);
}

/* fragmentation = no on either side: nobody sends any. */
static void without_consent_there_are_none(void **state)
{
	(void)state;
	pair.a.conns[0].fragmentation = FRAGMENT_NO;
	up();
	assert_int_equal(wire.n_pieces, 0);
	teardown(state);
	setup(state);
	pair.b.conns[0].fragmentation = FRAGMENT_NO;
	up();
	assert_int_equal(wire.n_pieces, 0);
}

static void accept_takes_but_sends_none(void **state)
{
	(void)state;
	pair.b.conns[0].fragmentation = FRAGMENT_ACCEPT;
	up();
	assert_true(wire.n_pieces >= 2);
	assert_int_equal(wire.n_whole, 1); /* b's answer */
}

static void lost_and_doubled_ones_are_made_good(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		teardown(state);
		setup(state);
		pair.rng = seed;
		pair.loss = 20;
		pair.twice = 20;
		pair.jitter_ms = 50;
		pair_configure(&pair);
		assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
		side_effects(&pair.a);
		if (!pair_run_until(&pair, pair_is_up, 170000))
			fail_msg("seed %u", (unsigned)seed);
		assert_true(pair_fits(&pair));
	}
}

static void one_missing_is_all_missing(void **state)
{
	(void)state;
	wire.swallow = 2;
	pair_configure(&pair);
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 300000);
	assert_int_equal(side_n_sas(&pair.a) + side_n_sas(&pair.b), 0);
	assert_true(side_logged(&pair.a, "peer does not answer IKE_AUTH"));
}

/* 2.6.1: what has been answered is answered again once, for the first fragment. */
static void answer_again_is_one_answer(void **state)
{
	(void)state;
	wire.swallow = 1;
	wire.is_from_b_only = true;
	pair_configure(&pair);
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 5000); /* one retransmission after 4 s */
	assert_int_equal(ike_counts(pair.b.ike)[IKE_COUNT_ANSWERED_AGAIN], 1);
	wire.swallow = 0;
	assert_true(pair_run_until(&pair, pair_is_up, 20000));
}

/* Before each true fragment comes one with a flipped bit, from the same address. */
static bool forge(struct pair *p, struct flight *f, void *arg)
{
	struct side *to = addr_equal(&f->to.addr, &p->b.home.addr) ? &p->b : &p->a;
	struct datagram d = { .local = f->to, .remote = f->from, .data = f->bytes, .len = f->len };

	(void)arg;
	if (f->bytes[NEXT_OFF] != PL_SKF)
		return true;
	for (size_t i = NUMBER_OFF; i < f->len; i += 7) {
		f->bytes[i] ^= 4;
		ike_input(to->ike, &d, p->now_ms);
		side_effects(to);
		f->bytes[i] ^= 4;
	}
	return true;
}

static void forged_ones_harm_nobody(void **state)
{
	(void)state;
	pair.on_wire = forge;
	up();
	rekey_all();
	assert_true(ike_counts(pair.b.ike)[IKE_COUNT_NOT_AUTHENTIC] > 20);
}

/* ---- By hand, from an authenticated peer -------------------------------------------- */

/* A piece of a request of a: number of total, with this text inside. */
static void piece(uint16_t number, uint16_t total, const uint8_t *text, size_t len)
{
	struct ike_sa *sa = pair.b.ike->sas;
	struct aead_key key = *sa_key_in(sa);
	struct aead_sizes size = aead_sizes(key.alg);
	size_t all = IKE_HEADER_LEN + 8 + size.iv_len + len + 1 + size.icv_len;
	uint8_t out[512];
	struct writer w = wr_into(out, sizeof(out));

	wr_u64(&w, sa->spi_i);
	wr_u64(&w, sa->spi_r);
	wr_u32(&w,
	       (uint32_t)PL_SKF << 24 | 0x20 << 16 | EX_INFORMATIONAL << 8 | IKE_FLAG_INITIATOR);
	wr_u32(&w, sa->due_id);
	wr_u32(&w, (uint32_t)all);
	wr_u16(&w, number == 1 ? PL_VENDOR << 8 : 0);
	wr_u16(&w, (uint16_t)(all - IKE_HEADER_LEN));
	wr_u16(&w, number);
	wr_u16(&w, total);
	uint8_t *iv = wr_reserve(&w, size.iv_len), *at = w.at;
	wr_bytes(&w, text, len);
	wr_u8(&w, 0);
	uint8_t *icv = wr_reserve(&w, size.icv_len);
	assert_true(wr_ok(&w));
	assert_int_equal(aead_seal(&key, rd_from(out, (size_t)(iv - out)), iv, at, len + 1, icv),
			 0);
	struct datagram d = { pair.b.home, pair.a.home, out, all };
	ike_input(pair.b.ike, &d, pair.now_ms);
	side_effects(&pair.b);
}

static struct fragments *set_of_b(void)
{
	struct ike_sa *sa = pair.b.ike->sas;

	return &sa->fragments[0][sa->due_id % WINDOW_MAX];
}

static const uint8_t vendor[60] = { 0, 0, 0, sizeof(vendor) };

/* 2.6: the sender found out that they have to be smaller. What is left of the first train comes
 * late and is of no use. */
static void cut_anew_into_more_pieces(void **state)
{
	(void)state;
	up();
	uint32_t due = pair.b.ike->sas->due_id;
	piece(1, 2, vendor, 30);
	piece(1, 3, vendor, 20);
	piece(2, 2, vendor + 30, 30);
	piece(3, 3, vendor + 40, 20);
	assert_int_equal(pair.b.ike->sas->due_id, due);
	piece(2, 3, vendor + 20, 20);
	assert_int_equal(pair.b.ike->sas->due_id, due + 1);
	assert_int_equal(ike_counts(pair.b.ike)[IKE_COUNT_BAD_SYNTAX], 0);
}

static void incomplete_ones_are_not_kept(void **state)
{
	(void)state;
	up();
	piece(1, 2, vendor, 30);
	pair_run(&pair, FRAGMENT_MS - 1000);
	assert_non_null(set_of_b()->parts);
	pair_run(&pair, 2000);
	assert_null(set_of_b()->parts);
}

static void no_more_than_the_limit(void **state)
{
	(void)state;
	up();
	piece(1, FRAGMENTS_MAX + 1, vendor, 30);
	piece(UINT16_MAX, UINT16_MAX, vendor, 30);
	assert_null(set_of_b()->parts);
	assert_int_equal(ike_counts(pair.b.ike)[IKE_COUNT_NOT_AUTHENTIC], 2);
	piece(FRAGMENTS_MAX, FRAGMENTS_MAX, vendor, 30);
	assert_non_null(set_of_b()->parts);
}

/* Of all pieces together. */
static void no_more_bytes_than_a_message_has(void **state)
{
	static const uint8_t text[300];
	const uint16_t n = MESSAGE_LEN_MAX / sizeof(text);

	(void)state;
	up();
	for (uint16_t i = 1; i <= n; i++)
		piece(i, FRAGMENTS_MAX, text, sizeof(text));
	assert_non_null(set_of_b()->parts);
	piece(n + 1, FRAGMENTS_MAX, text, sizeof(text));
	assert_null(set_of_b()->parts);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(long_messages_go_in_pieces),   TEST(cbc_and_hmac_do_too),
		TEST(short_ones_stay_whole),	    TEST(without_consent_there_are_none),
		TEST(accept_takes_but_sends_none),  TEST(lost_and_doubled_ones_are_made_good),
		TEST(one_missing_is_all_missing),   TEST(answer_again_is_one_answer),
		TEST(forged_ones_harm_nobody),	    TEST(cut_anew_into_more_pieces),
		TEST(incomplete_ones_are_not_kept), TEST(no_more_than_the_limit),
		TEST(no_more_bytes_than_a_message_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
