/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/ike_aead.h"

#include <errno.h>
#include <string.h>
#include "crypto/selftest_in.h"

struct aead_vector {
	struct aead_alg alg;
	const char *what, *enc, *auth, *aad, *body, *text;
};

/* GCM: the specification's test cases 4, 10 and 16 (salt cafebabe), the tag cut where it is to be.
 * CCM with nonces of 11 bytes: CAVS, as Linux and strongSwan have them. ChaCha20-Poly1305: RFC 8439
 * 2.8.2. CBC: NIST SP 800-38A F.2.1, F.2.3, F.2.5, two blocks. 3DES: NIST's example of TDES_CBC.
 * CTR: RFC 3686 6, #1, #4, #7. Their MAC over aad | IV | ciphertext was computed apart from the
 * code here, with Python. */
static const struct aead_vector aead_vectors[] = {
	{ { ENCR_AES_GCM_16, 128, INTEG_NONE },
	  "aes128gcm16",
	  "feffe9928665731c6d6a8f9467308308cafebabe",
	  "",
	  "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	  "facedbaddecaf88842831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e23"
	  "29aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc"
	  "3221a5db94fae95ae7121a47",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95"
	  "956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39" },
	{ { ENCR_AES_GCM_12, 128, INTEG_NONE },
	  "aes128gcm12",
	  "feffe9928665731c6d6a8f9467308308cafebabe",
	  "",
	  "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	  "facedbaddecaf88842831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e23"
	  "29aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc"
	  "3221a5db94fae95a",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95"
	  "956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39" },
	{ { ENCR_AES_GCM_8, 128, INTEG_NONE },
	  "aes128gcm8",
	  "feffe9928665731c6d6a8f9467308308cafebabe",
	  "",
	  "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	  "facedbaddecaf88842831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e23"
	  "29aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc"
	  "3221a5db",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95"
	  "956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39" },
	{ { ENCR_AES_GCM_16, 192, INTEG_NONE },
	  "aes192gcm16",
	  "feffe9928665731c6d6a8f9467308308feffe9928665731ccafebabe",
	  "",
	  "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	  "facedbaddecaf8883980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b4"
	  "0ca1e19c7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda27102519498e"
	  "80f1478f37ba55bd6d27618c",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95"
	  "956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39" },
	{ { ENCR_AES_GCM_12, 192, INTEG_NONE },
	  "aes192gcm12",
	  "feffe9928665731c6d6a8f9467308308feffe9928665731ccafebabe",
	  "",
	  "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	  "facedbaddecaf8883980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b4"
	  "0ca1e19c7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda27102519498e"
	  "80f1478f37ba55bd",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95"
	  "956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39" },
	{ { ENCR_AES_GCM_8, 192, INTEG_NONE },
	  "aes192gcm8",
	  "feffe9928665731c6d6a8f9467308308feffe9928665731ccafebabe",
	  "",
	  "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	  "facedbaddecaf8883980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b4"
	  "0ca1e19c7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda27102519498e"
	  "80f1478f",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95"
	  "956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39" },
	{ { ENCR_AES_GCM_16, 256, INTEG_NONE },
	  "aes256gcm16",
	  "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308cafebabe",
	  "",
	  "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	  "facedbaddecaf888522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd"
	  "2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece"
	  "0f4e1768cddf8853bb2d551b",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95"
	  "956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39" },
	{ { ENCR_AES_GCM_12, 256, INTEG_NONE },
	  "aes256gcm12",
	  "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308cafebabe",
	  "",
	  "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	  "facedbaddecaf888522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd"
	  "2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece"
	  "0f4e1768cddf8853",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95"
	  "956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39" },
	{ { ENCR_AES_GCM_8, 256, INTEG_NONE },
	  "aes256gcm8",
	  "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308cafebabe",
	  "",
	  "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	  "facedbaddecaf888522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd"
	  "2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece"
	  "0f4e1768",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95"
	  "956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39" },
	{ { ENCR_AES_CCM_16, 128, INTEG_NONE },
	  "aes128ccm16",
	  "1e2c7e01419aefc00d58966e5ca24bd34fa319",
	  "",
	  "dae6289c452dfd635eda4cb6e6fcf9b70c56cbe4e0057ae10a630978bc2c55de",
	  "d3015ad8306015568a1e11f0026be219fc70c46d8eb799abc54ba2acd3f348ff3bb5ce53"
	  "efdebb02a986156c13feda0a22b8293dd8399a23",
	  "87a336fd96b39378a92863ba12a31485571e06c97b21ef767f387e8e29a43e7e" },
	{ { ENCR_AES_CCM_16, 192, INTEG_NONE },
	  "aes192ccm16",
	  "56df5c8f263f0e42ef7ad3cefc846062cab440af5fc9c901d63c8c",
	  "",
	  "0265783ce9213091b1b9da769a786d95f28832a3f250cb4ce300736984698779",
	  "8684b6cdef092e9439df7c3c5a29b9625d51c216d8bd069f9b6a0970c15183c266881d4f"
	  "9adae01ec7791158e56b20407aea46428be46fe1",
	  "9fd2024b5249313c43693a2d8e70ad7ee0e54609808913b28c8bd93f86fbb56b" },
	{ { ENCR_AES_CCM_8, 256, INTEG_NONE },
	  "aes256ccm8",
	  "e08d997160d7971abd0199d58adf713ad3df244b5e3d4b4e307ab9d8530a5e2b1e2991",
	  "",
	  "19b61f57c4f3f08b782b9402290f42276b75cb9834087e79e43e490d848b2287",
	  "ad8ec1530acf2dbe19b86133452b43966f51d020307d9bc6263df8c96516a89ff0621734"
	  "f21e8d754e13ccc0c32a542d",
	  "e1d9d813eb3a753f9dbd5f66bedcbb66bf1799624a39271f1ddc24ae192f984c" },
	{ { ENCR_AES_CCM_12, 256, INTEG_NONE },
	  "aes256ccm12",
	  "7cc8183b8d99e07c4541b8bd5ca7c2328ab80259a4fea92c09759a9b3c9b2739f9d94e",
	  "",
	  "57f56b8b575c3d3b1302010c834c96358ed639cf7d149b94b03936e68f57e013",
	  "63b53d9d43f61e50b0885a33aae5c71d8523c7c62ff41e3dcc63442507784f9e96b888eb"
	  "bc481f0639af39acd84a80397b728af7",
	  "3b6c2936b6ef07a68372074fcffa66895fcab1bad58f2c2730db750993d465e4" },
	{ { ENCR_CHACHA20_POLY1305, 0, INTEG_NONE },
	  "chacha20poly1305",
	  "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f07000000",
	  "",
	  "50515253c0c1c2c3c4c5c6c7",
	  "4041424344454647d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a7"
	  "36ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
	  "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def0"
	  "8e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691",
	  "4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66"
	  "202739393a204966204920636f756c64206f6666657220796f75206f6e6c79206f6e6520"
	  "74697020666f7220746865206675747572652c2073756e73637265656e20776f756c6420"
	  "62652069742e" },
	{ { ENCR_AES_CBC, 128, INTEG_HMAC_SHA2_256_128 },
	  "aes128-sha256",
	  "2b7e151628aed2a6abf7158809cf4f3c",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b",
	  "000102030405060708090a0b0c0d0e0f7649abac8119b246cee98e9b12e9197d5086cb9b"
	  "507219ee95db113a917678b230c5047b6db7cfebfaed75cb903ab536",
	  "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51" },
	{ { ENCR_AES_CBC, 192, INTEG_HMAC_SHA2_384_192 },
	  "aes192-sha384",
	  "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223"
	  "2425262728292a2b2c2d2e2f",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b",
	  "000102030405060708090a0b0c0d0e0f4f021db243bc633d7178183a9fa071e8b4d9ada9"
	  "ad7dedf4e5e738763f69145af139891a07a83abd240800d0a4688db0d55413f2c06cd908",
	  "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51" },
	{ { ENCR_AES_CBC, 256, INTEG_HMAC_SHA2_512_256 },
	  "aes256-sha512",
	  "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223"
	  "2425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b",
	  "000102030405060708090a0b0c0d0e0ff58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e96"
	  "7edb808d679f777bc6702c7d1e0c35d2680ee6280dcbadc38b042b081ae9cec8d94aa3d9"
	  "2d0226c6bd3e1dac",
	  "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51" },
	{ { ENCR_AES_CBC, 128, INTEG_HMAC_SHA1_96 },
	  "aes128-sha1",
	  "2b7e151628aed2a6abf7158809cf4f3c",
	  "000102030405060708090a0b0c0d0e0f10111213",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b",
	  "000102030405060708090a0b0c0d0e0f7649abac8119b246cee98e9b12e9197d5086cb9b"
	  "507219ee95db113a917678b24610b14bd04875debc2672e4",
	  "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51" },
	{ { ENCR_AES_CBC, 128, INTEG_AES_XCBC_96 },
	  "aes128-aesxcbc",
	  "2b7e151628aed2a6abf7158809cf4f3c",
	  "000102030405060708090a0b0c0d0e0f",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b",
	  "000102030405060708090a0b0c0d0e0f7649abac8119b246cee98e9b12e9197d5086cb9b"
	  "507219ee95db113a917678b20e3c47d123484bd0c642bc9c",
	  "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51" },
	{ { ENCR_AES_CBC, 128, INTEG_AES_CMAC_96 },
	  "aes128-aescmac",
	  "2b7e151628aed2a6abf7158809cf4f3c",
	  "000102030405060708090a0b0c0d0e0f",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b",
	  "000102030405060708090a0b0c0d0e0f7649abac8119b246cee98e9b12e9197d5086cb9b"
	  "507219ee95db113a917678b29032d0c30d08c2dfb766ad5f",
	  "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51" },
	{ { ENCR_3DES, 0, INTEG_HMAC_SHA1_96 },
	  "3des-sha1",
	  "0123456789abcdef23456789abcdef01456789abcdef0123",
	  "000102030405060708090a0b0c0d0e0f10111213",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b",
	  "f69f2445df4f9b172079c3d53aa763e193b79e2569ab5262516570481f25b50f73c0bda8"
	  "5c8e0da76f9f5ba1ea61b2ececd32d96",
	  "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51" },
	{ { ENCR_AES_CTR, 128, INTEG_HMAC_SHA2_256_128 },
	  "aes128ctr-sha256",
	  "ae6852f8121067cc4bf7a5765577f39e00000030",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b",
	  "0000000000000000e4095d4fb7a7b3792d6175a3261311b8432268d713b9ffb21c4d76bd"
	  "a28d42cc",
	  "53696e676c6520626c6f636b206d7367" },
	{ { ENCR_AES_CTR, 192, INTEG_HMAC_SHA2_256_128 },
	  "aes192ctr-sha256",
	  "16af5b145fc9f579c175f93e3bfb0eed863d06ccfdb7851500000048",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b",
	  "36733c147d6d93cb4b55384fe259c9c84e7935a003cbe9286de0540ce5bec7ba63acc5d1"
	  "33d62445",
	  "53696e676c6520626c6f636b206d7367" },
	{ { ENCR_AES_CTR, 256, INTEG_HMAC_SHA2_256_128 },
	  "aes256ctr-sha256",
	  "776beff2851db06f4c8a0542c8696f6c6a81af1eec96b4d37fc1d689e6c1c10400000060",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b",
	  "db5672c97aa8f0b2145ad01dbf824ec7560863dc71e3e0c0e0e93cd0b36ccaf59274a724"
	  "e4eda048",
	  "53696e676c6520626c6f636b206d7367" },
};

static bool aead_passes(const struct aead_vector *v)
{
	struct bytes enc = vector_hex(v->enc), auth = vector_hex(v->auth), aad = vector_hex(v->aad), body = vector_hex(v->body);
	struct aead_sizes size = aead_sizes(v->alg);
	struct aead_key key = { .alg = v->alg };
	uint8_t text[VECTOR_MAX];
	size_t len;

	if (enc.len != size.enc_len || auth.len != size.auth_len)
		return false;
	memcpy(key.enc, enc.b, enc.len);
	memcpy(key.auth, auth.b, auth.len);
	if (aead_open(&key, vector_view(&aad), vector_view(&body), text, sizeof(text), &len) ||
	    len != strlen(v->text) / 2 || !vector_is(text, v->text))
		return false;
	body.b[size.iv_len] ^= 1; /* a changed message must be refused */
	return aead_open(&key, vector_view(&aad), vector_view(&body), text, sizeof(text), &len) == -EBADMSG;
}

/* Sealing is checked by opening: the vectors say that opening is right. */
static bool seal_passes(const struct aead_vector *v)
{
	struct aead_key key = { .alg = v->alg, .next_iv = 1 };
	struct aead_sizes size = aead_sizes(v->alg);
	struct reader aad = rd_from("header", 6);
	uint8_t body[VECTOR_MAX] = { 0 }, text[VECTOR_MAX];
	size_t len;

	if (aead_seal(&key, aad, body, body + size.iv_len, 64, body + size.iv_len + 64) ||
	    aead_open(&key, aad, rd_from(body, size.iv_len + 64 + size.icv_len), text, sizeof(text),
		      &len))
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i])
			return false;
	return len == 64;
}

const char *selftest_aead(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(aead_vectors); i++)
		if (!aead_passes(&aead_vectors[i]) || !seal_passes(&aead_vectors[i]))
			return aead_vectors[i].what;
	return NULL;
}
