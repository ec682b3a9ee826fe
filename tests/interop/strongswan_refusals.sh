#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What people read when it does not come up: no algorithms in common, IKEv1. The last error stays
# in `sekisho status`.
# shellcheck disable=SC2034
. "$(dirname "$0")/lib.sh"

last_error_is() { # PATTERN
	sekisho gwA --json status | python3 -c 'import json, sys
sys.exit(sys.argv[1] not in json.load(sys.stdin)["connections"][0].get("last_error", ""))' "$1"
}

lab_with_strongswan
title "nothing in common for IKE"
IKE_B=aes256-sha384-ecp256 must swan_reload gwB B
must_not swan_up gwB 2>/dev/null
must log_says sekishod-gwA 'tunnel\[1\] .*NO_PROPOSAL_CHOSEN: ours: aes128gcm16-prfsha256-x25519; theirs: aes256-sha384-prfsha384-ecp256; first difference: encryption, we want aes128gcm16, they aes256'
must last_error_is 'first difference: encryption'
must_not sekisho gwA up net
must last_error_is 'refuses IKE_SA_INIT: NO_PROPOSAL_CHOSEN'

title "nothing in common for ESP"
ESP_B=aes256-sha256 must swan_reload gwB B
must_not swan_up gwB 2>/dev/null
must last_error_is 'NO_PROPOSAL_CHOSEN (net): ours: aes128gcm16-noesn; theirs: aes256-sha256-noesn; first difference: encryption'
must swan gwB --terminate --ike tunnel

title "IKEv1"
VERSION_B=1 must swan_reload gwB B
must_not swan_up gwB 2>/dev/null
must log_says sekishod-gwA 'peer 192.0.2.2 speaks IKEv1, only IKEv2 is spoken here: INVALID_MAJOR_VERSION'
must log_says charon-gwB 'received unencrypted informational: from 192.0.2.1'

title "all is well again"
must swan_reload gwB B
must swan_up gwB
tunnel_is_up
must ping_all hostA 10.2.0.2 5 -i 0.02
road_was_safe --min-esp 8
passed
