#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Policies beside the tunnel's: discard that is answered by ICMP (to hosts behind the gateway and to
# the gateway's own processes, IPv4 and IPv6), of one direction, of one interface, and of one that
# comes later.
LAB_IPV6=yes
. "$(dirname "$0")/lib.sh"

# 198.51.100.0/24 and 2001:db8:99::/48 are refused; what mid may not do as 192.0.2.9 and .10; .11 is
# for hosts of the LAN, not for the gateway.
export CONF_MORE_A='connections { shunts { children {
	refused { mode = drop
		remote_ts = 198.51.100.0/24, 2001:db8:99::/48
		reject = yes }
	in { mode = drop
		remote_ts = 192.0.2.9/32[icmp/8]
		local_ts = 0.0.0.0/0[icmp/8]
		direction = in }
	out { mode = drop
		remote_ts = 192.0.2.10/32[icmp/8]
		local_ts = 0.0.0.0/0[icmp/8]
		direction = out }
	lan { mode = drop
		remote_ts = 192.0.2.11
		interface = lan }
	first { mode = drop
		remote_ts = 192.0.2.12
		priority = 1 }
	second { mode = pass
		remote_ts = 192.0.2.12/32[icmp] }
	later { mode = drop
		remote_ts = 203.0.113.0/24
		interface = later }
} } }'
lab_with_tunnel
lab_road_ipv6
for host in 9 10 11 12; do ip -n "$(ns mid)" addr add 192.0.2.$host/24 dev road; done
route mid 10.1.0.0/24 192.0.2.1
route gwA default 192.0.2.9
ip -n "$(ns gwA)" -6 route add 2001:db8:99::/48 via 2001:db8::2

refused() { # NODE ADDRESS TEXT: an answer to each of two pings, at once
	on "$1" ping -n -c 2 -i 0.1 -W 1 "$2" >"$LAB_DIR/refused.log" 2>&1
	[ "$(grep -ci "$3" "$LAB_DIR/refused.log")" = 2 ] && return 0
	cat "$LAB_DIR/refused.log"
	return 1
}

title "discard, answered"
must refused hostA 198.51.100.7 'from 10.1.0.1.*packet filtered'
must refused hostA 2001:db8:99::7 'from fd01::1.*administratively prohibited'
must refused gwA 198.51.100.7 'packet filtered'
must refused gwA 2001:db8:99::7 'administratively prohibited'
must counter_above gwA worker/PROHIBITED 7
must [ "$(counter gwA gate/DROP_POLICY)" = 0 ]
# A TCP application hears of it at once: EHOSTUNREACH, EACCES.
for node in hostA gwA; do
	must_not on "$node" timeout 5 bash -c 'exec 3<>/dev/tcp/198.51.100.7/80' 2>"$LAB_DIR/tcp.log"
	must grep -qiE 'no route|unreachable|denied' "$LAB_DIR/tcp.log"
done

title "not more answers than there may be"
before=$(counter gwA worker/PROHIBITED)
on hostA ping -n -q -f -c 3000 -l 1000 -W 0.1 -w 1 198.51.100.7 >/dev/null 2>&1
say "  3000 pings: $(($(counter gwA worker/PROHIBITED) - before)) answers"
must counter_above gwA worker/DROP_POLICY 0

title "one direction"
must ping_all hostA 192.0.2.9 2 -i 0.1
must pings_not mid 10.1.0.2 -I 192.0.2.9
must pings_not hostA 192.0.2.10
must ping_all mid 10.1.0.2 2 -i 0.1 -I 192.0.2.10

title "one interface"
must pings_not hostA 192.0.2.11
must ping_all gwA 192.0.2.11 2 -i 0.1
must pings_not hostA 192.0.2.12

title "an interface that comes later"
must sekisho gwA policies >"$LAB_DIR/policies.log"
must grep -q '192.0.2.11.*on lan' "$LAB_DIR/policies.log"
must grep -q 'in only' "$LAB_DIR/policies.log"
must_not grep -q 'on later' "$LAB_DIR/policies.log"
must ip -n "$(ns gwA)" link add later type veth peer name later_p
has_later() { sekisho gwA policies | grep -q 'on later'; }
must wait_for 5 "policies of the new interface" has_later
must ping_all hostA 10.2.0.2 5 -i 0.02
must capture_stop road
passed
