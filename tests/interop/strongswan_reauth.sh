#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Reauthentication, make before break (RFC 7296 2.8.3), by the side that initiated, during 200
# packets per second: every one is answered, but for those that overtake IKE_AUTH.
# shellcheck disable=SC2034
. "$(dirname "$0")/lib.sh"

SWAN_MORE='make_before_break = yes'

one_ike() { [ "$(swan gwB --list-sas --raw | grep -o 'state=ESTABLISHED' | wc -l)" = 1 ]; }

# reauth_by COMMAND...: under traffic.
reauth_by() {
	local before
	before=$(sad_spis gwA)
	steady_start hostA 10.2.0.2 800
	sleep 1
	must "$@"
	must steady_end 15 "$OVERTAKING"
	must wait_for 10 "the old SAs' end" two_sas
	must wait_for 5 "the old IKE SA's end" one_ike
	must_not same "SPIs" "$before" "$(sad_spis gwA)" 2>/dev/null
	must same "SPIs" "$(sad_spis gwA)" "$(swan_spis gwB)"
}

lab_with_strongswan
title "we initiated: reauthentication by us"
must sekisho gwA up net
tunnel_is_up
reauth_by gw_reauth
must log_says sekishod-gwA 'tunnel\[1\] reauthenticated: IKE_SA \[2\] has taken over'

title "they initiated: reauthentication by them"
must sekisho gwA down tunnel
tunnel_is_down
must swan_up gwB
tunnel_is_up
reauth_by swan gwB --rekey --ike tunnel --reauth
road_was_safe --min-esp 3000
passed
