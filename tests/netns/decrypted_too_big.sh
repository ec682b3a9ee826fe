#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What comes out of a tunnel and is too big for the interface by which it has to leave: its sender hears what
# fits, through the tunnel; a packet without DF is cut. By policies and by an interface, of IPv4 and IPv6.
LAB_IPV6=yes
. "$(dirname "$0")/lib.sh"

export LAN_A='10.1.0.0/24, fd01::/64' LAN_B='10.2.0.0/24, fd02::/64'

lan_mtu() { # MTU, of both ends behind gwB
	must ip -n "$(ns gwB)" link set lan mtu "$1"
	must ip -n "$(ns hostB)" link set eth0 mtu "$1"
}
forget_mtu() {
	on hostA ip route flush cache
	on hostA ip -6 route flush cache
}
# The sender is told by WHO that MTU fits: ping exits with 1 and prints it.
told() { # ADDRESS BYTES-OF-IP WHO MTU
	local headers=28
	[[ $1 == *:* ]] && headers=48
	on hostA ping -n -c 1 -W 2 -M "do" -s $(($2 - headers)) "$1" >"$LAB_DIR/told.log" 2>&1
	must log_says told "From $3[: ].*mtu ?= ?$4"
}
# What arrives at hostB is whole again.
cut_arrives() { ping_all_of hostA 10.2.0.2 2 -i 0.1 -M dont -s "$1"; }

too_big() { # WHO4 WHO6
	told 10.2.0.2 1400 "$1" 1298
	must ping_all hostA 10.2.0.2 2 -i 0.1 -M "do" -s 1270
	must cut_arrives 1372
	told fd02::2 1400 "$2" 1298
	must wait_for 6 "both hosts to know what fits" pings hostA fd02::2 -s 1352
	must ping_all hostA fd02::2 2 -i 0.1 -s 1352 # they cut it
	forget_mtu
}

policies() { (umask 077 && tunnel_conf "$1" >"$LAB_DIR/gw$1.conf"); }
by_interface() { LAN_A='0.0.0.0/0, ::/0' LAN_B='0.0.0.0/0, ::/0' CHILD_MORE='tunnel_interface = vpn0' policies "$1"; }
up_with() { # CONF-FUNCTION
	local side
	for side in B A; do
		START=$([ "$side" = A ] && echo start || echo none)
		"$1" "$side"
		must controller_start "gw$side"
	done
	must wait_for 15 "the tunnel on gwA" gw_has_child gwA
	must wait_for 5 "the tunnel on gwB" gw_has_child gwB
}

lab_with_gates

title "by policies: the worker of gwB says so, from its address there"
up_with policies
lan_mtu 1298
must grows gwB worker/TOO_BIG too_big 10.2.0.1 fd02::1

title "a gateway without an address in the selectors speaks for the destination"
must ip -n "$(ns gwB)" addr del 10.2.0.1/24 dev lan
must ip -n "$(ns gwB)" addr add 10.9.0.1/24 dev lan
must ip -n "$(ns gwB)" route add 10.2.0.0/24 dev lan
told 10.2.0.2 1400 10.2.0.2 1298
forget_mtu
must ip -n "$(ns gwB)" addr del 10.9.0.1/24 dev lan
must address gwB lan 10.2.0.1/24
must sekisho gwA down tunnel
must wait_for 5 "gwB without the tunnel" gw_has_no_child gwB
must stop sekishod-gwA
must stop sekishod-gwB

title "by an interface: the kernel of gwB says so"
up_with by_interface
for side in A B; do
	there=$([ "$side" = A ] && echo 2 || echo 1)
	must wait_for 3 "vpn0 on gw$side" has_mtu "gw$side" vpn0 1446
	must ip -n "$(ns "gw$side")" route replace "10.$there.0.0/24" dev vpn0
	must ip -n "$(ns "gw$side")" route replace "fd0$there::/64" dev vpn0
done
address gwB vpn0 10.7.0.1/30 && address gwB vpn0 fd07::1/126
too_big 10.7.0.1 fd07::1

title "by an interface that takes less than the peer's: the worker of gwB says so"
lan_mtu 1500
must ip -n "$(ns gwB)" route add 192.0.2.1 dev wan mtu lock 1354
must wait_for 3 "the MTU of vpn0 on gwB" has_mtu gwB vpn0 1298
must grows gwB worker/TOO_BIG too_big 10.7.0.1 fd07::1
road_was_safe --min-esp 30
passed
