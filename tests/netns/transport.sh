#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Transport mode between two Sekishos: what the two gateways themselves say to each other, and
# nothing of what they forward. Only ESP is on the road.
. "$(dirname "$0")/lib.sh"

has_transport() { sekisho "$1" --json sas | grep -q '"mode": *"TRANSPORT"'; }

# send_packet NODE IF TO_NODE TO_IF PACKET: as scapy writes it, past the stack of NODE.
send_packet() {
	local mac
	mac=$(on "$3" ip -br link show dev "$4" | awk '{ print $3 }')
	on "$1" /usr/bin/python3 -c "from scapy.all import Ether, IP, ICMP, UDP, Raw, sendp
sendp(Ether(dst='$mac') / $5, iface='$2', verbose=False)" >/dev/null 2>&1
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

title "IPv4 options stay in the header; sizes are answered with what fits"
must ping_all_of gwA 192.0.2.2 3 -R
must ping_all gwA 192.0.2.2 2 -M do -s 1438
must_not on gwA ping -n -c 1 -W 1 -M do -s 1439 192.0.2.2 >"$LAB_DIR/ping.log" 2>&1
must grep -q 'mtu.*1466' "$LAB_DIR/ping.log"

title "not fragments are protected, but whole packets, and ESP is cut"
on gwA ip route flush cache
must grows gwA worker/REASSEMBLED ping_all gwA 192.0.2.2 3 -s 3000
must grows gwB worker/REASSEMBLED ping_all_of gwA 192.0.2.2 3 -M dont -s 1460

title "somebody behind gwA with the address of gwA; in clear from gwB"
must grows gwA worker/DROP_TRANSPORT send_packet hostA eth0 gwA lan \
	"IP(src='192.0.2.1', dst='192.0.2.2') / ICMP()"
must grows gwA gate/DROP_CLEAR_IN send_packet mid toA gwA wan \
	"IP(src='192.0.2.2', dst='192.0.2.1') / ICMP()"

title "the worker is dead: nothing leaves in clear"
must kill9 worker-gwA
must pings_not gwA 192.0.2.2
road_was_safe --min-esp 200
passed
