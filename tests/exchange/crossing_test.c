/* SPDX-License-Identifier: BSD-2-Clause */
/* Rekeys of both sides that cross while answers are late (RFC 7296 2.8.1, 2.25): in the end both
 * have the same one Child SA. faults_test found each of these by its seeds. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>
#include "ike/ike_sa.h"
#include "support/pair.h"

static struct pair pair;

static void begin(uint64_t seed)
{
	pair_init(&pair, seed, "aes256gcm16-prfsha256-x25519", "aes256gcm16");
	pair_configure(&pair);
	pair_up(&pair);
}

static int teardown(void **state)
{
	(void)state;
	pair_fini(&pair);
	return 0;
}

static void rekey(struct side *s)
{
	assert_int_equal(ike_rekey_child(s->ike, "gw-gw", "net", pair.now_ms), 0);
	side_effects(s);
}

static void ike_rekey_by(struct side *s)
{
	assert_int_equal(ike_rekey(s->ike, "gw-gw", pair.now_ms), 0);
	side_effects(s);
}

/* The answer to a's rekey is late, so a cannot know what b made by it: b, which would be told
 * CHILD_SA_NOT_FOUND, does not ask to rekey that before a shows that it knows. */
static void nothing_is_asked_about_what_the_peer_does_not_know(void **state)
{
	unsigned left = 3;

	(void)state;
	begin(3);
	pair.on_wire = pair_swallow_answers;
	pair.arg = &left;
	rekey(&pair.a);
	pair_run(&pair, 1000);
	rekey(&pair.b);
	pair_run(&pair, 60000);
	assert_int_equal(left, 0);
	assert_false(side_logged(&pair.a, "CHILD_SA_NOT_FOUND"));
	assert_int_equal(pair.b.n_switched, 3);
	assert_true(pair_fits(&pair));
	assert_int_equal(side_n_sas(&pair.a), 1);
	assert_int_equal(side_n_sas(&pair.b), 1);
}

static bool swallow_answers_to_a(struct pair *p, struct flight *f, void *arg)
{
	const bool *is_over = arg;

	return *is_over || f->bytes[18] != EX_CREATE_CHILD_SA ||
	       !(f->bytes[19] & IKE_FLAG_RESPONSE) || !addr_equal(&f->from.addr, &p->b.home.addr);
}

/* Both rekey the same one. Before a hears what became of its own, b has rekeyed once more what it
 * had made: a's is redundant all the same, if b says so, and a deletes it. */
static void collision_is_decided_after_the_next_rekey(void **state)
{
	unsigned n_lost = 0;
	bool is_over;

	(void)state;
	for (uint64_t seed = 0; seed < 8; seed++) {
		begin(seed);
		is_over = false;
		pair.on_wire = swallow_answers_to_a;
		pair.arg = &is_over;
		rekey(&pair.a);
		rekey(&pair.b);
		pair_run(&pair, 1000);
		(void)!ike_rekey_child(pair.b.ike, "gw-gw", "net", pair.now_ms);
		side_effects(&pair.b);
		pair_run(&pair, 500);
		is_over = true;
		pair_run(&pair, 60000);
		n_lost += side_logged(&pair.a, "ours is the redundant one");
		assert_true(pair_fits(&pair));
		assert_int_equal(side_n_sas(&pair.a), 1);
		assert_int_equal(side_n_sas(&pair.b), 1);
		if (seed != 7)
			pair_fini(&pair);
	}
	assert_true(n_lost);
}

static void count_installed(const struct child_sa *sa, const char *state, uint64_t rekey_ms,
			    uint64_t life_ms, void *arg)
{
	(void)sa;
	(void)rekey_ms;
	(void)life_ms;
	*(unsigned *)arg += strcmp(state, "INSTALLED") == 0;
}

static bool swallow_deletes_and_answers_to_a(struct pair *p, struct flight *f, void *arg)
{
	return f->bytes[18] != EX_INFORMATIONAL && swallow_answers_to_a(p, f, arg);
}

/* b refuses a's rekey since it rekeys the IKE SA, and then rekeys the same Child SA itself. When a
 * hears of the refusal, the old one is b's to delete: it does not count as live any more. */
static void refused_rekey_of_what_the_peer_rekeyed(void **state)
{
	bool is_over = false;
	unsigned n = 0;

	(void)state;
	begin(3);
	pair.on_wire = swallow_deletes_and_answers_to_a;
	pair.arg = &is_over;
	rekey(&pair.a);
	ike_rekey_by(&pair.b);
	pair_run(&pair, 1000);
	assert_true(side_logged(&pair.b, "peer refuses to rekey the IKE_SA: TEMPORARY_FAILURE"));
	rekey(&pair.b);
	pair_run(&pair, 1000);
	is_over = true;
	pair_run(&pair, 5000);
	assert_true(side_logged(&pair.a, "peer refuses to rekey CHILD_SA: TEMPORARY_FAILURE"));
	ike_each_child(pair.a.ike, 1, count_installed, &n);
	assert_int_equal(n, 1);
	pair.on_wire = NULL;
	pair_run(&pair, 60000);
	assert_true(pair_fits(&pair));
	assert_int_equal(side_n_sas(&pair.a), 1);
	assert_int_equal(side_n_sas(&pair.b), 1);
}

/* ---- IKE SAs ---------------------------------------------------------------------- */

static void assert_one_ike_sa(void)
{
	assert_int_equal(side_n_ike(&pair.a), 1);
	assert_int_equal(side_n_ike(&pair.b), 1);
	assert_int_equal(pair.a.ike->n_sas, 1);
	assert_int_equal(pair.b.ike->n_sas, 1);
	assert_int_equal(side_n_sas(&pair.a), 1);
	assert_int_equal(side_n_sas(&pair.b), 1);
	assert_true(pair_fits(&pair));
	assert_int_equal(pair.a.n_down + pair.b.n_down + pair.n_data_lost + pair.n_data_unsent, 0);
	rekey(&pair.a); /* and it carries exchanges of both sides */
	pair_run(&pair, 20000);
	rekey(&pair.b);
	pair_run(&pair, 20000);
	assert_true(pair_fits(&pair));
}

#define OURS "both sides rekeyed the IKE_SA: ours is the redundant one"
#define THEIRS "both sides rekeyed the IKE_SA: the peer's is the redundant one"

/* RFC 7296 2.8.2: one of the two new ones is redundant, for both sides the same one. */
static void both_rekey_the_ike_sa(void **state)
{
	unsigned n_lost_a = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 20; seed++) {
		begin(seed);
		pair.flow_ms = 5;
		ike_rekey_by(&pair.a);
		ike_rekey_by(&pair.b);
		pair_run(&pair, 120000);
		assert_false(side_logged(&pair.a, "TEMPORARY_FAILURE"));
		assert_true(side_logged(&pair.a, OURS) != side_logged(&pair.b, OURS));
		assert_true(side_logged(&pair.a, OURS) == side_logged(&pair.b, THEIRS));
		n_lost_a += side_logged(&pair.a, OURS);
		assert_one_ike_sa();
		if (seed != 19)
			pair_fini(&pair);
	}
	assert_true(n_lost_a > 0 && n_lost_a < 20);
}

/* b is through with its own before a's request comes there, or before a hears of its own. */
static void one_answer_of_two_ike_rekeys_is_late(void **state)
{
	(void)state;
	for (uint64_t ms = 0; ms < 8000; ms += 400) {
		bool is_over = false;

		begin(ms);
		pair.flow_ms = 5;
		pair.on_wire = swallow_answers_to_a;
		pair.arg = &is_over;
		ike_rekey_by(&pair.a);
		ike_rekey_by(&pair.b);
		pair_run(&pair, ms);
		is_over = true;
		pair_run(&pair, 240000);
		assert_one_ike_sa();
		if (ms < 7600)
			pair_fini(&pair);
	}
}

/* ---- IKE SAs, with IKE_FOLLOWUP_KE rounds (RFC 9370 2.2.4) ------------------------- */

#define PLAIN "aes256gcm16-prfsha256-x25519"
#define ROUNDS PLAIN "-ke1_ecp256-ke2_ecp384"

/* Which rekeys take rounds: the responder takes what it likes best of what is offered. */
static const char *const offers[][2] = {
	{ ROUNDS, ROUNDS },
	{ ROUNDS, PLAIN "," ROUNDS }, /* b's own ones do, and what it lets a have does not */
	{ PLAIN "," ROUNDS, ROUNDS },
};

static void begin_rounds(uint64_t seed, unsigned kind)
{
	pair_init(&pair, seed, PLAIN, "aes256gcm16");
	pair_proposal(PROTO_IKE, offers[kind][0], pair.a.conns[0].ike, &pair.a.conns[0].n_ike);
	pair_proposal(PROTO_IKE, offers[kind][1], pair.b.conns[0].ike, &pair.b.conns[0].n_ike);
	pair_configure(&pair);
	pair_up(&pair);
	pair.flow_ms = 5;
}

static bool count_followups(struct pair *p, struct flight *f, void *arg)
{
	unsigned *n = arg;

	(void)p;
	*n += f->bytes[18] == EX_IKE_FOLLOWUP_KE;
	return true;
}

/* Every order of the messages of both. */
static void both_rekey_the_ike_sa_in_rounds(void **state)
{
	unsigned n_crossed = 0, n_lost_a = 0, n_followups = 0;

	(void)state;
	for (unsigned i = 0; i < 2 * 3 * 40; i++) {
		struct side *first = i % 2 ? &pair.a : &pair.b;

		begin_rounds(i, i / 2 % 3);
		pair.on_wire = count_followups;
		pair.arg = &n_followups;
		ike_rekey_by(first);
		pair_run(&pair, i / 6); /* later the second one waits for the first */
		if (ike_rekey(first == &pair.a ? pair.b.ike : pair.a.ike, "gw-gw", pair.now_ms) ==
		    0)
			side_effects(first == &pair.a ? &pair.b : &pair.a);
		pair_run(&pair, 20000);
		bool is_a = side_logged(&pair.a, OURS) || side_logged(&pair.b, THEIRS);
		bool is_b = side_logged(&pair.b, OURS) || side_logged(&pair.a, THEIRS);
		assert_false(is_a && is_b);
		n_crossed += is_a || is_b;
		n_lost_a += is_a;
		pair_run(&pair, 100000);
		assert_one_ike_sa();
		pair_fini(&pair);
	}
	begin(0);
	assert_true(n_followups > 200);
	assert_true(n_crossed > 60);
	assert_true(n_lost_a > n_crossed / 4 && n_lost_a < n_crossed * 3 / 4);
}

/* At once: nobody refuses, and nobody waits for the end of some time. */
static void rounds_that_cross_are_compared(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3 * 10; i++) {
		begin_rounds(i, i % 3);
		ike_rekey_by(&pair.a);
		ike_rekey_by(&pair.b);
		pair_run(&pair, 1000);
		assert_false(side_logged(&pair.a, "TEMPORARY_FAILURE"));
		assert_false(side_logged(&pair.b, "TEMPORARY_FAILURE"));
		assert_int_equal(side_n_ike(&pair.a), 1);
		assert_int_equal(side_n_ike(&pair.b), 1);
		assert_true(side_logged(&pair.a, "takes over") &&
			    side_logged(&pair.b, "takes over"));
		pair_run(&pair, 120000);
		assert_one_ike_sa();
		pair_fini(&pair);
	}
	begin(0);
}

static struct ike_sa *sa_of_message(struct side *s, const struct flight *f)
{
	struct reader r = rd_from(f->bytes, 16);
	uint64_t spi_i = rd_u64(&r), spi_r = rd_u64(&r);
	struct ike_sa *sa = s->ike->sas;

	while (sa && (sa->spi_i != spi_i || sa->spi_r != spi_r))
		sa = sa->next;
	return sa;
}

/* b has nothing to say to the rounds of a's rekey. */
static bool empty_answers_to_a(struct pair *p, struct flight *f, void *arg)
{
	static uint8_t buf[512];
	struct ike_sa *sa = sa_of_message(&p->b, f);

	if (f->bytes[18] != EX_IKE_FOLLOWUP_KE || !(f->bytes[19] & IKE_FLAG_RESPONSE) ||
	    !addr_equal(&f->from.addr, &p->b.home.addr))
		return true;
	assert_non_null(sa);
	struct payload_writer pw =
		side_writes(sa, EX_IKE_FOLLOWUP_KE, f->bytes[23], true, buf, sizeof(buf));
	assert_int_equal(message_finish(&pw, &f->len), 0);
	f->bytes = buf;
	++*(unsigned *)arg;
	return true;
}

static void rounds_cross(uint64_t seed, bool (*on_wire)(struct pair *, struct flight *, void *),
			 void *arg)
{
	begin_rounds(seed, 0);
	pair.on_wire = on_wire;
	pair.arg = arg;
	ike_rekey_by(&pair.a);
	ike_rekey_by(&pair.b);
	pair_run(&pair, 20000);
}

/* A peer drops what has lost as soon as it knows all nonces: its own lives on. */
static void the_peer_lets_ours_go(void **state)
{
	unsigned n_lost = 0, n_empty = 0;

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		rounds_cross(i, NULL, NULL);
		bool is_lost = side_logged(&pair.a, OURS);
		pair_fini(&pair);
		if (!is_lost)
			continue;
		n_lost++;
		rounds_cross(i, empty_answers_to_a, &n_empty);
		pair_run(&pair, 100000);
		assert_true(side_logged(&pair.a, "the peer has let ours go"));
		assert_one_ike_sa();
		pair_fini(&pair);
	}
	begin(0);
	assert_in_range(n_lost, 10, 30);
	assert_int_equal(n_empty, n_lost);
}

static bool swallow_all_answers_to_a(struct pair *p, struct flight *f, void *arg)
{
	const bool *is_over = arg;

	return *is_over || !(f->bytes[19] & IKE_FLAG_RESPONSE) ||
	       !addr_equal(&f->from.addr, &p->b.home.addr);
}

static void late_answers_in_rounds(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3 * 60; i++) {
		bool is_over = false;

		begin_rounds(i, i % 3);
		ike_rekey_by(&pair.a);
		ike_rekey_by(&pair.b);
		pair_run(&pair, i / 3 % 20 * 5);
		pair.on_wire = swallow_all_answers_to_a;
		pair.arg = &is_over;
		pair_run(&pair, 200 + i / 60 * 5000);
		is_over = true;
		pair_run(&pair, 300000);
		assert_one_ike_sa();
		pair_fini(&pair);
	}
	begin(0);
}

static void rounds_on_a_bad_line(void **state)
{
	struct ike_settings settings = ike_settings_default();

	(void)state;
	settings.retransmit_timeout_ms = 400;
	settings.retransmit_base_thousandths = 1300;
	settings.retransmit_tries = 16;
	settings.retransmit_limit_ms = 2000;
	for (unsigned i = 0; i < 3 * 40; i++) {
		begin_rounds(i, i % 3);
		ike_tune(pair.a.ike, &settings);
		ike_tune(pair.b.ike, &settings);
		pair.loss = 30;
		pair.twice = 20;
		pair.jitter_ms = i % 2 ? 60 : 2000;
		ike_rekey_by(&pair.a);
		pair_run(&pair, i % 7 * 20);
		ike_rekey_by(&pair.b);
		pair_run(&pair, 100000);
		pair.loss = pair.twice = 0;
		pair.jitter_ms = 0;
		pair_run(&pair, 400000);
		assert_int_equal(pair.a.ike->n_sas, 1);
		assert_int_equal(pair.b.ike->n_sas, 1);
		assert_true(pair_fits(&pair));
		pair_fini(&pair);
	}
	begin(0);
}

#define TEST(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_asked_about_what_the_peer_does_not_know),
		TEST(collision_is_decided_after_the_next_rekey),
		TEST(refused_rekey_of_what_the_peer_rekeyed),
		TEST(both_rekey_the_ike_sa),
		TEST(one_answer_of_two_ike_rekeys_is_late),
		TEST(both_rekey_the_ike_sa_in_rounds),
		TEST(rounds_that_cross_are_compared),
		TEST(the_peer_lets_ours_go),
		TEST(late_answers_in_rounds),
		TEST(rounds_on_a_bad_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
