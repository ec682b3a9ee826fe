#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# IKE and ESP over IPv6 with strongSwan, whoever initiates, both IP versions inside: everything comes
# up, fragments, rekeys and lives by DPD.
# shellcheck disable=SC2034
LAB_IPV6=yes
. "$(dirname "$0")/lib.sh"

WAN_A=2001:db8::1 WAN_B=2001:db8::2
LAN_A='10.1.0.0/24, fd01::/64' LAN_B='10.2.0.0/24, fd02::/64'
ENCAP=yes # kernel-libipsec has nothing else
CONN_MORE_B='dpd_delay = 1s' # of both, who asks first keeps the other from it

sees_v6() { # strongSwan: both ends
	swan gwB --list-sas | grep -q "@ 2001:db8::2\[4500\]" && swan gwB --list-sas | grep -q "@ 2001:db8::1\[4500\]"
}
dpd_goes_on() { [ "$(grep -c 'parsed INFORMATIONAL response' "$LAB_DIR/charon-gwB.log")" -ge 2 ]; }
works() {
	must wait_for 5 "the peer's IPv6 routes" pings hostA fd02::2
	must ping_all hostA 10.2.0.2 10 -i 0.02
	must ping_all hostB 10.1.0.2 10 -i 0.02
	must ping_all hostA fd02::2 10 -i 0.02 -s 1300
	must ping_all hostB fd01::2 10 -i 0.02
	say "  iperf3 hostA to hostB: $(must iperf_mbps hostA hostB fd02::2 1) Mbit/s"
	must sees_v6
	must same "SPIs" "$(sad_spis gwA)" "$(swan_spis gwB)"
}
rekeyed() { [ "$(sad_spis gwA)" != "$SPIS" ] && two_sas; }

need_programs
[ -c /dev/net/tun ] || skip "no /dev/net/tun, which strongSwan's side of the lab needs"
lab_new
lab_sites
lab_road
lab_road_ipv6
must capture_start road
must peer_start
must gw_start gwA

title "we initiate"
must sekisho gwA up net
tunnel_is_up
works
must wait_for 10 "DPD of theirs, answered" dpd_goes_on
must gw_ike_rekey
SPIS=$(sad_spis gwA)
must gw_rekey
must wait_for 15 "the Child SA's rekey" rekeyed
works
must sekisho gwA down tunnel
must wait_for 10 "gwB without an IKE SA" swan_has_no_sa gwB

title "they initiate"
must swan_up gwB
tunnel_is_up
works
road_was_safe --min-esp 200
passed
