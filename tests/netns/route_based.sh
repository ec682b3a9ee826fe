#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Route-based children: two with any selectors, each with an interface of its own, beside one that policies
# lead into, between the same two gateways: what goes by which, while keys and processes change.
. "$(dirname "$0")/route_lib.sh"

received() { # NODE IF: packets
	ip -n "$(ns "$1")" -s -j link show "$2" | python3 -c 'import json, sys
print(json.load(sys.stdin)[0]["stats64"]["rx"]["packets"])'
}

# comes_by IF COMMAND...: what the command sends to gwB's side comes by IF and by no other of the two.
comes_by() {
	local interface=$1 vpn0 vpn1
	shift
	vpn0=$(received gwB vpn0) vpn1=$(received gwB vpn1)
	"$@" || return 1
	vpn0=$(($(received gwB vpn0) - vpn0)) vpn1=$(($(received gwB vpn1) - vpn1))
	case $interface in
	vpn0) [ "$vpn0" -ge 10 ] && [ "$vpn1" -eq 0 ] ;;
	vpn1) [ "$vpn1" -ge 10 ] && [ "$vpn0" -eq 0 ] ;;
	none) [ "$vpn0" -eq 0 ] && [ "$vpn1" -eq 0 ] ;;
	esac || {
		warn "by vpn0 $vpn0 packets, by vpn1 $vpn1"
		return 1
	}
}

lab_route_based

title "the interfaces are there before any SA is, and nothing goes through"
must controller_start gwB
must controller_start gwA
for side in A B; do tunnel_interfaces "$side"; done
must red_is_silent
must stop sekishod-gwA
START=start RED_REKEY=2s conf A
must controller_start gwA
all_up

ip -n "$(ns hostA)" route add 10.12.0.0/24 via 10.1.0.1 src 10.11.0.2

title "each by its interface, and the policy's by none"
must comes_by vpn0 by_red
must comes_by vpn0 ping_all hostA fd12::2 10 -i 0.02 -I fd11::2
must comes_by vpn1 ping_all hostA 10.22.0.2 10 -i 0.02 -I 10.21.0.2
must comes_by none ping_all hostA 10.2.0.2 10 -i 0.02
must ping_all hostB 10.11.0.2 10 -i 0.02 -I 10.12.0.2
say "  hostA to hostB: $(must iperf_mbps hostA hostB 10.12.0.2 1) Mbit/s"

title "the gateways themselves, by addresses of the interfaces; groups and neighbours"
address gwA vpn0 169.254.9.1/30 && address gwB vpn0 169.254.9.2/30
address gwA vpn0 fe80::a/64 && address gwB vpn0 fe80::b/64
must on gwB sysctl -qw net.ipv4.icmp_echo_ignore_broadcasts=0
must ping_all gwA 169.254.9.2 10 -i 0.02
must pings gwA 224.0.0.1 -I vpn0
must pings gwA fe80::b%vpn0
must pings gwA ff02::1%vpn0
say "  gwA to gwB: $(must iperf_mbps gwA gwB 169.254.9.2 1) Mbit/s"

title "the MTU is that of the SA"
must wait_for 3 "the MTU of vpn0" has_mtu gwA vpn0 1446
must ping_all hostA 10.12.0.2 2 -M "do" -s 1418 -I 10.11.0.2
must_not on hostA ping -n -c 1 -W 1 -M "do" -s 1419 -I 10.11.0.2 10.12.0.2 >"$LAB_DIR/big.log"
must grep -q "mtu *= *1446" "$LAB_DIR/big.log"

title "the kernel's netfilter sees what comes by the interface"
must on gwB nft 'add table ip t; add chain ip t f { type filter hook forward priority 0; }; add rule ip t f iifname "vpn0" drop'
must red_is_silent
must on gwB nft 'delete table ip t'
must by_red

title "rekeyed under traffic; the interface stays"
index=$(index_of gwA vpn0)
spis=$(sad_spis gwA)
steady_start gwA 169.254.9.2 500
must steady_end 15
must [ "$spis" != "$(sad_spis gwA)" ]
must same "vpn0's index" "$(index_of gwA vpn0)" "$index"

title "without the worker nothing goes through, with the next one all does"
must stop worker-gwA
must grows gwA gate/DROP_NO_PORT red_is_silent
must worker_start gwA
must by_red
must same "vpn0's index" "$(index_of gwA vpn0)" "$index"

title "taken down: the next packet asks for it again"
must sekisho gwA down red
must has_interface gwA vpn0
must wait_for 5 "the SA of red" pings hostA 10.12.0.2 -I 10.11.0.2
must ping_all hostA 10.22.0.2 5 -i 0.02 -I 10.21.0.2

title "a child that is not configured any more has no interface"
(umask 077 && { tunnel_conf A && route_based red vpn0 A; } >"$LAB_DIR/gwA.conf")
must sekisho gwA reload
must wait_for 3 "the end of vpn1" has_no_interface gwA vpn1
must has_interface gwA vpn0
road_was_safe --min-esp 200
passed
