#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Traffic selectors (RFC 7296 2.9): several per Child SA, narrowed by whoever answers; the packet
# that asks for a Child SA goes first; transport mode is answered with tunnel mode. IPv6 selectors
# beside those of IPv4; ICMP types.
# shellcheck disable=SC2034
LAB_IPV6=yes
. "$(dirname "$0")/lib.sh"

ours_are() { sekisho gwA --json sas | python3 -c 'import json, sys
text = sys.stdin.read()
sys.exit(not all(ts in text for ts in sys.argv[1:]))' "$@"; }

theirs_are() { # LOCAL REMOTE
	swan gwB --list-sas | grep -A1 "local  *$1" | grep -q "remote  *$2"
}

lab_with_strongswan
# charon installs no policy for a net where it has no address.
on gwA ip addr add 10.11.0.1/24 dev lan
on gwB ip addr add 10.12.0.1/24 dev lan
on gwA ip addr add fd01::1/64 dev lan
on gwB ip addr add fd02::1/64 dev lan
title "two selectors on each side; they narrow ours"
LAN_A=10.1.0.0/24,10.11.0.0/24 LAN_B=10.2.0.0/16,10.12.0.0/16 must gw_reload gwA
LAN_A=10.1.0.0/24,10.11.0.0/24 LAN_B=10.2.0.0/24,10.12.0.0/24 must swan_reload gwB B
must sekisho gwA up net
tunnel_is_up
must_not log_says charon-gwB 'parsed IKE_AUTH request 1 .*N\(ESP_TFC_PAD_N\)'
must_not log_says charon-gwB 'parsed IKE_AUTH request 1 .*N\(NON_FIRST_FRAG\)'
must ours_are 10.1.0.0/24 10.11.0.0/24 10.2.0.0/24 10.12.0.0/24
must_not ours_are 10.2.0.0/16
must ping_all hostA 10.2.0.2 10 -i 0.02
must sekisho gwA down tunnel
tunnel_is_down

title "we narrow theirs"
LAN_A=10.1.0.0/24,10.11.0.0/24 LAN_B=10.2.0.0/24 must gw_reload gwA
LAN_A=10.1.0.0/16,10.11.0.0/24 LAN_B=10.2.0.0/24,10.12.0.0/24 must swan_reload gwB B
must swan_up gwB
tunnel_is_up
must ours_are 10.1.0.0/24 10.11.0.0/24 10.2.0.0/24
must_not ours_are 10.1.0.0/16
must_not ours_are 10.12.0.0/24
must ping_all hostB 10.1.0.2 10 -i 0.02
must swan gwB --terminate --ike tunnel
tunnel_is_down

title "the first packet brings it up"
START=trap must gw_reload gwA
must swan_reload gwB B
must wait_for 10 "a ping through the tunnel" pings hostA 10.2.0.2
tunnel_is_up
must ping_all hostA 10.2.0.2 10 -i 0.02
must sekisho gwA down tunnel
tunnel_is_down

title "both families; they narrow ours"
LAN_A=10.1.0.0/24,fd01::/64 LAN_B=0.0.0.0/0,::/0 must gw_reload gwA
LAN_A=10.1.0.0/24,fd01::/64 LAN_B=10.2.0.0/24,fd02::/64 must swan_reload gwB B
must sekisho gwA up net
tunnel_is_up
must ours_are 10.1.0.0/24 fd01::/64 10.2.0.0/24 fd02::/64
must_not ours_are ::/0
must theirs_are '10.2.0.0/24 fd02::/64' '10.1.0.0/24 fd01::/64'
must ping_all hostA 10.2.0.2 10 -i 0.02
must sekisho gwA down tunnel
tunnel_is_down

title "both families and an ICMP type; we narrow theirs"
LAN_A='10.1.0.0/24[icmp/8],fd01::/64[ipv6-icmp/128]' LAN_B=10.2.0.0/24,fd02::1-fd02::ff must gw_reload gwA
LAN_A=10.1.0.0/24,::/0 LAN_B=10.2.0.0/24,fd02::/64 must swan_reload gwB B
must swan_up gwB
must wait_for 5 "the tunnel on gwA" gw_has_child gwA
must ours_are '10.1.0.0/24[icmp/8]' 'fd01::/64[ipv6-icmp/128]' fd02::1..fd02::ff
swan gwB --list-sas | sed 's/^/  /'
must swan gwB --terminate --ike tunnel
must wait_for 10 "gwA without a child" gw_has_no_child gwA

title "they want transport mode: we answer with tunnel mode"
export LAN_A=192.0.2.1 LAN_B=192.0.2.2
must gw_reload gwA
CHILD_MORE='mode = transport' must swan_reload gwB B
swan_up gwB 2>/dev/null # whether charon goes on in tunnel mode is its own affair
must log_says charon-gwB 'generating IKE_AUTH request 1 \[.*N\(USE_TRANSP\)'
must log_says sekishod-gwA 'CHILD_SA net\{[0-9]+\} established .* 192.0.2.1/32 === 192.0.2.2/32'
must_not log_says charon-gwB 'parsed IKE_AUTH response 1 .*USE_TRANSP'
road_was_safe --min-esp 50
passed
