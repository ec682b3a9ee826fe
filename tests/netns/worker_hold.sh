#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Packets that wait for their SA: sent once it is there, dropped after two seconds, not more
# than sixteen, and never in clear.
. "$(dirname "$0")/worker_lib.sh"

lab_with_two_workers
must capture_start road
must ping_all hostA 10.2.0.2 5 -i 0.05
sa=$(sadctl gwA sas | awk '$3 == "out" { print $2 }')

title "the SA comes in time"
must sadctl gwA switch 1 0
start hostA early ping -n -c 3 -i 0.1 -W 3 10.2.0.2
must wait_for 2 "three packets held" counted_above gwA worker.HELD 2
must sadctl gwA switch 1 "$sa"
must wait_for 5 "the end of the ping" gone early
must log_says early ' 0% packet loss'
must counted_is gwA worker.RELEASED 3

title "it does not"
must sadctl gwA switch 1 0
on hostA ping -n -q -c 20 -i 0.01 -W 1 10.2.0.2 >/dev/null
must counted_is gwA worker.HELD 19
must counted_is gwA worker.DROP_HOLD_FULL 4
must counted_is gwA worker.DROP_HOLD_TIME 16
must sadctl gwA switch 1 "$sa"
must ping_all hostA 10.2.0.2 5 -i 0.05
must counted_is gwA worker.RELEASED 3
road_was_safe
passed
