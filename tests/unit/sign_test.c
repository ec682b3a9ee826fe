/* SPDX-License-Identifier: BSD-2-Clause */
/* Signatures by every scheme, the words and payloads that name them, distinguished names. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "crypto/dn.h"
#include "support/certs.h"

static const uint8_t text[] = "octets of an IKE_SA_INIT message, a nonce, and a MAC";

static struct reader octets(void)
{
	return rd_from(text, sizeof(text));
}

static void round_trip(const struct scheme *s, const struct key *key)
{
	uint8_t signature[SIGN_LEN_MAX];
	size_t len;

	assert_int_equal(sign_make(s, key, octets(), signature, &len), 0);
	assert_int_equal(sign_check(s, key, octets(), rd_from(signature, len)), 0);
	assert_int_equal(sign_check(s, key, rd_from(text, 5), rd_from(signature, len)), -EBADMSG);
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(sign_check(s, key, octets(), rd_from(signature, cut)), -EBADMSG);
	signature[len / 2] ^= 1;
	assert_int_equal(sign_check(s, key, octets(), rd_from(signature, len)), -EBADMSG);
}

static void every_scheme_signs_and_is_found_again(void **state)
{
	static const char *const kinds[] = { "rsa", "p256", "p384", "p521", "ed25519" };
	unsigned n = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct made m = make((struct made_of){ .kind = kinds[i], .subject = "CN=x" });

		for (unsigned bit = 0; bit < 32; bit++) {
			const struct scheme *s = scheme_choose(m.key, 1u << bit, 0xfffe);

			if (!s)
				continue;
			round_trip(s, m.key);
			n++;
		}
		made_free(&m);
	}
	assert_int_equal(n, 6 + 3 * 3 + 1);
}

/* Without SIGNATURE_HASH_ALGORITHMS: RFC 4754, of one length each; RSA has nothing. */
static void old_peers_get_rfc4754(void **state)
{
	static const struct {
		const char *kind;
		uint8_t method;
		size_t len;
	} of[] = { { "p256", 9, 64 }, { "p384", 10, 96 }, { "p521", 11, 132 }, { "rsa", 0, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(of) / sizeof(*of); i++) {
		struct made m = make((struct made_of){ .kind = of[i].kind, .subject = "CN=x" });
		const struct scheme *s = scheme_choose(m.key, UINT32_MAX, 0);
		uint8_t signature[SIGN_LEN_MAX];
		struct reader rest;
		const char *why;
		size_t len;

		assert_int_equal(s ? s->method : 0, of[i].method);
		if (s) {
			assert_int_equal(sign_make(s, m.key, octets(), signature, &len), 0);
			assert_int_equal(len, of[i].len);
			round_trip(s, m.key);
			assert_ptr_equal(scheme_of_auth(s->method, octets(), &rest, &why), s);
		}
		made_free(&m);
	}
}

static void keys_of_another_kind_are_refused(void **state)
{
	struct made p256 = make((struct made_of){ .kind = "p256", .subject = "CN=x" });
	struct made p384 = make((struct made_of){ .kind = "p384", .subject = "CN=x" });
	const struct scheme *rfc4754 = scheme_choose(p256.key, UINT32_MAX, 0);
	uint8_t signature[SIGN_LEN_MAX];
	size_t len;

	(void)state;
	assert_int_equal(sign_make(rfc4754, p384.key, octets(), signature, &len), -EINVAL);
	assert_int_equal(sign_check(rfc4754, p384.key, octets(), octets()), -EINVAL);
	made_free(&p256);
	made_free(&p384);
}

static void payloads_name_their_scheme(void **state)
{
	/* RFC 7427 A.1.1 and A.4.2 (sha1WithRSAEncryption), RFC 8420 A.1 */
	static const uint8_t sha1[] = { 15,   0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48,
					0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05, 0x05, 0x00, 1 };
	static const uint8_t ed25519[] = { 7, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 1, 2 };
	struct reader rest;
	const char *why = "";

	(void)state;
	const struct scheme *s = scheme_of_auth(14, rd_from(ed25519, sizeof(ed25519)), &rest, &why);
	assert_string_equal(s->name, "Ed25519");
	assert_int_equal(rd_left(&rest), 2);
	assert_null(scheme_of_auth(14, rd_from(sha1, sizeof(sha1)), &rest, &why));
	assert_non_null(strstr(why, "SHA-1"));
	assert_null(scheme_of_auth(14, rd_from(ed25519, 5), &rest, &why));
	assert_non_null(strstr(why, "malformed"));
	assert_null(scheme_of_auth(14, rd_from(NULL, 0), &rest, &why));
	assert_null(scheme_of_auth(1, octets(), &rest, &why));
	assert_non_null(strstr(why, "RFC 7427"));
	assert_null(scheme_of_auth(3, octets(), &rest, &why));
	assert_non_null(strstr(why, "not known"));
}

static void words_of_the_configuration(void **state)
{
	static const char *const bad[] = { "", "psk", "rsa-", "rsa-sha1", "rsa-md5", "pubkey-2048",
					   "dsa", "ecdsa/pss", "rsa-sha256-", "sha256" };
	uint32_t all, some;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (scheme_parse(bad[i], &all) != -EINVAL)
			fail_msg("'%s' is taken", bad[i]);
	assert_int_equal(scheme_parse("pubkey", &all), 0);
	assert_int_equal(scheme_parse("rsa", &some), 0);
	assert_true(some && (some & all) == some && some != all);
	assert_int_equal(scheme_parse("rsa/pss-sha256", &some), 0);
	assert_int_equal(__builtin_popcount(some), 1);
}

static void distinguished_names(void **state)
{
	static const struct {
		const char *in, *out; /* NULL: no name */
	} of[] = {
		{ "C=CH, O=Example, CN=gw", "C=CH, O=Example, CN=gw" },
		{ "C=CH,O=Example,CN=gw", "C=CH, O=Example, CN=gw" },
		{ "/C=CH/O=Example/CN=gw", "C=CH, O=Example, CN=gw" },
		{ "O=A\\, B, CN=x\\=y", "O=A\\, B, CN=x=y" },
		{ "E=a@example.com", "emailAddress=a@example.com" },
		{ "CN=Z\xc3\xbcrich", "CN=Z\\C3\\BCrich" },
		{ "2.5.4.3=x", "CN=x" },
		{ "CN=", NULL },
		{ "=x", NULL },
		{ "CN", NULL },
		{ "CN=x, ", NULL },
		{ "nonsense=x", NULL },
	};
	uint8_t der[256], again[256];
	char printed[256];
	size_t len, len_again;

	(void)state;
	for (size_t i = 0; i < sizeof(of) / sizeof(*of); i++) {
		int err = dn_parse(of[i].in, der, sizeof(der), &len);

		if ((err == 0) != (of[i].out != NULL))
			fail_msg("'%s': %d", of[i].in, err);
		if (err)
			continue;
		assert_int_equal(dn_print(rd_from(der, len), printed, sizeof(printed)), 0);
		assert_string_equal(printed, of[i].out);
		assert_int_equal(dn_parse(printed, again, sizeof(again), &len_again), 0);
		assert_int_equal(dn_match(rd_from(der, len), rd_from(again, len_again)), 3);
		assert_int_equal(dn_print(rd_from(der, len - 1), printed, sizeof(printed)), -EBADMSG);
	}
	assert_int_equal(dn_parse("CN=x", der, 5, &len), -ENOSPC);
}

static int match(const char *pattern, const char *name)
{
	uint8_t a[256], b[256];
	size_t a_len, b_len;

	assert_int_equal(dn_parse(pattern, a, sizeof(a), &a_len), 0);
	assert_int_equal(dn_parse(name, b, sizeof(b), &b_len), 0);
	return dn_match(rd_from(a, a_len), rd_from(b, b_len));
}

static void distinguished_names_match(void **state)
{
	(void)state;
	assert_int_equal(match("C=CH, CN=gw", "c=ch, CN=GW"), 3);
	assert_int_equal(match("CN=a b", "CN= a  b "), 3);
	assert_int_equal(match("CN=ab", "CN=a b"), 0);
	assert_int_equal(match("C=CH, CN=*", "C=CH, CN=gw"), 2);
	assert_int_equal(match("C=CH, CN=*", "C=DE, CN=gw"), 0);
	assert_int_equal(match("C=CH, CN=gw*", "C=CH, CN=gw1"), 0);
	assert_int_equal(match("C=CH", "C=CH, CN=gw"), 0);
	assert_int_equal(match("CN=gw, C=CH", "C=CH, CN=gw"), 0);
	assert_int_equal(match("CN=gw", "O=gw"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_scheme_signs_and_is_found_again),
		cmocka_unit_test(old_peers_get_rfc4754),
		cmocka_unit_test(keys_of_another_kind_are_refused),
		cmocka_unit_test(payloads_name_their_scheme),
		cmocka_unit_test(words_of_the_configuration),
		cmocka_unit_test(distinguished_names),
		cmocka_unit_test(distinguished_names_match),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
