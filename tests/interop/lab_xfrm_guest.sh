#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The lab proves itself: strongSwan in user space on gwA, strongSwan with a real kernel's ESP
# in a user-mode Linux guest as gwB.
. "$(dirname "$0")/lib.sh"

guest_needs
lab_new
lab_sites
lab_road
must guest_start
must swan_start gwA A
capture_start road
must swan_up gwA
must ping_all hostA 10.2.0.2 20 -i 0.02
must ping_all hostB 10.1.0.2 20 -i 0.02
say "  iperf3: $(must iperf_mbps hostA hostB 10.2.0.2 2) Mbit/s"
must same "SPIs" "$(swan_spis gwA)" "$(swan_spis gwB)"
must swan gwB --terminate --ike tunnel
must wait_for 5 "no SA left on gwA" swan_has_no_sa gwA
road_was_safe --min-esp 80
passed
