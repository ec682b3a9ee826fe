#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Two gateways of ours on a road that loses 30 %, doubles, delays and reorders IKE messages, from
# a seed: in every run all tunnels come up, are rekeyed, and end with exactly one live Child SA
# for each child, and with nothing left in the maps. FAULT_RUNS=200 for the long form.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fault_lib.sh"

# Minutes of bad luck on purpose: asked for, not part of every run.
[ -n "${FAULT_RUNS:-}" ] || skip "only with FAULT_RUNS=N (8 or more), see the top of the script"
FAULT_TUNNELS=$((FAULT_RUNS < 40 ? FAULT_RUNS : 40))
need_programs
lab_new
lab_sites
must fault_road
must fault_gw gwA
must fault_gw gwB
must fault_runs --b "$(gw_vici gwB)" --maps "$(gw_pins gwA)" "$(gw_pins gwB)"
must road_was_bad
passed
