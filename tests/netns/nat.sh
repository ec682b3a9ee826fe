#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A NAT router in the middle: gwA (198.51.100.2) is seen as 192.0.2.254. Detected by IKE, which
# floats to port 4500, and ESP goes in UDP (RFC 3948). Keepalives keep the mapping; when the router forgets
# it all the same, MOBIKE finds out (RFC 4555 3.8).
# shellcheck disable=SC2034
. "$(dirname "$0")/lib.sh"

# The router forgets all mappings: those of a masquerade end with its address.
another_mapping() {
	on mid nft 'flush table ip nat; add rule ip nat out oifname "toB" ip protocol udp masquerade to :30000-30099'
	ip -n "$(ns mid)" addr del 192.0.2.254/24 dev toB
	ip -n "$(ns mid)" addr add 192.0.2.254/24 dev toB
}
# By then our DPD has learned what gwB sees.
asked_twice() { [ "$(counter gwB ike/RECEIVED)" -ge 4 ]; }
moved() { log_says sekishod-gwB 'MOBIKE: peer moved to 192.0.2.254:30[0-9]{3}'; }

need_programs
command -v nft >/dev/null || skip "nft is not installed"
lab_new
lab_sites
lab_road_nat || skip "this kernel has no NAT for nft"
must capture_start road
CONF_MORE_A='ike { keep_alive = 1s }'
CONN_MORE_A='dpd_delay = 2s'
WAN_A=%any must gw_start gwB
WAN_A=198.51.100.2 START=start must gw_start gwA
must wait_for 15 "the tunnel on gwA" gw_has_child gwA
must ping_all hostA 10.2.0.2 50 -i 0.02
must ping_all hostB 10.1.0.2 50 -i 0.02
say "  iperf3: $(must iperf_mbps hostA hostB 10.2.0.2 2) Mbit/s"

keepalives() { tcpdump -nn -r "$LAB_DIR/road-A.pcap" 'udp dst port 4500 and udp[4:2] = 9 and udp[8] = 0xff' 2>/dev/null; }
must wait_for 5 "a keepalive on the road" grep -q . <(keepalives)
must wait_for 10 "what gwB sees of us" asked_twice
must another_mapping
must wait_for 15 "the other port" moved
must wait_for 5 "a ping through the tunnel" pings hostA 10.2.0.2
must ping_all hostA 10.2.0.2 20 -i 0.02
must ping_all hostB 10.1.0.2 20 -i 0.02
road_was_safe --icmp-errors --min-esp 200
must tcpdump -nn -r "$LAB_DIR/road-A.pcap" udp port 4500 2>/dev/null | must grep -q UDP-encap
must_not grep -q . <(tcpdump -nn -r "$LAB_DIR/road-A.pcap" ip proto 50 2>/dev/null)
passed
