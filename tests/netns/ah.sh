#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# AH by IKE between two Sekishos: traffic of all sizes, a rekey under traffic; transport mode over
# IPv6; one side wants ESP. Nothing but AH and IKE is on the road.
LAB_IPV6=yes
. "$(dirname "$0")/lib.sh"

is_ah() { sekisho "$1" --json sas | grep -q '"protocol": *"AH"'; } # NODE
two_sas() { [ "$(sad_spis gwA | wc -l)" = 2 ]; }

reload() { # both as tunnel_conf is now
	must sekisho gwA down tunnel >/dev/null
	for gw in gwA gwB; do
		(umask 077 && tunnel_conf "${gw#gw}" >"$LAB_DIR/$gw.conf")
		must sekisho "$gw" reload >/dev/null
	done
}

export AH=sha256-x25519
need_programs
lab_new
lab_sites
lab_road
lab_road_ipv6
must capture_start road
must gw_start gwB
must gw_start gwA
must sekisho gwA up net >/dev/null
must wait_for 5 "the tunnel on gwB" gw_has_child gwB
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

title "a rekey under traffic"
first=$(sad_spis gwA)
steady_start hostA 10.2.0.2 400
must on gwA swanctl --rekey --child net --uri "unix:///run/sekisho@$(gw_instance gwA)/sekisho.vici" >"$LAB_DIR/rekey.log"
must steady_end 15
must wait_for 8 "the end of the old SAs" two_sas
must_not same "SPIs" "$first" "$(sad_spis gwA)" 2>/dev/null
must same "SPIs of both ends" "$(sad_spis gwA)" "$(sad_spis gwB)"

title "transport mode over IPv6"
export WAN_A=2001:db8::1 WAN_B=2001:db8::2 LAN_A=dynamic LAN_B=dynamic CHILD_MORE='mode = transport'
reload
must sekisho gwA up net >/dev/null
must sekisho gwA --json sas >"$LAB_DIR/sas.json"
must grep -q '"mode": *"TRANSPORT"' "$LAB_DIR/sas.json"
must ping_all gwA 2001:db8::2 10 -i 0.02
must ping_all gwB 2001:db8::1 5 -i 0.02 -s 1200
say "  iperf3: $(must iperf_mbps gwA gwB 2001:db8::2 1) Mbit/s"

title "one side wants ESP: no SA, and why"
AH= AH_B=sha256 reload
must_not sekisho gwA up net >"$LAB_DIR/up.log" 2>&1
must grep -q 'NO_PROPOSAL_CHOSEN' "$LAB_DIR/up.log"
must log_says sekishod-gwB 'first difference: we want AH, they ESP'
must pings_not gwA 2001:db8::2

road_was_safe --min-ah 200
passed
