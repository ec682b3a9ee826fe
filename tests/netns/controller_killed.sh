#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# kill -9 of both controllers under traffic: no packet is lost. Started again they agree on new
# SAs, and the old ones do not stay behind.
. "$(dirname "$0")/lib.sh"

# Both ends have the same SAs, none of before. (Two pairs where both sides initiated.)
settled() {
	[ "$(sad_spis gwA)" = "$(sad_spis gwB)" ] &&
		[ -z "$(comm -12 <(echo "$before") <(sad_spis gwA))" ]
}

lab_with_tunnel
before=$(sad_spis gwA)

title "kill -9 of both controllers during 200 packets per second"
steady_start hostA 10.2.0.2 1000
sleep 1
must kill9 sekishod-gwA
must kill9 sekishod-gwB
must steady_end 15
must same "SPIs in the map" "$before" "$(sad_spis gwA)"
must ping_all hostB 10.1.0.2 20 -i 0.02

title "both started again"
must controller_start gwB
must controller_start gwA
must wait_for 20 "the tunnel on gwA" gw_has_child gwA
must wait_for 10 "ping through the tunnel" pings hostA 10.2.0.2
must wait_for 10 "the same new SAs on both ends" settled
must gw_has_child gwB
must ping_all hostA 10.2.0.2 50 -i 0.02
# While no daemon listened, the kernel said so in an ICMP error.
road_was_safe --min-esp 1000 --icmp-errors
passed
