/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All that IKEv2 derives with its PRF (RFC 7296 2.6, 2.13 to 2.18, 2.23). Pure functions over
 * crypto/prf.h. SPIs are host-order numbers here and 8 bytes in network order inside.
 * Errors: -ENOTSUP (an algorithm is not known here), -EIO (OpenSSL failed).
 */
#ifndef IKE_KEYMAT_H
#define IKE_KEYMAT_H

#include <stddef.h>
#include <stdint.h>
#include <sekisho/map_abi.h>
#include "base/addr.h"
#include "base/cursor.h"
#include "base/must.h"
#include "crypto/ike_aead.h"
#include "crypto/prf.h"
#include "ike/proposal.h"

#define NAT_HASH_LEN 20
#define COOKIE_LEN 36 /* 4 bytes of version, SHA-256 */

/* The algorithms of an IKE SA. */
struct ike_suite {
	uint16_t prf, ke;
	struct aead_alg aead;
};

/* SK_ei and SK_ai are in `i`, SK_er and SK_ar in `r`: each protects what that side sends. */
struct ike_keys {
	struct ike_suite suite;
	size_t prf_len; /* of SK_d, SK_pi, SK_pr */
	uint8_t sk_d[PRF_LEN_MAX], sk_pi[PRF_LEN_MAX], sk_pr[PRF_LEN_MAX];
	struct aead_key i, r;
};

/* What both key schedules take. shared: g^ir, ke_secret_len() bytes. */
struct ike_seed {
	struct reader shared, ni, nr;
	uint64_t spi_i, spi_r;
	struct reader more; /* rekey: SK(1) | ... | SK(n) of RFC 9370 2.2.4, or empty */
};

/* The algorithms of a chosen proposal of protocol IKE. -ENOTSUP: something is missing. */
int ike_suite_from(const struct proposal *chosen, struct ike_suite *ret_suite) MUST_USE;

/* 2.14: SKEYSEED = prf(Ni | Nr, g^ir) and the seven SK_*. */
int keymat_initial(const struct ike_suite *suite, const struct ike_seed *seed,
		   struct ike_keys *ret_keys) MUST_USE;
/* 2.18: SKEYSEED = prf(SK_d (old), g^ir | Ni | Nr | more), with the old SA's PRF. seed: the new SPIs. */
int keymat_rekey(const struct ike_keys *old, const struct ike_suite *suite,
		 const struct ike_seed *seed, struct ike_keys *ret_keys) MUST_USE;
void keymat_wipe(struct ike_keys *keys);

/* RFC 8784 3: what a PPK makes of SK_d, SK_pi and SK_pr; prf_len bytes each. */
struct ppk_keys {
	uint8_t sk_d[PRF_LEN_MAX], sk_pi[PRF_LEN_MAX], sk_pr[PRF_LEN_MAX];
};
int keymat_ppk(const struct ike_keys *keys, struct reader ppk,
	       struct ppk_keys *ret_keys) MUST_USE;

/* Keys of a Child SA. _i: the SA from the initiator of the exchange that made it, to the
 * responder. enc: cipher key, then salt. */
struct child_keys {
	size_t enc_len, auth_len;
	uint8_t enc_i[SA_SECRET_MAX], enc_r[SA_SECRET_MAX];
	uint8_t auth_i[SA_SECRET_MAX], auth_r[SA_SECRET_MAX];
};

/* 2.17. shared: empty without PFS. more: of additional key exchanges (RFC 9370 2.2.4), as in struct
 * ike_seed. chosen: of ESP or AH. */
int keymat_child(const struct ike_keys *keys, const struct proposal *chosen, struct reader shared,
		 struct reader ni, struct reader nr, struct reader more,
		 struct child_keys *ret_keys) MUST_USE;
void keymat_child_wipe(struct child_keys *keys);

#define INT_AUTH_MAX (2 * PRF_LEN_MAX + 4) /* both sides' sums, and a message ID */

/* 2.15. The octets that one side signs: RealMessage | NonceOfTheOther | prf(SK_p, ID') | IntAuth, as
 * views; the third one points into `maced`. With PSK they go through keymat_auth_psk(). */
struct signed_octets {
	struct reader parts[4]; /* the last one: IntAuth of RFC 9242, or empty */
	uint8_t maced[PRF_LEN_MAX];
};

/* sk_p: SK_pi for the initiator's, SK_pr for the responder's AUTH. real_message: that side's whole
 * IKE_SA_INIT message. id_body: of its ID payload (id_view.body). *ret_octets must not move. */
int keymat_signed_octets(const struct ike_keys *keys, const uint8_t *sk_p,
			 struct reader real_message, struct reader nonce_other,
			 struct reader id_body, struct signed_octets *ret_octets) MUST_USE;
/* AUTH = prf(prf(PSK, "Key Pad for IKEv2"), octets); keys->prf_len bytes. */
int keymat_auth_psk(const struct ike_keys *keys, struct reader psk,
		    const struct signed_octets *octets, uint8_t ret_auth[PRF_LEN_MAX]) MUST_USE;

/* 2.23: SHA-1(SPIi | SPIr | address | port), the address in 4 or 16 bytes. */
int keymat_nat_hash(uint64_t spi_i, uint64_t spi_r, const struct endpoint *end,
		    uint8_t ret_hash[NAT_HASH_LEN]) MUST_USE;

/* 2.6: version | SHA-256(Ni | IPi | SPIi | secret). version tells which secret. */
int keymat_cookie(uint32_t version, struct reader secret, struct reader ni,
		  const struct ip_addr *addr_i, uint64_t spi_i,
		  uint8_t ret_cookie[COOKIE_LEN]) MUST_USE;

#endif
