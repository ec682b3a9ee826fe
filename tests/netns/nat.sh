#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A NAT router in the middle: gwA (198.51.100.2) is seen as 192.0.2.254. Detected by IKE, which
# floats to port 4500, and ESP goes in UDP (RFC 3948).
. "$(dirname "$0")/lib.sh"

need_programs
command -v nft >/dev/null || skip "nft is not installed"
lab_new
lab_sites
lab_road_nat || skip "this kernel has no NAT for nft"
must capture_start road
WAN_A=%any must gw_start gwB
WAN_A=198.51.100.2 START=start must gw_start gwA
must wait_for 15 "the tunnel on gwA" gw_has_child gwA
must ping_all hostA 10.2.0.2 50 -i 0.02
must ping_all hostB 10.1.0.2 50 -i 0.02
say "  iperf3: $(must iperf_mbps hostA hostB 10.2.0.2 2) Mbit/s"
road_was_safe --min-esp 200
must tcpdump -nn -r "$LAB_DIR/road-A.pcap" udp port 4500 2>/dev/null | must grep -q UDP-encap
must_not grep -q . <(tcpdump -nn -r "$LAB_DIR/road-A.pcap" ip proto 50 2>/dev/null)
passed
