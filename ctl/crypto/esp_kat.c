/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Known-answer tests of an ESP provider. Sources: "The Galois/Counter Mode of Operation"
 * (McGrew and Viega, as submitted to NIST), test cases 3 and 15, and
 * draft-mcgrew-gcm-test-01 section 4, ESP packets with 8 and 12 bytes of AAD; RFC 7634 appendix A,
 * an ESP packet with ChaCha20-Poly1305.
 */
#include "crypto/esp_provider.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>

#define KAT_TEXT_MAX 96u

/* All in hexadecimal; key is followed by its salt. */
struct kat {
	const char *key, *iv, *aad, *plain, *cipher, *icv;
	bool is_chacha;
};

#define MV_PLAIN                                                                                   \
	"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"                         \
	"1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255"

static const struct kat kats[] = {
	{ /* test case 3: AES-128 */
	  .key = "feffe9928665731c6d6a8f9467308308cafebabe",
	  .iv = "facedbaddecaf888",
	  .aad = "",
	  .plain = MV_PLAIN,
	  .cipher = "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
		    "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985",
	  .icv = "4d5c2af327cd64a62cf35abd2ba6fab4" },
	{ /* test case 15: AES-256 */
	  .key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308cafebabe",
	  .iv = "facedbaddecaf888",
	  .aad = "",
	  .plain = MV_PLAIN,
	  .cipher = "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
		    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
	  .icv = "b094dac5d93471bdec1a502270e3cc6c" },
	{ /* ESP, 8 bytes of AAD, AES-128 */
	  .key = "feffe9928665731c6d6a8f9467308308cafebabe",
	  .iv = "facedbaddecaf888",
	  .aad = "0000a5f80000000a",
	  .plain = "4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d00100"
		   "0001000000000000037369700963796265726369747902646b00000100010001",
	  .cipher = "deb22cd9b07c72c16e3a65beeb8df304a5a5897d33ae530f1ba76d5d114d2a5c"
		    "3de81827c10e9a4f51330d0eec416642cfbb85a5b47e48a4ec3b9ba95d918bd1",
	  .icv = "83b70d3aa8bc6ee4c309e9d85a41ad4a" },
	{ /* ESP, 8 bytes of AAD, AES-256, 52 bytes of text */
	  .key = "abbccddef00112233445566778899aababbccddef00112233445566778899aab11223344",
	  .iv = "0102030405060708",
	  .aad = "4a2cbfe300000002",
	  .plain = "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee000000000"
		   "7002400020bf0000020405b40101040201020201",
	  .cipher = "ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763"
		    "748a637985771d347f0545659f14e99def842d8e",
	  .icv = "b335f4eecfdbf831824b4c4915956c96" },
	{ /* ESP with ESN: 12 bytes of AAD, AES-128 */
	  .key = "4c80cdefbb5d10da906ac73c3613a6342e443b68",
	  .iv = "4956ed7e3b244cfe",
	  .aad = "000043218765432100000000",
	  .plain = "45000048699a000080114db7c0a80102c0a801010a9bf15638d3010000010000"
		   "00000000045f736970045f756470037369700963796265726369747902646b00"
		   "0021000101020201",
	  .cipher = "fecf537e729d5b07dc30df528dd22b768d1b98736696a6fd348509fa13ceac34"
		    "cfa2436f14a3f3cf65925bf1f4a13c5d15b21e1884f5ff6247aeabb786b93bce"
		    "61bc17d768fd9732",
	  .icv = "459018148f6cbe722fd04796562dfdb4" },
	{ /* ESP, ChaCha20-Poly1305 */
	  .is_chacha = true,
	  .key = "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3",
	  .iv = "1011121314151617",
	  .aad = "0102030400000005",
	  .plain = "45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec10"
		   "0007362708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223"
		   "2425262728292a2b2c2d2e2f303132333435363701020204",
	  .cipher = "24039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c6"
		    "14ee8099d52844eb61aa95dfab4c02f72aa71e7c4c4f64c9befe2facc638e8f3"
		    "cbec163fac469b502773f6fb94e664da9165b82829f641e0",
	  .icv = "76aaa8266b7fb0f7b11b369907e1ad43" },
};

static size_t unhex(const char *hex, uint8_t *out)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		char byte[3] = { hex[2 * i], hex[2 * i + 1], 0 };
		out[i] = (uint8_t)strtoul(byte, NULL, 16);
	}
	return n;
}

static bool seals(const struct esp_provider *p, struct esp_job *job, const uint8_t *cipher,
		  const uint8_t *icv)
{
	p->seal(job, 1);
	return job->result == 0 && memcmp(job->text, cipher, job->text_len) == 0 &&
	       memcmp(job->icv, icv, ESP_GCM_ICV_LEN) == 0;
}

/* Gives the plain text back, and refuses the same packet with one bit changed. */
static bool opens(const struct esp_provider *p, struct esp_job *job, const uint8_t *plain,
		  const uint8_t *cipher)
{
	p->open(job, 1);
	if (job->result != 0 || memcmp(job->text, plain, job->text_len) != 0)
		return false;
	memcpy(job->text, cipher, job->text_len);
	job->text[job->text_len - 1] ^= 1;
	p->open(job, 1);
	return job->result == -EBADMSG;
}

static int kat_run(const struct esp_provider *p, const struct kat *kat)
{
	uint8_t enc[32 + ESP_GCM_SALT_LEN], plain[KAT_TEXT_MAX], cipher[KAT_TEXT_MAX];
	uint8_t text[KAT_TEXT_MAX], icv[ESP_GCM_ICV_LEN], tag[ESP_GCM_ICV_LEN];
	size_t enc_len = unhex(kat->key, enc);
	struct esp_job job = { .text = text, .icv = tag };
	int err;

	uint16_t bits =
		kat->is_chacha ? ESP_BITS_CHACHA20 : (uint16_t)(8 * (enc_len - ESP_GCM_SALT_LEN));
	err = p->key_new(bits, enc, enc_len, &job.key);
	if (err)
		return err;
	job.aad_len = (uint16_t)unhex(kat->aad, job.aad);
	job.text_len = (uint32_t)unhex(kat->plain, plain);
	unhex(kat->iv, job.iv);
	unhex(kat->cipher, cipher);
	unhex(kat->icv, icv);
	memcpy(text, plain, job.text_len);
	bool ok = seals(p, &job, cipher, icv) && opens(p, &job, plain, cipher);
	p->key_free(job.key);
	return ok ? 0 : -EBADMSG;
}

int esp_provider_self_test(const struct esp_provider *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(kats); i++) {
		int err = kat_run(p, &kats[i]);

		if (err)
			return err;
	}
	return 0;
}
