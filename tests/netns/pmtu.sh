#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A router on the road whose link shrinks from 1500 to 1280 under a running TCP connection, with IPv4
# and IPv6 outside, with and without UDP: the gateway believes the router's ICMP, tells the hosts, and
# TCP goes on. Forged ICMP changes nothing.
LAB_IPV6=yes
. "$(dirname "$0")/lib.sh"

export LAN_A='10.1.0.0/24, fd01::/64' LAN_B='10.2.0.0/24, fd02::/64'

# mid routes between 198.51.100.0/24 and 192.0.2.0/24, and the same of IPv6.
road_routed() {
	on mid sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	address gwA wan 198.51.100.2/24 && route gwA default 198.51.100.1
	address gwB wan 192.0.2.2/24 && route gwB default 192.0.2.254
	address mid toA 198.51.100.1/24 && address mid toB 192.0.2.254/24
	address gwA wan 2001:db8:a::2/64 && route gwA ::/0 2001:db8:a::1
	address gwB wan 2001:db8:b::2/64 && route gwB ::/0 2001:db8:b::1
	address mid toA 2001:db8:a::1/64 && address mid toB 2001:db8:b::1/64
	address hostA eth0 fd01::2/64 && route hostA default fd01::1
	address hostB eth0 fd02::2/64 && route hostB default fd02::1
	address gwA lan fd01::1/64 && address gwB lan fd02::1/64
	on gwA sysctl -qw net.ipv6.conf.all.forwarding=1
	on gwB sysctl -qw net.ipv6.conf.all.forwarding=1
}

# The far half of the road: both ends of the link.
road_mtu() {
	ip -n "$(ns mid)" link set toB mtu "$1"
	ip -n "$(ns gwB)" link set wan mtu "$1"
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

# The largest ping that arrives, of that many bytes of IP, and no larger one.
fits() { # FROM TO HEADERS MTU
	must ping_all "$1" "$2" 2 -M "do" -s $(($4 - $3))
	must_not on "$1" ping -n -q -c 1 -W 1 -M "do" -s $(($4 - $3 + 1)) "$2"
}

# TCP from hostA to hostB while the road shrinks.
shrinks() { # TITLE ADDRESS MTU-BEFORE MTU-AFTER
	local learned
	title "$1"
	road_mtu 1500
	tunnel_up
	learned=$(counter gwA worker/PMTU)
	fits hostA 10.2.0.2 28 "$3"
	start hostB iperf-server iperf3 -s -1 -p 5201
	must wait_for 5 "iperf3 server" listening hostB 5201
	start hostA iperf-client iperf3 -J -c "$2" -p 5201 -t 3
	sleep 1
	road_mtu 1280
	must wait_for 10 "iperf3's end" gone iperf-client
	must python3 -c 'import json, sys
rates = [i["sum"]["bits_per_second"] for i in json.load(open(sys.argv[1]))["intervals"]]
print("  Mbit/s before and after:", *[round(rate / 1e6) for rate in rates])
sys.exit(rates[-1] < 1e6)' "$LAB_DIR/iperf-client.log"
	must counter_above gwA worker/PMTU "$learned"
	on hostA ip route flush cache
	on hostA ip -6 route flush cache
	must_not on hostA ping -n -q -c 1 -W 1 -M "do" -s $(($4 - 27)) 10.2.0.2
	fits hostA 10.2.0.2 28 "$4"
	must ping_all hostA fd02::2 2 -s 1200 # no link may refuse what is 1280 bytes long
	must ping_all_of hostA 10.2.0.2 2 -M dont -s 3000
	must wait_for 6 "both hosts to learn that 1280 bytes fit" pings hostA fd02::2 -s 3000
	must ping_all hostA fd02::2 2 -s 3000
	on hostA ip route flush cache
	on hostA ip -6 route flush cache
	tunnel_end
}

forge() { # PYTHON: an ICMP message to gwA, from the router
	on mid /usr/bin/python3 -c "from scapy.all import *
mac = '$(on gwA ip -br link show dev wan | awk '{ print $3 }')'
def quote(spi, seq): return IP(src='198.51.100.2', dst='192.0.2.2', proto=50) / struct.pack('!II', spi, seq)
def say(mtu, quoted): sendp(Ether(dst=mac) / IP(src='198.51.100.1', dst='198.51.100.2') /
	ICMP(type=3, code=4, nexthopmtu=mtu) / quoted, iface='toA', verbose=False)
$1" >/dev/null 2>&1
}
refuses() { # WHAT PYTHON
	local before
	before=$(counter gwA worker/DROP_PMTU)
	must forge "$2"
	must wait_for 3 "$1 to be refused" counter_above gwA worker/DROP_PMTU "$before"
}

need_programs
lab_new
lab_sites
road_routed
must capture_start road
for gw in gwA gwB; do
	must worker_start "$gw"
	must attach "$gw" lan wan
done

export WAN_A=198.51.100.2 WAN_B=192.0.2.2
shrinks "IPv4 outside" 10.2.0.2 1446 1226
ENCAP=yes shrinks "UDP over IPv4 outside" 10.2.0.2 1438 1218

title "forged messages"
road_mtu 1500
tunnel_up
must ping_all hostA 10.2.0.2 3
OUT=$(sekisho gwA sas | sed -nE 's/.*out SPI 0x([0-9a-f]+).*/\1/p')
refuses "a number that was never sent" "say(1000, quote(0x$OUT, 70000))"
refuses "number 0" "say(1000, quote(0x$OUT, 0))"
refuses "an absurd MTU" "say(100, quote(0x$OUT, 2))"
refuses "more than before" "say(9000, quote(0x$OUT, 2))"
must forge "say(1000, quote(0x12345678, 2))" # no SA of ours: the kernel's
fits hostA 10.2.0.2 28 1446
tunnel_end

title "the same is learned of AH"
road_mtu 1500
AH=sha256 tunnel_up
on hostA ip route flush cache
LEARNED=$(counter gwA worker/PMTU)
fits hostA 10.2.0.2 28 1452
road_mtu 1280
must_not on hostA ping -n -q -c 1 -W 1 -M "do" -s 1424 10.2.0.2
must wait_for 3 "the path MTU" counter_above gwA worker/PMTU "$LEARNED"
on hostA ip route flush cache
fits hostA 10.2.0.2 28 1232
on hostA ip route flush cache
tunnel_end

export WAN_A=2001:db8:a::2 WAN_B=2001:db8:b::2
shrinks "IPv6 outside" fd02::2 1426 1206
ENCAP=yes shrinks "UDP over IPv6 outside" fd02::2 1418 1198
road_was_safe --min-esp 300 --min-ah 8 --icmp-errors
passed
