#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Interfaces with several queues: every flow gets through, whichever queue it comes in by, also
# where fewer queues transmit than receive, and after `ethtool -L`.
. "$(dirname "$0")/worker_lib.sh"

# Four queues at both ends of every wire.
wire() { # NODE IF NODE IF
	ip -n "$(ns "$1")" link add "$2" numrxqueues 4 numtxqueues 4 type veth \
		peer name "$4" netns "$(ns "$3")" numrxqueues 4 numtxqueues 4 || return 1
	no_offloads "$1" "$2"
	no_offloads "$3" "$4"
	ip -n "$(ns "$1")" link set "$2" up
	ip -n "$(ns "$3")" link set "$4" up
}
queues() { on "$1" ethtool -L "$2" rx "$3" tx "$4"; } # NODE IF RX TX

# Sixteen flows, so that every queue has some, and no answer needed: what arrives is counted.
flows_arrive() {
	local before
	before=$(counted gwB worker.OPENED)
	on hostA "$PYTHON" - <<'PY'
import socket
for port in range(5001, 5017):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("10.1.0.2", port))
    s.sendto(b"hello", ("10.2.0.2", 9))
PY
	wait_for 3 "sixteen packets at gwB" counted_above gwB worker.OPENED $((before + 15))
}
# Much through all queues, both ways at once, in SAs that all workers use: each number is sent once, and
# none is lost to the replay window.
flood() { # NODE FROM TO
	start "$1" "flood-$1" "$PYTHON" -c '
import socket, sys, time
flows = []
for port in range(6001, 6033):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((sys.argv[1], port))
    flows.append(s)
for n in range(400):
    for s in flows:
        s.sendto(bytes(100), (sys.argv[2], 9))
    time.sleep(0.002)' "$2" "$3"
}
numbers_are_used_once() {
	local node
	flood hostA 10.1.0.2 10.2.0.2
	flood hostB 10.2.0.2 10.1.0.2
	for node in hostA hostB; do must wait_for 20 "the end of the flood of $node" gone "flood-$node"; done
	must wait_for 3 "all at gwB" counted_above gwB worker.OPENED $((400 * 32 - 1))
	must wait_for 3 "all at gwA" counted_above gwA worker.OPENED $((400 * 32 - 1))
	for node in gwA gwB; do
		must same "replays at $node" "$(counted "$node" worker.DROP_REPLAY)" 0
		must same "frames that found no room at $node" "$(counted "$node" worker.DROP_TX_FULL)" 0
	done
}
# A queue of every worker had some of it.
is_shared_out() {
	local rx
	rx=$(on "$1" ethtool -S "$2" | awk '/rx_queue_[0-9]+_xdp_packets/ && $2 > 100' | wc -l)
	[ "$rx" -ge 2 ]
}
times_attached() { # QUEUES TIMES
	[ "$(grep -c "lan: attached, $1 queues" "$LAB_DIR/worker-gwA.log")" = "$2" ]
}

title "four queues receive, one transmits, as on some NICs"
lab_new
lab_sites
lab_road
must capture_start road
for interface in lan wan; do
	must queues gwA "$interface" 4 1
done
must queues hostA eth0 4 4
must queues mid toA 4 4
must worker_start gwA
must attach gwA lan wan
must worker_start gwB
must attach gwB lan wan
must keys_a gwA "$KEY128" window 1024
must keys_b gwB "$KEY128" window 1024
must times_attached 4 1
must flows_arrive
numbers_are_used_once
must is_shared_out gwA lan
must capture_stop road
must wire_check road --unordered --min-esp 25000
must ping_all hostA 10.2.0.2 10 -i 0.05

title "the number of queues grows"
must detach gwA lan
must wait_for 5 "the worker to let go of lan" not_served gwA lan
must queues hostA eth0 4 2
must wait_for 5 "free queues" queues gwA lan 2 2
must attach gwA lan
must times_attached 2 1
must wait_for 10 "ping through the tunnel" pings hostA 10.2.0.2
must flows_arrive
must queues gwA lan 4 4
must queues hostA eth0 4 4
must wait_for 5 "the worker to notice" times_attached 4 2
must flows_arrive
passed
