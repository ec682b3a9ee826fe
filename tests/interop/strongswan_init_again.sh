#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# IKE_SA_INIT once more: each side asks the other for a cookie, and for another key exchange
# group; then PFS, where CREATE_CHILD_SA meets another group too.
# shellcheck disable=SC2034
. "$(dirname "$0")/lib.sh"

# Ours asks always; theirs from the first half-open IKE SA on.
CONF_MORE_A='ike { cookie_threshold = 0 }'
SWAN_MORE='cookie_threshold = 1
    half_open_timeout = 5'
# The first group of each side is not the other's.
IKE_A=aes128gcm16-prfsha256-ecp256-x25519
IKE_B=aes128gcm16-prfsha256-x25519
ESP_A=aes128gcm16-x25519-modp2048
ESP_B=aes128gcm16-modp2048

up_and_down() { # COMMAND...
	must "$@"
	tunnel_is_up
	must ping_all hostA 10.2.0.2 10 -i 0.02
}
asked() { sekisho gwA --json counters | grep -q '"COOKIE_ASKED"'; }

lab_with_strongswan
title "we initiate: theirs wants x25519"
up_and_down sekisho gwA up net
must log_says sekishod-gwA 'peer wants key exchange group 31 instead of 19'
must log_says charon-gwB 'DH group ECP_256 unacceptable, requesting CURVE_25519'

title "PFS: we propose x25519 first, they want modp2048"
must gw_rekey
must wait_for 10 "the rekeyed Child SA" log_says sekishod-gwA 'CHILD_SA net\{[0-9]+\} rekeyed .*aes128gcm16-modp2048'
must log_says charon-gwB 'DH group CURVE_25519 unacceptable, requesting MODP_2048'
must wait_for 10 "one pair of SAs" two_sas
must ping_all hostA 10.2.0.2 10 -i 0.02
must sekisho gwA down tunnel
tunnel_is_down

title "we initiate while another IKE SA is half open there: they ask for a cookie"
must on gwA python3 "$(dirname "$0")/half_open.py" 192.0.2.2
up_and_down sekisho gwA up net
must log_says charon-gwB 'parsed IKE_SA_INIT request 0 \[ N\(COOKIE\)'
must sekisho gwA down tunnel
tunnel_is_down

title "they initiate: we ask for a cookie, and for ecp256"
IKE_A=aes128gcm16-prfsha256-ecp256
IKE_B=aes128gcm16-prfsha256-x25519-ecp256
ESP_A=aes128gcm16-modp2048
ESP_B=aes128gcm16-x25519-modp2048
must gw_reload gwA
must swan_reload gwB B
up_and_down swan_up gwB
must log_says charon-gwB 'parsed IKE_SA_INIT response 0 \[ N\(COOKIE\) \]'
must log_says charon-gwB "peer didn't accept key exchange method CURVE_25519, it requested ECP_256|peer didn't accept DH group CURVE_25519, it requested ECP_256"

title "PFS: they propose x25519 first, we want modp2048"
must swan gwB --rekey --child net
must wait_for 10 "the rekeyed Child SA" log_says charon-gwB "it requested MODP_2048"
must wait_for 10 "one pair of SAs" two_sas
must ping_all hostA 10.2.0.2 10 -i 0.02
road_was_safe --min-esp 60
passed
