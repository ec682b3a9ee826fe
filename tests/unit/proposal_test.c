/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
#include "base/nearest.h"
#include "crypto/ke.h"
#include "ike/keymat.h"
#include "ike/proposal.h"
#include "support/bytes.h"

#define IKE PROTO_IKE
#define ESP PROTO_ESP

static struct proposal parsed(uint8_t protocol, const char *text)
{
	struct proposal p;
	char why[256] = "";

	if (proposal_parse(protocol, text, &p, why, sizeof(why)))
		fail_msg("%s: %s", text, why);
	return p;
}

static void keywords_become_canonical(void **state)
{
	static const struct {
		uint8_t protocol;
		const char *text, *canonical;
	} rows[] = {
		{ IKE, "aes128gcm16-prfsha256-x25519", "aes128gcm16-prfsha256-x25519" },
		{ IKE, "aes256gcm128-sha384-curve25519", "aes256gcm16-prfsha384-x25519" },
		{ IKE, "aes192gcm16-modp2048", "aes192gcm16-prfsha256-modp2048" },
		{ IKE, "aes128-sha256-modp2048", "aes128-sha256-prfsha256-modp2048" },
		{ IKE, "aes256-sha2_512-ecp256", "aes256-sha512-prfsha512-ecp256" },
		{ IKE, "aes-sha256-sha384-x25519",
		  "aes128-sha256-sha384-prfsha256-prfsha384-x25519" },
		{ IKE, "aes256-sha256-prfsha384-x25519", "aes256-sha256-prfsha384-x25519" },
		{ IKE, "x25519-prfsha256-aes128gcm16-ecp256-x25519",
		  "aes128gcm16-prfsha256-x25519-ecp256" },
		{ ESP, "aes128gcm16", "aes128gcm16-noesn" },
		{ ESP, "aes128gcm16-aes256gcm16-x25519-esn", "aes128gcm16-aes256gcm16-x25519-esn" },
		{ ESP, "aes256gcm128-esn-noesn", "aes256gcm16-esn-noesn" },
		{ ESP, "default", "aes128gcm16-aes256gcm16-noesn" },
		{ IKE, "default",
		  "aes128gcm16-aes256gcm16-chacha20poly1305-prfsha256-prfsha384-prfsha512-x25519-"
		  "ecp256-ecp384-modp3072-modp2048" },
		{ IKE, "aes128gcm64-aes192gcm96-aes256ccm128-aes128ccm12-prfsha384-curve448",
		  "aes128gcm8-aes192gcm12-aes256ccm16-aes128ccm12-prfsha384-x448" },
		{ IKE, "aes256gcm-chacha20poly1305-aes192ccm-ecp521",
		  "aes256gcm16-chacha20poly1305-aes192ccm16-prfsha256-ecp521" },
		{ IKE, "aes256ctr-aesxcbc-ecp256bp", "aes256ctr-aesxcbc-prfaesxcbc-ecp256bp" },
		{ IKE, "3des-sha-modp4096", "3des-sha1-prfsha1-modp4096" },
		{ IKE, "aes192-aescmac-prfaescmac-ecp512bp", "aes192-aescmac-prfaescmac-ecp512bp" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct proposal p = parsed(rows[i].protocol, rows[i].text);
		char text[PROPOSAL_TEXT_MAX];

		assert_string_equal(proposal_print(&p, text, sizeof(text)), rows[i].canonical);
	}
}

static void wrong_keywords_say_why(void **state)
{
	static const struct {
		uint8_t protocol;
		const char *text, *why;
	} rows[] = {
		{ IKE, "aes128gmc16-x25519",
		  "unknown algorithm 'aes128gmc16', did you mean 'aes128gcm16'?" },
		{ IKE, "aes128-sha256-modp2049",
		  "unknown algorithm 'modp2049', did you mean 'modp2048'?" },
		{ IKE, "", "unknown algorithm ''" },
		{ IKE, "aes128--x25519", "unknown algorithm ''" },
		{ IKE, "aes128gcm16-x25519-", "unknown algorithm ''" },
		{ IKE, "aes128gcm16-aes128-sha256-x25519",
		  "'aes128gcm16-aes128-sha256-x25519': "
		  "AEAD (gcm, ccm, chacha20poly1305, gmac) and other encryption algorithms need "
		  "separate proposals" },
		{ IKE, "aes128gcm16-prfsha256",
		  "'aes128gcm16-prfsha256': no key exchange method named, "
		  "such as x25519" },
		{ IKE, "aes128-x25519", "'aes128-x25519': no integrity algorithm named" },
		{ IKE, "prfsha256-x25519", "'prfsha256-x25519': no encryption algorithm named" },
		{ IKE, "aes128gcm16-x25519-esn", "algorithm 'esn' is not available for IKE" },
		{ IKE, "aes128gmac-x25519", "algorithm 'aes128gmac' is not available for IKE" },
		{ IKE, "null-sha256-x25519", "algorithm 'null' is not available for IKE" },
		{ ESP, "aes128gcm16-sha256",
		  "'aes128gcm16-sha256': AEAD (gcm, ccm, chacha20poly1305, gmac) authenticates by "
		  "itself: no integrity algorithm beside it" },
		{ ESP, "aes128-aes128gmac-sha256",
		  "'aes128-aes128gmac-sha256': "
		  "AEAD (gcm, ccm, chacha20poly1305, gmac) and other encryption algorithms need "
		  "separate proposals" },
		{ ESP, "aes128", "'aes128': no integrity algorithm named" },
		{ ESP, "aes128ctr-x25519", "'aes128ctr-x25519': no integrity algorithm named" },
		{ ESP, "null", "'null': no integrity algorithm named" },
		{ ESP, "sha256", "'sha256': no encryption algorithm named" },
		{ ESP, "aes128-prfsha256", "algorithm 'prfsha256' is not available for ESP" },
		{ ESP, "des-sha256", "algorithm 'des' is weak and does not exist here" },
		{ ESP, "aes128-md5", "algorithm 'md5' is weak and does not exist here" },
		{ IKE, "des-sha256-x25519", "algorithm 'des' is weak and does not exist here" },
		{ IKE, "aes128-md5-x25519", "algorithm 'md5' is weak and does not exist here" },
		{ IKE, "aes128-sha256-modp1024",
		  "algorithm 'modp1024' is weak and does not exist here" },
		{ IKE, "aes128-sha256-prfmd5-x25519",
		  "algorithm 'prfmd5' is weak and does not exist here" },
		{ ESP, "aes128gcm16-modp768",
		  "algorithm 'modp768' is weak and does not exist here" },
		{ IKE, "aes128gcm16-x25519-ke1_sha256", "'ke1_sha256' is not a key exchange" },
		{ IKE, "aes128gcm16-x25519-ke8_x448",
		  "unknown algorithm 'ke8_x448', did you mean 'x448'?" },
		{ ESP, "aes128gcm16-ke1_x448",
		  "'aes128gcm16-ke1_x448': no key exchange method named, such as x25519" },
		{ PROTO_AH, "x25519", "'x25519': no integrity algorithm named" },
		{ PROTO_AH, "aes128-sha256", "algorithm 'aes128' is not available for AH" },
		{ PROTO_AH, "aes128gmac", "algorithm 'aes128gmac' is not available for AH" },
		{ PROTO_AH, "prfsha256", "algorithm 'prfsha256' is not available for AH" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct proposal p = { .number = 77 };
		char why[256];

		assert_int_equal(
			proposal_parse(rows[i].protocol, rows[i].text, &p, why, sizeof(why)),
			-EINVAL);
		assert_string_equal(why, rows[i].why);
		assert_int_equal(p.number, 77);
	}
}

static void a_very_long_word_is_refused(void **state)
{
	char text[300], why[64];
	struct proposal p;

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(proposal_parse(IKE, text, &p, why, sizeof(why)), -EINVAL);
}

/* What we choose of what is offered, or NULL. */
static void assert_choice(uint8_t protocol, const char *ours, const char *theirs, const char *want)
{
	struct proposal a = parsed(protocol, ours), b = parsed(protocol, theirs), chosen;
	char text[PROPOSAL_TEXT_MAX];

	b.number = 3;
	b.spi_len = 4;
	memcpy(b.spi, "\1\2\3\4", 4);
	if (!want) {
		assert_int_equal(proposal_choose(&a, 1, &b, 1, &chosen), -ENOENT);
		return;
	}
	assert_int_equal(proposal_choose(&a, 1, &b, 1, &chosen), 0);
	assert_string_equal(proposal_print(&chosen, text, sizeof(text)), want);
	assert_int_equal(chosen.number, 3);
	assert_int_equal(chosen.spi_len, 4);
	assert_memory_equal(chosen.spi, "\1\2\3\4", 4);
}

/* RFC 9370: of seven types, each with its own words. */
static void additional_key_exchanges(void **state)
{
	struct proposal p =
		parsed(IKE, "x25519-ke2_ecp384-ke1_x448-ke1_none-aes128gcm16-prfsha384");
	char text[PROPOSAL_TEXT_MAX];

	(void)state;
	assert_string_equal(proposal_print(&p, text, sizeof(text)),
			    "aes128gcm16-prfsha384-x25519-ke1_x448-ke1_none-ke2_ecp384");
	assert_true(proposal_has_addke(&p));
	assert_int_equal(proposal_addke(&p, 0)->id, KE_X448);
	assert_int_equal(proposal_addke(&p, 1)->id, KE_ECP_384);
	assert_null(proposal_addke(&p, 2));
	assert_choice(IKE, "aes128gcm16-x25519-ke1_x448-ke1_none", "aes128gcm16-x25519",
		      "aes128gcm16-prfsha256-x25519");
	assert_choice(IKE, "aes128gcm16-x25519-ke1_x448", "aes128gcm16-x25519", NULL);
	/* no method twice */
	assert_choice(IKE, "aes128gcm16-x25519-ke1_x25519-ke1_x448",
		      "aes128gcm16-x25519-ke1_x25519-ke1_x448",
		      "aes128gcm16-prfsha256-x25519-ke1_x448");
	assert_choice(IKE, "aes128gcm16-x25519-ke1_x25519", "aes128gcm16-x25519-ke1_x25519", NULL);
	proposal_drop_addke(&p);
	assert_false(proposal_has_addke(&p));
}

static void what_openssl_lacks_is_said(void **state)
{
	struct proposal p;
	char why[256] = "";
	int err = proposal_parse(IKE, "aes256gcm16-x25519-ke1_mlkem768", &p, why, sizeof(why));

	(void)state;
	assert_int_equal(err, ke_is_available(KE_ML_KEM_768) ? 0 : -EINVAL);
	if (err)
		assert_string_equal(why,
				    "'mlkem768' needs OpenSSL 3.5, and this machine's is older");
}

static void our_order_decides(void **state)
{
	(void)state;
	assert_choice(IKE, "aes256gcm16-aes128gcm16-prfsha384-prfsha256-ecp256-x25519",
		      "aes128gcm16-aes256gcm16-prfsha256-x25519-ecp256",
		      "aes256gcm16-prfsha256-ecp256");
	assert_choice(IKE, "aes128-sha256-modp2048", "aes128-aes256-sha384-sha256-x25519-modp2048",
		      "aes128-sha256-prfsha256-modp2048");
	assert_choice(ESP, "aes256gcm16-esn-noesn", "aes128gcm16-aes256gcm16-noesn-esn",
		      "aes256gcm16-esn");
}

static void nothing_in_common(void **state)
{
	(void)state;
	assert_choice(IKE, "aes128gcm16-x25519", "aes256gcm16-x25519", NULL);
	assert_choice(IKE, "aes128gcm16-x25519", "aes128gcm16-ecp256", NULL);
	assert_choice(IKE, "aes128gcm16-prfsha256-x25519", "aes128gcm16-prfsha384-x25519", NULL);
	assert_choice(IKE, "aes128gcm16-x25519", "aes128-sha256-x25519", NULL);
	assert_choice(ESP, "aes128gcm16-esn", "aes128gcm16-noesn", NULL);
	/* PFS wanted by one side only, RFC 7296 3.3.6: each type must be satisfied */
	assert_choice(ESP, "aes128gcm16-x25519", "aes128gcm16", NULL);
	assert_choice(ESP, "aes128gcm16", "aes128gcm16-x25519", NULL);
}

static void our_proposals_come_before_theirs(void **state)
{
	struct proposal ours[] = { parsed(IKE, "aes256-sha256-x25519"),
				   parsed(IKE, "aes128gcm16-x25519") };
	struct proposal theirs[] = { parsed(IKE, "aes128gcm16-x25519"),
				     parsed(IKE, "aes256-sha256-x25519") };
	struct proposal chosen;

	(void)state;
	theirs[1].number = 2;
	assert_int_equal(proposal_choose(ours, 2, theirs, 2, &chosen), 0);
	assert_int_equal(chosen.number, 2);
	assert_int_equal(proposal_choose(ours, 2, theirs, 1, &chosen), 0);
	assert_int_equal(chosen.number, 1);
	assert_int_equal(proposal_choose(ours, 2, theirs, 0, &chosen), -ENOENT);
}

static void protocols_do_not_mix(void **state)
{
	struct proposal ours = parsed(ESP, "aes128gcm16"), theirs = ours, chosen;

	(void)state;
	theirs.protocol = PROTO_AH;
	assert_int_equal(proposal_choose(&ours, 1, &theirs, 1, &chosen), -ENOENT);
}

static void odd_transform_is_never_chosen(void **state)
{
	struct proposal ours = parsed(ESP, "aes128gcm16"), theirs = ours, chosen;

	(void)state;
	theirs.transforms[0].is_odd = true;
	assert_int_equal(proposal_choose(&ours, 1, &theirs, 1, &chosen), -ENOENT);
}

/* NONE (id 0) says the same as leaving the type out, RFC 7296 3.3.2 and RFC 9370 2.2.1. */
static void none_equals_absence(void **state)
{
	struct proposal ours = parsed(IKE, "aes128gcm16-x25519"), theirs = ours, chosen;
	struct transform *extra = &theirs.transforms[theirs.n_transforms++];

	(void)state;
	*extra = (struct transform){ .type = TRANSFORM_INTEG, .id = INTEG_NONE };
	assert_int_equal(proposal_choose(&ours, 1, &theirs, 1, &chosen), 0);
	assert_non_null(proposal_get(&chosen, TRANSFORM_INTEG));
	extra->id = INTEG_HMAC_SHA2_256_128;
	assert_int_equal(proposal_choose(&ours, 1, &theirs, 1, &chosen), -ENOENT);
	*extra = (struct transform){ .type = 6, .id = 0 }; /* ADDKE1 */
	assert_int_equal(proposal_choose(&ours, 1, &theirs, 1, &chosen), 0);
	assert_int_equal(chosen.n_transforms, 4);
	extra->id = KE_X25519;
	assert_int_equal(proposal_choose(&ours, 1, &theirs, 1, &chosen), -ENOENT);
}

/* An ESP offer without ESN means no ESN. */
static void esn_may_be_missing(void **state)
{
	struct proposal ours = parsed(ESP, "aes128gcm16"), theirs = ours, chosen;

	(void)state;
	theirs.n_transforms--;
	assert_int_equal(proposal_choose(&ours, 1, &theirs, 1, &chosen), 0);
	assert_null(proposal_get(&chosen, TRANSFORM_ESN));
}

static void suite_of_a_chosen_proposal(void **state)
{
	struct proposal p = parsed(IKE, "aes256-sha384-prfsha512-ecp256");
	struct ike_suite suite;

	(void)state;
	assert_int_equal(ike_suite_from(&p, &suite), 0);
	assert_int_equal(suite.prf, PRF_HMAC_SHA2_512);
	assert_int_equal(suite.ke, KE_ECP_256);
	assert_int_equal(suite.aead.encr, ENCR_AES_CBC);
	assert_int_equal(suite.aead.key_bits, 256);
	assert_int_equal(suite.aead.integ, INTEG_HMAC_SHA2_384_192);
	p = parsed(ESP, "aes128gcm16");
	assert_int_equal(ike_suite_from(&p, &suite), -ENOTSUP);
}

static void unknown_transforms_print_as_numbers(void **state)
{
	struct proposal p = { .n_transforms = 4 };
	char text[PROPOSAL_TEXT_MAX], tiny[8];

	(void)state;
	p.transforms[0] = (struct transform){ .type = TRANSFORM_ENCR, .id = 4 };
	p.transforms[1] = (struct transform){ .type = TRANSFORM_ENCR, .id = 23, .key_bits = 256 };
	p.transforms[2] = (struct transform){ .type = 200, .id = 9 };
	p.transforms[3] =
		(struct transform){ .type = TRANSFORM_KE, .id = 2 }; /* weak, but it has a name */
	assert_string_equal(proposal_print(&p, text, sizeof(text)),
			    "encr4-encr23:256-type200:9-modp1024");
	assert_string_equal(proposal_print(&p, tiny, sizeof(tiny)), "encr4-e");
}

static void nearest_word_is_found(void **state)
{
	static const char *const words[] = { "local", "remote", "children" };

	(void)state;
	assert_string_equal(nearest_word("remoet", words, 3, sizeof(words[0])), "remote");
	assert_string_equal(nearest_word("loca", words, 3, sizeof(words[0])), "local");
	assert_null(nearest_word("zzzzzz", words, 3, sizeof(words[0])));
	assert_null(nearest_word("", words, 3, sizeof(words[0])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keywords_become_canonical),
		cmocka_unit_test(wrong_keywords_say_why),
		cmocka_unit_test(a_very_long_word_is_refused),
		cmocka_unit_test(our_order_decides),
		cmocka_unit_test(additional_key_exchanges),
		cmocka_unit_test(what_openssl_lacks_is_said),
		cmocka_unit_test(nothing_in_common),
		cmocka_unit_test(our_proposals_come_before_theirs),
		cmocka_unit_test(protocols_do_not_mix),
		cmocka_unit_test(odd_transform_is_never_chosen),
		cmocka_unit_test(none_equals_absence),
		cmocka_unit_test(esn_may_be_missing),
		cmocka_unit_test(suite_of_a_chosen_proposal),
		cmocka_unit_test(unknown_transforms_print_as_numbers),
		cmocka_unit_test(nearest_word_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
