/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/prf.h"

#include <errno.h>
#include "crypto/mac.h"
#include "crypto/secret.h"

#define PRF_PLUS_BLOCKS 255 /* the block counter is one byte, RFC 7296 2.13 */
#define PRF_PLUS_PARTS 8

_Static_assert(PRF_LEN_MAX == MAC_LEN_MAX, "a MAC writes its full output");

struct prf_info {
	uint16_t id;
	size_t len;
	enum mac_kind kind;
	const char *digest;
};

static const struct prf_info prfs[] = {
	{ PRF_HMAC_SHA1, 20, MAC_HMAC, "SHA1" },
	{ PRF_AES128_XCBC, MAC_AES_LEN, MAC_XCBC, NULL },
	{ PRF_HMAC_SHA2_256, 32, MAC_HMAC, "SHA2-256" },
	{ PRF_HMAC_SHA2_384, 48, MAC_HMAC, "SHA2-384" },
	{ PRF_HMAC_SHA2_512, 64, MAC_HMAC, "SHA2-512" },
	{ PRF_AES128_CMAC, MAC_AES_LEN, MAC_CMAC, NULL },
};

static const struct prf_info *prf_find(uint16_t id)
{
	for (size_t i = 0; i < ARRAY_SIZE(prfs); i++)
		if (prfs[i].id == id)
			return &prfs[i];
	return NULL;
}

size_t prf_len(uint16_t prf)
{
	const struct prf_info *info = prf_find(prf);

	return info ? info->len : 0;
}

bool prf_is_fixed_key(uint16_t prf)
{
	const struct prf_info *info = prf_find(prf);

	return info && info->kind != MAC_HMAC;
}

/* RFC 4434 2, RFC 4615 3: a key of another length becomes one of 16 bytes, a longer one (with
 * CMAC a shorter one, too) by the MAC itself under the key of zeros. */
static struct mac *fixed_new(const struct prf_info *info, struct reader key)
{
	static const uint8_t zero[MAC_AES_LEN];
	uint8_t fixed[MAC_LEN_MAX] = { 0 };
	struct mac *mac = NULL;
	int err = 0;

	if (info->kind == MAC_XCBC && rd_left(&key) <= MAC_AES_LEN) {
		rd_copy(&key, fixed, rd_left(&key));
	} else {
		mac = mac_new(info->kind, NULL, rd_from(zero, sizeof(zero)));
		err = mac ? mac_run(mac, &key, 1, fixed) : -EIO;
		mac_free(mac);
	}
	mac = err ? NULL : mac_new(info->kind, NULL, rd_from(fixed, MAC_AES_LEN));
	secret_wipe(fixed, sizeof(fixed));
	return mac;
}

/* NULL: OpenSSL failed. */
static struct mac *keyed(const struct prf_info *info, struct reader key)
{
	if (info->kind == MAC_HMAC || rd_left(&key) == MAC_AES_LEN)
		return mac_new(info->kind, info->digest, key);
	return fixed_new(info, key);
}

struct mac *prf_keyed(uint16_t prf, struct reader key)
{
	const struct prf_info *info = prf_find(prf);

	return info ? keyed(info, key) : NULL;
}

int prf_compute(uint16_t prf, struct reader key, const struct reader *parts, size_t n_parts,
		uint8_t *ret_out)
{
	const struct prf_info *info = prf_find(prf);
	uint8_t out[PRF_LEN_MAX];

	if (!info)
		return -ENOTSUP;
	struct mac *mac = keyed(info, key);
	int err = mac ? mac_run(mac, parts, n_parts, out) : -EIO;
	mac_free(mac);
	if (!err)
		memcpy(ret_out, out, info->len);
	secret_wipe(out, sizeof(out));
	return err;
}

/* T1 = prf(K, S | 1), Tn = prf(K, Tn-1 | S | n). all[0] is Tn-1, the last one is n. */
static int plus_blocks(struct mac *mac, size_t block, struct reader *all, size_t n_all,
		       uint8_t *ret_out, size_t len)
{
	uint8_t t[PRF_LEN_MAX], counter = 0;
	int err = 0;

	all[n_all - 1] = rd_from(&counter, 1);
	while (len && !err) {
		size_t n = len < block ? len : block;

		counter++;
		err = mac_run(mac, all, n_all, t);
		if (!err)
			memcpy(ret_out, t, n);
		all[0] = rd_from(t, block);
		ret_out += n;
		len -= n;
	}
	secret_wipe(t, sizeof(t));
	return err;
}

int prf_plus(uint16_t prf, struct reader key, const struct reader *parts, size_t n_parts,
	     uint8_t *ret_out, size_t len)
{
	const struct prf_info *info = prf_find(prf);
	struct reader all[PRF_PLUS_PARTS + 2] = { 0 };

	if (!info)
		return -ENOTSUP;
	if (n_parts > PRF_PLUS_PARTS || len > PRF_PLUS_BLOCKS * info->len)
		return -ERANGE;
	for (size_t i = 0; i < n_parts; i++)
		all[i + 1] = parts[i];
	struct mac *mac = keyed(info, key);
	int err = mac ? plus_blocks(mac, info->len, all, n_parts + 2, ret_out, len) : -EIO;
	mac_free(mac);
	return err;
}
