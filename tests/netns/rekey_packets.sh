#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Limits by packets from the configuration: rekeyed in time, nothing lost, never at the hard end.
# What `sekisho sas` says of an SA moves while it runs.
. "$(dirname "$0")/lib.sh"

need_programs
lab_new
lab_sites
lab_road
must capture_start road
START=trap CHILD_MORE="rekey_packets = 300
	                life_packets = 500
	                rand_packets = 50" must gw_start gwA
must gw_start gwB

of_child() { sekisho gwA --json sas | python3 -c '
import json, sys
child = json.load(sys.stdin)["ike_sas"][0]["child_sas"][0]
print(child[sys.argv[1]])' "$1"; }

title "its counters move"
must ping_all hostA 10.2.0.2 8 -i 0.05 -W 5
must test "$(of_child packets_out)" -ge 7
must test "$(of_child packets_in)" -ge 7
must test "$(of_child used_in_s)" -le 5
must same "outside the selectors" 0 "$(of_child mismatched)"

title "rekeyed by packets"
before=$(wire_check road --spis | wc -l)
must ping_all hostA 10.2.0.2 700 -i 0.005
must_not log_says sekishod-gwA "carries nothing any more"
must capture_stop road
must wire_check road --min-esp 1400 --icmp-errors
must test "$(wire_check road --spis | wc -l)" -ge $((before + 4))
passed
