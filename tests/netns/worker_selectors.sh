#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# An SA carries what its selectors allow, not all that the policy says (the peer may have
# narrowed them), and only packets of its own child (its index may have been another's).
. "$(dirname "$0")/worker_lib.sh"

lab_with_two_workers
must ping_all hostA 10.2.0.2 3 -i 0.05

title "an SA narrower than the policy"
echo "protect 10.1.0.0/24 10.2.0.0/16 child 1" | must sadctl gwA policy - bypass
must capture_start road
must pings_not hostA 10.2.1.2
must counted_is gwA worker.DROP_SELECTOR 2
must ping_all hostA 10.2.0.2 3 -i 0.05

title "a child whose outbound SA is another child's"
out=$(sadctl gwA sas | awk '/ out / { print $2 }')
printf 'protect 10.1.0.0/24 10.2.0.0/24 child 2\n' | must sadctl gwA policy - bypass
must sadctl gwA switch 2 "$out"
must pings_not hostA 10.2.0.2
must counted_is gwA worker.DROP_STALE_SA 2
road_was_safe
passed
