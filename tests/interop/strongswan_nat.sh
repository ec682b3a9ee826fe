#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# strongSwan, as gwA, is behind a real NAT router that gives it another port: we, as gwB, follow. (That
# we are behind one is netns/nat.sh.)
# shellcheck disable=SC2034
. "$(dirname "$0")/lib.sh"

# ports FIRST LAST: the router forgets all mappings, new ones have these ports. (Mappings of a masquerade
# end with its address.)
ports() {
	on mid nft "flush table ip nat; add rule ip nat out oifname \"toB\" ip protocol udp masquerade to :$1-$2"
	ip -n "$(ns mid)" addr del 192.0.2.254/24 dev toB
	ip -n "$(ns mid)" addr add 192.0.2.254/24 dev toB
}
# seen_at PATTERN: the peer's port, for gwB.
seen_at() { sekisho gwB --json sas | grep -qE "\"remote_port\": *\"?$1"; }

need_programs
command -v nft >/dev/null || skip "nft is not installed"
[ -c /dev/net/tun ] || skip "no /dev/net/tun, which strongSwan's side of the lab needs"
lab_new
lab_sites
lab_road_nat || skip "this kernel has no NAT for nft"
ports 20000 20099
must capture_start road

title "without MOBIKE: who speaks from another port is followed there"
CONN_MORE='mobike = no
dpd_delay = 2s'
WAN_A=%any must gw_start gwB
WAN_A=198.51.100.2 must swan_start gwA A
must swan_up gwA
must wait_for 5 "the tunnel on gwB" gw_has_child gwB
must seen_at '200[0-9]{2}\b'
must ping_all hostA 10.2.0.2 20 -i 0.02
must ports 30000 30099
must wait_for 15 "the new port on gwB" seen_at '300[0-9]{2}\b'
must log_says sekishod-gwB 'peer moved to 192.0.2.254:30[0-9]{3}'
must wait_for 5 "a ping through the tunnel" pings hostA 10.2.0.2
must ping_all hostA 10.2.0.2 20 -i 0.02
must ping_all hostB 10.1.0.2 20 -i 0.02
must swan gwA --terminate --ike tunnel
must wait_for 10 "gwB without a child" gw_has_no_child gwB
road_was_safe --icmp-errors --min-esp 100
passed
