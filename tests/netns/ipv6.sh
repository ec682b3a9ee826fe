#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Two gateways of ours and both IP versions, inside and outside, with and without UDP; then transport
# mode between the gateways' IPv6 addresses. Only ESP is on the road.
LAB_IPV6=yes
. "$(dirname "$0")/lib.sh"

export LAN_A='10.1.0.0/24, fd01::/64' LAN_B='10.2.0.0/24, fd02::/64'

conf() { (umask 077 && tunnel_conf "${1#gw}" >"$LAB_DIR/$1.conf"); }
tunnel_up() {
	conf gwB && must controller_start gwB
	START=start conf gwA && must controller_start gwA
	must wait_for 15 "the tunnel on gwA" gw_has_child gwA
	must wait_for 5 "the tunnel on gwB" gw_has_child gwB
}

tunnel_end() {
	must sekisho gwA down tunnel
	must wait_for 5 "gwB without the tunnel" gw_has_no_child gwB
	must stop sekishod-gwA
	must stop sekishod-gwB
}

# Longest clear packet of both versions: 1500 less what is around it, at most.
sizes() { # MTU
	must ping_all hostA 10.2.0.2 2 -M "do" -s $(($1 - 28))
	must_not on hostA ping -n -c 1 -W 1 -M "do" -s $(($1 - 27)) 10.2.0.2 >"$LAB_DIR/big.log"
	must grep -q "mtu *= *$1" "$LAB_DIR/big.log"
	must ping_all hostA fd02::2 2 -M "do" -s $(($1 - 48))
	must_not on hostA ping -n -c 1 -W 1 -M "do" -s $(($1 - 47)) fd02::2 >"$LAB_DIR/big.log"
	must grep -q "mtu[ =:]*$1" "$LAB_DIR/big.log"
}

# The gate tells hostA the gateway's MAC: the kernel, by which both have met, is not asked again.
told_by_the_gate() {
	must pings hostA fd01::1
	ip -n "$(ns hostA)" -6 neigh flush dev eth0
	must grows gwA gate/NDP_REPLY pings hostA fd01::1
	must same "MAC of gwA" "$(ip -n "$(ns hostA)" -6 neigh show fd01::1 | grep -o 'lladdr.*router')" \
		"lladdr $(ip -n "$(ns gwA)" -br link show lan | awk '{ print $3 }') router"
}

# Both versions through the tunnel between WAN_A and WAN_B.
carries() { # TITLE MTU
	title "$1"
	tunnel_up
	told_by_the_gate
	must ping_all hostA 10.2.0.2 20 -i 0.02
	must ping_all hostB 10.1.0.2 20 -i 0.02
	must ping_all hostA fd02::2 20 -i 0.02 -s 600
	must ping_all hostB fd01::2 20 -i 0.02 -Q 0x28
	must ping_all gwA fd02::1 5 -i 0.02 -I fd01::1
	sizes "$2"
	say "  hostA to hostB: $(must iperf_mbps hostA hostB fd02::2 1) Mbit/s"
	tunnel_end
}

lab_with_gates

carries "both in IPv4" 1446
ENCAP=yes carries "both in UDP over IPv4" 1438
export WAN_A=2001:db8::1 WAN_B=2001:db8::2
carries "both in IPv6" 1426
ENCAP=yes carries "both in UDP over IPv6" 1418

title "transport mode over IPv6, with extension headers"
export LAN_A=dynamic LAN_B=dynamic CHILD_MORE='mode = transport'
tunnel_up
must ping_all gwA 2001:db8::2 20 -i 0.02
must ping_all gwB 2001:db8::1 20 -i 0.02
say "  gwA to gwB: $(must iperf_mbps gwA gwB 2001:db8::2 1) Mbit/s"

title "the worker is dead: nothing leaves in clear"
must kill9 worker-gwA
must pings_not gwA 2001:db8::2
road_was_safe --min-esp 300
passed
