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

title "... and what comes out of it as little: counted for the SA"
mismatched() { sadctl gwB sas | grep -q " in .* mismatched $1\b"; }
must mismatched 0
echo "protect 10.1.0.0/24 10.2.0.0/16 child 1" | must sadctl gwA policy - bypass
must forget_keys gwA out
must sadctl gwA sa-add out src 192.0.2.1 dst 192.0.2.2 spi "$SPI_OUT" child 1 encr aes128gcm16 key "$KEY128" \
	seq 1000 ts 10.1.0.0/24 10.2.0.0/16 >"$LAB_DIR/wider"
must sadctl gwA switch 1 "$(cat "$LAB_DIR/wider")"
must pings_not hostA 10.2.1.2
must counted_is gwB worker.DROP_SELECTOR 2
must mismatched 2

title "a child whose outbound SA is another child's"
out=$(sadctl gwA sas | awk '/ out / { print $2 }')
printf 'protect 10.1.0.0/24 10.2.0.0/24 child 2\n' | must sadctl gwA policy - bypass
must sadctl gwA switch 2 "$out"
must pings_not hostA 10.2.0.2
must counted_is gwA worker.DROP_STALE_SA 2
road_was_safe
passed
