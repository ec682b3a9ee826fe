# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# The bench's own little lab, made anew for every measurement, so that none inherits the state
# of the one before:
#
#        src                    gw                    dst
#       eth0 ---------- in  (gateway)  out --------- eth0
#     10.81.0.2     10.81.0.1       10.82.0.1     10.82.0.2
#     generator                                     sink
#   198.18.0.0/16 is behind src, 198.19.0.0/16 behind dst; packets go from left to right.
#
# CPU_GEN runs the generator, and with it (a veth has no wire: the receive work of a frame runs
# on its sender's CPU) the reception on `in`. CPU_GW runs the worker, its transmission, and the
# sink. Sourced after lab.sh.

CPU_GW=0
CPU_GEN=1

link_mac() { ip -n "$(ns "$1")" -br link show dev "$2" | awk '{ print $3 }'; }

bench_lab_up() {
	lab_nodes src gw dst || return 1
	if ! { wire src eth0 gw in && wire gw out dst eth0; }; then
		return 1
	fi
	address gw in 10.81.0.1/24 && address gw out 10.82.0.1/24 && address dst eth0 10.82.0.2/24 &&
		address src eth0 10.81.0.2/24
	neighbour gw in 10.81.0.2 "$(link_mac src eth0)"
	neighbour gw out 10.82.0.2 "$(link_mac dst eth0)"
	route gw 198.18.0.0/16 10.81.0.2
	route gw 198.19.0.0/16 10.82.0.2
	on gw sysctl -qw net.ipv4.ip_forward=1
}

neighbour() { ip -n "$(ns "$1")" neigh replace "$3" lladdr "$4" dev "$2" nud permanent; }

bench_lab_down() {
	local pid_file name
	for pid_file in "$LAB_DIR"/pids/*; do
		[ -e "$pid_file" ] && process_end "$pid_file"
	done
	while read -r name; do
		ip netns del "$name" 2>/dev/null
	done <"$LAB_DIR/namespaces"
	: >"$LAB_DIR/namespaces"
	rm -rf "$(gw_pins gw)"
	rm -f "$LAB_DIR"/*.log
}

# ---- Traffic -----------------------------------------------------------------------------

# traffic SECONDS SINK_MODE GENERATOR_OPTION...: leaves the reports in sink.json and gen.json.
# The generator runs from before the measured window until after it, the sink longer still: a
# frame that finds no receiver would be missing in the sums.
traffic() {
	local seconds=$1 mode=$2 status=0
	shift 2
	start dst sink "$BUILD_DIR/bench/pktsink" -d eth0 -m "$mode" -w "$BENCH_WARM" -t "$seconds" -g 60 -j -l
	ready sink 10 ready || return 1
	start src gen "$BUILD_DIR/bench/pktgen" -d eth0 -c "$CPU_GEN" -t 120 -j \
		--dmac "$(link_mac gw in)" --src 198.18.0.1 --dst 198.19.0.1 "$@"
	ready sink 90 '"total"' || status=1
	cpu_wait >"$LAB_DIR/wait"
	finish gen && finish sink || status=1
	grep -h '^{"pktsink":"total"' "$LAB_DIR/sink.log" >"$LAB_DIR/sink.json" || status=1
	grep -h '^{"pktgen":"total"' "$LAB_DIR/gen.log" >"$LAB_DIR/gen.json" || status=1
	return "$status"
}

# Ask it to end, and let it write what it has to say.
finish() { # LABEL
	signal "$1" TERM
	wait_for 10 "the end of $1" gone "$1" || return 1
	rm -f "$LAB_DIR/pids/$1"
}

in_sink() { python3 "$TOP/scripts/lib/json_get.py" "$1" <"$LAB_DIR/sink.json"; }
in_gen() { python3 "$TOP/scripts/lib/json_get.py" "$1" <"$LAB_DIR/gen.json"; }

# Per cent of its life that the generator or the worker, whichever is worse, was runnable but had
# no CPU: what somebody else's work on this machine took from the measurement.
cpu_wait() {
	local label pid _
	for label in gen worker-gw; do
		[ -e "$LAB_DIR/pids/$label" ] || continue
		read -r pid _ <"$LAB_DIR/pids/$label"
		cat /proc/"$pid"/task/*/schedstat 2>/dev/null
	done | awk '$1 + $2 > 0 { w = 100 * $2 / ($1 + $2); if (w > m) m = w } END { printf "%.1f\n", m }'
}

# Frames that reached dst since the namespace was made, whatever the sink did with them.
frames_at_dst() { on dst awk -F'[: ]+' '$2 == "eth0" { print $4 }' /proc/net/dev; }
