#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# ML-KEM with strongSwan 6, alone and as additional key exchange (RFC 9370), in IKE_SA_INIT,
# IKE_INTERMEDIATE, CREATE_CHILD_SA and IKE_FOLLOWUP_KE; also in many small fragments. Debian 13's
# packages of strongSwan have it in no plugin, those of 12 are too old, and so is its OpenSSL:
# scripts/debian13.sh makes a machine where this runs.
# shellcheck disable=SC2034
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/more_keys.sh"
ELSEWHERE="'scripts/debian13.sh mlkem' runs this in a Debian 13 of its own"
[[ $(swanctl --version 2>&1) =~ strongSwan\ [6-9] ]] || skip "strongSwan 6 is not installed; $ELSEWHERE"
openssl list -kem-algorithms 2>/dev/null | grep -q ML-KEM-768 || skip "this OpenSSL has no ML-KEM; $ELSEWHERE"

reload() { gw_reload gwA >/dev/null && swan_reload gwB B; }
swan_knows() {
	STRONGSWAN_CONF=$LAB_DIR/gwB.strongswan.conf on gwB "$LAB_DIR/swanctl" --list-algs \
		--uri "$(swan_uri gwB)" | grep -q "$1"
}

keys_are x25519-ke1_mlkem768
lab_with_strongswan
swan_knows ML_KEM_768 || skip "this strongSwan has no ML-KEM; $ELSEWHERE"
either_side_initiates
for kes in x25519-ke1_mlkem512 ecp256-ke1_mlkem1024 x25519-ke1_mlkem768-ke2_mlkem1024-ke3_ecp384 \
	mlkem512 mlkem768 mlkem1024 mlkem768-ke1_x25519; do
	keys_are "$kes"
	must reload
	either_side_initiates
done
must log_says charon-gwB 'IKE_FOLLOWUP_KE'

title "in fragments of 200 bytes"
must stop charon-gwB
SWAN_MORE='fragment_size = 200' must swan_start gwB B
CONF_MORE_A='ike { fragment_size = 200 }'
keys_are x25519-ke1_mlkem1024-ke2_mlkem512
must reload
either_side_initiates
must log_says charon-gwB 'splitting IKE message .* into 1[0-9] fragments'
must log_says charon-gwB 'received fragment #1 of 1[0-9]'
road_was_safe --min-esp 10
passed
