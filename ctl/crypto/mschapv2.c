/* SPDX-License-Identifier: BSD-2-Clause */
#define OPENSSL_SUPPRESS_DEPRECATED /* MD4 and DES are in no provider that is loaded by default */
#include "crypto/mschapv2.h"

#include <errno.h>
#include <openssl/des.h>
#include <openssl/md4.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <string.h>
#include "crypto/secret.h"

#define PASSWORD_MAX 256
#define HASH_LEN 16

/* UTF-8 to UTF-16LE; what is no UTF-8 is taken byte by byte. Returns bytes written. */
static size_t to_utf16(const uint8_t *text, size_t len, uint8_t *to)
{
	size_t n = 0;

	for (size_t i = 0; i < len;) {
		unsigned c = text[i++];

		if (c >= 0xe0 && c < 0xf0 && i + 1 < len) {
			c = (c & 0xf) << 12 | (text[i] & 0x3fu) << 6 | (text[i + 1] & 0x3fu);
			i += 2;
		} else if (c >= 0xc0 && c < 0xe0 && i < len) {
			c = (c & 0x1f) << 6 | (text[i++] & 0x3fu);
		}
		to[n++] = (uint8_t)c;
		to[n++] = (uint8_t)(c >> 8);
	}
	return n;
}

/* 8.5: seven bytes make a DES key of eight. */
static void des(const uint8_t key7[7], const uint8_t clear[8], uint8_t ret[8])
{
	DES_cblock key = { 0 };
	DES_key_schedule schedule;

	for (unsigned bit = 0; bit < 56; bit++)
		if (key7[bit / 8] >> (7 - bit % 8) & 1)
			key[bit / 7] |= (uint8_t)(0x80 >> bit % 7);
	DES_set_key_unchecked(&key, &schedule);
	DES_ecb_encrypt((const_DES_cblock *)clear, (DES_cblock *)ret, &schedule, DES_ENCRYPT);
	secret_wipe(&schedule, sizeof(schedule));
	secret_wipe(key, sizeof(key));
}

struct part {
	const void *data;
	size_t len;
};

static void sha1(const struct part *parts, size_t n, uint8_t ret[SHA_DIGEST_LENGTH])
{
	SHA_CTX ctx;

	SHA1_Init(&ctx);
	for (size_t i = 0; i < n; i++)
		SHA1_Update(&ctx, parts[i].data, parts[i].len);
	SHA1_Final(ret, &ctx);
}

/* 8.1, 8.2: the user's answer to both challenges. */
static void nt_response(struct mschapv2 *m, const uint8_t challenge[8], const uint8_t hash[HASH_LEN])
{
	uint8_t keys[21] = { 0 };

	memcpy(keys, hash, HASH_LEN);
	for (unsigned i = 0; i < 3; i++)
		des(keys + 7 * i, challenge, m->nt_response + 8 * i);
	secret_wipe(keys, sizeof(keys));
}

/* 8.7 */
static void proof(struct mschapv2 *m, const uint8_t challenge[8], const uint8_t hash_hash[HASH_LEN])
{
	static const char magic1[] = "Magic server to client signing constant";
	static const char magic2[] = "Pad to make it do more than one iteration";
	uint8_t digest[SHA_DIGEST_LENGTH];
	struct part first[] = { { hash_hash, HASH_LEN },
				{ m->nt_response, sizeof(m->nt_response) },
				{ magic1, sizeof(magic1) - 1 } };
	struct part second[] = { { digest, sizeof(digest) },
				 { challenge, 8 },
				 { magic2, sizeof(magic2) - 1 } };

	sha1(first, 3, digest);
	sha1(second, 3, m->proof);
	secret_wipe(digest, sizeof(digest));
}

/* RFC 3079 3.4: first the key of what the client sends, then the other one, then zeroes. */
static void msk(struct mschapv2 *m, const uint8_t hash_hash[HASH_LEN])
{
	static const char magic1[] = "This is the MPPE Master Key";
	static const char magic2[] = "On the client side, this is the send key; on the server side, it "
				     "is the receive key.";
	static const char magic3[] = "On the client side, this is the receive key; on the server "
				     "side, it is the send key.";
	uint8_t master[SHA_DIGEST_LENGTH], key[SHA_DIGEST_LENGTH], pad1[40] = { 0 }, pad2[40];
	struct part of_master[] = { { hash_hash, HASH_LEN },
				    { m->nt_response, sizeof(m->nt_response) },
				    { magic1, sizeof(magic1) - 1 } };
	struct part of_key[] = { { master, HASH_LEN },
				 { pad1, sizeof(pad1) },
				 { magic2, sizeof(magic2) - 1 },
				 { pad2, sizeof(pad2) } };

	memset(pad2, 0xf2, sizeof(pad2));
	memset(m->msk, 0, sizeof(m->msk));
	sha1(of_master, 3, master);
	sha1(of_key, 4, key);
	memcpy(m->msk, key, HASH_LEN);
	of_key[2] = (struct part){ magic3, sizeof(magic3) - 1 };
	sha1(of_key, 4, key);
	memcpy(m->msk + HASH_LEN, key, HASH_LEN);
	secret_wipe(master, sizeof(master));
	secret_wipe(key, sizeof(key));
}

int mschapv2_compute(struct mschapv2 *m, const char *user, const uint8_t *password,
		     size_t password_len)
{
	uint8_t wide[2 * PASSWORD_MAX], hash[HASH_LEN], hash_hash[HASH_LEN];
	uint8_t challenge[SHA_DIGEST_LENGTH];
	struct part parts[] = { { m->peer_challenge, sizeof(m->peer_challenge) },
				{ m->auth_challenge, sizeof(m->auth_challenge) },
				{ user, strlen(user) } };

	if (password_len > PASSWORD_MAX)
		return -EINVAL;
	bool is_good = MD4(wide, to_utf16(password, password_len, wide), hash) &&
		       MD4(hash, sizeof(hash), hash_hash);
	sha1(parts, 3, challenge); /* of which 8 bytes count, 8.2 */
	nt_response(m, challenge, hash);
	proof(m, challenge, hash_hash);
	msk(m, hash_hash);
	secret_wipe(wide, sizeof(wide));
	secret_wipe(hash, sizeof(hash));
	secret_wipe(hash_hash, sizeof(hash_hash));
	return is_good ? 0 : -EIO;
}

int mschapv2_selftest(void)
{
	struct mschapv2 m = {
		.auth_challenge = { 0x5b, 0x5d, 0x7c, 0x7d, 0x7b, 0x3f, 0x2f, 0x3e, 0x3c, 0x2c, 0x60,
				    0x21, 0x32, 0x26, 0x26, 0x28 },
		.peer_challenge = { 0x21, 0x40, 0x23, 0x24, 0x25, 0x5e, 0x26, 0x2a, 0x28, 0x29, 0x5f,
				    0x2b, 0x3a, 0x33, 0x7c, 0x7e },
	};
	static const uint8_t response[] = { 0x82, 0x30, 0x9e, 0xcd, 0x8d, 0x70, 0x8b, 0x5e,
					    0xa0, 0x8f, 0xaa, 0x39, 0x81, 0xcd, 0x83, 0x54,
					    0x42, 0x33, 0x11, 0x4a, 0x3d, 0x85, 0xd6, 0xdf };
	static const uint8_t server[] = { 0x40, 0x7a, 0x55, 0x89, 0x11, 0x5f, 0xd0, 0xd6, 0x20, 0x9f,
					  0x51, 0x0f, 0xe9, 0xc0, 0x45, 0x66, 0x93, 0x2c, 0xda, 0x56 };
	static const uint8_t server_send[] = { 0x8b, 0x7c, 0xdc, 0x14, 0x9b, 0x99, 0x3a, 0x1b,
					       0xa1, 0x18, 0xcb, 0x15, 0x3f, 0x56, 0xdc, 0xcb };
	int err = mschapv2_compute(&m, "User", (const uint8_t *)"clientPass", 10);

	if (err || memcmp(m.nt_response, response, sizeof(response)) ||
	    memcmp(m.proof, server, sizeof(server)) ||
	    memcmp(m.msk + HASH_LEN, server_send, sizeof(server_send)))
		return -EBADMSG;
	return 0;
}
