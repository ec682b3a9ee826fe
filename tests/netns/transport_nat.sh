#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Transport mode with a NAT router in the middle (RFC 7296 2.23.1): gwA (198.51.100.2) is seen as
# 192.0.2.254. Each side protects the addresses that packets have there, and the checksums of TCP
# and UDP are right in spite of the other addresses (RFC 3948 3.1.2).
. "$(dirname "$0")/lib.sh"

selects() { # NODE LOCAL REMOTE
	sekisho "$1" sas >"$LAB_DIR/sas-$1.log" && log_says "sas-$1" "local +$2/32" &&
		log_says "sas-$1" "remote +$3/32"
}

need_programs
command -v nft >/dev/null || skip "nft is not installed"
export LAN_A=dynamic LAN_B=dynamic CHILD_MORE='mode = transport'
lab_new
lab_sites
lab_road_nat || skip "this kernel has no NAT for nft"
must capture_start road
WAN_A=%any must gw_start gwB
WAN_A=198.51.100.2 START=start must gw_start gwA
must wait_for 15 "the Child SA on gwA" gw_has_child gwA

title "both have the addresses that they see"
must selects gwA 198.51.100.2 192.0.2.2
must selects gwB 192.0.2.2 192.0.2.254
must ping_all gwA 192.0.2.2 20 -i 0.02
must ping_all gwB 192.0.2.254 20 -i 0.02

title "TCP both ways"
say "  gwA to gwB: $(must iperf_mbps gwA gwB 192.0.2.2 1) Mbit/s"
say "  gwB to gwA: $(must iperf_mbps gwB gwA 192.0.2.254 1) Mbit/s"
road_was_safe --min-esp 200
must_not grep -q . <(tcpdump -nn -r "$LAB_DIR/road-A.pcap" ip proto 50 2>/dev/null)
passed
