/* SPDX-License-Identifier: BSD-2-Clause */
/* struct key is OpenSSL's EVP_PKEY, which counts its references itself. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include "crypto/sign.h"

static EVP_PKEY *pkey(const struct key *key)
{
	return (EVP_PKEY *)key;
}

static int type_of(EVP_PKEY *key)
{
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
	case EVP_PKEY_RSA_PSS:
		return KEY_RSA;
	case EVP_PKEY_EC:
		return KEY_EC;
	case EVP_PKEY_ED25519:
		return KEY_ED25519;
	case EVP_PKEY_ED448:
		return KEY_ED448;
	default:
		return 0;
	}
}

enum key_type key_type(const struct key *key)
{
	return (enum key_type)type_of(pkey(key));
}

static int key_take(EVP_PKEY *key, int otherwise, struct key **ret_key)
{
	ERR_clear_error();
	if (!key)
		return otherwise;
	if (!type_of(key)) {
		EVP_PKEY_free(key);
		return -ENOTSUP;
	}
	*ret_key = (struct key *)key;
	return 0;
}

struct password {
	const char *text;
	bool is_asked;
};

/* Without it OpenSSL would ask on the terminal. */
static int give_password(char *buf, int size, int is_writing, void *arg)
{
	struct password *password = arg;
	size_t len = password->text ? strlen(password->text) : 0;

	(void)is_writing;
	password->is_asked = true;
	if (!password->text || len > (size_t)size)
		return -1;
	memcpy(buf, password->text, len);
	return (int)len;
}

int key_read_private(struct reader file, const char *password, struct key **ret_key)
{
	BIO *bio = BIO_new_mem_buf(file.at, (int)rd_left(&file));
	struct password ask = { password, false };
	EVP_PKEY *key;

	if (!bio)
		return -ENOMEM;
	key = PEM_read_bio_PrivateKey(bio, NULL, give_password, &ask);
	if (!key && !ask.is_asked && BIO_reset(bio) > 0)
		key = d2i_PrivateKey_bio(bio, NULL);
	if (!key && !ask.is_asked && BIO_reset(bio) > 0)
		key = d2i_PKCS8PrivateKey_bio(bio, NULL, give_password, &ask);
	BIO_free(bio);
	return key_take(key, ask.is_asked ? -EACCES : -EBADMSG, ret_key);
}

int key_read_public(struct reader file, struct key **ret_key)
{
	BIO *bio = BIO_new_mem_buf(file.at, (int)rd_left(&file));
	EVP_PKEY *key;

	if (!bio)
		return -ENOMEM;
	key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	if (!key && BIO_reset(bio) > 0)
		key = d2i_PUBKEY_bio(bio, NULL);
	BIO_free(bio);
	return key_take(key, -EBADMSG, ret_key);
}

struct key *key_ref(struct key *key)
{
	if (key)
		EVP_PKEY_up_ref(pkey(key));
	return key;
}

void key_free(struct key *key)
{
	EVP_PKEY_free(pkey(key));
}

bool key_equal(const struct key *a, const struct key *b)
{
	bool is_equal = EVP_PKEY_eq(pkey(a), pkey(b)) == 1;

	ERR_clear_error(); /* of different types it leaves one */
	return is_equal;
}

const char *key_print(const struct key *key, char *buf, size_t size)
{
	static const char *const names[] = { "?", "RSA", "ECDSA", "Ed25519", "Ed448" };

	snprintf(buf, size, "%s %d", names[key_type(key)], EVP_PKEY_get_bits(pkey(key)));
	return buf;
}

size_t key_spki(const struct key *key, uint8_t *buf, size_t size)
{
	int len = i2d_PUBKEY(pkey(key), NULL);

	if (len <= 0 || (size_t)len > size)
		return 0;
	return (size_t)i2d_PUBKEY(pkey(key), &buf);
}
