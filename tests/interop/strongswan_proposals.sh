#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The algorithms of the IKE SA, each at least once, with strongSwan as responder and as initiator:
# both name the same proposal afterwards, and one ping both ways shows that both have the same keys
# for the Child SA. PROPOSALS="..." tries others. Those of ESP: strongswan_esp_proposals.sh.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/proposals.sh"

# As strongSwan's keywords and ours alike; the PRF is always named.
PROPOSALS=${PROPOSALS:-"
aes128gcm16-prfsha256-x25519       aes192gcm16-prfsha384-x448
aes256gcm16-prfsha512-ecp256       aes128gcm12-prfsha256-ecp384
aes192gcm12-prfsha1-ecp521         aes256gcm12-prfaesxcbc-ecp256bp
aes128gcm8-prfaescmac-ecp384bp     aes192gcm8-prfsha256-ecp512bp
aes256gcm8-prfsha256-modp2048      aes128ccm16-prfsha256-modp3072
aes192ccm16-prfsha256-modp4096     aes256ccm16-prfsha256-modp6144
aes128ccm12-prfsha256-modp8192     aes192ccm12-prfsha384-x25519
aes256ccm12-prfsha512-x25519       aes128ccm8-prfaesxcbc-x25519
aes192ccm8-prfaescmac-x25519       aes256ccm8-prfsha1-x25519
chacha20poly1305-prfsha256-x25519  chacha20poly1305-prfaesxcbc-x448
aes128-sha256-prfsha256-x25519     aes192-sha384-prfsha384-x25519
aes256-sha512-prfsha512-x25519     aes128-sha1-prfsha1-x25519
aes192-aesxcbc-prfaesxcbc-x25519   aes256-aescmac-prfaescmac-x25519
aes128ctr-sha256-prfsha256-x25519  aes192ctr-aesxcbc-prfaesxcbc-x25519
aes256ctr-aescmac-prfaescmac-x25519 3des-sha1-prfsha1-modp2048
3des-sha256-prfsha256-x25519"}

# strongSwan 6 has additional key exchanges (RFC 9370) in IKE_INTERMEDIATE (RFC 9242). ML-KEM takes
# its plugin ml (which Debian 13 does not build) and our OpenSSL 3.5.
if [[ $(swanctl --version 2>&1) =~ strongSwan\ [6-9] ]]; then
	PROPOSALS+=" aes128gcm16-prfsha256-x25519-ke1_ecp384
		aes256-sha384-prfsha384-x25519-ke1_modp3072-ke2_x448
		aes128ctr-aesxcbc-prfaesxcbc-ecp256-ke1_x25519
		aes256gcm16-prfsha512-x25519-ke1_modp8192-ke2_ecp521-ke3_ecp256bp-ke4_x448"
	if [ -e /usr/lib/ipsec/plugins/libstrongswan-ml.so ]; then
		SWAN_PLUGINS+=" ml"
		PROPOSALS+=" aes256gcm16-prfsha384-x25519-ke1_mlkem768
			aes256gcm16-prfsha384-x25519-ke1_mlkem512-ke2_mlkem1024"
	fi
fi

# The line with the algorithms of the IKE SA, which both write alike: "AES_CBC-128/HMAC...".
algorithms() { grep -m 1 -oE '(AES|CHACHA20|3DES)_[A-Z0-9_-]+/[^ ]+'; }

works() { # WHO PROPOSAL
	local ours theirs
	must wait_for 5 "$1's $2 on gwA" gw_has_child gwA
	must wait_for 5 "$1's $2 on gwB" swan_has_child gwB
	ours=$(sekisho gwA sas | algorithms)
	theirs=$(swan gwB --list-sas | algorithms)
	must same "algorithms of $2" "$ours" "$theirs"
	must ping_all hostA 10.2.0.2 1
	say "  $1: $2: $ours"
}

lab_with_strongswan
for TUNNEL_IKE in $PROPOSALS; do
	both_ways "$TUNNEL_IKE"
done
road_was_safe --min-esp 10
passed
