#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What two gateways say to each other, with all offloads of their interfaces on: TCP in packets of up to
# 64 KiB (TSO), UDP that the kernel cuts (UDP_SEGMENT), ICMP; in tunnel and transport mode, IPv4 and
# IPv6, both directions. Only ESP of a size that fits is on the road.
LAB_IPV6=yes
. "$(dirname "$0")/lib.sh"

offloads() { # NODE on|off
	local interface
	for interface in lan wan; do
		on "$1" ethtool -K "$interface" tx "$2" tso "$2" gso "$2" tx-udp-segmentation "$2" >/dev/null
	done
}

# The first byte to the last; prints Mbit/s as the receiver saw it.
tcp() { # FROM TO FROM_ADDRESS TO_ADDRESS MEGABYTES
	start "$2" iperf-server iperf3 -s -1 -p 5201
	wait_for 5 "iperf3 server" listening "$2" 5201 || return 1
	on "$1" timeout 20 iperf3 -J -B "$3" -c "$4" -p 5201 -n "${5}M" >"$LAB_DIR/iperf.log" 2>&1 </dev/null || return 1
	python3 -c 'import json, sys
print(round(json.load(open(sys.argv[1]))["end"]["sum_received"]["bits_per_second"] / 1e6))' "$LAB_DIR/iperf.log"
}

udp() { # FROM TO FROM_ADDRESS TO_ADDRESS
	local got
	start "$2" udp-gso python3 "$TOP/tests/netns/udp_gso.py" receive "$4" 5300
	ready udp-gso 5 ready || return 1
	on "$1" python3 "$TOP/tests/netns/udp_gso.py" send "$3" "$4" 5300 || return 1
	wait_for 5 "all datagrams" gone udp-gso || return 1
	got=$(grep -v ready "$LAB_DIR/udp-gso.log")
	same "complaints of the receiver" "$got" ""
}

# COMMAND makes large packets of the host into many: of those that the tc program saw there are far fewer.
is_cut() { # NODE COMMAND...
	local node=$1 seen sealed
	shift
	seen=$(counter "$node" gate/EGRESS_PROTECT) sealed=$(counter "$node" worker/SEALED)
	"$@" || return 1
	seen=$(($(counter "$node" gate/EGRESS_PROTECT) - seen))
	sealed=$(($(counter "$node" worker/SEALED) - sealed))
	[ "$sealed" -gt $((seen * 3)) ] || {
		warn "$node: $seen packets of the host became $sealed"
		return 1
	}
}

all_three() { # FROM TO FROM_ADDRESS TO_ADDRESS
	must ping_all "$1" "$4" 10 -i 0.01 -I "$3" -s 1000
	must is_cut "$1" udp "$1" "$2" "$3" "$4"
	must is_cut "$1" tcp "$1" "$2" "$3" "$4" 5 >"$LAB_DIR/mbps"
	say "  $1 to $2: TCP $(cat "$LAB_DIR/mbps") Mbit/s"
}

both_ways() { # ADDRESS_A ADDRESS_B
	all_three gwA gwB "$1" "$2"
	all_three gwB gwA "$2" "$1"
}

is_off() { # NODE IF: what must be complete before it is there
	local on_still
	on_still=$(on "$1" ethtool -k "$2" | grep -E '^(tx-checksumming|tcp-segmentation-offload|generic-segmentation-offload): on')
	[ -z "$on_still" ]
}

# learns_size FROM_ADDRESS TO_ADDRESS: without mss_clamp, the gateway's own TCP is told by ICMP what fits.
learns_size() {
	must grows gwA worker/TOO_BIG tcp gwA gwB "$1" "$2" 1 >"$LAB_DIR/mbps"
	must grep -q "mtu $3" <<<"$(ip -n "$(ns gwA)" route get "$2" from "$1")"
}

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

need_programs
lab_new
lab_sites
lab_road
lab_road_ipv6
must capture_start road
for gw in gwA gwB; do
	must offloads "$gw" on
	must worker_start "$gw"
	must attach "$gw" lan wan
done

title "tunnel mode"
export LAN_A='10.1.0.0/24, fd01::/64' LAN_B='10.2.0.0/24, fd02::/64'
tunnel_up
both_ways 10.1.0.1 10.2.0.1
both_ways fd01::1 fd02::1

title "without offloads, to compare"
must offloads gwA off
plain=$(must tcp gwA gwB 10.1.0.1 10.2.0.1 10)
must offloads gwA on
cut=$(must tcp gwA gwB 10.1.0.1 10.2.0.1 10)
say "  $cut Mbit/s with, $plain without"
must [ $((cut * 3)) -gt "$plain" ]

title "the pair never has offloads, whoever switches them on"
pair=$(on gwA ip -br link | grep -o '^sk[^@ ]*0@' | tr -d @)
must on gwA ethtool -K "$pair" tx on tso on gso on >/dev/null
must wait_for 3 "offloads of $pair to be off" is_off gwA "$pair"
must is_cut gwA tcp gwA gwB 10.1.0.1 10.2.0.1 8 >/dev/null
tunnel_end

title "path MTU by ICMP, without mss_clamp"
CHILD_MORE='mss_clamp = no' tunnel_up
learns_size 10.1.0.1 10.2.0.1 1446
learns_size fd01::1 fd02::1 1446
tunnel_end

title "transport mode, IPv4"
export LAN_A=dynamic LAN_B=dynamic CHILD_MORE='mode = transport'
tunnel_up
both_ways 192.0.2.1 192.0.2.2
tunnel_end

title "transport mode, IPv6"
export WAN_A=2001:db8::1 WAN_B=2001:db8::2
tunnel_up
both_ways 2001:db8::1 2001:db8::2
road_was_safe --min-esp 1000
passed
