#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Two gateways of ours: ping of all sizes, iperf3 both ways (its TCP learns the tunnel's MTU
# from our ICMP), only ESP on the road, and everybody agrees on what SAs there are.
. "$(dirname "$0")/lib.sh"

lab_with_tunnel
title "ping, small and nearly full"
must ping_all hostA 10.2.0.2 50 -i 0.02
must ping_all hostB 10.1.0.2 50 -i 0.02
must ping_all hostA 10.2.0.2 10 -i 0.02 -s 1372 -M "do"

title "too big: our gateway says how big it may be"
on hostA ping -n -c 2 -W 1 -s 1472 -M "do" 10.2.0.2 >"$LAB_DIR/too-big.log" 2>&1
must grep -qiE 'frag needed|message too long' "$LAB_DIR/too-big.log"

title "iperf3"
say "  hostA to hostB: $(must iperf_mbps hostA hostB 10.2.0.2 2) Mbit/s"
say "  hostB to hostA: $(must iperf_mbps hostB hostA 10.1.0.2 2) Mbit/s"

title "sekisho sas and the pinned map agree"
for gw in gwA gwB; do
	must same "SPIs of $gw" "$(sas_spis "$gw")" "$(sad_spis "$gw")"
done
must same "SPIs of both ends" "$(sad_spis gwA)" "$(sad_spis gwB)"
must same "number of SAs" "$(sad_spis gwA | wc -l)" 2

road_was_safe --min-esp 1000
passed
