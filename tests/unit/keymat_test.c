/* SPDX-License-Identifier: BSD-2-Clause */
/* Key derivation against NIST's CAVP vector for IKEv2 (SP 800-135, SHA-256), and AUTH, NAT
 * detection and cookie against HMAC and SHA computed apart from OpenSSL. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
#include "ike/keymat.h"
#include "ike/payload.h"
#include "support/bytes.h"

#define CAVP "tests/vectors/cavp_ikev2_sha256.txt"

static const struct ike_suite gcm = {
	.prf = PRF_HMAC_SHA2_256,
	.ke = KE_X25519,
	.aead = { ENCR_AES_GCM_16, 128, INTEG_NONE },
};
static const struct ike_suite cbc = {
	.prf = PRF_HMAC_SHA2_256,
	.ke = KE_X25519,
	.aead = { ENCR_AES_CBC, 128, INTEG_HMAC_SHA2_256_128 },
};

static struct ike_seed cavp_seed(const char *shared)
{
	struct reader i = hex_file_field(CAVP, "SPIi"), r = hex_file_field(CAVP, "SPIr");

	return (struct ike_seed){
		.shared = hex_file_field(CAVP, shared),
		.ni = hex_file_field(CAVP, "Ni"),
		.nr = hex_file_field(CAVP, "Nr"),
		.spi_i = rd_u64(&i),
		.spi_r = rd_u64(&r),
	};
}

/* The keys in the order of RFC 7296 2.14 are the start of the stream. */
static void assert_stream(const struct ike_keys *k, struct reader stream)
{
	struct aead_sizes size = aead_sizes(k->suite.aead);

	assert_bytes(rd_from(k->sk_d, k->prf_len), rd_carve(&stream, k->prf_len));
	assert_bytes(rd_from(k->i.auth, size.auth_len), rd_carve(&stream, size.auth_len));
	assert_bytes(rd_from(k->r.auth, size.auth_len), rd_carve(&stream, size.auth_len));
	assert_bytes(rd_from(k->i.enc, size.enc_len), rd_carve(&stream, size.enc_len));
	assert_bytes(rd_from(k->r.enc, size.enc_len), rd_carve(&stream, size.enc_len));
	assert_bytes(rd_from(k->sk_pi, k->prf_len), rd_carve(&stream, k->prf_len));
	assert_bytes(rd_from(k->sk_pr, k->prf_len), rd_carve(&stream, k->prf_len));
	assert_true(rd_ok(&stream));
}

static void initial_keys_are_cavps(void **state)
{
	struct ike_seed seed = cavp_seed("g^ir");
	struct ike_keys keys;

	(void)state;
	assert_int_equal(keymat_initial(&gcm, &seed, &keys), 0);
	assert_stream(&keys, hex_file_field(CAVP, "DKM"));
	assert_int_equal(keymat_initial(&cbc, &seed, &keys), 0);
	assert_stream(&keys, hex_file_field(CAVP, "DKM"));
}

static struct child_keys child(const struct proposal *esp, struct reader shared)
{
	struct ike_seed seed = cavp_seed("g^ir");
	struct child_keys got;
	struct ike_keys keys;

	assert_int_equal(keymat_initial(&gcm, &seed, &keys), 0);
	assert_int_equal(keymat_child(&keys, esp, shared, seed.ni, seed.nr, rd_from(NULL, 0), &got), 0);
	return got;
}

static void assert_child(const struct child_keys *k, struct reader stream)
{
	assert_bytes(rd_from(k->enc_i, k->enc_len), rd_carve(&stream, k->enc_len));
	assert_bytes(rd_from(k->auth_i, k->auth_len), rd_carve(&stream, k->auth_len));
	assert_bytes(rd_from(k->enc_r, k->enc_len), rd_carve(&stream, k->enc_len));
	assert_bytes(rd_from(k->auth_r, k->auth_len), rd_carve(&stream, k->auth_len));
	assert_true(rd_ok(&stream));
}

static void child_keys_are_cavps(void **state)
{
	struct proposal esp = { .protocol = PROTO_ESP, .n_transforms = 1 };

	(void)state;
	esp.transforms[0] = (struct transform){ .type = TRANSFORM_ENCR,
						.id = ENCR_AES_GCM_16,
						.key_bits = 256 };
	struct child_keys k = child(&esp, rd_from(NULL, 0));
	assert_int_equal(k.enc_len, 36);
	assert_int_equal(k.auth_len, 0);
	assert_child(&k, hex_file_field(CAVP, "DKM(Child SA)"));
	k = child(&esp, hex_file_field(CAVP, "g^ir (new)"));
	assert_child(&k, hex_file_field(CAVP, "DKM(Child SA D-H)"));
	/* encryption before integrity, initiator's before responder's */
	esp.transforms[0].id = ENCR_AES_CBC;
	esp.transforms[esp.n_transforms++] =
		(struct transform){ .type = TRANSFORM_INTEG, .id = INTEG_HMAC_SHA2_256_128 };
	k = child(&esp, rd_from(NULL, 0));
	assert_int_equal(k.auth_len, 32);
	assert_child(&k, hex_file_field(CAVP, "DKM(Child SA)"));
}

/* CAVP gives SKEYSEED of the rekey; the keys of it are prf+ with the new SPIs. */
static void rekeyed_keys_are_cavps(void **state)
{
	struct ike_seed seed = cavp_seed("g^ir"), next = cavp_seed("g^ir (new)");
	struct reader spis = hex("0102030405060708 1112131415161718"), at = spis;
	uint8_t want[32 + 2 * 20 + 64];
	struct ike_keys old, keys;

	(void)state;
	next.spi_i = rd_u64(&at);
	next.spi_r = rd_u64(&at);
	struct reader parts[] = { next.ni, next.nr, spis };
	assert_int_equal(prf_plus(PRF_HMAC_SHA2_256, hex_file_field(CAVP, "SKEYSEED(Rekey)"), parts,
				  3, want, sizeof(want)),
			 0);
	assert_int_equal(keymat_initial(&gcm, &seed, &old), 0);
	assert_int_equal(keymat_rekey(&old, &gcm, &next, &keys), 0);
	assert_stream(&keys, rd_from(want, sizeof(want)));
}

/* RFC 7296 2.18: SKEYSEED by the old SA's PRF, the keys by the new one's. */
static void rekey_may_change_the_prf(void **state)
{
	struct ike_seed seed = cavp_seed("g^ir"), next = cavp_seed("g^ir (new)");
	struct ike_suite other = gcm;
	uint8_t want[48], spis[16];
	struct writer w = wr_into(spis, sizeof(spis));
	struct ike_keys old, keys;

	(void)state;
	other.prf = PRF_HMAC_SHA2_384;
	wr_u64(&w, next.spi_i);
	wr_u64(&w, next.spi_r);
	struct reader parts[] = { next.ni, next.nr, rd_from(spis, sizeof(spis)) };
	assert_int_equal(prf_plus(PRF_HMAC_SHA2_384, hex_file_field(CAVP, "SKEYSEED(Rekey)"), parts,
				  3, want, sizeof(want)),
			 0);
	assert_int_equal(keymat_initial(&gcm, &seed, &old), 0);
	assert_int_equal(keymat_rekey(&old, &other, &next, &keys), 0);
	assert_int_equal(keys.prf_len, 48);
	assert_bytes(rd_from(keys.sk_d, 48), rd_from(want, 48));
}

static void unknown_algorithms_are_refused(void **state)
{
	struct ike_seed seed = cavp_seed("g^ir");
	struct ike_suite odd = gcm;
	struct ike_keys keys;

	(void)state;
	odd.prf = 1;
	assert_int_equal(keymat_initial(&odd, &seed, &keys), -ENOTSUP);
	odd = gcm;
	odd.aead.encr = 2;
	assert_int_equal(keymat_initial(&odd, &seed, &keys), -ENOTSUP);
}

/* AUTH of RFC 7296 2.15, computed with Python's hmac over the same bytes. */
static void psk_auth_is_as_computed_elsewhere(void **state)
{
	struct ike_keys keys = { .suite = gcm, .prf_len = 32 };
	struct ike_id id = { .type = ID_FQDN, .len = 3, .data = "gwa" };
	uint8_t body[IKE_ID_MAX + 4], auth[PRF_LEN_MAX];
	struct signed_octets octets;

	(void)state;
	memset(keys.sk_pi, 0x55, 32);
	assert_int_equal(keymat_signed_octets(&keys, keys.sk_pi, rd_from("message", 7),
					      rd_from("nonce", 5),
					      id_payload_body(&id, body, sizeof(body)), &octets),
			 0);
	assert_int_equal(keymat_auth_psk(&keys, rd_from("secret", 6), &octets, auth), 0);
	assert_bytes(rd_from(auth, 32), hex("ca29a8c9d2be4a2bbf7d1b1a462c375a86e99b66"
					    "dec04cd89873dc92539bc369"));
}

static void nat_hash_is_sha1_of_spis_address_port(void **state)
{
	struct endpoint end = { .port = 500 };
	uint8_t hash[NAT_HASH_LEN];

	(void)state;
	assert_int_equal(addr_parse("192.0.2.1", &end.addr), 0);
	assert_int_equal(keymat_nat_hash(0x0102030405060708, 0x1112131415161718, &end, hash), 0);
	assert_bytes(rd_from(hash, sizeof(hash)), hex("d798d986143f878f70765e0e869c80bbc375f701"));
	assert_int_equal(addr_parse("2001:db8::1", &end.addr), 0);
	assert_int_equal(keymat_nat_hash(0x0102030405060708, 0, &end, hash), 0);
	assert_bytes(rd_from(hash, sizeof(hash)), hex("7fa12a60a3a27ef1b3fed26cc6d5b8fbf553292f"));
}

static void cookie_depends_on_all_it_should(void **state)
{
	struct ip_addr a = addr_from_v4(0xc0000201), b = addr_from_v4(0xc0000202);
	struct reader secret = rd_from("secret", 6), ni = rd_from("nonce", 5);
	uint8_t first[COOKIE_LEN], other[COOKIE_LEN];

	(void)state;
	assert_int_equal(keymat_cookie(7, secret, ni, &a, 1, first), 0);
	assert_bytes(rd_from(first, COOKIE_LEN), hex("000000079f266e027060b204c9495cdf3efbf66d"
						     "3398d5387932be7740e3605e4adcd98f"));
	assert_int_equal(keymat_cookie(7, secret, ni, &b, 1, other), 0);
	assert_memory_not_equal(first, other, COOKIE_LEN);
	assert_int_equal(keymat_cookie(7, secret, ni, &a, 2, other), 0);
	assert_memory_not_equal(first, other, COOKIE_LEN);
	assert_int_equal(keymat_cookie(7, ni, ni, &a, 1, other), 0);
	assert_memory_not_equal(first, other, COOKIE_LEN);
	assert_int_equal(keymat_cookie(7, secret, secret, &a, 1, other), 0);
	assert_memory_not_equal(first, other, COOKIE_LEN);
}

static void wiped_keys_are_zero(void **state)
{
	static const struct ike_keys zero;
	struct ike_seed seed = cavp_seed("g^ir");
	struct ike_keys keys;

	(void)state;
	assert_int_equal(keymat_initial(&gcm, &seed, &keys), 0);
	keymat_wipe(&keys);
	assert_memory_equal(&keys, &zero, sizeof(keys));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(initial_keys_are_cavps),
		cmocka_unit_test(child_keys_are_cavps),
		cmocka_unit_test(rekeyed_keys_are_cavps),
		cmocka_unit_test(rekey_may_change_the_prf),
		cmocka_unit_test(unknown_algorithms_are_refused),
		cmocka_unit_test(psk_auth_is_as_computed_elsewhere),
		cmocka_unit_test(nat_hash_is_sha1_of_spis_address_port),
		cmocka_unit_test(cookie_depends_on_all_it_should),
		cmocka_unit_test(wiped_keys_are_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
