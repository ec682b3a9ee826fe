#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The bytes of every algorithm that scapy's IPsec layer has, both ways: see worker_esp.sh. It has no
# AES-XCBC, no AES-GMAC, no shorter ICVs of AES-GCM, and no ESN with an integrity algorithm; for
# these there is a kernel's ESP (tests/interop/xfrm_esp_proposals.sh).
. "$(dirname "$0")/worker_lib.sh"

lab_with_worker
WRAP=0xfffffffd # three packets before the low half wraps

bytes() { # NUMBER: as many, in hexadecimal
	local i
	for ((i = 1; i <= $1; i++)); do printf '%02x' $((i * 7 & 255)); done
}

algorithm() { # PROPOSAL BYTES "PEER OPTIONS" AUTH_BYTES FIRST "SADCTL OPTIONS" "PEER OPTIONS"
	local auth_key
	auth_key=$(bytes "$4")
	ENCR=$1 variant "$1 $6" "$(bytes "$2")" "$5" "${auth_key:+auth $auth_key} $6" \
		"$3 --auth-key=$auth_key $7"
}
with() { echo "--crypt $1 --auth $2"; }
aead() { echo "--crypt $1 --icv $2"; }

#         proposal         bytes of key, salt; scapy's names   of auth  first  options of both
algorithm aes192gcm16      28 "$(aead AES-GCM 16)"             0        0      "" ""
algorithm aes128ccm16      19 "$(aead AES-CCM 16)"             0        $WRAP  "esn" "--esn"
algorithm aes192ccm12      27 "$(aead AES-CCM 12)"             0        0      "" ""
algorithm aes256ccm8       35 "$(aead AES-CCM 8)"              0        0      "" ""
algorithm chacha20poly1305 36 "$(aead CHACHA20-POLY1305 16)"   0        $WRAP  "esn" "--esn"
algorithm aes128-sha256    16 "$(with AES-CBC SHA2-256-128)"   32       0      "" ""
algorithm aes192-sha384    24 "$(with AES-CBC SHA2-384-192)"   48       0      "" ""
algorithm aes256-sha512    32 "$(with AES-CBC SHA2-512-256)"   64       5      "encap 4500 4500" "--encap"
algorithm aes128ctr-aescmac 20 "$(with AES-CTR AES-CMAC-96)"   16       0      "" ""
algorithm aes256ctr-sha256 36 "$(with AES-CTR SHA2-256-128)"   32       0      "" ""
algorithm null-sha1        0  "$(with NULL HMAC-SHA1-96)"      20       0      "" ""
algorithm 3des-sha1        24 "$(with 3DES HMAC-SHA1-96)"      20       0      "" ""
TRANSPORT=yes
algorithm aes128-sha256    16 "$(with AES-CBC SHA2-256-128)"   32       0      "" ""
passed
