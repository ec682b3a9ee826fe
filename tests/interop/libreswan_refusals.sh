#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What people read when a tunnel with Libreswan does not come up, whoever initiates.
# shellcheck disable=SC2034
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pluto.sh"

PLUTO_MORE='retransmit-timeout=1s'

log_length() { wc -l <"$LAB_DIR/sekishod-gwA.log"; }
said_since() { tail -n "+$(($1 + 1))" "$LAB_DIR/sekishod-gwA.log" | grep -qE -- "$2"; } # MARK REGEX

# refused WHAT REGEX-INITIATE REGEX-RESPOND: with the variables as they are.
refused() {
	local mark
	title "$1"
	must gw_reload gwA
	must pluto_load
	mark=$(log_length)
	must_not sekisho gwA up net
	must said_since "$mark" "$2"
	pluto ipsec whack --terminate --name tunnel
	must wait_for 5 "gwB without an IKE SA" pluto_has_no_sa
	mark=$(log_length)
	pluto timeout 3 ipsec whack --initiate --name tunnel 2>/dev/null
	must said_since "$mark" "$3"
	must_not gw_has_child gwA
	pluto ipsec whack --delete --name tunnel
	sekisho gwA down tunnel >/dev/null 2>&1
}

lab_with_libreswan

PSK_B='another secret, of no value either' refused "another secret" \
	'peer refuses IKE_AUTH: AUTHENTICATION_FAILED \(24\), we are gwA.example and want gwB.example' \
	'authentication of peer gwB.example failed: AUTH is wrong \(is the pre-shared key the same\?\)'

PLUTO_PEER=@gwX.example refused "they want another identity" \
	'peer refuses IKE_AUTH: AUTHENTICATION_FAILED \(24\), we are gwA.example and want gwB.example' \
	'ours: gwA.example for gwB.example; theirs: gwX.example for gwB.example; first difference: whom it wants us to be'

PLUTO_IKE=aes256-sha2_512-dh19 refused "nothing in common for IKE" \
	'refuses IKE_SA_INIT: NO_PROPOSAL_CHOSEN \(14\), we offer aes128gcm16-prfsha256-x25519' \
	'theirs: aes256-prfsha512-sha512-ecp256; first difference: encryption, we want aes128gcm16, they aes256'

PLUTO_ESP=aes256-sha2_256 refused "nothing in common for ESP" \
	'CHILD_SA net was refused: NO_PROPOSAL_CHOSEN \(14\), we offer aes128gcm16-noesn' \
	'NO_PROPOSAL_CHOSEN \(net\): ours: aes128gcm16-noesn; theirs: aes256-sha256.*; first difference: encryption'

PLUTO_NETS='leftsubnet=10.8.0.0/24
    rightsubnet=10.1.0.0/24' refused "other selectors" \
	'CHILD_SA net was refused: TS_UNACCEPTABLE \(38\), we offer 10.1.0.0/24 === 10.2.0.0/24' \
	'theirs: 10.1.0.0/24 === 10.8.0.0/24; first difference: remote selectors'

title "we refuse them after they let us in: nothing is left with them"
must pluto_load
ID_B=gwX.example must gw_reload gwA
must_not sekisho gwA up net
must log_says sekishod-gwA 'authentication of peer gwB.example failed: we want gwX.example'
must wait_for 5 "gwB without an IKE SA" pluto_has_no_sa

title "all is well again"
must gw_reload gwA
must pluto_up
both_up
carries
road_was_safe --min-esp 20
passed
