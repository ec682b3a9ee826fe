#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The command line takes the tunnel down and up again, on either side; while it is down nothing
# goes out in clear.
. "$(dirname "$0")/lib.sh"

lab_with_tunnel
for gw in gwA gwB; do
	title "down and up on $gw"
	must ping_all hostA 10.2.0.2 10 -i 0.02
	must sekisho "$gw" down tunnel
	must wait_for 5 "gwA without a child" gw_has_no_child gwA
	must wait_for 5 "gwB without a child" gw_has_no_child gwB
	must same "SAs left in the maps" "$(sad_spis gwA)$(sad_spis gwB)" ""
	must sekisho "$gw" up net
	must gw_has_child "$gw"
	must ping_all hostB 10.1.0.2 10 -i 0.02
done

title "the other commands, as text and as JSON"
for command in status sas policies counters; do
	must sekisho gwA "$command" >/dev/null
	must sekisho gwA --json "$command" | must python3 -m json.tool >/dev/null
done
must_not sekisho gwA up nonesuch 2>/dev/null
must_not sekisho gwA nonesuch 2>/dev/null

title "what carries nothing for two seconds is closed, and the IKE SA stays"
export CHILD_MORE='inactivity = 2s'
(umask 077 && tunnel_conf A >"$LAB_DIR/gwA.conf")
must sekisho gwA down tunnel
must sekisho gwA reload >/dev/null
must sekisho gwA up net
must ping_all hostA 10.2.0.2 8 -i 0.5
must gw_has_child gwA
must wait_for 5 "the end of the idle Child SA" gw_has_no_child gwA
must log_says sekishod-gwA 'had no packet for 2 s: closing it'
must gw_has_no_child gwB
must same "IKE SAs" "$(sekisho gwA sas | grep -c ESTABLISHED)" 1

title "up waits also for what is under way already: nobody answers, so it never says 'up'"
must sekisho gwA down tunnel
must stop sekishod-gwB
must_not sekisho gwA --timeout 1 up net
must_not sekisho gwA --timeout 1 up net
must_not sekisho gwA --timeout 1 up tunnel
road_was_safe --min-esp 40 --icmp-errors
passed
