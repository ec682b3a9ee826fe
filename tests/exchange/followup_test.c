/* SPDX-License-Identifier: BSD-2-Clause */
/* Additional key exchanges for Child SAs (RFC 9370 2.2.4): IKE_FOLLOWUP_KE after CREATE_CHILD_SA.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "crypto/ke.h"
#include "ike/followup.h"
#include "ike/ike_sa.h"
#include "support/pair.h"

#define IKE "aes128gcm16-x25519"
#define ESP "aes128gcm16-x25519-ke1_ecp256-ke2_x448"
#define DMZ (PAIR_SLOT + 1)

static struct pair pair;
static unsigned n_followups;

static bool count_followups(struct pair *p, struct flight *f, void *arg)
{
	(void)p;
	(void)arg;
	n_followups += f->len > 18 && f->bytes[18] == EX_IKE_FOLLOWUP_KE;
	return true;
}

static void second_child(struct side *s)
{
	struct conn_child *cc = &s->children[0][1];
	bool is_a = s->name == 'a';

	*cc = s->children[0][0];
	snprintf(cc->name, sizeof(cc->name), "dmz");
	cc->child = DMZ;
	cc->local_ts[0] = pair_ts(is_a ? "10.11.0.0/16" : "10.12.0.0/16");
	cc->remote_ts[0] = pair_ts(is_a ? "10.12.0.0/16" : "10.11.0.0/16");
	s->conns[0].n_children = 2;
}

static void begin(uint64_t seed, const char *esp)
{
	pair_init(&pair, seed, IKE, esp);
	second_child(&pair.a);
	second_child(&pair.b);
	pair_configure(&pair);
	n_followups = 0;
	pair.on_wire = count_followups;
}

static void up(void)
{
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", "net", pair.now_ms), 0);
	side_effects(&pair.a);
	assert_true(pair_run_until(&pair, pair_is_up, 10000));
	pair_run(&pair, 3000);
}

static void ask(struct side *s, const char *child)
{
	assert_int_equal(ike_initiate(s->ike, "gw-gw", child, pair.now_ms), 0);
	side_effects(s);
}

static void rekey(struct side *s)
{
	assert_int_equal(ike_rekey_child(s->ike, "gw-gw", "net", pair.now_ms), 0);
	side_effects(s);
}

/* Each slot has one Child SA, whose halves fit. */
static void assert_whole(unsigned n_children)
{
	struct side *sides[] = { &pair.a, &pair.b };

	assert_true(pair_fits(&pair));
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(side_n_ike(sides[i]), 1);
		assert_int_equal(side_n_sas(sides[i]), n_children);
		for (struct ike_sa *sa = sides[i]->ike->sas; sa; sa = sa->next)
			assert_null(sa->followups);
	}
	if (n_children < 2)
		return;
	struct pair_sa *ours = NULL;
	for (size_t i = 0; i < PAIR_SAS; i++)
		if (pair.a.sas[i].is_used && pair.a.sas[i].sa.spi_in == pair.a.out[DMZ])
			ours = &pair.a.sas[i];
	assert_non_null(ours);
	for (size_t i = 0; i < PAIR_SAS; i++)
		if (pair.b.sas[i].is_used && pair.b.sas[i].sa.spi_in == ours->sa.spi_out)
			assert_memory_equal(pair.b.sas[i].sa.key_in, ours->sa.key_out,
					    sizeof(ours->sa.key_out));
}

/* ---- Without trouble -------------------------------------------------------------- */

static void a_new_one_by_either_side(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		begin(1, ESP);
		up();
		assert_int_equal(n_followups, 0); /* RFC 9370 2.2.4: IKE_AUTH has none */
		ask(i ? &pair.b : &pair.a, "dmz");
		pair_run(&pair, 5000);
		assert_int_equal(n_followups, 4);
		assert_whole(2);
		assert_true(side_logged(&pair.a, "aes128gcm16-x25519-ke1_ecp256-ke2_x448-noesn"));
		pair_fini(&pair);
	}
}

static void rekeys_by_either_side_lose_nothing(void **state)
{
	(void)state;
	begin(2, ESP);
	up();
	pair.flow_ms = 1;
	for (unsigned i = 1; i <= 4; i++) {
		uint32_t before = pair.a.out[PAIR_SLOT];

		n_followups = 0;
		rekey(i % 2 ? &pair.a : &pair.b);
		pair_run(&pair, CHILD_LINGER_MS + SWITCH_WAIT_MS + 2000);
		assert_int_equal(n_followups, 4);
		assert_int_not_equal(pair.a.out[PAIR_SLOT], before);
		assert_whole(1);
	}
	assert_int_equal(pair.n_data_lost + pair.n_data_unsent, 0);
	pair_fini(&pair);
}

/* As the RFC has it: prf+(SK_d, SK(0) | Ni | Nr | SK(1) | ...). That the secrets are in it at all:
 * one bit of the last one, and the two sides' keys differ. */
static void every_secret_counts(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct followup *f;

		begin(3, ESP);
		up();
		ask(&pair.a, "dmz");
		while (!(f = pair.b.ike->sas->followups) || f->n_done < 1)
			assert_true(pair_step(&pair));
		if (i)
			*(i == 1 ? f->shared : f->more) ^= 1;
		pair_run(&pair, 5000);
		struct pair_sa *a = NULL, *b = NULL;
		for (size_t k = 0; k < PAIR_SAS; k++) {
			if (pair.a.sas[k].is_used && pair.a.sas[k].sa.child == DMZ)
				a = &pair.a.sas[k];
			if (pair.b.sas[k].is_used && pair.b.sas[k].sa.child == DMZ)
				b = &pair.b.sas[k];
		}
		assert_non_null(a);
		assert_non_null(b);
		assert_int_equal(memcmp(a->sa.key_in, b->sa.key_out, 16) == 0, i == 0);
		pair_fini(&pair);
	}
}

static void may_be_left_out(void **state)
{
	(void)state;
	begin(4, "aes128gcm16-x25519-ke1_ecp256-ke1_none");
	pair_proposal(PROTO_ESP, "aes128gcm16-x25519", pair.b.children[0][1].proposals,
		      &pair.b.children[0][1].n_proposals);
	up();
	ask(&pair.a, "dmz");
	pair_run(&pair, 5000);
	assert_int_equal(n_followups, 0);
	assert_whole(2);
	pair_fini(&pair);
}

static void ml_kem(void **state)
{
	(void)state;
	if (!ke_is_available(KE_ML_KEM_768))
		skip();
	begin(5, "aes256gcm16-x25519-ke1_mlkem768");
	up();
	ask(&pair.a, "dmz");
	pair_run(&pair, 5000);
	rekey(&pair.b);
	pair_run(&pair, CHILD_LINGER_MS + SWITCH_WAIT_MS + 2000);
	assert_whole(2);
	pair_fini(&pair);
}

/* ---- Half done -------------------------------------------------------------------- */

static bool no_more_followups(struct pair *p, struct flight *f, void *arg)
{
	return f->bytes[18] != EX_IKE_FOLLOWUP_KE || count_followups(p, f, arg) == 0;
}

/* a has asked, b has answered; a_knows: the answer has arrived. Returns b's. */
static struct followup *half_done(bool a_knows)
{
	pair.on_wire = no_more_followups;
	while (!(a_knows ? &pair.a : &pair.b)->ike->sas->followups)
		assert_true(pair_step(&pair));
	return pair.b.ike->sas->followups;
}

/* RFC 9370 2.2.4: the responder may forget; the initiator begins anew. */
static void forgotten_is_begun_anew(void **state)
{
	(void)state;
	for (unsigned is_rekey = 0; is_rekey < 2; is_rekey++) {
		begin(6, ESP);
		up();
		if (is_rekey)
			rekey(&pair.a);
		else
			ask(&pair.a, "dmz");
		followup_end(pair.b.ike->sas, half_done(true));
		pair.on_wire = count_followups;
		n_followups = 0;
		pair_run(&pair, 60000);
		assert_true(side_logged(&pair.b, "refused: STATE_NOT_FOUND"));
		assert_true(n_followups > 4);
		assert_whole(is_rekey ? 1 : 2);
		pair_fini(&pair);
	}
}

static void a_silent_initiator_is_forgotten(void **state)
{
	(void)state;
	begin(7, ESP);
	up();
	ask(&pair.a, "dmz");
	struct followup *f = half_done(true);
	assert_false(f->is_ours);
	pair.is_cut = true;
	side_restart(&pair.a, true);
	pair_run(&pair, FOLLOWUP_MS - 1000);
	assert_ptr_equal(pair.b.ike->sas->followups, f);
	pair_run(&pair, 2000);
	assert_null(pair.b.ike->sas->followups);
	pair_fini(&pair);
}

/* A request of a for one more Child SA, by hand. It is never gone on with. */
static void begin_one(uint32_t spi)
{
	static const uint8_t nine[32] = { 9 };
	struct ike_sa *to = pair.b.ike->sas;
	struct proposal p = pair.a.children[0][0].proposals[0];
	struct writer w = wr_into(p.spi, 4);
	struct ke ke = { KE_X25519, rd_from(nine, sizeof(nine)) };
	uint8_t buf[1024];
	struct payload_writer pw = side_writes(pair.a.ike->sas, EX_CREATE_CHILD_SA, to->due_id, false,
					       buf, sizeof(buf));
	struct datagram d = { .local = pair.b.home, .remote = pair.a.home, .data = buf };

	p.number = 1;
	p.spi_len = 4;
	wr_u32(&w, spi);
	sa_emit(&pw, &p, 1);
	nonce_emit(&pw, rd_from(nine, sizeof(nine)));
	ke_emit(&pw, &ke);
	ts_emit(&pw, PL_TSI, pair.a.children[0][0].local_ts, 1);
	ts_emit(&pw, PL_TSR, pair.a.children[0][0].remote_ts, 1);
	assert_int_equal(message_finish(&pw, &d.len), 0);
	ike_input(pair.b.ike, &d, pair.now_ms);
	side_effects(&pair.b);
	pair_run(&pair, 100);
}

static void half_made_ones_have_a_limit(void **state)
{
	unsigned n = 0;

	(void)state;
	begin(3, ESP);
	up();
	for (unsigned i = 0; i < FOLLOWUPS_MAX; i++)
		begin_one(0x1000 + i);
	assert_false(side_logged(&pair.b, "TEMPORARY_FAILURE"));
	begin_one(0x2000);
	assert_true(side_logged(&pair.b, "TEMPORARY_FAILURE"));
	for (const struct followup *f = pair.b.ike->sas->followups; f; f = f->next)
		n++;
	assert_int_equal(n, FOLLOWUPS_MAX);
	pair_fini(&pair);
}

static void a_silent_responder_ends_the_ike_sa(void **state)
{
	(void)state;
	begin(8, ESP);
	up();
	ask(&pair.a, "dmz");
	(void)half_done(true);
	pair.is_cut = true;
	pair_run(&pair, 400000);
	assert_null(pair.a.ike->sas);
	assert_int_equal(pair.a.n_failed, 1); /* of "dmz", which was asked for */
	pair_fini(&pair);
}

static void a_child_that_is_taken_out_meanwhile(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct side *s = i / 2 ? &pair.b : &pair.a;

		begin(9, ESP);
		up();
		ask(&pair.a, "dmz");
		(void)half_done(i % 2);
		pair.on_wire = count_followups;
		s->conns[0].n_children = 1;
		const struct conn *conns[] = { &s->conns[0] };
		assert_int_equal(ike_configure(s->ike, conns, 1, pair.now_ms), 0);
		side_effects(s);
		pair_run(&pair, 60000);
		assert_whole(1);
		pair_fini(&pair);
	}
}

static void nobody_asks_twice(void **state)
{
	(void)state;
	begin(12, ESP);
	up();
	ask(&pair.a, "dmz");
	(void)half_done(true);
	pair.on_wire = count_followups;
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", "dmz", pair.now_ms), -EALREADY);
	pair_run(&pair, 60000);
	assert_whole(2);
	pair_fini(&pair);
}

/* 7296 2.25.2: nothing that is half made is carried over to another IKE SA. */
static void no_rekey_of_the_ike_sa_meanwhile(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct side *s = i ? &pair.b : &pair.a;

		begin(10, ESP);
		up();
		ask(&pair.a, "dmz");
		struct followup *f = half_done(true);
		if (i == 2) /* b does not know any more, and asks all the same */
			followup_end(pair.b.ike->sas, f);
		pair.on_wire = count_followups;
		assert_int_equal(ike_rekey(s->ike, "gw-gw", pair.now_ms), 0);
		side_effects(s);
		pair_run(&pair, 60000);
		assert_whole(2);
		assert_int_equal(pair.a.ike->sas->unique_id, 2); /* and then it was rekeyed */
		pair_fini(&pair);
	}
}

/* ---- Trouble ---------------------------------------------------------------------- */

/* Both at once, at every offset within the exchanges: one Child SA is left in the end. */
static void crossed_rekeys_settle(void **state)
{
	(void)state;
	for (uint64_t offset_ms = 0; offset_ms < 90; offset_ms += 3) {
		begin(11 + offset_ms, ESP);
		up();
		pair.flow_ms = 7;
		rekey(&pair.a);
		pair_run(&pair, offset_ms);
		if (ike_rekey_child(pair.b.ike, "gw-gw", "net", pair.now_ms) == 0)
			side_effects(&pair.b);
		pair_run(&pair, 120000);
		assert_whole(1);
		assert_int_equal(pair.n_data_lost + pair.n_data_unsent, 0);
		pair_fini(&pair);
	}
}

/* The one that is being made goes with the old one. */
static void terminated_meanwhile(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 80; i++) {
		begin(300 + i, ESP);
		up();
		rekey(i % 2 ? &pair.a : &pair.b);
		pair_run(&pair, i / 2 * 3);
		assert_int_equal(ike_terminate(pair.a.ike, "gw-gw", "net", pair.now_ms), 0);
		side_effects(&pair.a);
		pair_run(&pair, 240000);
		assert_int_equal(side_n_sas(&pair.a) + side_n_sas(&pair.b), 0);
		assert_int_equal(side_n_ike(&pair.a) + side_n_ike(&pair.b), 2);
		pair_fini(&pair);
	}
}

/* A Child SA of the peer's wish would be lost with the IKE SA that is being rekeyed. */
static void a_wish_during_a_rekey_of_the_ike_sa(void **state)
{
	(void)state;
	for (uint64_t offset_ms = 0; offset_ms < 90; offset_ms += 3) {
		pair_init(&pair, 201 + offset_ms, IKE "-ke1_ecp256-ke2_x448", ESP);
		second_child(&pair.a);
		second_child(&pair.b);
		pair_configure(&pair);
		up();
		assert_int_equal(ike_rekey(pair.a.ike, "gw-gw", pair.now_ms), 0);
		side_effects(&pair.a);
		pair_run(&pair, offset_ms);
		ask(&pair.b, "dmz");
		pair_run(&pair, 120000);
		assert_whole(2);
		assert_int_not_equal(pair.a.ike->sas->unique_id, 1);
		pair_fini(&pair);
	}
}

static void crossed_wishes_settle(void **state)
{
	(void)state;
	for (uint64_t offset_ms = 0; offset_ms < 90; offset_ms += 6) {
		begin(101 + offset_ms, ESP);
		up();
		ask(&pair.a, "dmz");
		pair_run(&pair, offset_ms);
		if (ike_initiate(pair.b.ike, "gw-gw", "dmz", pair.now_ms) == 0)
			side_effects(&pair.b);
		pair_run(&pair, 120000);
		assert_whole(2);
		pair_fini(&pair);
	}
}

static void loss_is_made_up_for(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		begin(seed, ESP);
		up();
		pair.loss = 20;
		pair.twice = 20;
		pair.jitter_ms = 50;
		ask(&pair.a, "dmz");
		rekey(seed % 2 ? &pair.a : &pair.b);
		pair_run(&pair, 160000);
		pair.loss = 0;
		pair_run(&pair, 90000);
		assert_whole(2);
		pair_fini(&pair);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_one_by_either_side),
		cmocka_unit_test(rekeys_by_either_side_lose_nothing),
		cmocka_unit_test(every_secret_counts),
		cmocka_unit_test(may_be_left_out),
		cmocka_unit_test(ml_kem),
		cmocka_unit_test(forgotten_is_begun_anew),
		cmocka_unit_test(a_silent_initiator_is_forgotten),
		cmocka_unit_test(half_made_ones_have_a_limit),
		cmocka_unit_test(a_silent_responder_ends_the_ike_sa),
		cmocka_unit_test(a_child_that_is_taken_out_meanwhile),
		cmocka_unit_test(nobody_asks_twice),
		cmocka_unit_test(no_rekey_of_the_ike_sa_meanwhile),
		cmocka_unit_test(crossed_rekeys_settle),
		cmocka_unit_test(terminated_meanwhile),
		cmocka_unit_test(a_wish_during_a_rekey_of_the_ike_sa),
		cmocka_unit_test(crossed_wishes_settle),
		cmocka_unit_test(loss_is_made_up_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
