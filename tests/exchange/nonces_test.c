/* SPDX-License-Identifier: BSD-2-Clause */
/* Both sides rekey at once, and the nonces on the wire decide (RFC 7296 2.8.1, 2.8.2): two cores
 * that both had it the wrong way round would agree with each other. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>
#include "ike/ike_sa.h"
#include "support/pair.h"

#define FROM 100
#define SEEDS 10

static struct pair pair;

/* Who asked in the exchange that has the lowest of all nonces seen. */
static struct {
	uint8_t nonce[NONCE_MAX];
	bool is_a;
} lowest;

static bool note_nonces(struct pair *p, struct flight *f, void *arg)
{
	bool is_of_a = addr_equal(&f->from.addr, &p->a.home.addr);
	struct ike_sa *sa = (is_of_a ? &p->a : &p->b)->ike->sas;
	static struct message m;
	uint8_t plain[2048];

	(void)arg;
	if (f->bytes[18] != EX_CREATE_CHILD_SA)
		return true;
	while (sa->next) /* the oldest, which is rekeyed */
		sa = sa->next;
	struct aead_key key = *sa_key_out(sa);
	assert_int_equal(message_parse(rd_from(f->bytes, f->len), &m), MSG_OK);
	assert_int_equal(message_open(&m, &key, plain, sizeof(plain)), MSG_OK);
	if (memcmp(m.nonce.at, lowest.nonce, NONCE_LEN) >= 0)
		return true;
	memcpy(lowest.nonce, m.nonce.at, NONCE_LEN);
	lowest.is_a = is_of_a != message_is_response(&m);
	return true;
}

static void begin(uint64_t seed)
{
	pair_init(&pair, seed, "aes256gcm16-prfsha256-x25519", "aes256gcm16");
	pair_configure(&pair);
	pair_up(&pair);
	pair.flow_ms = 1;
	memset(lowest.nonce, 0xff, sizeof(lowest.nonce));
	pair.on_wire = note_nonces;
}

/* Exactly one says that its own is the redundant one. */
static bool is_decided(void)
{
	bool is_a = side_logged(&pair.a, "ours is the redundant one");

	assert_int_equal(side_logged(&pair.b, "ours is the redundant one"), !is_a);
	assert_int_equal(is_a, lowest.is_a);
	assert_int_equal(pair.n_data_lost + pair.n_data_unsent, 0);
	assert_true(pair_fits(&pair));
	return is_a;
}

static void rekey_child(struct side *s)
{
	assert_int_equal(ike_rekey_child(s->ike, "gw-gw", "net", pair.now_ms), 0);
	side_effects(s);
}

static void rekey_ike(struct side *s)
{
	assert_int_equal(ike_rekey(s->ike, "gw-gw", pair.now_ms), 0);
	side_effects(s);
}

static void decide_about(void (*rekey)(struct side *s))
{
	unsigned n_lost_a = 0;

	for (uint64_t seed = FROM; seed < FROM + SEEDS; seed++) {
		begin(seed);
		rekey(&pair.a);
		rekey(&pair.b);
		pair_run(&pair, 60000);
		n_lost_a += is_decided();
		assert_int_equal(side_n_sas(&pair.a), 1);
		assert_int_equal(side_n_ike(&pair.a), 1);
		pair_fini(&pair);
	}
	assert_in_range(n_lost_a, 1, SEEDS - 1);
}

static void about_child_sas(void **state)
{
	(void)state;
	decide_about(rekey_child);
}

static void about_ike_sas(void **state)
{
	(void)state;
	decide_about(rekey_ike);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(about_child_sas),
		cmocka_unit_test(about_ike_sas),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
