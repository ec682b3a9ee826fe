#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What Sekisho forwards, seals and opens per second on this machine: see usage() below and
# docs/performance.md.
LIB=$(cd "$(dirname "$0")" && pwd)/lib
. "$LIB/common.sh"
. "$LIB/install.sh"
. "$LIB/lab.sh"
. "$LIB/gateway.sh"
. "$LIB/bench_lab.sh"
. "$LIB/bench_rows.sh"

usage() {
	cat <<-EOT
	usage: sudo scripts/bench.sh [ROW...]

	Installs what is missing, builds, measures the rows named, or all, in interleaved rounds:
	  afxdp-forward    the worker passing frames on as they are
	  esp-encrypt      the worker sealing (tunnel mode, AES-128-GCM)
	  esp-decrypt      the worker opening, replay protection on
	  xdp-forward      the gate's bypass by the kernel's FIB, in XDP
	  kernel-forward   the kernel's stack, without XDP
	Prints a table and writes $BUILD/bench.json; then what the gate takes for a packet with 10 to
	100,000 policies, by BPF_PROG_TEST_RUN ($BUILD/bench-spd.txt). From the environment:
	  BENCH_ROUNDS   rounds (5)
	  BENCH_SECONDS  of each measurement (1)
	  BENCH_WARM     seconds before each that are not counted (0.3)
	  BENCH_SIZES    frame sizes in bytes, without FCS (64 1400)
	EOT
}

BENCH_ROUNDS=${BENCH_ROUNDS:-5}
BENCH_SECONDS=${BENCH_SECONDS:-1}
BENCH_WARM=${BENCH_WARM:-0.3}
BENCH_SIZES=${BENCH_SIZES:-64 1400}

options() {
	local row
	case ${1:-} in
	--help | -h) usage; exit 0 ;;
	esac
	for row; do
		[[ " $ROWS " == *" $row "* ]] || { usage >&2; exit 2; }
	done
	[ $# -eq 0 ] || ROWS=$*
}

require_two_cpus() {
	[ "$(nproc)" -ge 2 ] || die "needs two CPUs: the generator spins on one of them"
}

build() {
	mkdir -p "$BUILD_DIR"
	quietly "$BUILD_DIR/bench-make.log" make -C "$TOP" -j"$(nproc)" BUILD="$BUILD" "$BUILD/sekisho-worker" tools bench-tools \
		"$BUILD/tests/bpf/spd_scale_test"
}

# row ROW STEP [ARGUMENT...]: the function of bench_rows.sh; one that is not there fails.
row() {
	local name=${1//-/_} step=$2
	shift 2
	"row_${name}_$step" "$@"
}

# A measurement that is no good is noted with its reason, never averaged in.
bad() { # ROW SIZE REASON
	warn "$1 at $2 bytes: $3"
	printf '%s\t%s\t%s\n' "$1" "$2" "$3" >>"$LAB_DIR/failures"
	return 1
}

# All frames in the window were what they should be, the generator outlived it, and the counters
# agree. Prints why not.
check() { # ROW SIZE
	local all right
	all=$(in_sink pps)
	right=$(in_sink "$CLASS")
	if [ "$all" -le 0 ]; then
		echo "nothing arrived"
	elif awk -v a="$all" -v r="$right" 'BEGIN { exit !(r < 0.999 * a) }'; then
		echo "only $right of $all frames per second were $CLASS"
	elif [ "$GEN_COUNT" -gt 0 ] && [ "$(in_gen sent)" -ge "$GEN_COUNT" ]; then
		echo "the generator ran out of its $GEN_COUNT sealed packets"
	else
		row "$1" check
	fi
}

# measured ROW SIZE RATE SECONDS: in the lab that is up; the result is in sink.json. Prints why not.
measured() {
	local why
	if ! row "$1" up "$2" "$3" "$4" >&2; then
		echo "cannot be set up"
	elif ! traffic "$4" "$SINK_MODE" -s "$2" -r "$3" $GEN_OPTIONS; then
		echo "no result: $(tail -qn 1 "$LAB_DIR/sink.log" "$LAB_DIR/gen.log" | tr '\n' ' ')"
	else
		why=$(check "$1")
		[ -z "$why" ] && return 0
		echo "$why"
	fi
	{
		lab_logs
		echo "---- counters"
		sadctl counters
	} >&2 2>/dev/null
	return 1
}

# try ROW SIZE RATE SECONDS: one measurement in a lab of its own.
try() {
	local status=0
	GEN_OPTIONS='' GEN_COUNT=0
	bench_lab_up || die "cannot make the lab"
	measured "$@" >"$LAB_DIR/why" || { bad "$1" "$2" "$(cat "$LAB_DIR/why")"; status=1; }
	bench_lab_down
	return "$status"
}

declare -A OFFERED

# Which offered load gives the most at the other end? More than a gateway can take may cost it
# what it could have done (receive livelock), less starves it. One short look each.
calibrate() { # ROW SIZE
	local rates rate pps best=0
	read -ra rates <<<"$(row "$1" offered "$2")"
	OFFERED[$1/$2]=${rates[0]}
	[ "${#rates[@]}" -gt 1 ] || return 0
	for rate in "${rates[@]}"; do
		try "$1" "$2" "$rate" 0.5 || continue
		pps=$(in_sink pps)
		if [ "$pps" -gt "$best" ]; then
			best=$pps
			OFFERED[$1/$2]=$rate
		fi
	done
}

for_each_cell() { # COMMAND ROW-SIZE...
	local row size
	for row in $ROWS; do
		for size in $BENCH_SIZES; do
			"$@" "$row" "$size"
		done
	done
}

measure() { # ROW SIZE
	try "$1" "$2" "${OFFERED[$1/$2]}" "$BENCH_SECONDS" || return
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$(in_sink pps)" "${OFFERED[$1/$2]}" \
		"$(in_gen pps)" "$(cat "$LAB_DIR/wait")" "$(cut -d' ' -f1 /proc/loadavg)" >>"$LAB_DIR/samples"
	printf '  %-15s %5s  %10s pps\n' "$1" "$2" "$(in_sink pps)"
}

machine() {
	say "kernel:    $(uname -r) $(uname -m)"
	say "CPU:       $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) online"
	say "packages:  $(package_versions)"
	say "commit:    $(git -C "$TOP" describe --always --dirty 2>/dev/null || echo unknown)"
}

package_versions() {
	dpkg-query -W -f '${db:Status-Abbrev}${binary:Package} ${Version}, ' 'libbpf[0-9]*' 'libxdp[0-9]*' \
		'libipsec-mb[0-9]*' 'libssl3*' gcc clang 2>/dev/null |
		sed 's/, /\n/g' | sed -n 's/^ii *//p' | paste -sd, | sed 's/,/, /g'
}

report() {
	{
		machine
		say "load:      $LOAD_BEFORE before, $(cut -d' ' -f1-3 /proc/loadavg) after"
		say "placement: generator on CPU $CPU_GEN, worker on CPU $CPU_GW"
		say
		python3 "$LIB/bench_report.py" --json "$BUILD_DIR/bench.json" --rounds "$BENCH_ROUNDS" \
			--rows "$ROWS" --sizes "$BENCH_SIZES" "$LAB_DIR/samples" "$LAB_DIR/failures"
	} | tee "$BUILD_DIR/bench.txt"
	return "${PIPESTATUS[0]}"
}

# The time that the SPD's lookup takes must not grow with its length.
lookup() {
	"$BUILD_DIR/tests/bpf/spd_scale_test" | grep -E 'ratio|FAILED|SKIPPED' | tee "$BUILD_DIR/bench-spd.txt"
	return "${PIPESTATUS[0]}"
}

options "$@"
require_root
install_packages $PACKAGES_BUILD $PACKAGES_LAB
require_environment
require_two_cpus
[ "${BENCH_NO_BUILD:-}" ] || build || exit 1
lab_new
: >"$LAB_DIR/samples"
: >"$LAB_DIR/failures"
LOAD_BEFORE=$(cut -d' ' -f1-3 /proc/loadavg)
title "Which load to offer"
for_each_cell calibrate
: >"$LAB_DIR/failures"
for ((round = 1; round <= BENCH_ROUNDS; round++)); do
	title "Round $round of $BENCH_ROUNDS"
	for_each_cell measure
done
title "Result"
report || status=1
title "SPD lookup"
lookup || status=1
exit "${status:-0}"
