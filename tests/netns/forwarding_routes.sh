#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The gate forwards as the kernel's routes say, of both IP versions: by two next hops, each flow by one
# of them; by policy routing (source, incoming interface); and not where a route refuses, of which
# the kernel tells the sender. gwB and mid are the next hops; both have all the addresses of 198.51.100.0/24.
LAB_IPV6=yes
. "$(dirname "$0")/worker_lib.sh"

V4=198.51.100 V6=2001:db8:5:

dst() { [ "$1" = 4 ] && echo "$V4.$2" || echo "$V6:$2"; }    # VERSION NUMBER
net() { [ "$1" = 4 ] && echo "$V4.0/24" || echo "$V6:/64"; } # VERSION
hop() { # VERSION NODE
	local n=2
	[ "$2" = mid ] && n=9
	[ "$1" = 4 ] && echo "192.0.2.$n" || echo "2001:db8::$n"
}
source_of() { [ "$1" = 4 ] && echo "10.1.0.$2" || echo "fd01::$2"; }
ipr() { ip -n "$(ns gwA)" "-$1" "${@:2}"; } # VERSION COMMAND...

# What arrived there: echo requests. NODE VERSION
echos() {
	if [ "$2" = 4 ]; then
		on "$1" awk '/^Icmp:/ { if (!n++) split($0, name); else for (i in name) if (name[i] == "InEchos") print $i }' /proc/net/snmp
	else
		on "$1" awk '$1 == "Icmp6InEchos" { print $2 }' /proc/net/snmp6
	fi
}
mark() { # VERSION
	B=$(echos gwB "$1") M=$(echos mid "$1")
	FORWARDED=$(counted gwA gate.FORWARD)
}
grown() { echo "$(($(echos gwB "$1") - B)) $(($(echos mid "$1") - M))"; }
by_gate() { must counted_above gwA gate.FORWARD $((FORWARDED + $1 - 1)); }

# VERSION NODE [NUMBER]: ten pings by hostA's address of that number, all of them by that next hop.
goes_by() {
	local want='10 0'
	[ "$2" = mid ] && want='0 10'
	mark "$1"
	must ping_all hostA "$(dst "$1" 1)" 10 -i 0.02 -I "$(source_of "$1" "${3:-2}")"
	must same "next hops of ten pings of IPv$1" "$want" "$(grown "$1")"
	by_gate 10
}

several_ways() { # VERSION
	local n one
	title "IPv$1: two next hops"
	must ipr "$1" route add "$(net "$1")" nexthop via "$(hop "$1" gwB)" nexthop via "$(hop "$1" mid)"
	mark "$1"
	for n in 1 2 3 4 5 6 7 8 9 11 12 13 14 15 16 17 18 19 21 22; do dst "$1" "$n"; done >"$LAB_DIR/targets"
	must on hostA fping -q -c 1 -i 5 -t 2000 -f "$LAB_DIR/targets" 2>/dev/null
	read -r n one < <(grown "$1")
	say "20 flows: $n by gwB, $one by mid"
	must test "$n" -gt 0 -a "$one" -gt 0 -a $((n + one)) -eq 20
	by_gate 20
	mark "$1"
	must ping_all hostA "$(dst "$1" 1)" 10 -i 0.02
	must one_way "$(grown "$1")"
	by_gate 10
}
one_way() { [ "$1" = '10 0' ] || [ "$1" = '0 10' ]; }

policy_routing() { # VERSION
	title "IPv$1: policy routing"
	must ipr "$1" route replace "$(net "$1")" via "$(hop "$1" gwB)"
	must ipr "$1" route add "$(net "$1")" via "$(hop "$1" mid)" table 7
	goes_by "$1" gwB
	must ipr "$1" rule add from "$(source_of "$1" 3)" table 7
	goes_by "$1" gwB
	goes_by "$1" mid 3
	must ipr "$1" rule add iif wan table 7
	goes_by "$1" gwB
	must ipr "$1" rule add iif lan table 7
	goes_by "$1" mid
}

# VERSION TYPE COUNTER [WORDS]: such a route; what counts it, and what the sender hears.
refuses() {
	local to before
	title "IPv$1: $2"
	to=$(dst "$1" 1)
	must ipr "$1" route replace "$2" "$to" table 7
	before=$(counted gwA "$3")
	on hostA ping -n -c 1 -W 1 "$to" >"$LAB_DIR/refused.log" 2>&1
	must counted_above gwA "$3" "$before"
	if [ -n "${4:-}" ]; then
		must log_says refused "^From $(source_of "$1" 1) .*$4"
	else
		must_not log_says refused '^From'
	fi
}

lab_new
lab_sites
lab_road
lab_road_ipv6
address hostA eth0 10.1.0.3/24 && address hostA eth0 fd01::3/64
address mid road 192.0.2.9/24 && route mid 10.1.0.0/24 192.0.2.1
address mid road 2001:db8::9/64 && route mid fd01::/64 2001:db8::1
for node in gwB mid; do
	ip -n "$(ns $node)" route add local $V4.0/24 dev lo
	ip -n "$(ns $node)" -6 route add local $V6:/64 dev lo
done
must worker_start gwA
must attach gwA lan wan
must sadctl gwA policy - bypass </dev/null
for node in gwB mid; do # the gate forwards to neighbours that the kernel knows, and these know gwA
	for version in 4 6; do must ping_all gwA "$(hop $version $node)" 1; done
done
for version in 4 6; do
	must ping_all hostA "$(source_of $version 1)" 1
	must ping_all hostA "$(source_of $version 1)" 1 -I "$(source_of $version 3)"
	several_ways $version
	policy_routing $version
	refuses $version blackhole gate.DROP_NO_ROUTE
	refuses $version unreachable gate.PASS_FIB '(Unreachable|unreachable)'
	refuses $version prohibit gate.PASS_FIB '(filtered|prohibited)'
done
passed
