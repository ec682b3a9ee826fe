/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Known-answer tests of an ESP provider, at least one for each algorithm and key length. Sources:
 * "The Galois/Counter Mode of Operation" (McGrew and Viega, as submitted to NIST), test cases 3, 9
 * and 15; draft-mcgrew-gcm-test-01 section 4, ESP packets with 8 and 12 bytes of AAD, their ICVs
 * cut for the shorter ones, and one with GMAC; RFC 7634 appendix A; RFC 3602 4 case 5; NIST SP
 * 800-38A F.2.3, F.2.5; NIST's example of TDES_CBC; RFC 3686 6 #1, #3, #4, #7; for integrity
 * algorithms with NULL encryption RFC 2202 3, RFC 4868 2.7, RFC 3566 4.6 and RFC 4494 4, their
 * messages as ESP header and text. "Computed": there is no published one for ESP; it was
 * calculated apart from the code here, with Python, like the ICVs of CBC, CTR and 3DES.
 */
#include "crypto/esp_provider.h"

#include <errno.h>
#include <stdlib.h>

#define KAT_TEXT_MAX 96u
#define KAT_FRONT (ESP_HDR_LEN + ESP_IV_MAX)

/* All in hexadecimal, NULL: empty. enc is followed by its salt. cipher NULL: as plain. */
struct kat {
	struct aead_alg alg;
	const char *enc, *auth, *aad, *iv, *plain, *cipher, *icv;
};

static const struct kat kats[] = {
	{ /* GCM specification, test case 3 */
	  { ENCR_AES_GCM_16, 128, INTEG_NONE },
	  .enc = "feffe9928665731c6d6a8f9467308308cafebabe",
	  .iv = "facedbaddecaf888",
	  .plain = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
		   "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
	  .cipher = "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
		    "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985",
	  .icv = "4d5c2af327cd64a62cf35abd2ba6fab4" },
	{ /* test case 9 */
	  { ENCR_AES_GCM_16, 192, INTEG_NONE },
	  .enc = "feffe9928665731c6d6a8f9467308308feffe9928665731ccafebabe",
	  .iv = "facedbaddecaf888",
	  .plain = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
		   "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
	  .cipher = "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c"
		    "7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda2710acade256",
	  .icv = "9924a7c8587336bfb118024db8674a14" },
	{ /* test case 15 */
	  { ENCR_AES_GCM_16, 256, INTEG_NONE },
	  .enc = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
		 "cafebabe",
	  .iv = "facedbaddecaf888",
	  .plain = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
		   "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
	  .cipher = "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
		    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
	  .icv = "b094dac5d93471bdec1a502270e3cc6c" },
	{ /* ESP */
	  { ENCR_AES_GCM_16, 128, INTEG_NONE },
	  .enc = "feffe9928665731c6d6a8f9467308308cafebabe",
	  .aad = "0000a5f80000000a",
	  .iv = "facedbaddecaf888",
	  .plain = "4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d00100"
		   "0001000000000000037369700963796265726369747902646b00000100010001",
	  .cipher = "deb22cd9b07c72c16e3a65beeb8df304a5a5897d33ae530f1ba76d5d114d2a5c"
		    "3de81827c10e9a4f51330d0eec416642cfbb85a5b47e48a4ec3b9ba95d918bd1",
	  .icv = "83b70d3aa8bc6ee4c309e9d85a41ad4a" },
	{ /* ESP */
	  { ENCR_AES_GCM_12, 128, INTEG_NONE },
	  .enc = "feffe9928665731c6d6a8f9467308308cafebabe",
	  .aad = "0000a5f80000000a",
	  .iv = "facedbaddecaf888",
	  .plain = "4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d00100"
		   "0001000000000000037369700963796265726369747902646b00000100010001",
	  .cipher = "deb22cd9b07c72c16e3a65beeb8df304a5a5897d33ae530f1ba76d5d114d2a5c"
		    "3de81827c10e9a4f51330d0eec416642cfbb85a5b47e48a4ec3b9ba95d918bd1",
	  .icv = "83b70d3aa8bc6ee4c309e9d8" },
	{ /* ESP */
	  { ENCR_AES_GCM_8, 128, INTEG_NONE },
	  .enc = "feffe9928665731c6d6a8f9467308308cafebabe",
	  .aad = "0000a5f80000000a",
	  .iv = "facedbaddecaf888",
	  .plain = "4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d00100"
		   "0001000000000000037369700963796265726369747902646b00000100010001",
	  .cipher = "deb22cd9b07c72c16e3a65beeb8df304a5a5897d33ae530f1ba76d5d114d2a5c"
		    "3de81827c10e9a4f51330d0eec416642cfbb85a5b47e48a4ec3b9ba95d918bd1",
	  .icv = "83b70d3aa8bc6ee4" },
	{ /* ESP */
	  { ENCR_AES_GCM_16, 256, INTEG_NONE },
	  .enc = "abbccddef00112233445566778899aababbccddef00112233445566778899aab"
		 "11223344",
	  .aad = "4a2cbfe300000002",
	  .iv = "0102030405060708",
	  .plain = "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee000000000"
		   "7002400020bf0000020405b40101040201020201",
	  .cipher = "ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763"
		    "748a637985771d347f0545659f14e99def842d8e",
	  .icv = "b335f4eecfdbf831824b4c4915956c96" },
	{ /* ESP */
	  { ENCR_AES_GCM_12, 256, INTEG_NONE },
	  .enc = "abbccddef00112233445566778899aababbccddef00112233445566778899aab"
		 "11223344",
	  .aad = "4a2cbfe300000002",
	  .iv = "0102030405060708",
	  .plain = "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee000000000"
		   "7002400020bf0000020405b40101040201020201",
	  .cipher = "ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763"
		    "748a637985771d347f0545659f14e99def842d8e",
	  .icv = "b335f4eecfdbf831824b4c49" },
	{ /* ESP */
	  { ENCR_AES_GCM_8, 256, INTEG_NONE },
	  .enc = "abbccddef00112233445566778899aababbccddef00112233445566778899aab"
		 "11223344",
	  .aad = "4a2cbfe300000002",
	  .iv = "0102030405060708",
	  .plain = "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee000000000"
		   "7002400020bf0000020405b40101040201020201",
	  .cipher = "ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763"
		    "748a637985771d347f0545659f14e99def842d8e",
	  .icv = "b335f4eecfdbf831" },
	{ /* ESP with ESN */
	  { ENCR_AES_GCM_16, 128, INTEG_NONE },
	  .enc = "4c80cdefbb5d10da906ac73c3613a6342e443b68",
	  .aad = "000043218765432100000000",
	  .iv = "4956ed7e3b244cfe",
	  .plain = "45000048699a000080114db7c0a80102c0a801010a9bf15638d3010000010000"
		   "00000000045f736970045f756470037369700963796265726369747902646b00"
		   "0021000101020201",
	  .cipher = "fecf537e729d5b07dc30df528dd22b768d1b98736696a6fd348509fa13ceac34"
		    "cfa2436f14a3f3cf65925bf1f4a13c5d15b21e1884f5ff6247aeabb786b93bce"
		    "61bc17d768fd9732",
	  .icv = "459018148f6cbe722fd04796562dfdb4" },
	{ /* computed */
	  { ENCR_AES_GCM_12, 192, INTEG_NONE },
	  .enc = "feffe9928665731c6d6a8f9467308308feffe9928665731ccafebabe",
	  .aad = "0000a5f80000000a",
	  .iv = "facedbaddecaf888",
	  .plain = "4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d00100"
		   "0001000000000000037369700963796265726369747902646b00000100010001",
	  .cipher = "a5b1f810ad0beea4ce4ebecde87700cfc391b4b8b9432e6b4ce380ca34406aee"
		    "614a3195542ccc7680ddfa4c888ff300ccfaca17f197c0ea1db95c28b6033002",
	  .icv = "72b7306b4afd7dedd8d66122" },
	{ /* computed */
	  { ENCR_AES_GCM_8, 192, INTEG_NONE },
	  .enc = "feffe9928665731c6d6a8f9467308308feffe9928665731ccafebabe",
	  .aad = "0000a5f80000000a",
	  .iv = "facedbaddecaf888",
	  .plain = "4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d00100"
		   "0001000000000000037369700963796265726369747902646b00000100010001",
	  .cipher = "a5b1f810ad0beea4ce4ebecde87700cfc391b4b8b9432e6b4ce380ca34406aee"
		    "614a3195542ccc7680ddfa4c888ff300ccfaca17f197c0ea1db95c28b6033002",
	  .icv = "72b7306b4afd7ded" },
	{ /* GMAC published */
	  { ENCR_NULL_AUTH_AES_GMAC, 128, INTEG_NONE },
	  .enc = "4c80cdefbb5d10da906ac73c3613a63422433c64",
	  .aad = "0000432100000007",
	  .iv = "0000000000000000",
	  .plain = "45000030da3a00008001df3bc0a80005c0a800010800c6cd0200070061626364"
		   "65666768696a6b6c6d6e6f707172737401020201",
	  .icv = "f2a9a836e155106aa8dcd618e4099aaa" },
	{ /* GMAC computed */
	  { ENCR_NULL_AUTH_AES_GMAC, 128, INTEG_NONE },
	  .enc = "feffe9928665731c6d6a8f9467308308cafebabe",
	  .aad = "0000a5f80000000a",
	  .iv = "facedbaddecaf888",
	  .plain = "4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d00100"
		   "0001000000000000037369700963796265726369747902646b00000100010001",
	  .icv = "6d4ae638829f7397045f7c6c65ead02d" },
	{ /* GMAC computed */
	  { ENCR_NULL_AUTH_AES_GMAC, 192, INTEG_NONE },
	  .enc = "feffe9928665731c6d6a8f9467308308feffe9928665731ccafebabe",
	  .aad = "0000a5f80000000a",
	  .iv = "facedbaddecaf888",
	  .plain = "4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d00100"
		   "0001000000000000037369700963796265726369747902646b00000100010001",
	  .icv = "5e0c5be0db17a309266800b051ed515e" },
	{ /* GMAC computed */
	  { ENCR_NULL_AUTH_AES_GMAC, 256, INTEG_NONE },
	  .enc = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
		 "cafebabe",
	  .aad = "0000a5f80000000a",
	  .iv = "facedbaddecaf888",
	  .plain = "4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d00100"
		   "0001000000000000037369700963796265726369747902646b00000100010001",
	  .icv = "8f747b7c9b834d2a8d16ea80f411132a" },
	{ /* GMAC ESN computed */
	  { ENCR_NULL_AUTH_AES_GMAC, 128, INTEG_NONE },
	  .enc = "4c80cdefbb5d10da906ac73c3613a6342e443b68",
	  .aad = "000043218765432100000000",
	  .iv = "4956ed7e3b244cfe",
	  .plain = "45000048699a000080114db7c0a80102c0a801010a9bf15638d3010000010000"
		   "00000000045f736970045f756470037369700963796265726369747902646b00"
		   "0021000101020201",
	  .icv = "5156ca512961c33fada1b5e44cef79d6" },
	{ /* CCM computed */
	  { ENCR_AES_CCM_16, 128, INTEG_NONE },
	  .enc = "1e2c7e01419aefc00d58966e5ca24bd34fa319",
	  .aad = "000043218765432100000000",
	  .iv = "4956ed7e3b244cfe",
	  .plain = "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee000000000"
		   "7002400020bf0000020405b40101040201020201",
	  .cipher = "c68b0307f233dcdcd97b93f49afd34da3ecfbbeadb405dac77518d1e9c1e2507"
		    "35b7d1dcaf04f272458550532304bcd738f3a45f",
	  .icv = "1e80a8c01fc0b667a9e227bd62e7e5e7" },
	{ /* CCM computed */
	  { ENCR_AES_CCM_12, 128, INTEG_NONE },
	  .enc = "1e2c7e01419aefc00d58966e5ca24bd34fa319",
	  .aad = "0000a5f80000000a",
	  .iv = "4956ed7e3b244cfe",
	  .plain = "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee000000000"
		   "7002400020bf0000020405b40101040201020201",
	  .cipher = "c68b0307f233dcdcd97b93f49afd34da3ecfbbeadb405dac77518d1e9c1e2507"
		    "35b7d1dcaf04f272458550532304bcd738f3a45f",
	  .icv = "0bc5fb6bed0dd0aadfa1c03c" },
	{ /* CCM computed */
	  { ENCR_AES_CCM_8, 128, INTEG_NONE },
	  .enc = "1e2c7e01419aefc00d58966e5ca24bd34fa319",
	  .aad = "0000a5f80000000a",
	  .iv = "4956ed7e3b244cfe",
	  .plain = "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee000000000"
		   "7002400020bf0000020405b40101040201020201",
	  .cipher = "c68b0307f233dcdcd97b93f49afd34da3ecfbbeadb405dac77518d1e9c1e2507"
		    "35b7d1dcaf04f272458550532304bcd738f3a45f",
	  .icv = "262f49bd05f9b756" },
	{ /* CCM computed */
	  { ENCR_AES_CCM_16, 192, INTEG_NONE },
	  .enc = "56df5c8f263f0e42ef7ad3cefc846062cab440af5fc9c9014fa319",
	  .aad = "000043218765432100000000",
	  .iv = "4956ed7e3b244cfe",
	  .plain = "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee000000000"
		   "7002400020bf0000020405b40101040201020201",
	  .cipher = "c18eb82fbad796bab9b696d1f616e058ec727710c71c46eb6d8aaea65c031a33"
		    "f47318ae2996d41bf884400670af423efaca1ba5",
	  .icv = "d573ecfc32a8a5d92dafad2636131f55" },
	{ /* CCM computed */
	  { ENCR_AES_CCM_12, 192, INTEG_NONE },
	  .enc = "56df5c8f263f0e42ef7ad3cefc846062cab440af5fc9c9014fa319",
	  .aad = "0000a5f80000000a",
	  .iv = "4956ed7e3b244cfe",
	  .plain = "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee000000000"
		   "7002400020bf0000020405b40101040201020201",
	  .cipher = "c18eb82fbad796bab9b696d1f616e058ec727710c71c46eb6d8aaea65c031a33"
		    "f47318ae2996d41bf884400670af423efaca1ba5",
	  .icv = "500aff0e42c40806897802d0" },
	{ /* CCM computed */
	  { ENCR_AES_CCM_8, 192, INTEG_NONE },
	  .enc = "56df5c8f263f0e42ef7ad3cefc846062cab440af5fc9c9014fa319",
	  .aad = "0000a5f80000000a",
	  .iv = "4956ed7e3b244cfe",
	  .plain = "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee000000000"
		   "7002400020bf0000020405b40101040201020201",
	  .cipher = "c18eb82fbad796bab9b696d1f616e058ec727710c71c46eb6d8aaea65c031a33"
		    "f47318ae2996d41bf884400670af423efaca1ba5",
	  .icv = "0d9f3ff0a2c876a9" },
	{ /* CCM computed */
	  { ENCR_AES_CCM_16, 256, INTEG_NONE },
	  .enc = "7cc8183b8d99e07c4541b8bd5ca7c2328ab80259a4fea92c09759a9b3c9b2739"
		 "4fa319",
	  .aad = "000043218765432100000000",
	  .iv = "4956ed7e3b244cfe",
	  .plain = "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee000000000"
		   "7002400020bf0000020405b40101040201020201",
	  .cipher = "a2f32d7ca726a4232a28dd9554bba41b5591d8abe368ea78e4fbf2e8b27eebe3"
		    "8997587bc742420dcf3ae9111a9cd3b2d58bf933",
	  .icv = "7c3b2342e42eb6fea606ab57f404ba1c" },
	{ /* CCM computed */
	  { ENCR_AES_CCM_12, 256, INTEG_NONE },
	  .enc = "7cc8183b8d99e07c4541b8bd5ca7c2328ab80259a4fea92c09759a9b3c9b2739"
		 "4fa319",
	  .aad = "0000a5f80000000a",
	  .iv = "4956ed7e3b244cfe",
	  .plain = "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee000000000"
		   "7002400020bf0000020405b40101040201020201",
	  .cipher = "a2f32d7ca726a4232a28dd9554bba41b5591d8abe368ea78e4fbf2e8b27eebe3"
		    "8997587bc742420dcf3ae9111a9cd3b2d58bf933",
	  .icv = "bba331ab9109361e17088939" },
	{ /* CCM computed */
	  { ENCR_AES_CCM_8, 256, INTEG_NONE },
	  .enc = "7cc8183b8d99e07c4541b8bd5ca7c2328ab80259a4fea92c09759a9b3c9b2739"
		 "4fa319",
	  .aad = "0000a5f80000000a",
	  .iv = "4956ed7e3b244cfe",
	  .plain = "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee000000000"
		   "7002400020bf0000020405b40101040201020201",
	  .cipher = "a2f32d7ca726a4232a28dd9554bba41b5591d8abe368ea78e4fbf2e8b27eebe3"
		    "8997587bc742420dcf3ae9111a9cd3b2d58bf933",
	  .icv = "a288a512a7a0ff03" },
	{ /* RFC 7634 */
	  { ENCR_CHACHA20_POLY1305, 0, INTEG_NONE },
	  .enc = "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
		 "a0a1a2a3",
	  .aad = "0102030400000005",
	  .iv = "1011121314151617",
	  .plain = "45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec10"
		   "0007362708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223"
		   "2425262728292a2b2c2d2e2f303132333435363701020204",
	  .cipher = "24039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c6"
		    "14ee8099d52844eb61aa95dfab4c02f72aa71e7c4c4f64c9befe2facc638e8f3"
		    "cbec163fac469b502773f6fb94e664da9165b82829f641e0",
	  .icv = "76aaa8266b7fb0f7b11b369907e1ad43" },
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

static size_t unhex(const char *hex, uint8_t *out)
{
	size_t n = hex ? strlen(hex) / 2 : 0;

	for (size_t i = 0; i < n; i++) {
		char byte[3] = { hex[2 * i], hex[2 * i + 1], 0 };
		out[i] = (uint8_t)strtoul(byte, NULL, 16);
	}
	return n;
}

/* The packet of a vector, as often as a library may have lanes, and once more: what is right for
 * one job may be wrong for several. */
#define KAT_COPIES 17u

struct trial {
	struct esp_job job[KAT_COPIES];
	size_t n; /* of them in a batch */
	uint8_t packet[KAT_COPIES][KAT_FRONT + KAT_TEXT_MAX + ESP_ICV_MAX];
	uint8_t plain[KAT_TEXT_MAX], cipher[KAT_TEXT_MAX], icv[ESP_ICV_MAX];
};

/* Every packet as the vector has it, with its plain text or its ciphertext and ICV. */
static void trial_set(struct trial *t, const uint8_t *text)
{
	for (struct esp_job *j = t->job; j < t->job + t->n; j++) {
		uint8_t *esp = j->text - j->key->iv_len - ESP_HDR_LEN;

		if (j->aad_len >= ESP_HDR_LEN) {
			memcpy(esp, j->aad, 4);
			memcpy(esp + 4, j->aad + j->aad_len - 4, 4);
		}
		memcpy(esp + ESP_HDR_LEN, j->iv, j->key->iv_len);
		memcpy(j->text, text, j->text_len);
		memcpy(j->icv, t->icv, j->key->icv_len);
	}
}

static bool seals(const struct esp_provider *p, struct trial *t)
{
	bool ok = true;

	trial_set(t, t->plain);
	for (struct esp_job *j = t->job; j < t->job + t->n; j++)
		memset(j->icv, 0, j->key->icv_len);
	p->seal(t->job, t->n);
	for (const struct esp_job *j = t->job; j < t->job + t->n; j++)
		ok = ok && j->result == 0 && memcmp(j->text, t->cipher, j->text_len) == 0 &&
		     memcmp(j->icv, t->icv, j->key->icv_len) == 0;
	return ok;
}

static bool opens(const struct esp_provider *p, struct trial *t)
{
	bool ok = true;

	trial_set(t, t->cipher);
	p->open(t->job, t->n);
	for (const struct esp_job *j = t->job; j < t->job + t->n; j++)
		ok = ok && j->result == 0 && memcmp(j->text, t->plain, j->text_len) == 0;
	return ok;
}

/* Every second packet has one bit changed. */
static bool refuses(const struct esp_provider *p, struct trial *t)
{
	bool ok = true;

	trial_set(t, t->cipher);
	for (size_t i = 0; i < t->n; i += 2)
		t->job[i].text[t->job[i].text_len - 1] ^= 1;
	p->open(t->job, t->n);
	for (size_t i = 0; i < t->n; i++)
		ok = ok && t->job[i].result == (i % 2 ? 0 : -EBADMSG);
	return ok;
}

static void trial_init(struct trial *t, const struct kat *kat, struct esp_key *key)
{
	struct esp_job job = { .key = key };

	memset(t, 0, sizeof(*t));
	job.aad_len = (uint16_t)unhex(kat->aad, job.aad);
	job.text_len = (uint32_t)unhex(kat->plain, t->plain);
	unhex(kat->iv, job.iv);
	unhex(kat->cipher ? kat->cipher : kat->plain, t->cipher);
	unhex(kat->icv, t->icv);
	for (size_t i = 0; i < KAT_COPIES; i++) {
		job.text = t->packet[i] + KAT_FRONT;
		job.icv = job.text + job.text_len;
		t->job[i] = job;
	}
}

static bool passes(const struct esp_provider *p, struct trial *t, size_t n)
{
	t->n = n;
	return seals(p, t) && opens(p, t) && refuses(p, t);
}

static int kat_run(const struct esp_provider *p, const struct kat *kat)
{
	uint8_t enc[36], auth[64];
	struct reader enc_key = rd_from(enc, unhex(kat->enc, enc));
	struct reader auth_key = rd_from(auth, unhex(kat->auth, auth));
	struct esp_key *key;
	struct trial t;
	int err = esp_key_new(p, kat->alg, enc_key, auth_key, &key);

	if (err)
		return err;
	trial_init(&t, kat, key);
	bool ok = strlen(kat->icv) == 2u * key->icv_len && passes(p, &t, 1) &&
		  passes(p, &t, KAT_COPIES);
	esp_key_free(key);
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
