/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Known answers of encryption with an integrity algorithm of its own. Sources: RFC 3602 4 case 5; NIST
 * SP 800-38A F.2.3, F.2.5; NIST's example of TDES_CBC; RFC 3686 6 #1, #3, #4, #7; for integrity
 * algorithms with NULL encryption RFC 2202 3, RFC 4868 2.7, RFC 3566 4.6 and RFC 4494 4, their
 * messages as ESP header and text.
 */
#include "crypto/esp_kat.h"

const struct esp_kat esp_kats_separate[] = {
	{ /* RFC 3602 case 5 */
	  { ENCR_AES_CBC, 128, INTEG_HMAC_SHA1_96 },
	  .enc = "90d382b410eeba7ad938c46cec1a82bf",
	  .auth = "000102030405060708090a0b0c0d0e0f10111213",
	  .aad = "0000432100000001",
	  .iv = "e96e8c08ab465763fd098d45dd3ff893",
	  .plain = "08000ebda70a00008e9c083db95b070008090a0b0c0d0e0f1011121314151617"
		   "18191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637"
		   "0102030405060708090a0b0c0d0e0e01",
	  .cipher = "f663c25d325c18c6a9453e194e120849a4870b66cc6b9965330013b4898dc856"
		    "a4699e523a55db080b59ec3a8e4b7e52775b07d1db34ed9c538ab50c551b874a"
		    "a269add047ad2d5913ac19b7cfbad4a6",
	  .icv = "9a338e6bd44d34499ec1548b" },
	{ /* RFC 3602 case 5 */
	  { ENCR_AES_CBC, 128, INTEG_AES_XCBC_96 },
	  .enc = "90d382b410eeba7ad938c46cec1a82bf",
	  .auth = "000102030405060708090a0b0c0d0e0f",
	  .aad = "0000432100000001",
	  .iv = "e96e8c08ab465763fd098d45dd3ff893",
	  .plain = "08000ebda70a00008e9c083db95b070008090a0b0c0d0e0f1011121314151617"
		   "18191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637"
		   "0102030405060708090a0b0c0d0e0e01",
	  .cipher = "f663c25d325c18c6a9453e194e120849a4870b66cc6b9965330013b4898dc856"
		    "a4699e523a55db080b59ec3a8e4b7e52775b07d1db34ed9c538ab50c551b874a"
		    "a269add047ad2d5913ac19b7cfbad4a6",
	  .icv = "2233bd8fb8d7fd15fffcaef6" },
	{ /* RFC 3602 case 5 */
	  { ENCR_AES_CBC, 128, INTEG_AES_CMAC_96 },
	  .enc = "90d382b410eeba7ad938c46cec1a82bf",
	  .auth = "000102030405060708090a0b0c0d0e0f",
	  .aad = "0000432100000001",
	  .iv = "e96e8c08ab465763fd098d45dd3ff893",
	  .plain = "08000ebda70a00008e9c083db95b070008090a0b0c0d0e0f1011121314151617"
		   "18191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637"
		   "0102030405060708090a0b0c0d0e0e01",
	  .cipher = "f663c25d325c18c6a9453e194e120849a4870b66cc6b9965330013b4898dc856"
		    "a4699e523a55db080b59ec3a8e4b7e52775b07d1db34ed9c538ab50c551b874a"
		    "a269add047ad2d5913ac19b7cfbad4a6",
	  .icv = "7e5181dc20cc980158c4eb70" },
	{ /* RFC 3602 case 5, ESN */
	  { ENCR_AES_CBC, 128, INTEG_HMAC_SHA2_256_128 },
	  .enc = "90d382b410eeba7ad938c46cec1a82bf",
	  .auth = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	  .aad = "000043210000000700000001",
	  .iv = "e96e8c08ab465763fd098d45dd3ff893",
	  .plain = "08000ebda70a00008e9c083db95b070008090a0b0c0d0e0f1011121314151617"
		   "18191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637"
		   "0102030405060708090a0b0c0d0e0e01",
	  .cipher = "f663c25d325c18c6a9453e194e120849a4870b66cc6b9965330013b4898dc856"
		    "a4699e523a55db080b59ec3a8e4b7e52775b07d1db34ed9c538ab50c551b874a"
		    "a269add047ad2d5913ac19b7cfbad4a6",
	  .icv = "be3c4ddaa1c834733c8a93af791ecb6a" },
	{ /* F.2.3 */
	  { ENCR_AES_CBC, 192, INTEG_HMAC_SHA2_384_192 },
	  .enc = "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
	  .auth = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
		  "202122232425262728292a2b2c2d2e2f",
	  .aad = "0000a5f80000000a",
	  .iv = "000102030405060708090a0b0c0d0e0f",
	  .plain = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51",
	  .cipher = "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a",
	  .icv = "a08d8a0201bccb589eaef4b9c781a4c0ce9224015aa2c1b1" },
	{ /* F.2.5, ESN */
	  { ENCR_AES_CBC, 256, INTEG_HMAC_SHA2_512_256 },
	  .enc = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
	  .auth = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
		  "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
	  .aad = "0000a5f8ffffffff0000000a",
	  .iv = "000102030405060708090a0b0c0d0e0f",
	  .plain = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51",
	  .cipher = "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d",
	  .icv = "b79c820affc977830d67c1b6914766fc31eb1042dcde26c0e026c726efe4d920" },
	{ /* NIST TDES */
	  { ENCR_3DES, 0, INTEG_HMAC_SHA1_96 },
	  .enc = "0123456789abcdef23456789abcdef01456789abcdef0123",
	  .auth = "000102030405060708090a0b0c0d0e0f10111213",
	  .aad = "0000a5f80000000a",
	  .iv = "f69f2445df4f9b17",
	  .plain = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51",
	  .cipher = "2079c3d53aa763e193b79e2569ab5262516570481f25b50f73c0bda85c8e0da7",
	  .icv = "5ec88dfe0a86c1ac0314a8b3" },
	{ /* RFC 3686 */
	  { ENCR_AES_CTR, 128, INTEG_HMAC_SHA2_256_128 },
	  .enc = "ae6852f8121067cc4bf7a5765577f39e00000030",
	  .auth = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	  .aad = "0000a5f80000000a",
	  .iv = "0000000000000000",
	  .plain = "53696e676c6520626c6f636b206d7367",
	  .cipher = "e4095d4fb7a7b3792d6175a3261311b8",
	  .icv = "c0d1def8859a6f7fd2db39fe44454b93" },
	{ /* RFC 3686 */
	  { ENCR_AES_CTR, 192, INTEG_HMAC_SHA2_256_128 },
	  .enc = "16af5b145fc9f579c175f93e3bfb0eed863d06ccfdb7851500000048",
	  .auth = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	  .aad = "0000a5f80000000a",
	  .iv = "36733c147d6d93cb",
	  .plain = "53696e676c6520626c6f636b206d7367",
	  .cipher = "4b55384fe259c9c84e7935a003cbe928",
	  .icv = "f0a21f0aeb0060660fc000b9964e2640" },
	{ /* RFC 3686 */
	  { ENCR_AES_CTR, 256, INTEG_HMAC_SHA2_256_128 },
	  .enc = "776beff2851db06f4c8a0542c8696f6c6a81af1eec96b4d37fc1d689e6c1c104"
		 "00000060",
	  .auth = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	  .aad = "0000a5f80000000a",
	  .iv = "db5672c97aa8f0b2",
	  .plain = "53696e676c6520626c6f636b206d7367",
	  .cipher = "145ad01dbf824ec7560863dc71e3e0c0",
	  .icv = "76a3b42d60a03228ef1e231c4b056960" },
	{ /* RFC 3686 #3 */
	  { ENCR_AES_CTR, 128, INTEG_AES_XCBC_96 },
	  .enc = "7691be035e5020a8ac6e618529f9a0dc00e0017b",
	  .auth = "000102030405060708090a0b0c0d0e0f",
	  .aad = "0000a5f80000000a",
	  .iv = "27777f3f4a1786f0",
	  .plain = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
		   "20212223",
	  .cipher = "c1cf48a89f2ffdd9cf4652e9efdb72d74540a42bde6d7836d59a5ceaaef31053"
		    "25b2072f",
	  .icv = "83f794259860e28eadd5b5aa" },
	{ /* RFC 2202 case 3 */
	  { ENCR_NULL, 0, INTEG_HMAC_SHA1_96 },
	  .auth = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	  .aad = "dddddddddddddddd",
	  .plain = "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
		   "dddddddddddddddddddd",
	  .icv = "125d7342b9ac11cd91a39af4" },
	{ /* RFC 4868 AUTH256-3 */
	  { ENCR_NULL, 0, INTEG_HMAC_SHA2_256_128 },
	  .auth = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	  .aad = "dddddddddddddddd",
	  .plain = "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
		   "dddddddddddddddddddd",
	  .icv = "cdcb1220d1ecccea91e53aba3092f962" },
	{ /* RFC 4868 */
	  { ENCR_NULL, 0, INTEG_HMAC_SHA2_384_192 },
	  .auth = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	  .aad = "dddddddddddddddd",
	  .plain = "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
		   "dddddddddddddddddddd",
	  .icv = "809f439be00274321d4a538652164b53554a508184a0c316" },
	{ /* RFC 4868 */
	  { ENCR_NULL, 0, INTEG_HMAC_SHA2_512_256 },
	  .auth = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	  .aad = "dddddddddddddddd",
	  .plain = "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
		   "dddddddddddddddddddd",
	  .icv = "2ee7acd783624ca9398710f3ee05ae41b9f9b0510c87e49e586cc9bf961733d8" },
	{ /* RFC 3566 */
	  { ENCR_NULL, 0, INTEG_AES_XCBC_96 },
	  .auth = "000102030405060708090a0b0c0d0e0f",
	  .aad = "0001020304050607",
	  .plain = "08090a0b0c0d0e0f10111213",
	  .icv = "47f51b4564966215b8985c63" },
	{ /* RFC 4494 */
	  { ENCR_NULL, 0, INTEG_AES_CMAC_96 },
	  .auth = "2b7e151628aed2a6abf7158809cf4f3c",
	  .aad = "6bc1bee22e409f96",
	  .plain = "e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411"
		   "e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
	  .icv = "51f0bebf7e3b9d92fc497417" },
};
const size_t n_esp_kats_separate = ARRAY_SIZE(esp_kats_separate);
