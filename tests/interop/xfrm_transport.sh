#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Transport mode with strongSwan over a real kernel's ESP: gwA and gwB talk to each other. Whoever
# initiates, through rekeys, in tunnel mode where one side wants that, and with ESP in UDP.
. "$(dirname "$0")/lib.sh"

is_up() { # MODE
	must wait_for 15 "the Child SA on gwA" gw_has_child gwA
	must wait_for 5 "the Child SA on gwB" swan_has_child gwB
	must mode_is "$1"
	must same "SPIs" "$(sad_spis gwA)" "$(swan_spis gwB)"
	must ping_all gwA 192.0.2.2 20 -i 0.02
}

is_down() {
	must sekisho gwA down tunnel
	must wait_for 10 "gwA without a child" gw_has_no_child gwA
	must wait_for 10 "gwB without an IKE SA" swan_has_no_sa gwB
}

# TCP with the guest itself, whose iperf3 waits at port 5202.
guest_mbps() { # [-R]
	on gwA timeout 20 iperf3 -J -c 192.0.2.2 -p 5202 -t 1 "$@" >"$LAB_DIR/iperf.log" 2>&1 </dev/null || return 1
	python3 -c 'import json, sys
print(round(json.load(open(sys.argv[1]))["end"]["sum_received"]["bits_per_second"] / 1e6))' "$LAB_DIR/iperf.log"
}

export LAN_A=dynamic LAN_B=dynamic CHILD_MORE='mode = transport'
lab_with_strongswan

title "we initiate"
must sekisho gwA up net
is_up TRANSPORT
say "  iperf3 to the peer: $(must guest_mbps) Mbit/s"
say "  iperf3 from the peer: $(must guest_mbps -R) Mbit/s"

title "rekey by us, then by them, under traffic"
rekeys_under_traffic gwA 192.0.2.2 600
must mode_is TRANSPORT
is_down

title "they initiate"
must swan_up gwB
is_up TRANSPORT
is_down

title "they want tunnel mode: we initiate, and they"
CHILD_MORE='mode = tunnel' must swan_reload gwB B
must sekisho gwA up net
is_up TUNNEL
is_down
must swan_up gwB
is_up TUNNEL
is_down

title "we want tunnel mode, they ask for transport mode"
must swan_reload gwB B
CHILD_MORE='mode = tunnel' must gw_reload gwA
must swan_up gwB
is_up TUNNEL
is_down

title "ESP in UDP, as if there were a NAT"
ENCAP=yes must swan_reload gwB B
must gw_reload gwA
must swan_up gwB
is_up TRANSPORT
say "  iperf3 to the peer: $(must guest_mbps) Mbit/s"
say "  iperf3 from the peer: $(must guest_mbps -R) Mbit/s"
is_down

road_was_safe --min-esp 500
must tcpdump -nn -r "$LAB_DIR/road-A.pcap" udp port 4500 2>/dev/null | must grep -q UDP-encap
passed
