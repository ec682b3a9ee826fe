/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Issue "Faults", without processes: a network that loses 30 %, doubles, delays and overtakes;
 * both sides rekey Child SAs and IKE SAs by lifetime and by order, all at once. At the end of
 * each of 200 seeds (FAULT_SEEDS, first one FAULT_FROM) there is exactly one live Child SA per
 * configured child on both sides, one IKE SA, and nothing else is installed.
 * tests/interop/faults.sh does the same with daemons.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ike/ike_sa.h"
#include "support/pair.h"

#define SEEDS 200
#define IKE "aes256gcm16-prfsha256-x25519"
#define IKE_MORE IKE "-ke1_ecp256-ke2_ecp384"
#define ESP "aes256gcm16-x25519"
#define ESP_MORE ESP "-ke1_ecp256"
#define CHILDREN 2
#define CHURN_MS 900000	 /* a quarter of an hour of faults, some 15 Child and 5 IKE rekeys */
#define SETTLE_MS 600000 /* the longest retransmission, twice, and what follows it */

static const char *const child_names[CHILDREN] = { "net", "dmz" };

static struct pair pair;
static unsigned n_orders; /* that were taken: there is not always something to rekey */

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

/* In some runs of AH. */
static void second_child(struct side *s, uint64_t seed)
{
	struct conn_child *cc = &s->children[0][1];
	bool is_a = s == &pair.a;

	*cc = s->children[0][0];
	snprintf(cc->name, sizeof(cc->name), "%s", child_names[1]);
	cc->child = PAIR_SLOT + 1;
	cc->local_ts[0] = pair_ts(is_a ? "10.3.0.0/16" : "10.4.0.0/16");
	cc->remote_ts[0] = pair_ts(is_a ? "10.4.0.0/16" : "10.3.0.0/16");
	s->conns[0].n_children = CHILDREN;
	if (seed % 7 > 3)
		pair_proposal(PROTO_AH, seed % 3 ? "sha256" : "sha256-x25519", cc->proposals,
			      &cc->n_proposals);
}

/* As tests/interop/faults.sh: everything in a hurry, so that more of it meets. */
static void hurry(struct side *s, struct ike_settings *settings)
{
	settings->retransmit_timeout_ms = 400;
	settings->retransmit_base_thousandths = 1300;
	settings->retransmit_tries = 12;
	settings->retransmit_limit_ms = 2000;
	s->conns[0].dpd_delay_s = 5;
	s->conns[0].rekey_s = 30;
	s->conns[0].rand_s = 10;
	s->conns[0].over_s = 60;
	s->children[0][0].rekey_s = 25;
	s->children[0][0].rand_s = 8;
	s->children[0][0].life_s = 90;
}

/* Who gets no answer for long tries the peer's other one (MOBIKE). */
static void has_addresses(struct side *s, const char *second)
{
	assert_int_equal(addr_parse(second, &s->second), 0);
	struct ip_addr addrs[4] = { s->home.addr, s->second };
	for (uint32_t i = 2; i < 4; i++) /* and some that lead nowhere */
		addrs[i] = addr_from_v4(0xcb007100 + i);
	ike_addresses(s->ike, addrs, 4, pair.now_ms);
	side_effects(s);
}

/* IKE_FOLLOWUP_KE rounds (RFC 9370 2.2.4) in some of the rekeys, or in all: each side prefers what
 * it is given, and takes the other as well. */
static void take_rounds(uint64_t seed)
{
	static const char *const ike[] = { IKE "," IKE_MORE, IKE_MORE "," IKE, IKE_MORE };
	static const char *const esp[] = { ESP "," ESP_MORE, ESP_MORE "," ESP, ESP_MORE };
	struct side *sides[] = { &pair.a, &pair.b };

	for (unsigned i = 0; i < 2; i++) {
		struct conn *c = &sides[i]->conns[0];
		unsigned which = (unsigned)(seed / 10 + i * seed / 30) % 3;

		pair_proposal(PROTO_IKE, ike[which], c->ike, &c->n_ike);
		pair_proposal(PROTO_ESP, esp[which], c->children[0].proposals, &c->children[0].n_proposals);
	}
}

/* Who starts, PFS or not, in a hurry or not, windows of how many, MOBIKE, AH: by the seed. */
static void configure(uint64_t seed)
{
	pair_init(&pair, seed, IKE, seed % 3 ? "aes256gcm16" : ESP);
	if (seed % 10 > 6)
		take_rounds(seed);
	for (struct side *s = &pair.a; s; s = s == &pair.a ? &pair.b : NULL) {
		struct ike_settings settings = ike_settings_default();
		struct conn_child *cc = &s->children[0][0];

		s->conns[0].keyingtries = 0;
		s->conns[0].is_mobike = seed / 8 % 2;
		s->conns[0].dpd_delay_s = 30;
		s->conns[0].rekey_s = 240;
		s->conns[0].rand_s = 80;
		s->conns[0].over_s = 200;
		cc->dpd = cc->close = START_NOW;
		cc->rekey_s = 90;
		cc->rand_s = 30;
		cc->life_s = 400;
		if (s == &pair.a || seed % 2)
			cc->start = START_NOW;
		if (seed % 4 > 1)
			hurry(s, &settings);
		settings.window_size = 1 + (s == &pair.a ? seed : seed / 8) % WINDOW_MAX;
		ike_tune(s->ike, &settings);
		if (seed % 8 > 3) /* nothing brings back what is lost, but for dead peers */
			cc->start = cc->close = START_NONE;
		second_child(s, seed);
	}
	pair.loss = 30;
	pair.twice = 20;
	pair.jitter_ms = seed % 5 ? 800 : 8000; /* even past the first retransmission */
	pair_configure(&pair);
	if (seed / 8 % 2) {
		has_addresses(&pair.a, "192.0.2.11");
		has_addresses(&pair.b, "192.0.2.12");
	}
}

/* Orders besides the lifetimes, often to both sides at the same moment. */
static void order(struct side *s, uint64_t what)
{
	n_orders += !(what % 3 == 0 ? ike_rekey(s->ike, "gw-gw", pair.now_ms)
				    : ike_rekey_child(s->ike, "gw-gw", child_names[what % 2], pair.now_ms));
	side_effects(s);
}

static void by_order(uint64_t seed)
{
	int err = 0;

	for (unsigned i = 0; i < CHILDREN && seed % 8 > 3; i++) {
		err |= ike_initiate(pair.a.ike, "gw-gw", child_names[i], pair.now_ms);
		if (seed % 2)
			err |= ike_initiate(pair.b.ike, "gw-gw", child_names[i], pair.now_ms);
	}
	assert_int_equal(err, 0);
	side_effects(&pair.a);
	side_effects(&pair.b);
}

static void churn(uint64_t seed)
{
	uint64_t rng = ~seed, end_ms = pair.now_ms + CHURN_MS;

	while (pair.now_ms < end_ms) {
		uint64_t dice = pair_rng(&rng);

		pair_run(&pair, 1000 + dice % 60000);
		if (dice >> 60 & 1)
			order(&pair.a, dice >> 32);
		if (dice >> 61 & 1)
			order(&pair.b, dice >> 32);
	}
}

static unsigned n_known(const struct side *s)
{
	unsigned n = 0;

	for (const struct ike_sa *sa = s->ike->sas; sa; sa = sa->next)
		for (const struct child *c = sa->children; c; c = c->next)
			n++;
	return n;
}

/* The outbound SA of each child is live, and the other side's other half. */
static bool fits(const struct side *s, struct side *other)
{
	for (unsigned i = 0; i < CHILDREN; i++) {
		uint32_t spi = s->out[PAIR_SLOT + i];
		struct pair_sa *mine = spi ? side_sa((struct side *)s, spi) : NULL;
		struct pair_sa *peer = mine ? side_sa(other, mine->sa.spi_out) : NULL;

		if (!peer || peer->sa.spi_out != spi ||
		    !addr_equal(&peer->sa.local.addr, &mine->sa.remote.addr) ||
		    !addr_equal(&peer->sa.remote.addr, &mine->sa.local.addr) ||
		    memcmp(mine->sa.key_out, peer->sa.key_in, SA_SECRET_MAX) != 0)
			return false;
	}
	return true;
}

static bool is_settled(struct pair *p)
{
	struct side *a = &p->a, *b = &p->b;

	return side_n_sas(a) == CHILDREN && side_n_sas(b) == CHILDREN && n_known(a) == CHILDREN &&
	       n_known(b) == CHILDREN && a->ike->n_sas == 1 && b->ike->n_sas == 1 &&
	       side_n_ike(a) == 1 && side_n_ike(b) == 1 && fits(a, b) && fits(b, a);
}

static void say(const struct side *s)
{
	print_message("%c: %u installed, %u known, %zu IKE SAs\n", s->name, side_n_sas(s),
		      n_known(s), s->ike->n_sas);
	fputs(s->log, stderr);
}

static void one_live_child_sa_each(void **state)
{
	uint64_t from = number("FAULT_FROM", 0), n = number("FAULT_SEEDS", SEEDS), again = 0;
	unsigned n_rekeys = 0;

	(void)state;
	for (uint64_t seed = from; seed < from + n; seed++) {
		configure(seed);
		by_order(seed);
		churn(seed);
		pair.loss = pair.twice = 0;
		pair.jitter_ms = 0;
		pair.flow_ms = 100;
		if (!pair_run_until(&pair, is_settled, SETTLE_MS)) {
			say(&pair.a);
			say(&pair.b);
			fail_msg("seed %llu does not settle", (unsigned long long)seed);
		}
		assert_int_equal(pair.a.n_added - pair.a.n_deleted, CHILDREN);
		assert_int_equal(pair.b.n_added - pair.b.n_deleted, CHILDREN);
		assert_int_equal(pair.a.ike->n_half_open + pair.b.ike->n_half_open, 0);
		n_rekeys += pair.a.n_added - CHILDREN;
		again += ike_counts(pair.a.ike)[IKE_COUNT_RETRANSMITTED];
		pair_fini(&pair);
	}
	print_message("%u seeds: %u rekeys, %u retransmissions of one side\n", (unsigned)n,
		      n_rekeys, (unsigned)again);
	assert_true(n_orders > 5 * n);
	assert_true(n_rekeys > 10 * n); /* it was about rekeys, */
	assert_true(again > 10 * n);	/* and the network was bad indeed */
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(one_live_child_sa_each) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
