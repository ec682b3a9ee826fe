#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Interfaces that change their MAC, MTU and queues, that go and come again, while packets flow both ways:
# the worker follows, and is never started again.
. "$(dirname "$0")/worker_lib.sh"

wire() { # NODE IF NODE IF: of four queues
	ip -n "$(ns "$1")" link add "$2" numrxqueues 4 numtxqueues 4 type veth \
		peer name "$4" netns "$(ns "$3")" numrxqueues 4 numtxqueues 4 || return 1
	no_offloads "$1" "$2"
	no_offloads "$3" "$4"
	ip -n "$(ns "$1")" link set "$2" up
	ip -n "$(ns "$3")" link set "$4" up
}
# Some thousand packets per second in both directions, over all queues, whoever listens.
flow() { # NODE FROM TO
	start "$1" "flow-$1" "$PYTHON" -c '
import socket, sys, time
flows = []
for port in range(6001, 6017):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_IP, 10, 0)
    s.setsockopt(socket.SOL_IP, 15, 1)  # IP_FREEBIND: while its interface is away, too
    s.bind((sys.argv[1], port))
    flows.append(s)
while True:
    for s in flows:
        try:
            s.sendto(bytes(200), (sys.argv[2], 9))
        except OSError:
            pass
    time.sleep(0.005)' "$2" "$3"
}
times_attached() { [ "$(grep -c 'lan: attached, 4 queues' "$LAB_DIR/worker-gwA.log")" = "$1" ]; }
goes_on() { # TITLE
	must wait_for 10 "pings after $1" pings hostA 10.2.0.2
	must ping_all hostA 10.2.0.2 10 -i 0.02
	must ping_all hostB 10.1.0.2 10 -i 0.02
	must alive worker-gwA
	must same "workers" "$(cat "$LAB_DIR/pids/worker-gwA")" "$WORKER"
	say "  $1"
}

lab_new
lab_sites
lab_road
must on hostA ethtool -L eth0 rx 4 tx 2
must on gwA ethtool -L lan rx 2 tx 1
for node in gwA gwB; do
	on "$node" sysctl -qw net.ipv4.conf.all.arp_notify=1 # else no neighbour hears of a new MAC
	must worker_start "$node"
	must attach "$node" lan wan
done
must keys_a gwA "$KEY128" window 4096
must keys_b gwB "$KEY128" window 4096
WORKER=$(cat "$LAB_DIR/pids/worker-gwA")
must pings hostA 10.2.0.2
flow hostA 10.1.0.2 10.2.0.2
flow hostB 10.2.0.2 10.1.0.2

for interface in wan lan; do
	must ip -n "$(ns gwA)" link set "$interface" address "02:00:00:00:77:0${#interface}"
	goes_on "a new MAC of $interface"
	must ip -n "$(ns gwA)" link set "$interface" mtu 1400
	goes_on "a smaller MTU of $interface"
	must ip -n "$(ns gwA)" link set "$interface" mtu 1500
	must ip -n "$(ns gwA)" link set "$interface" down
	must ip -n "$(ns gwA)" link set "$interface" up
	[ "$interface" = lan ] || must route gwA 10.2.0.0/24 192.0.2.2
	goes_on "down and up of $interface"
done
# Fewer queues are for an interface that nobody serves: the kernel refuses them.
must on gwA ethtool -L lan rx 4 tx 2
must wait_for 5 "the worker to serve four queues" times_attached 1
goes_on "twice as many queues of lan"
must on gwA ethtool -L lan rx 4 tx 4
must wait_for 5 "the worker to notice" times_attached 2
goes_on "lan transmits by four, too"

must ip -n "$(ns gwA)" link del lan
must wait_for 5 "the worker to let go of lan" log_says worker-gwA 'lan: detached'
must wire hostA eth0 gwA lan
must takes_redirects hostA eth0
must address hostA eth0 10.1.0.2/24
must route hostA default 10.1.0.1
must address gwA lan 10.1.0.1/24
must attach gwA lan
goes_on "lan taken out and put in again"
for node in gwA gwB; do must same "replays at $node" "$(counted "$node" worker.DROP_REPLAY)" 0; done
passed
