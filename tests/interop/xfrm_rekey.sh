#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Child rekey from either side, whoever initiated the IKE SA, during 200 packets per second:
# every one is answered, and the SPIs are new afterwards.
. "$(dirname "$0")/lib.sh"

# rekey_by COMMAND...: under traffic.
rekey_by() {
	local before
	before=$(sad_spis gwA)
	steady_start hostA 10.2.0.2 800
	sleep 1
	must "$@"
	must steady_end 15
	must wait_for 5 "the old SAs' end" two_sas
	must_not same "SPIs" "$before" "$(sad_spis gwA)" 2>/dev/null
	must same "SPIs" "$(sad_spis gwA)" "$(swan_spis gwB)"
}

lab_with_strongswan
title "we initiated: rekey by us, then by them, then by us again"
must sekisho gwA up net
tunnel_is_up
rekey_by gw_rekey
rekey_by swan gwB --rekey --child net
rekey_by gw_rekey

title "they initiated: rekey by them, then by us"
must sekisho gwA down tunnel
tunnel_is_down
must swan_up gwB
tunnel_is_up
rekey_by swan gwB --rekey --child net
rekey_by gw_rekey
road_was_safe --min-esp 8000
passed
