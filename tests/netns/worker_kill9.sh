#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# kill -9 of a worker under traffic, keys by hand: nothing leaves in clear, the next worker
# goes on with the same SAs, and sequence numbers strictly rise over three restarts.
. "$(dirname "$0")/worker_lib.sh"

lab_with_two_workers
must capture_start road
must ping_all hostA 10.2.0.2 20 -i 0.02

start hostA steady ping -n -q -i 0.005 -W 1 10.2.0.2
for round in 1 2 3; do
	title "kill -9, round $round"
	sleep 0.4
	dropped=$(counted gwA gate.DROP_NO_WORKER)
	must kill9 worker-gwA
	must wait_for 5 "DROP_NO_WORKER to rise" counted_above gwA gate.DROP_NO_WORKER "$dropped"
	must worker_start gwA
	must wait_for 10 "lan to be served" served gwA lan
	must wait_for 10 "ping through the tunnel" pings hostA 10.2.0.2
	must ping_all hostA 10.2.0.2 20 -i 0.02
done
stop steady

title "restarted at once, while the kernel still takes the dead one apart"
signal worker-gwA KILL
must worker_start gwA
must wait_for 10 "ping through the tunnel" pings hostA 10.2.0.2

title "from the host itself, too"
must kill9 worker-gwA
must_not on gwA ping -n -q -c 2 -i 0.2 -W 1 -I 10.1.0.1 10.2.0.2
must worker_start gwA
must wait_for 10 "ping from gwA" on gwA ping -n -q -c 1 -W 1 -I 10.1.0.1 10.2.0.2
must counted_is gwA worker.DROP_META 0
must capture_stop road
must wire_check road --min-esp 200
passed
