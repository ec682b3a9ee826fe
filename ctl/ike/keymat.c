/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/keymat.h"

#include <errno.h>
#include <string.h>
#include "crypto/digest.h"
#include "crypto/esp_provider.h"
#include "crypto/secret.h"

#define SPI_LEN 8
#define FIXED_KEY_NONCE 8 /* of Ni and Nr in SKEYSEED with AES-XCBC and AES-CMAC (2.14) */
#define SPIS_LEN (2 * SPI_LEN)
/* SK_d, SK_pi, SK_pr, 2 of SK_a, 2 of SK_e */
#define IKE_STREAM_MAX (3 * PRF_LEN_MAX + 2 * AEAD_AUTH_MAX + 2 * AEAD_ENC_MAX)

static const char key_pad[] = "Key Pad for IKEv2"; /* 17 characters, no NUL (2.15) */

static struct reader spi_bytes(uint64_t spi_i, uint64_t spi_r, uint8_t buf[SPIS_LEN])
{
	struct writer w = wr_into(buf, SPIS_LEN);

	wr_u64(&w, spi_i);
	wr_u64(&w, spi_r);
	return rd_from(buf, SPIS_LEN);
}

int ike_suite_from(const struct proposal *chosen, struct ike_suite *ret_suite)
{
	const struct transform *encr = proposal_get(chosen, TRANSFORM_ENCR);
	const struct transform *prf = proposal_get(chosen, TRANSFORM_PRF);
	const struct transform *integ = proposal_get(chosen, TRANSFORM_INTEG);
	const struct transform *ke = proposal_get(chosen, TRANSFORM_KE);

	if (!encr || !prf || !ke)
		return -ENOTSUP;
	struct ike_suite suite = { .prf = prf->id, .ke = ke->id };
	suite.aead = (struct aead_alg){ .encr = encr->id,
					.key_bits = encr->key_bits,
					.integ = integ ? integ->id : INTEG_NONE };
	if (!prf_len(suite.prf) || !aead_sizes(suite.aead).enc_len)
		return -ENOTSUP;
	*ret_suite = suite;
	return 0;
}

/* Deals the stream of prf+ out: SK_d | SK_ai | SK_ar | SK_ei | SK_er | SK_pi | SK_pr. */
static void keys_deal(const struct ike_suite *suite, struct reader stream, struct ike_keys *keys)
{
	struct aead_sizes size = aead_sizes(suite->aead);
	size_t len = prf_len(suite->prf);

	*keys = (struct ike_keys){ .suite = *suite, .prf_len = len };
	keys->i.alg = keys->r.alg = suite->aead;
	rd_copy(&stream, keys->sk_d, len);
	rd_copy(&stream, keys->i.auth, size.auth_len);
	rd_copy(&stream, keys->r.auth, size.auth_len);
	rd_copy(&stream, keys->i.enc, size.enc_len);
	rd_copy(&stream, keys->r.enc, size.enc_len);
	rd_copy(&stream, keys->sk_pi, len);
	rd_copy(&stream, keys->sk_pr, len);
}

/* {SK_*} = prf+(SKEYSEED, Ni | Nr | SPIi | SPIr) */
static int keys_expand(const struct ike_suite *suite, struct reader skeyseed,
		       const struct ike_seed *seed, struct ike_keys *ret_keys)
{
	struct aead_sizes size = aead_sizes(suite->aead);
	size_t len = 3 * prf_len(suite->prf) + 2 * size.auth_len + 2 * size.enc_len;
	uint8_t stream[IKE_STREAM_MAX], spis[SPIS_LEN];
	struct reader parts[] = { seed->ni, seed->nr, spi_bytes(seed->spi_i, seed->spi_r, spis) };

	if (!size.enc_len)
		return -ENOTSUP;
	int err = prf_plus(suite->prf, skeyseed, parts, ARRAY_SIZE(parts), stream, len);
	if (!err)
		keys_deal(suite, rd_from(stream, len), ret_keys);
	secret_wipe(stream, sizeof(stream));
	return err;
}

int keymat_initial(const struct ike_suite *suite, const struct ike_seed *seed,
		   struct ike_keys *ret_keys)
{
	uint8_t nonces[2 * 256], skeyseed[PRF_LEN_MAX];
	struct writer w = wr_into(nonces, sizeof(nonces));
	struct reader ni = seed->ni, nr = seed->nr;
	bool is_cut = prf_is_fixed_key(suite->prf);

	wr_copy(&w, is_cut ? rd_carve(&ni, FIXED_KEY_NONCE) : ni);
	wr_copy(&w, is_cut ? rd_carve(&nr, FIXED_KEY_NONCE) : nr);
	if (!wr_ok(&w)) /* longer than the 256 bytes of RFC 7296 3.9 */
		return -EINVAL;
	int err = prf_compute(suite->prf, rd_from(nonces, wr_len(&w)), &seed->shared, 1, skeyseed);
	if (!err)
		err = keys_expand(suite, rd_from(skeyseed, prf_len(suite->prf)), seed, ret_keys);
	secret_wipe(skeyseed, sizeof(skeyseed));
	return err;
}

int keymat_rekey(const struct ike_keys *old, const struct ike_suite *suite,
		 const struct ike_seed *seed, struct ike_keys *ret_keys)
{
	struct reader parts[] = { seed->shared, seed->ni, seed->nr, seed->more };
	uint8_t skeyseed[PRF_LEN_MAX];
	int err = prf_compute(old->suite.prf, rd_from(old->sk_d, old->prf_len), parts,
			      ARRAY_SIZE(parts), skeyseed);

	if (!err)
		err = keys_expand(suite, rd_from(skeyseed, old->prf_len), seed, ret_keys);
	secret_wipe(skeyseed, sizeof(skeyseed));
	return err;
}

void keymat_wipe(struct ike_keys *keys)
{
	secret_wipe(keys, sizeof(*keys));
}

/* Key lengths of a chosen proposal, RFC 7296 2.17 and RFC 4106 8.1. AH has no encryption key. */
static int child_lens(const struct proposal *chosen, size_t *ret_enc, size_t *ret_auth)
{
	const struct transform *encr = proposal_get(chosen, TRANSFORM_ENCR);
	const struct transform *integ = proposal_get(chosen, TRANSFORM_INTEG);

	if (!encr && chosen->protocol != PROTO_AH)
		return -ENOTSUP;
	return esp_key_lens((struct aead_alg){ .encr = encr ? encr->id : ENCR_NULL,
					       .key_bits = encr ? encr->key_bits : 0,
					       .integ = integ ? integ->id : INTEG_NONE },
			    ret_enc, ret_auth);
}

int keymat_child(const struct ike_keys *keys, const struct proposal *chosen, struct reader shared,
		 struct reader ni, struct reader nr, struct reader more,
		 struct child_keys *ret_keys)
{
	struct reader parts[] = { shared, ni, nr, more };
	struct child_keys child = { 0 };
	uint8_t stream[4 * SA_SECRET_MAX];
	int err = child_lens(chosen, &child.enc_len, &child.auth_len);

	if (err)
		return err;
	size_t len = 2 * (child.enc_len + child.auth_len);
	err = prf_plus(keys->suite.prf, rd_from(keys->sk_d, keys->prf_len), parts,
		       ARRAY_SIZE(parts), stream, len);
	if (!err) {
		struct reader r = rd_from(stream, len);

		rd_copy(&r, child.enc_i, child.enc_len);
		rd_copy(&r, child.auth_i, child.auth_len);
		rd_copy(&r, child.enc_r, child.enc_len);
		rd_copy(&r, child.auth_r, child.auth_len);
		*ret_keys = child;
	}
	secret_wipe(stream, sizeof(stream));
	keymat_child_wipe(&child);
	return err;
}

void keymat_child_wipe(struct child_keys *keys)
{
	secret_wipe(keys, sizeof(*keys));
}

int keymat_signed_octets(const struct ike_keys *keys, const uint8_t *sk_p,
			 struct reader real_message, struct reader nonce_other,
			 struct reader id_body, struct signed_octets *ret_octets)
{
	int err = prf_compute(keys->suite.prf, rd_from(sk_p, keys->prf_len), &id_body, 1,
			      ret_octets->maced);

	if (err)
		return err;
	ret_octets->parts[0] = real_message;
	ret_octets->parts[1] = nonce_other;
	ret_octets->parts[2] = rd_from(ret_octets->maced, keys->prf_len);
	ret_octets->parts[3] = rd_from(NULL, 0);
	return 0;
}

static int stir(const struct ike_keys *keys, struct reader ppk, const uint8_t *sk, uint8_t *ret)
{
	struct reader part = rd_from(sk, keys->prf_len);

	return prf_plus(keys->suite.prf, ppk, &part, 1, ret, keys->prf_len);
}

int keymat_ppk(const struct ike_keys *keys, struct reader ppk, struct ppk_keys *ret_keys)
{
	int err = stir(keys, ppk, keys->sk_d, ret_keys->sk_d);

	err = err ? err : stir(keys, ppk, keys->sk_pi, ret_keys->sk_pi);
	return err ? err : stir(keys, ppk, keys->sk_pr, ret_keys->sk_pr);
}

int keymat_auth_psk(const struct ike_keys *keys, struct reader psk,
		    const struct signed_octets *octets, uint8_t ret_auth[PRF_LEN_MAX])
{
	struct reader pad = rd_from(key_pad, sizeof(key_pad) - 1);
	uint8_t padded[PRF_LEN_MAX];
	int err = prf_compute(keys->suite.prf, psk, &pad, 1, padded);

	if (!err)
		err = prf_compute(keys->suite.prf, rd_from(padded, keys->prf_len), octets->parts,
				  ARRAY_SIZE(octets->parts), ret_auth);
	secret_wipe(padded, sizeof(padded));
	return err;
}

/* An address as it stands in an IP header: 4 or 16 bytes. */
static struct reader addr_wire(const struct ip_addr *addr)
{
	return addr_is_v4(addr) ? rd_from(addr->b + 12, 4) : rd_from(addr->b, 16);
}

int keymat_nat_hash(uint64_t spi_i, uint64_t spi_r, const struct endpoint *end,
		    uint8_t ret_hash[NAT_HASH_LEN])
{
	uint8_t spis[SPIS_LEN], port[2] = { (uint8_t)(end->port >> 8), (uint8_t)end->port };
	struct reader parts[] = {
		spi_bytes(spi_i, spi_r, spis),
		addr_wire(&end->addr),
		rd_from(port, sizeof(port)),
	};

	return digest_sha1(parts, ARRAY_SIZE(parts), ret_hash);
}

int keymat_cookie(uint32_t version, struct reader secret, struct reader ni,
		  const struct ip_addr *addr_i, uint64_t spi_i, uint8_t ret_cookie[COOKIE_LEN])
{
	uint8_t spi[SPI_LEN], cookie[COOKIE_LEN];
	struct writer w = wr_into(spi, sizeof(spi));
	struct reader parts[] = { ni, addr_wire(addr_i), rd_from(spi, sizeof(spi)), secret };

	wr_u64(&w, spi_i);
	w = wr_into(cookie, sizeof(cookie));
	wr_u32(&w, version);
	int err = digest_sha256(parts, ARRAY_SIZE(parts), cookie + 4);
	if (!err)
		memcpy(ret_cookie, cookie, sizeof(cookie));
	return err;
}
