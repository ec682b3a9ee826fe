/* SPDX-License-Identifier: BSD-2-Clause */
/* IANA's IKEv2 numbers that more than one room names (RFC 7296 3.3.2, 3.5, RFC 8247). */
#ifndef SEKISHO_IKE_NUM_H
#define SEKISHO_IKE_NUM_H

enum transform_type {
	TRANSFORM_ENCR = 1,
	TRANSFORM_PRF = 2,
	TRANSFORM_INTEG = 3,
	TRANSFORM_KE = 4,
	TRANSFORM_ESN = 5,
};

enum encr_id {
	ENCR_AES_CBC = 12,
	ENCR_AES_GCM_16 = 20,
};

enum prf_id {
	PRF_HMAC_SHA2_256 = 5,
	PRF_HMAC_SHA2_384 = 6,
	PRF_HMAC_SHA2_512 = 7,
};

enum integ_id {
	INTEG_NONE = 0,
	INTEG_HMAC_SHA2_256_128 = 12,
	INTEG_HMAC_SHA2_384_192 = 13,
	INTEG_HMAC_SHA2_512_256 = 14,
};

enum ke_id {
	KE_NONE = 0,
	KE_MODP_2048 = 14,
	KE_ECP_256 = 19,
	KE_X25519 = 31,
};

enum esn_id {
	ESN_NO = 0,
	ESN_YES = 1,
};

enum protocol_id {
	PROTO_IKE = 1,
	PROTO_AH = 2,
	PROTO_ESP = 3,
};

enum id_type {
	ID_IPV4_ADDR = 1,
	ID_FQDN = 2,
	ID_RFC822_ADDR = 3,
	ID_IPV6_ADDR = 5,
	ID_DER_ASN1_DN = 9,
	ID_KEY_ID = 11,
};

#endif
