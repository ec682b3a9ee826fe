#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The lab proves itself: strongSwan on both sides. Ping and iperf3 through, only UDP-
# encapsulated ESP and IKE on the road, a Child rekey from either side without a lost packet,
# delete from either side; and the check does see clear traffic when there is some.
. "$(dirname "$0")/lib.sh"

lab_new
lab_sites
lab_road

title "the check itself: without a tunnel the road carries clear traffic, and it says so"
capture_start clear
ping_all hostA 10.2.0.2 3 -i 0.05
capture_stop clear
must wire_check clear --min-clear 6

title "strongSwan on both sides"
must swan_start gwA A
must swan_start gwB B
capture_start tunnel
must swan_up gwA
must ping_all hostA 10.2.0.2 20 -i 0.02
must ping_all hostB 10.1.0.2 20 -i 0.02
say "  iperf3: $(must iperf_mbps hostA hostB 10.2.0.2 2) Mbit/s"

for side in gwA gwB; do
	title "Child rekey from $side during 200 packets per second"
	steady_start hostA 10.2.0.2 600
	sleep 1
	must swan "$side" --rekey --child net
	must steady_end 15
done

for side in gwA gwB; do
	title "delete from $side"
	must swan "$side" --terminate --ike tunnel
	must wait_for 5 "no SA left on gwA" swan_has_no_sa gwA
	must wait_for 5 "no SA left on gwB" swan_has_no_sa gwB
	[ "$side" = gwB ] || must swan_up gwB
done
must capture_stop tunnel
must wire_check tunnel --min-esp 1000
passed
