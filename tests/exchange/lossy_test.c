/* SPDX-License-Identifier: BSD-2-Clause */
/* A network that loses, doubles and overtakes: a hundred seeds, and all end established. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "ike/limits.h"
#include "support/pair.h"

#define SEEDS 100

static struct pair pair;

static void bad_network(uint64_t seed)
{
	pair_init(&pair, seed, "aes256gcm16-prfsha256-x25519",
		  seed % 3 ? "aes256gcm16" : "aes256gcm16-x25519");
	for (struct side *s = &pair.a; s; s = s == &pair.a ? &pair.b : NULL) {
		s->conns[0].keyingtries = 0;
		s->conns[0].dpd_delay_s = 30;
		s->children[0][0].dpd = s->children[0][0].close = START_NOW;
	}
	pair.a.children[0][0].start = START_NOW;
	if (seed % 2)
		pair.b.children[0][0].start = START_NOW;
	pair.loss = 20;
	pair.twice = 20;
	pair.jitter_ms = 500;
}

static void calm(void)
{
	pair.loss = pair.twice = 0;
	pair.jitter_ms = 0;
}

static uint64_t n_again(struct side *s)
{
	return ike_counts(s->ike)[IKE_COUNT_RETRANSMITTED];
}

static void all_seeds_end_established(void **state)
{
	uint64_t sum = 0;

	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		bad_network(seed);
		pair_configure(&pair);
		pair_run(&pair, 120000);
		calm();
		pair_run(&pair, 240000);
		if (!pair_fits(&pair) || side_n_ike(&pair.a) != side_n_ike(&pair.b))
			fail_msg("seed %u: a:\n%s\nb:\n%s", (unsigned)seed, pair.a.log, pair.b.log);
		sum += n_again(&pair.a) + n_again(&pair.b);
		pair_fini(&pair);
	}
	assert_true(sum > SEEDS); /* the network was bad indeed */
}

/* Rekeys of both kinds, by both sides, on a bad network; afterwards all is one again. */
static void rekeys_survive(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		bad_network(seed);
		for (struct side *s = &pair.a; s; s = s == &pair.a ? &pair.b : NULL) {
			s->children[0][0].rekey_s = 60;
			s->children[0][0].rand_s = 20;
			s->children[0][0].life_s = 300;
			s->conns[0].rekey_s = 200;
			s->conns[0].rand_s = 60;
			s->conns[0].over_s = 200;
		}
		pair_configure(&pair);
		pair_run(&pair, 1800000);
		calm();
		pair.flow_ms = 100;
		pair_run(&pair, 600000);
		if (!pair_fits(&pair) || side_n_ike(&pair.a) != side_n_ike(&pair.b) ||
		    side_n_ike(&pair.a) > 2 || side_n_sas(&pair.a) > 6)
			fail_msg("seed %u: %u and %u IKE SAs, %u and %u Child SAs, a:\n%s\nb:\n%s",
				 (unsigned)seed, side_n_ike(&pair.a), side_n_ike(&pair.b),
				 side_n_sas(&pair.a), side_n_sas(&pair.b), pair.a.log, pair.b.log);
		pair_fini(&pair);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_seeds_end_established),
		cmocka_unit_test(rekeys_survive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
