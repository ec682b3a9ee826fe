/* SPDX-License-Identifier: BSD-2-Clause */
/* Every algorithm that a proposal can name is negotiated between two cores: each encryption with
 * each integrity algorithm, each AEAD with each PRF, each key exchange; with a Child SA, an IKE
 * rekey and traffic, so that all keys were used. And every combination that ESP has. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "crypto/ike_aead.h"
#include "ike/keywords.h"
#include "support/esp_algs.h"
#include "support/pair.h"

#define WORDS_MAX 64

struct words {
	size_t n;
	const char *word[WORDS_MAX];
};

static struct pair pair;

static bool is_aead(const struct transform *t)
{
	return t->type == TRANSFORM_ENCR && encr_is_aead(t->id);
}

/* One word of each transform of a type; aead: only those, else only others. */
static struct words words_of(enum transform_type type, bool aead)
{
	struct words w = { 0 };
	struct transform t, seen[WORDS_MAX];
	const char *word;

	for (size_t i = 0; (word = keyword_nth(PROTO_IKE, i, &t)); i++) {
		bool is_known = false;

		for (size_t j = 0; j < w.n; j++)
			is_known |= seen[j].id == t.id && seen[j].key_bits == t.key_bits;
		if (t.type != type || is_aead(&t) != aead || is_known)
			continue;
		assert_true(w.n < WORDS_MAX);
		seen[w.n] = t;
		w.word[w.n++] = word;
	}
	assert_true(w.n > 0);
	return w;
}

/* It had one transform of each type only. */
static void chosen_is_wanted(const struct ike_sa_info *info, void *arg)
{
	const struct proposal *want = arg;
	char got[PROPOSAL_TEXT_MAX], expected[PROPOSAL_TEXT_MAX];

	if (!strcmp(info->state, "ESTABLISHED"))
		assert_string_equal(proposal_print(&info->chosen, got, sizeof(got)),
				    proposal_print(want, expected, sizeof(expected)));
}

static void comes_up_and_rekeys(const char *ike)
{
	pair_init(&pair, 1, ike, "aes128gcm16");
	pair_configure(&pair);
	pair_up(&pair);
	if (ike_rekey(pair.a.ike, "gw-gw", pair.now_ms))
		fail_msg("%s: no rekey", ike);
	side_effects(&pair.a);
	pair_run(&pair, 5000);
	if (side_n_ike(&pair.a) != 1 || side_n_ike(&pair.b) != 1 || !pair_fits(&pair))
		fail_msg("%s: not up after the rekey\n%s\n%s", ike, pair.a.log, pair.b.log);
	ike_each_sa(pair.a.ike, chosen_is_wanted, &pair.a.conns[0].ike[0]);
	ike_each_sa(pair.b.ike, chosen_is_wanted, &pair.a.conns[0].ike[0]);
	pair_fini(&pair);
}

static void encryption_with_each_integrity(void **state)
{
	struct words encrs = words_of(TRANSFORM_ENCR, false);
	struct words integs = words_of(TRANSFORM_INTEG, false);
	char ike[128];

	(void)state;
	for (size_t i = 0; i < encrs.n; i++) {
		for (size_t j = 0; j < integs.n; j++) {
			snprintf(ike, sizeof(ike), "%s-%s-x25519", encrs.word[i], integs.word[j]);
			comes_up_and_rekeys(ike);
		}
	}
}

static void aead_with_each_prf(void **state)
{
	struct words encrs = words_of(TRANSFORM_ENCR, true);
	struct words prfs = words_of(TRANSFORM_PRF, false);
	char ike[128];

	(void)state;
	for (size_t i = 0; i < encrs.n; i++) {
		for (size_t j = 0; j < prfs.n; j++) {
			snprintf(ike, sizeof(ike), "%s-%s-x25519", encrs.word[i], prfs.word[j]);
			comes_up_and_rekeys(ike);
		}
	}
}

static void each_key_exchange(void **state)
{
	struct words kes = words_of(TRANSFORM_KE, false);
	char ike[128];

	(void)state;
	for (size_t i = 0; i < kes.n; i++) {
		snprintf(ike, sizeof(ike), "aes128gcm16-prfsha256-%s", kes.word[i]);
		comes_up_and_rekeys(ike);
	}
}

static void each_key_exchange_for_pfs(void **state)
{
	struct words kes = words_of(TRANSFORM_KE, false);
	char esp[128];

	(void)state;
	for (size_t i = 0; i < kes.n; i++) {
		if (!strncmp(kes.word[i], "mlkem", 5)) /* IKE only */
			continue;
		snprintf(esp, sizeof(esp), "aes128gcm16-%s", kes.word[i]);
		pair_init(&pair, 1, "default", esp);
		pair_configure(&pair);
		pair_up(&pair);
		uint32_t old = side_in_use(&pair.a)->sa.spi_in;
		assert_int_equal(ike_rekey_child(pair.a.ike, "gw-gw", "net", pair.now_ms), 0);
		side_effects(&pair.a);
		pair_run(&pair, 5000);
		assert_true(pair_fits(&pair));
		assert_int_not_equal(side_in_use(&pair.a)->sa.spi_in, old);
		pair_fini(&pair);
	}
}

static void child_rekeys(const char *esp)
{
	char got[PROPOSAL_TEXT_MAX];
	size_t len = strlen(esp);

	pair_init(&pair, 1, "default", esp);
	pair_configure(&pair);
	pair_up(&pair);
	uint32_t old = side_in_use(&pair.a)->sa.spi_in;
	assert_int_equal(ike_rekey_child(pair.a.ike, "gw-gw", "net", pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 5000);
	if (!pair_fits(&pair) || side_in_use(&pair.a)->sa.spi_in == old)
		fail_msg("%s: not up after the rekey\n%s\n%s", esp, pair.a.log, pair.b.log);
	proposal_print(&side_in_use(&pair.b)->sa.chosen, got, sizeof(got));
	if (strncmp(got, esp, len) || strncmp(got + len, "-noesn", 6))
		fail_msg("%s: got %s", esp, got);
	pair_fini(&pair);
}

static void every_combination_of_esp(void **state)
{
	struct aead_alg alg;
	char name[64];

	(void)state;
	for (size_t n = 0; esp_alg_nth(n, &alg, name, sizeof(name)); n++)
		child_rekeys(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encryption_with_each_integrity),
		cmocka_unit_test(aead_with_each_prf),
		cmocka_unit_test(each_key_exchange),
		cmocka_unit_test(each_key_exchange_for_pfs),
		cmocka_unit_test(every_combination_of_esp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
