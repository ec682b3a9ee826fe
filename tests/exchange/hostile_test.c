/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every truncation and every changed octet of every message of a life: IKE_SA_INIT, IKE_AUTH,
 * CREATE_CHILD_SA, INFORMATIONAL, both directions. Each is counted or answered, none crashes
 * (run with sanitizers), and what is authentic afterwards still works.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include "support/pair.h"

static struct pair pair;

/* Who forges IKE_SA_INIT from the initiator's own address can always spoil it, as nothing is
 * authentic yet; from elsewhere he must not even disturb it. */
static const struct endpoint elsewhere = { { { [10] = 0xff, 0xff, 203, 0, 113, 5 } }, 500 };

struct attack {
	unsigned at, seen; /* which datagram of the run */
	bool is_done;
	unsigned n;
};

static uint64_t reactions(struct side *s)
{
	const uint64_t *counts = ike_counts(s->ike);
	uint64_t sum = 0;

	for (enum ike_count c = 0; c < IKE_COUNT_MAX; c++)
		sum += c == IKE_COUNT_RECEIVED ? 0 : counts[c];
	return sum;
}

static void count_sa(const struct ike_sa_info *info, void *arg)
{
	(void)info;
	++*(unsigned *)arg;
}

static unsigned n_ike_sas(struct side *s)
{
	unsigned n = 0;

	ike_each_sa(s->ike, count_sa, &n);
	return n;
}

/* One bad datagram: it has to show somewhere, be it by the computation it leads to. Its bytes are
 * exactly as long as they claim, on the heap, so that a sanitizer sees a read past the end. */
static void feed(struct side *s, const struct flight *f, const uint8_t *bytes, size_t len)
{
	uint64_t before = reactions(s);
	unsigned n_before = n_ike_sas(s);
	uint8_t *exact = malloc(len ? len : 1);
	struct datagram d = { .local = f->to, .remote = f->from, .data = exact, .len = len };

	if (s == &pair.b && !pair.b.conns[0].n_remote)
		d.remote = elsewhere;
	memcpy(exact, bytes, len);
	ike_input(s->ike, &d, s->pair->now_ms);
	side_effects(s);
	free(exact);
	assert_true(reactions(s) > before || n_ike_sas(s) > n_before || s->pair->works);
}

static bool mangle(struct pair *p, struct flight *f, void *arg)
{
	struct attack *attack = arg;
	struct side *to = addr_equal(&f->to.addr, &p->a.home.addr) ? &p->a : &p->b;
	static const uint8_t flips[] = { 0x01, 0x80, 0xff };
	uint8_t *copy;

	if (attack->is_done || attack->seen++ != attack->at)
		return true;
	attack->is_done = true;
	copy = malloc(f->len);
	memcpy(copy, f->bytes, f->len);
	for (size_t len = 0; len < f->len; len++)
		feed(to, f, copy, len);
	for (size_t i = 0; i < f->len; i++) {
		for (size_t j = 0; j < sizeof(flips); j++) {
			copy[i] ^= flips[j];
			feed(to, f, copy, f->len);
			copy[i] ^= flips[j];
			attack->n++;
		}
	}
	free(copy);
	return true;
}

static void life(struct pair *p)
{
	assert_int_equal(ike_initiate(p->a.ike, "gw-gw", NULL, p->now_ms), 0);
	side_effects(&p->a);
	assert_true(pair_run_until(p, pair_is_up, 100000));
	assert_int_equal(ike_rekey_child(p->a.ike, "gw-gw", "net", p->now_ms), 0);
	side_effects(&p->a);
	pair_run(p, 1000);
	assert_int_equal(ike_rekey(p->b.ike, "gw-gw", p->now_ms), 0);
	side_effects(&p->b);
	pair_run(p, 1000);
	assert_true(pair_fits(p));
	assert_int_equal(ike_terminate(p->b.ike, "gw-gw", NULL, p->now_ms), 0);
	side_effects(&p->b);
	pair_run(p, 1000);
	assert_int_equal(side_n_sas(&p->a) + side_n_sas(&p->b), 0);
}

/* From the third on all is encrypted: the attack changes nothing at all. */
static void attack_all(unsigned first, unsigned last, const char *ike)
{
	for (unsigned at = first; at <= last; at++) {
		struct attack attack = { .at = at };

		pair_init(&pair, at, ike, "aes256gcm16-x25519");
		if (at == 0)
			pair.b.conns[0].n_remote = 0; /* %any */
		pair_configure(&pair);
		pair.on_wire = mangle;
		pair.arg = &attack;
		life(&pair);
		assert_true(attack.is_done);
		assert_true(attack.n > 3 * 28);
		pair_fini(&pair);
	}
}

static void encrypted_messages(void **state)
{
	(void)state;
	attack_all(2, 13, "aes256gcm16-prfsha256-x25519");
}

static void encrypted_messages_with_cbc(void **state)
{
	(void)state;
	attack_all(2, 7, "aes128-sha256-x25519");
}

static void the_first_request(void **state)
{
	(void)state;
	attack_all(0, 0, "aes256gcm16-prfsha256-x25519");
}

/* The first answer is not authentic: who can write it can spoil the attempt, not more. */
struct one {
	size_t at, len;
	uint8_t flip;
	bool is_done;
};

static bool mangle_one(struct pair *p, struct flight *f, void *arg)
{
	struct one *one = arg;

	if (one->is_done || !addr_equal(&f->to.addr, &p->a.home.addr))
		return true;
	one->is_done = true;
	one->len = f->len;
	f->bytes = memcpy(malloc(f->len), f->bytes, f->len);
	f->bytes[one->at] ^= one->flip;
	feed(&p->a, f, f->bytes, f->len);
	free(f->bytes);
	return false; /* the true one comes later, when b is asked again */
}

static void the_first_answer(void **state)
{
	struct one one = { .len = 1 };
	unsigned n_up = 0, n_failed = 0;

	(void)state;
	for (size_t at = 0; at < one.len; at++) {
		pair_init(&pair, at, "aes256gcm16-prfsha256-x25519", "aes256gcm16");
		pair_configure(&pair);
		one = (struct one){ .at = at, .flip = (uint8_t)(1u << at % 8) };
		pair.on_wire = mangle_one;
		pair.arg = &one;
		assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
		side_effects(&pair.a);
		pair_run(&pair, 400000);
		n_up += pair_is_up(&pair);
		n_failed += pair.a.n_failed;
		assert_true(pair_is_up(&pair) ? pair_fits(&pair) : side_n_sas(&pair.a) == 0);
		assert_int_equal(pair_is_up(&pair) + pair.a.n_failed, 1);
		pair_fini(&pair);
	}
	assert_true(n_up > 50 && n_failed > 30);
}

/* Noise, and noise behind a good header. */
static void noise(void **state)
{
	uint8_t bytes[600];
	uint64_t rng = 1;
	struct flight f = { 0 };

	(void)state;
	pair_init(&pair, 11, "default", "default");
	pair_configure(&pair);
	pair_up(&pair);
	f.to = pair.b.home;
	f.from = pair.a.home;
	for (unsigned i = 0; i < 3000; i++) {
		for (size_t j = 0; j < sizeof(bytes); j++)
			bytes[j] = (uint8_t)((rng = rng * 6364136223846793005ull + 1) >> 56);
		size_t len = (size_t)(rng >> 40) % sizeof(bytes);
		if (i % 2 && len > 28) {
			memset(bytes + 8, 0, 8);
			bytes[16] = 33;
			bytes[17] = 0x20;
			bytes[18] = 34;
			bytes[19] = 0x08;
			memset(bytes + 20, 0, 4);
			bytes[24] = bytes[25] = 0;
			bytes[26] = (uint8_t)(len >> 8);
			bytes[27] = (uint8_t)len;
		}
		feed(&pair.b, &f, bytes, len);
	}
	assert_true(pair_fits(&pair));
	pair_fini(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encrypted_messages),
		cmocka_unit_test(encrypted_messages_with_cbc),
		cmocka_unit_test(the_first_request),
		cmocka_unit_test(the_first_answer),
		cmocka_unit_test(noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
