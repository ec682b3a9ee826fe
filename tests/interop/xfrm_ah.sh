#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# AH by IKE with strongSwan over a real kernel's AH: every integrity algorithm, ESN, whoever
# initiates; rekeys under traffic; transport mode; IPv6 outside; and refused where there is a NAT.
# shellcheck disable=SC2034
LAB_IPV6=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/proposals.sh"

# What both say of the Child SA: "HMAC_SHA2_256_128/ESN".
ours() { sekisho gwA sas | sed -nE 's|, ESN|/ESN|; s/.*AH T[^,]*, ([^,]*).*/\1/p'; }
theirs() { swan gwB --list-sas | sed -nE 's/.*AH:([^ ]+).*/\1/p'; }

is_up() { # WHO PROPOSAL MODE
	must wait_for 10 "$1's $2 on gwA" gw_has_child gwA
	must wait_for 5 "$1's $2 on gwB" swan_has_child gwB
	must same "algorithms of $2" "$(ours)" "$(theirs)"
	must same "SPIs" "$(sad_spis gwA)" "$(swan_spis gwB)"
	must mode_is "$3"
	say "  $1: $2: $(ours)"
}
works() { # WHO PROPOSAL
	is_up "$1" "$2" TUNNEL
	must wait_for 5 "the peer's routes" pings hostA 10.2.0.2
	must ping_all hostA 10.2.0.2 2 -i 0.02 -s 57
	must ping_all hostB 10.1.0.2 2 -i 0.02 -s 1204
}
is_down() {
	must quietly sekisho gwA down tunnel
	must wait_for 10 "gwB without an IKE SA" swan_has_no_sa gwB
}
guest_needs
lab_new
lab_sites
lab_road
lab_road_ipv6
must capture_start road
AH=sha256 must guest_start
AH=sha256 must gw_start gwA

for AH in sha256 sha384-esn sha512-x25519 sha1 aesxcbc; do
	must reconfigure
	must swan_up gwB
	works "strongSwan initiates" "$AH"
	is_down
done

title "rekeys under traffic, with new keys; TCP"
AH=aescmac-esn-x25519
must reconfigure
must quietly sekisho gwA up net
works "Sekisho initiates" "$AH"
rekeys_under_traffic hostA 10.2.0.2 400
say "  iperf3 hostA to hostB: $(must iperf_mbps hostA hostB 10.2.0.2 1) Mbit/s"
say "  iperf3 hostB to hostA: $(must iperf_mbps hostB hostA 10.1.0.2 1) Mbit/s"

title "the peer deletes the Child SA, and only that"
must swan gwB --terminate --child net
must wait_for 5 "gwA without a child" gw_has_no_child gwA
must same "SAs left in gwA's map" "$(sad_spis gwA)" ""
is_down

title "IPv6 outside"
WAN_A=2001:db8::1 WAN_B=2001:db8::2 LAN_A='10.1.0.0/24, fd01::/64' LAN_B='10.2.0.0/24, fd02::/64'
AH=sha256
must reconfigure
must quietly sekisho gwA up net
is_up "Sekisho initiates" "$AH" TUNNEL
must ping_all hostA fd02::2 5 -i 0.02 -s 1204
must ping_all hostB fd01::2 5 -i 0.02
is_down
unset WAN_A WAN_B

AH=sha384-esn
title "transport mode: we initiate, they initiate"
LAN_A=dynamic LAN_B=dynamic CHILD_MORE='mode = transport'
must reconfigure
must quietly sekisho gwA up net
is_up "Sekisho initiates" "$AH" TRANSPORT
must ping_all gwA 192.0.2.2 10 -i 0.02
must ping_all_of gwA 192.0.2.2 3 -i 0.1 -R
is_down
must swan_up gwB
is_up "strongSwan initiates" "$AH" TRANSPORT
must ping_all gwA 192.0.2.2 10 -i 0.02 -s 1204
is_down
WAN_A=2001:db8::1 WAN_B=2001:db8::2
must reconfigure
must quietly sekisho gwA up net
is_up "Sekisho initiates, IPv6" "$AH" TRANSPORT
must ping_all gwA 2001:db8::2 10 -i 0.02
must ping_all gwA 2001:db8::2 3 -i 0.02 -s 1204
is_down
unset WAN_A WAN_B LAN_A LAN_B CHILD_MORE

title "a NAT, or what looks like one: refused by both, and nothing leaves"
must quietly gw_reload gwA
ENCAP=yes must swan_reload gwB B
must_not sekisho gwA up net >"$LAB_DIR/up.log" 2>&1
must grep -q 'AH does not pass a NAT' "$LAB_DIR/up.log"
must_not swan_up gwB 2>/dev/null
must log_says guest 'NO_PROPOSAL_CHOSEN'
must log_says sekishod-gwA 'NO_PROPOSAL_CHOSEN .net.: AH does not pass a NAT'
must pings_not hostA 10.2.0.2

road_was_safe --esn --min-ah 1000
passed
