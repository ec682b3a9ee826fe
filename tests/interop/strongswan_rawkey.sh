#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Raw public keys (RFC 7670): no certificate on either side, both roles; and a key that is not
# the one that is known.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/certs.sh"

raw_keys() { # KIND
	for side in A B; do
		new_key "gw$side" "$1"
		openssl pkey -in "$PKI/gw$side.key" -pubout -out "$PKI/gw$side.pub"
	done
	for to in "$LAB_DIR" "$SWAN_DIR"; do
		cp "$PKI"/gw?.pub "$to/pubkey/"
	done
	cp -p "$PKI/gwA.key" "$LAB_DIR/private/"
	cp -p "$PKI/gwB.key" "$SWAN_DIR/private/"
	AUTH_A=pubkey AUTH_B=pubkey
	LOCAL_A="pubkeys = gwA.pub" LOCAL_B="pubkeys = gwB.pub"
	REMOTE_A="pubkeys = gwB.pub" REMOTE_B="pubkeys = gwA.pub"
}

need_programs
lab_new
lab_sites
lab_road
certs_new
raw_keys ecdsa
must capture_start road
must swan_start gwB B
must gw_start gwA
for kind in ecdsa rsa ed25519; do
	title "$kind"
	raw_keys $kind
	reload_both
	both_roles
done

title "another key than the one we know"
new_key gwX ed25519
openssl pkey -in "$PKI/gwX.key" -pubout -out "$LAB_DIR/pubkey/gwB.pub"
reload_both
neither_role "gwB.example failed: its (signature is wrong|raw public key is none)" \
	"gwB.example failed: its (signature is wrong|raw public key is none)"
road_was_safe
passed
