#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Attach and detach with `ip link`, nothing else: the worker lets go and takes up again, also
# interfaces that vanish, appear, or change their addresses; one worker per instance.
. "$(dirname "$0")/worker_lib.sh"

lab_with_two_workers
must ping_all hostA 10.2.0.2 5 -i 0.05

sockets() { # NODE: AF_XDP sockets of the worker of that node
	local pid _
	read -r pid _ <"$LAB_DIR/pids/worker-$1"
	find "/proc/$pid/fd" -lname 'socket:*' -printf '%l\n' | tr -dc '0-9\n' | sort |
		comm -12 - <(awk 'NR > 1 { print $NF }' /proc/"$pid"/net/xdp 2>/dev/null | sort) | wc -l
}
two_queues() { # N: how often lan was attached with them
	[ "$(grep -c 'lan: attached, 2 queues' "$LAB_DIR/worker-gwA.log")" -ge "$1" ]
}
egress() { on "$1" tc filter show dev "$2" egress | grep -q 'handle 0x534b'; }

for round in 1 2 3; do
	title "detach and attach, round $round"
	must egress gwA lan
	must detach gwA lan
	must wait_for 5 "the worker to let go of lan" not_served gwA lan
	must_not egress gwA lan
	must attach gwA lan
	must wait_for 10 "ping through the tunnel" pings hostA 10.2.0.2
	must ping_all hostA 10.2.0.2 10 -i 0.02
done

title "an interface that vanishes and comes back"
ip -n "$(ns gwA)" link del lan
must wait_for 5 "detached in the log" log_says worker-gwA 'lan: detached: the interface is gone'
must wire hostA eth0 gwA lan
address hostA eth0 10.1.0.2/24 && route hostA default 10.1.0.1
address gwA lan 10.1.0.1/24
must attach gwA lan
must wait_for 10 "ping through the tunnel" pings hostA 10.2.0.2
must ping_all hostA 10.2.0.2 10 -i 0.02

title "a host that comes back with another MAC"
ip -n "$(ns hostA)" link set eth0 address 02:11:22:33:44:55
ip -n "$(ns hostA)" neigh flush dev eth0
must wait_for 10 "ping through the tunnel" pings hostA 10.2.0.2 # once netlink has told the worker
must ping_all hostA 10.2.0.2 10 -i 0.05

title "what cannot be sent does not wait for better days"
ip -n "$(ns gwA)" neigh change 192.0.2.2 dev wan nud permanent
ip -n "$(ns mid)" link set toA down
on hostA "$PYTHON" -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(1000):
    s.sendto(bytes(100), ("10.2.0.2", 9))'
sleep 0.6 # of housekeeping
before=$(counted gwB worker.OPENED)
ip -n "$(ns mid)" link set toA up
sleep 0.6
must counted_is gwB worker.OPENED "$before"
must counted_above gwA worker.DROP_TX_FULL 900
ip -n "$(ns gwA)" neigh change 192.0.2.2 dev wan nud reachable
must wait_for 10 "ping through the tunnel" pings hostA 10.2.0.2

title "more queues to receive than to send, then as many"
must on gwA ethtool -L lan rx 2
must wait_for 5 "two queues" two_queues 1
must on hostA ethtool -L eth0 tx 2 rx 1
must wait_for 10 "ping through the tunnel" pings hostA 10.2.0.2
for _ in 1 2 3 4 5 6; do must ping_all hostA 10.2.0.2 3 -i 0.02; done # some by queue 1
must on gwA ethtool -L lan rx 2 tx 2
must wait_for 5 "two queues to send" two_queues 2
must wait_for 10 "ping through the tunnel" pings hostA 10.2.0.2
for _ in 1 2 3 4 5 6; do must ping_all hostA 10.2.0.2 3 -i 0.02; done

title "its own veth is made again"
host_if="sk$(gw_instance gwA | cut -c1-11)0"
ip -n "$(ns gwA)" link del "$host_if"
must wait_for 5 "the pair to be there" ip -n "$(ns gwA)" link show "$host_if"
must wait_for 10 "ping from gwA itself" on gwA ping -n -q -c 1 -W 1 -I 10.1.0.1 10.2.0.2

title "a second worker of the instance is refused"
must_not on gwA "$BUILD_DIR/sekisho-worker" --instance "$(gw_instance gwA)"

title "SIGTERM: the pins stay; --unpin: they go"
stop worker-gwA
must test -e "$(gw_pins gwA)/sad"
start gwA worker-gwA "$BUILD_DIR/sekisho-worker" --instance "$(gw_instance gwA)" --unpin
must ready worker-gwA 10 ready
must wait_for 10 "ping through the tunnel" pings hostA 10.2.0.2
stop worker-gwA
must test ! -e "$(gw_pins gwA)/sad"
must_not ip -n "$(ns gwA)" link show "$host_if"
must_not egress gwA lan
passed
