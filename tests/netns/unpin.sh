#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# `--unpin` while the controller runs: the gates that stay attached drop what needs protection,
# the controller sees that its maps are gone and serves those of the next worker.
. "$(dirname "$0")/lib.sh"

gw_has_policy() { sekisho "$1" policies 2>/dev/null | grep -q protect; }

lab_with_tunnel
must ping_all hostA 10.2.0.2 10 -i 0.02

title "the worker ends with --unpin: nothing passes"
must stop worker-gwA
start gwA worker-gwA "$BUILD_DIR/sekisho-worker" --instance "$(gw_instance gwA)" --unpin
must ready worker-gwA 15 ready
must stop worker-gwA
must test ! -e "$(gw_pins gwA)"
must pings_not hostA 10.2.0.2
must wait_for 5 "the controller to wait for new pins" log_says sekishod-gwA 'waiting for'

title "a new worker, the gates attached anew"
must worker_start gwA
must log_says worker-gwA 'lan: not served'
must wait_for 5 "the controller on the new maps" gw_has_policy gwA
for port in lan wan; do
	must detach gwA "$port"
	must attach gwA "$port"
done
must wait_for 15 "ping through the tunnel" pings hostA 10.2.0.2
must ping_all hostA 10.2.0.2 50 -i 0.02
must same "SPIs of sekisho and of the map" "$(sas_spis gwA)" "$(sad_spis gwA)"
road_was_safe --min-esp 100 --icmp-errors
passed
