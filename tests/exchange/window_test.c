/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Request windows of more than one (RFC 7296 2.3): several exchanges of each side under way, lost,
 * doubled and overtaken.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include "ike/window.h"
#include "support/pair.h"

#define CHILDREN 4
#define SEEDS 200

static struct pair pair;

static void more_children(struct side *s)
{
	struct conn_child *cc = s->children[0];
	char text[32];

	for (unsigned i = 1; i < CHILDREN; i++) {
		cc[i] = cc[0];
		snprintf(cc[i].name, sizeof(cc[i].name), "net%u", i);
		cc[i].child = PAIR_SLOT + i;
		snprintf(text, sizeof(text), "10.%u.0.0/16", 10 * i + (s == &pair.b));
		cc[i].local_ts[0] = pair_ts(text);
		snprintf(text, sizeof(text), "10.%u.0.0/16", 10 * i + (s == &pair.a));
		cc[i].remote_ts[0] = pair_ts(text);
	}
	s->conns[0].n_children = CHILDREN;
}

static void tune(struct side *s, uint32_t window_size, uint32_t fragment_size)
{
	struct ike_settings settings = ike_settings_default();

	settings.window_size = window_size;
	settings.fragment_size = fragment_size;
	ike_tune(s->ike, &settings);
}

static void set_window(struct side *s, uint32_t size)
{
	tune(s, size, FRAGMENT_SIZE);
}

/* The IKE SA with the first child; windows of what a and b take. */
static void begin(uint32_t a, uint32_t b)
{
	pair_init(&pair, 3, "aes256gcm16-prfsha256-x25519", "aes256gcm16-x25519");
	more_children(&pair.a);
	more_children(&pair.b);
	set_window(&pair.a, a);
	set_window(&pair.b, b);
	pair_configure(&pair);
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", "net", pair.now_ms), 0);
	side_effects(&pair.a);
	assert_true(pair_run_until(&pair, pair_is_up, 10000));
}

static int teardown(void **state)
{
	(void)state;
	pair_fini(&pair);
	return 0;
}

/* How many of them are not there yet. */
static unsigned ask_for_the_rest(struct side *s)
{
	unsigned n = 0;

	for (unsigned i = 1; i < CHILDREN; i++)
		n += !ike_initiate(s->ike, "gw-gw", s->children[0][i].name, pair.now_ms);
	side_effects(s);
	return n;
}

/* How many of them there are to be rekeyed. */
static unsigned rekey_all(struct side *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < CHILDREN; i++)
		n += !ike_rekey_child(s->ike, "gw-gw", s->children[0][i].name, pair.now_ms);
	side_effects(s);
	return n;
}

static struct ike_sa *sa_of(struct side *s)
{
	return s->ike->sas;
}

static bool fits(const struct side *s, struct side *other)
{
	for (unsigned i = 0; i < CHILDREN; i++) {
		uint32_t spi = s->out[PAIR_SLOT + i];
		struct pair_sa *mine = spi ? side_sa((struct side *)s, spi) : NULL;
		struct pair_sa *peer = mine ? side_sa(other, mine->sa.spi_out) : NULL;

		if (!peer || peer->sa.spi_out != spi)
			return false;
	}
	return true;
}

static bool all_are_up(struct pair *p)
{
	return fits(&p->a, &p->b) && fits(&p->b, &p->a) && side_n_sas(&p->a) == CHILDREN &&
	       side_n_sas(&p->b) == CHILDREN;
}

/* ---- What is on the wire ------------------------------------------------------------ */

static uint32_t id_of(const struct flight *f)
{
	struct reader r = rd_from(f->bytes, f->len);

	rd_skip(&r, 20);
	return rd_u32(&r);
}

static bool is_request_of_a(const struct flight *f)
{
	return addr_equal(&f->from.addr, &pair.a.home.addr) && !(f->bytes[19] & IKE_FLAG_RESPONSE);
}

/* How many requests of a are under way: its IDs past the lowest that b has not answered. */
static struct tally {
	uint32_t next, answered; /* bits, from first */
	uint32_t first;
	unsigned most;
} tally;

static bool count(struct pair *p, struct flight *f, void *arg)
{
	uint32_t at = id_of(f) - tally.first;

	(void)arg;
	(void)p;
	if (at >= 32)
		return true;
	if (!is_request_of_a(f)) {
		if (f->bytes[19] & IKE_FLAG_RESPONSE &&
		    addr_equal(&f->from.addr, &pair.b.home.addr))
			tally.answered |= 1u << at;
		return true;
	}
	tally.next = at + 1 > tally.next ? at + 1 : tally.next;
	unsigned n = 0;
	for (uint32_t i = 0; i < tally.next; i++)
		n += !(tally.answered >> i & 1);
	tally.most = n > tally.most ? n : tally.most;
	return true;
}

static void count_from_here(void)
{
	tally = (struct tally){ .first = sa_of(&pair.a)->next_id };
	pair.on_wire = count;
}

/* ---- As many as the peer takes -------------------------------------------------------- */

static void all_at_once(void **state)
{
	(void)state;
	begin(1, 4);
	count_from_here();
	assert_int_equal(ask_for_the_rest(&pair.a), CHILDREN - 1);
	assert_true(pair_run_until(&pair, all_are_up, 1000));
	assert_int_equal(tally.most, CHILDREN - 1);
	count_from_here();
	assert_int_equal(rekey_all(&pair.a), CHILDREN);
	pair_run(&pair, 10000);
	assert_true(all_are_up(&pair));
	assert_int_equal(tally.most, CHILDREN);
	assert_int_equal(sa_of(&pair.b)->window_out, 1); /* a takes one */
}

static void never_more(void **state)
{
	(void)state;
	for (uint32_t size = 1; size < CHILDREN; size++) {
		begin(8, size);
		count_from_here();
		ask_for_the_rest(&pair.a);
		assert_true(pair_run_until(&pair, all_are_up, 1000));
		rekey_all(&pair.a);
		pair_run(&pair, 20000);
		assert_true(all_are_up(&pair));
		assert_int_equal(tally.most, size);
		if (size + 1 < CHILDREN)
			pair_fini(&pair);
	}
}

/* b wants another group: each of a's requests begins anew, with an ID of its own. */
static void all_begin_anew(void **state)
{
	(void)state;
	pair_init(&pair, 3, "aes256gcm16-prfsha256-x25519", "aes256gcm16-x25519-ecp256");
	more_children(&pair.a);
	pair_proposal(PROTO_ESP, "aes256gcm16-ecp256", pair.b.children[0][0].proposals,
		      &pair.b.children[0][0].n_proposals);
	more_children(&pair.b);
	set_window(&pair.b, 2);
	pair_configure(&pair);
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", "net", pair.now_ms), 0);
	side_effects(&pair.a);
	assert_true(pair_run_until(&pair, pair_is_up, 10000));
	count_from_here();
	ask_for_the_rest(&pair.a);
	assert_true(pair_run_until(&pair, all_are_up, 1000));
	assert_int_equal(tally.most, 2);
	assert_int_equal(sa_of(&pair.a)->next_id - tally.first, 2 * (CHILDREN - 1));
}

static void the_ike_sa_is_alone(void **state)
{
	(void)state;
	begin(4, 4);
	count_from_here();
	ask_for_the_rest(&pair.a);
	assert_int_equal(ike_rekey(pair.a.ike, "gw-gw", pair.now_ms), 0);
	side_effects(&pair.a);
	assert_int_equal(ike_rekey_child(pair.a.ike, "gw-gw", "net", pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 10000);
	assert_true(all_are_up(&pair));
	assert_int_equal(side_n_ike(&pair.a), 1);
	assert_int_equal(side_n_ike(&pair.b), 1);
	assert_int_equal(tally.most, CHILDREN - 1); /* the rekey came after them, */
	assert_false(side_logged(&pair.a, "TEMPORARY_FAILURE"));
	assert_true(side_logged(&pair.a, "takes over"));
	assert_true(side_logged(&pair.a, "net{5} rekeyed")); /* and this on the new one */
}

/* 2.25: the peer is to see them in this order. */
static void one_child_sa_at_a_time(void **state)
{
	(void)state;
	begin(4, 4);
	count_from_here();
	assert_int_equal(ike_rekey_child(pair.a.ike, "gw-gw", "net", pair.now_ms), 0);
	assert_int_equal(ike_terminate(pair.a.ike, "gw-gw", "net", pair.now_ms), 0);
	side_effects(&pair.a);
	while (!(tally.answered & 1)) {
		assert_true(tally.next <= 1);
		assert_true(pair_step(&pair));
	}
	pair_run(&pair, 20000);
	assert_int_equal(tally.next, 3); /* the old one, and what it was rekeyed to */
	assert_int_equal(side_n_sas(&pair.a) + side_n_sas(&pair.b), 0);
}

/* 2.18: after a rekey it is one again, until it is told again. */
static void one_after_a_rekey(void **state)
{
	(void)state;
	begin(4, 4);
	ask_for_the_rest(&pair.a);
	pair_run(&pair, 1000);
	assert_int_equal(sa_of(&pair.a)->window_out, 4);
	assert_int_equal(ike_rekey(pair.a.ike, "gw-gw", pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 1000);
	assert_int_equal(side_n_ike(&pair.a), 1);
	assert_int_equal(sa_of(&pair.a)->window_out, 1);
	assert_int_equal(sa_of(&pair.b)->window_in, 1);
	count_from_here();
	rekey_all(&pair.a);
	assert_true(pair_run_until(&pair, all_are_up, 1000));
	pair_run(&pair, 10000);
	assert_int_equal(sa_of(&pair.a)->window_out, 4);
	assert_int_equal(sa_of(&pair.b)->window_out, 4);
	assert_true(tally.most > 1); /* from the first answer on */
}

/* ---- Out of order -------------------------------------------------------------------- */

#define HELD 8

static struct hold {
	bool is_holding;
	struct flight kept[HELD];
	uint8_t bytes[HELD][1000];
	unsigned n;
	unsigned n_answers;
	uint8_t answer[HELD][1000];
	size_t answer_len[HELD];
} hold;

static bool keep(struct pair *p, struct flight *f, void *arg)
{
	(void)p;
	(void)arg;
	if (is_request_of_a(f) && hold.is_holding) {
		struct flight *k = &hold.kept[hold.n++];

		assert_true(hold.n <= HELD);
		assert_true(f->len <= sizeof(hold.bytes[0]));
		*k = *f;
		k->bytes = memcpy(hold.bytes[hold.n - 1], f->bytes, f->len);
		return false;
	}
	if (!is_request_of_a(f) && f->bytes[19] & IKE_FLAG_RESPONSE) {
		assert_true(hold.n_answers < HELD && f->len <= sizeof(hold.answer[0]));
		memcpy(hold.answer[hold.n_answers], f->bytes, f->len);
		hold.answer_len[hold.n_answers++] = f->len;
	}
	return true;
}

static void deliver(unsigned i)
{
	const struct flight *f = &hold.kept[i];
	struct datagram d = { .local = f->to, .remote = f->from, .data = f->bytes, .len = f->len };

	ike_input(pair.b.ike, &d, pair.now_ms);
	side_effects(&pair.b);
}

static void hold_the_rest(void)
{
	hold = (struct hold){ .is_holding = true };
	pair.on_wire = keep;
	ask_for_the_rest(&pair.a);
	pair_run(&pair, 10); /* key pairs */
	assert_int_equal(hold.n, CHILDREN - 1);
	hold.is_holding = false;
}

static void the_last_is_the_first(void **state)
{
	(void)state;
	begin(4, 4);
	hold_the_rest();
	uint32_t due = sa_of(&pair.b)->due_id;
	for (unsigned i = hold.n; i--;) {
		deliver(i);
		pair_run(&pair, 100);
		assert_int_equal(hold.n_answers, hold.n - i);
		assert_int_equal(sa_of(&pair.b)->due_id, i ? due : due + hold.n);
	}
	assert_true(all_are_up(&pair));
}

static unsigned n_stored(struct side *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < WINDOW_MAX; i++)
		n += sa_of(s)->theirs[i].response != NULL;
	return n;
}

/* Each again after each: nothing is done twice, the answer is the same octets. */
static void doubles_at_every_position(void **state)
{
	static const unsigned order[] = { 1, 2, 0 };
	uint64_t busy, again;

	(void)state;
	begin(4, 4);
	hold_the_rest();
	for (unsigned i = 0; i < hold.n; i++) {
		deliver(order[i]);
		busy = ike_counts(pair.b.ike)[IKE_COUNT_BUSY];
		deliver(order[i]); /* while the computation runs */
		assert_int_equal(ike_counts(pair.b.ike)[IKE_COUNT_BUSY], busy + 1);
		pair_run(&pair, 100);
		assert_int_equal(pair.b.n_added, 2 + i);
		for (unsigned j = 0; j <= i; j++) {
			again = ike_counts(pair.b.ike)[IKE_COUNT_ANSWERED_AGAIN];
			deliver(order[j]);
			assert_int_equal(ike_counts(pair.b.ike)[IKE_COUNT_ANSWERED_AGAIN],
					 again + 1);
			assert_int_equal(hold.n_answers, i + 2);
			assert_int_equal(hold.answer_len[i + 1], hold.answer_len[j]);
			assert_memory_equal(hold.answer[i + 1], hold.answer[j], hold.answer_len[j]);
			pair_run(&pair, 100);
			hold.n_answers = i + 1;
		}
		assert_int_equal(pair.b.n_added, 2 + i);
	}
	assert_true(all_are_up(&pair));
}

/* What is more than a window behind is forgotten, and not answered. */
static void answers_are_forgotten(void **state)
{
	uint64_t old;

	(void)state;
	begin(4, 4);
	hold_the_rest();
	for (unsigned i = 0; i < hold.n; i++)
		deliver(i);
	pair_run(&pair, 100);
	pair.on_wire = NULL;
	assert_in_range(n_stored(&pair.b), hold.n, 4);
	for (unsigned i = 0; i < 10; i++) {
		rekey_all(&pair.a);
		pair_run(&pair, 10000);
		assert_in_range(n_stored(&pair.b), 1, 4);
	}
	old = ike_counts(pair.b.ike)[IKE_COUNT_MESSAGE_ID];
	for (unsigned i = 0; i < hold.n; i++)
		deliver(i);
	assert_int_equal(ike_counts(pair.b.ike)[IKE_COUNT_MESSAGE_ID], old + hold.n);
	assert_true(all_are_up(&pair));
}

/* A computation for one does not keep another one waiting. */
static void one_waits_alone(void **state)
{
	(void)state;
	begin(4, 4);
	pair.job_ms = 3000;
	ask_for_the_rest(&pair.a);
	pair_run(&pair, 3500); /* the key pairs of a are there, those of b are not */
	assert_true(theirs_at(sa_of(&pair.b), sa_of(&pair.b)->due_id)->waits != NULL);
	assert_int_equal(ike_terminate(pair.a.ike, "gw-gw", "net", pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 500);
	assert_true(side_logged(&pair.b, "peer deletes CHILD_SA net{1}"));
	assert_int_equal(pair.b.n_up, 1);
	pair_run(&pair, 20000);
	assert_int_equal(side_n_sas(&pair.b), CHILDREN - 1);
	assert_int_equal(side_n_sas(&pair.a), CHILDREN - 1);
}

static uint8_t forged[1000];

/* A request that a would not send, or not now. */
static struct payload_writer forge(uint8_t exchange, uint32_t id)
{
	return side_writes(sa_of(&pair.a), exchange, id, false, forged, sizeof(forged));
}

static void forge_end(struct payload_writer *pw, struct ip_addr from)
{
	struct ike_sa *sa = sa_of(&pair.a);
	struct datagram d = { .local = sa->remote, .remote = { from, sa->local.port } };

	assert_int_equal(message_finish(pw, &d.len), 0);
	d.data = forged;
	ike_input(pair.b.ike, &d, pair.now_ms);
	side_effects(&pair.b);
	pair_run(&pair, 10); /* computations */
}

static void say_rekey(uint32_t id)
{
	static const uint8_t bytes[32] = { 9 };
	struct payload_writer pw = forge(EX_CREATE_CHILD_SA, id);
	struct proposal offer = pair.a.conns[0].ike[0];
	struct ke ke = { KE_X25519, rd_from(bytes, sizeof(bytes)) };

	offer.number = 1;
	offer.spi_len = 8;
	offer.spi[0] = 1;
	sa_emit(&pw, &offer, 1);
	nonce_emit(&pw, rd_from(bytes, sizeof(bytes)));
	ke_emit(&pw, &ke);
	forge_end(&pw, pair.a.home.addr);
}

/* 2.25.2: a request that is still to come, or to be answered, would be torn by it. */
static void a_rekey_does_not_overtake(void **state)
{
	(void)state;
	begin(4, 4);
	uint32_t id = sa_of(&pair.b)->due_id;
	say_rekey(id + 1);
	assert_string_equal(side_state(&pair.b), "ESTABLISHED");
	assert_true(side_logged(&pair.b, "rekey of the IKE_SA refused: TEMPORARY_FAILURE"));
	struct payload_writer pw = forge(EX_INFORMATIONAL, id);
	forge_end(&pw, pair.a.home.addr);
	assert_int_equal(sa_of(&pair.b)->due_id, id + 2);
	assert_int_equal(pair.b.ike->n_sas, 1);
	say_rekey(id + 2);
	assert_int_equal(pair.b.ike->n_sas, 2);
}

static void say_moved(uint32_t id, uint32_t from)
{
	struct payload_writer pw = forge(EX_INFORMATIONAL, id);

	notify_emit_plain(&pw, N_UPDATE_SA_ADDRESSES, rd_from(NULL, 0));
	forge_end(&pw, addr_from_v4(from));
}

/* RFC 4555 3.5: the older one is answered, and that is all. */
static void the_newest_address_stays(void **state)
{
	(void)state;
	pair_init(&pair, 3, "aes256gcm16-prfsha256-x25519", "aes256gcm16");
	pair.a.conns[0].is_mobike = pair.b.conns[0].is_mobike = true;
	pair_configure(&pair);
	pair_up(&pair);
	pair_run(&pair, 1000);
	uint32_t id = sa_of(&pair.b)->due_id;
	say_moved(id + 1, 0xc6336414);
	say_moved(id, 0xc6336415);
	assert_int_equal(sa_of(&pair.b)->due_id, id + 2);
	assert_int_equal(addr_to_v4(&sa_of(&pair.b)->remote.addr), 0xc6336414);
	say_moved(id + 2, 0xc6336415);
	assert_int_equal(addr_to_v4(&sa_of(&pair.b)->remote.addr), 0xc6336415);
}

/* ---- A bad road ------------------------------------------------------------------------ */

/* Who is taken for dead comes back. */
static void stubborn(struct side *s)
{
	s->conns[0].keyingtries = 0;
	s->conns[0].dpd_delay_s = 30;
	s->children[0][0].dpd = s->children[0][0].close = START_NOW;
	more_children(s);
}

/* Both sides ask for, and rekey, the same at once. */
static void both_on_a_bad_road(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		pair_init(&pair, seed, "aes256gcm16-prfsha256-x25519",
			  seed % 2 ? "aes256gcm16" : "aes256gcm16-x25519");
		stubborn(&pair.a);
		stubborn(&pair.b);
		tune(&pair.a, 1 + seed % 8, seed % 4 ? FRAGMENT_SIZE : FRAGMENT_SIZE_MIN);
		tune(&pair.b, 8 - seed % 8, seed % 4 ? FRAGMENT_SIZE : FRAGMENT_SIZE_MIN);
		pair.loss = seed % 3 ? 30 : 0;
		pair.twice = 20;
		pair.jitter_ms = 700;
		pair_configure(&pair);
		assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", "net", pair.now_ms), 0);
		side_effects(&pair.a);
		assert_true(pair_run_until(&pair, pair_is_up, 3600000));
		pair_run(&pair, seed % 5 * 100);
		ask_for_the_rest(&pair.a);
		ask_for_the_rest(&pair.b);
		assert_true(pair_run_until(&pair, all_are_up, 3600000));
		rekey_all(&pair.a);
		pair_run(&pair, seed % 7 * 50);
		rekey_all(&pair.b);
		pair_run(&pair, 300000);
		pair.loss = pair.twice = 0;
		pair.jitter_ms = 0;
		pair.flow_ms = 100;
		if (!pair_run_until(&pair, all_are_up, 600000))
			fail_msg("seed %u does not settle", (unsigned)seed);
		if (seed < SEEDS)
			pair_fini(&pair);
	}
}

#define TEST(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_at_once),
		TEST(never_more),
		TEST(all_begin_anew),
		TEST(the_ike_sa_is_alone),
		TEST(one_child_sa_at_a_time),
		TEST(one_after_a_rekey),
		TEST(the_last_is_the_first),
		TEST(doubles_at_every_position),
		TEST(answers_are_forgotten),
		TEST(one_waits_alone),
		TEST(a_rekey_does_not_overtake),
		TEST(the_newest_address_stays),
		TEST(both_on_a_bad_road),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
