#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Transport mode between two Sekishos: what the two gateways themselves say to each other, and
# nothing of what they forward. Only ESP is on the road; the peer's answers come back.
. "$(dirname "$0")/lib.sh"

# `sad` names the mode of both SAs.
has_transport() {
	sekisho "$1" --json sas | grep -q '"mode": *"TRANSPORT"'
}

need_programs
export LAN_A=dynamic LAN_B=dynamic CHILD_MORE='mode = transport'
lab_new
lab_sites
lab_road
must capture_start road
START=trap must gw_start gwB
START=trap must gw_start gwA

title "the first packet asks for it"
must on gwA ping -n -q -c 3 -W 3 192.0.2.2 >"$LAB_DIR/ping.log"
must gw_has_child gwA
must has_transport gwA
must has_transport gwB
must ping_all gwA 192.0.2.2 20 -i 0.02
must ping_all gwB 192.0.2.1 20 -i 0.02

title "TCP both ways"
say "  gwA to gwB: $(must iperf_mbps gwA gwB 192.0.2.2 1) Mbit/s"
say "  gwB to gwA: $(must iperf_mbps gwB gwA 192.0.2.1 1) Mbit/s"
road_was_safe --min-esp 200
passed
