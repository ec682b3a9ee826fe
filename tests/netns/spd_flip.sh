#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Three lists of 10,000 policies take turns under 1000 packets per second. Each of them protects the
# traffic by other policies, and discards what is around it: a packet that saw parts of two lists
# would be discarded, or leave in clear.
. "$(dirname "$0")/worker_lib.sh"

lists() {
	python3 - "$LAB_DIR" <<'PY'
import sys
nets = [["10.2.0.0/24"], ["10.2.0.0/25", "10.2.0.128/25"], ["10.2.0.2"]]
for i, protected in enumerate(nets):
    with open(f"{sys.argv[1]}/list{i}", "w") as out:
        rest = [f"discard 10.1.0.0/24 10.{32 + n // 250}.{n % 250}.{i * 64}/26" for n in range(9990)]
        rest[i * 2000:i * 2000] = [f"protect 10.1.0.0/24 {net} child 1" for net in protected]
        print("\n".join(rest + ["discard 0.0.0.0/0 10.2.0.0/16"]), file=out)
PY
}

lab_with_two_workers
must lists
must capture_start road
flips=0
until [ "$flips" -gt 10 ]; do # on a busy machine the lists take longer than the pings
	start hostA steady ping -n -q -i 0.001 -c 2000 -W 2 10.2.0.2
	while alive steady; do
		must sadctl gwA policy "$LAB_DIR/list$((flips % 3))" bypass
		flips=$((flips + 1))
	done
	must steady_end 10
done
say "  $flips lists"
for reason in gate.DROP_POLICY gate.DROP_CLEAR_IN gate.DROP_BUG gate.FORWARD; do
	must counts gwA $reason 0
done
must counts gwA worker.DROP_POLICY 0
road_was_safe
passed
