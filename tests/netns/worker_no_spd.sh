#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# After boot, before the controller has said what wants protection: nothing is forwarded, neither
# by the gate nor, from an interface without it, by the kernel. The host itself is reachable.
. "$(dirname "$0")/worker_lib.sh"

lab_new
lab_sites
lab_road
must worker_start gwA
must attach gwA wan
must capture_start road

title "forwarded by the kernel, caught on its way out"
must pings_not hostA 10.2.0.2
must counted_above gwA gate.DROP_NO_SPD 1

title "forwarded by the gate"
must attach gwA lan
before=$(counted gwA gate.DROP_NO_SPD)
must pings_not hostA 10.2.0.2
must counted_above gwA gate.DROP_NO_SPD $((before + 1))
must capture_stop road
must same "packets of hostA on the road" \
	"$(tcpdump -nn -r "$LAB_DIR/road-A.pcap" host 10.1.0.2 2>/dev/null | wc -l)" 0

title "this host is reachable, so that somebody can start the controller"
must ping_all hostA 10.1.0.1 2 -i 0.1
must ping_all gwA 192.0.2.2 2 -i 0.1

title "an SPD, even an empty one, opens the way"
sadctl gwA policy - bypass </dev/null
must ping_all hostA 10.2.0.2 3 -i 0.1
passed
