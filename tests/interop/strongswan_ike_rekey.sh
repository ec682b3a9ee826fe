#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The rekey of the IKE SA from either side, whoever initiated it, during 200 packets per second:
# every one is answered, the Child SA stays, and the new IKE SA rekeys and deletes it.
. "$(dirname "$0")/lib.sh"

ike_spis() { sekisho gwA --json sas | grep -oE '"ike_spi_[ir]": *"[^"]+"' | sort; }
one_ike_sa() { [ "$(swan gwB --list-sas | grep -c '^tunnel: .*ESTABLISHED')" = 1 ]; }

rekey_by() { # COMMAND...: under traffic
	local before child
	before=$(ike_spis)
	must [ -n "$before" ]
	child=$(sad_spis gwA)
	steady_start hostA 10.2.0.2 600
	sleep 1
	must "$@"
	must steady_end 15
	must wait_for 5 "the old IKE SA's end" one_ike_sa
	must_not same "IKE SPIs" "$before" "$(ike_spis)" 2>/dev/null
	must same "SPIs of the Child SA" "$child" "$(sad_spis gwA)"
	must same "SPIs of the Child SA" "$child" "$(swan_spis gwB)"
	must gw_rekey
	must wait_for 10 "the rekey of the child" rekeyed "$child"
	must swan gwB --rekey --child net
	must wait_for 10 "two SAs" two_sas
}
rekeyed() { two_sas && [ "$(sad_spis gwA)" != "$1" ]; }

lab_with_strongswan
title "we initiated: rekey by us, then by them, then by us again"
must sekisho gwA up net
tunnel_is_up
rekey_by gw_ike_rekey
rekey_by swan gwB --rekey --ike tunnel
rekey_by gw_ike_rekey

title "they initiated: rekey by them, then by us"
must sekisho gwA down tunnel
tunnel_is_down
must swan_up gwB
tunnel_is_up
rekey_by swan gwB --rekey --ike tunnel
rekey_by gw_ike_rekey
must sekisho gwA down tunnel
tunnel_is_down
road_was_safe --min-esp 3000
passed
