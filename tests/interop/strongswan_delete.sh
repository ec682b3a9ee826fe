#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Delete from either side, of the Child SA and of the IKE SA: gone on both ends, nothing in
# clear afterwards, and up again.
. "$(dirname "$0")/lib.sh"

lab_with_strongswan
title "they delete the IKE SA"
must sekisho gwA up net
tunnel_is_up
must ping_all hostA 10.2.0.2 10 -i 0.02
must swan gwB --terminate --ike tunnel
tunnel_is_down

title "we delete the IKE SA"
must sekisho gwA up net
tunnel_is_up
must ping_all hostA 10.2.0.2 10 -i 0.02
must sekisho gwA down tunnel
tunnel_is_down

title "they delete the Child SA only"
must swan_up gwB
tunnel_is_up
must ping_all hostA 10.2.0.2 10 -i 0.02
must swan gwB --terminate --child net
must wait_for 5 "gwA without a child" gw_has_no_child gwA
must same "SAs left in gwA's map" "$(sad_spis gwA)" ""

title "and up again"
must sekisho gwA up net
tunnel_is_up
must ping_all hostA 10.2.0.2 10 -i 0.02
road_was_safe --min-esp 80
passed
