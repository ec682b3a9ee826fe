#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# kill -9 of a worker under traffic: nothing in clear on the road, a counter says why; started
# again it goes on with the same SAs, and no sequence number is used twice.
. "$(dirname "$0")/lib.sh"

lab_with_tunnel
before=$(sad_spis gwA)

for gw in gwA gwB; do
	title "kill -9 of the worker of $gw"
	steady_start hostA 10.2.0.2 1600
	sleep 1
	dropped=$(counter "$gw" gate/DROP_NO_WORKER)
	must kill9 "worker-$gw"
	must pings_not hostA 10.2.0.2
	must wait_for 5 "DROP_NO_WORKER of $gw to rise" counter_above "$gw" gate/DROP_NO_WORKER "$dropped"
	say "  DROP_NO_WORKER: $dropped, then $(counter "$gw" gate/DROP_NO_WORKER)"

	title "started again"
	must worker_start "$gw"
	must wait_for 10 "ping through the tunnel" pings hostA 10.2.0.2
	must ping_all hostA 10.2.0.2 50 -i 0.02
	must same "SPIs before and after" "$before" "$(sad_spis gwA)"
	stop steady
done
road_was_safe --min-esp 1000
passed
