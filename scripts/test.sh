#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Everything that is tested, on a fresh Debian 12 or 13 too: see usage() below.
LIB=$(cd "$(dirname "$0")" && pwd)/lib
. "$LIB/common.sh"
. "$LIB/install.sh"

SUITES="layers build build-clang unit unit-asan unit-tsan bpf netns interop fuzz demo"

usage() {
	cat <<-EOT
	usage: sudo scripts/test.sh [SUITE...]

	Installs what is missing, builds with warnings as errors, runs the suites named, or all:
	  layers       no #include against the order of the rooms
	  build        everything, with gcc            build-clang  the same with clang
	  unit         unit and exchange tests         unit-asan    under address and UB sanitizers
	  unit-tsan    threads on one SA, under ThreadSanitizer
	  bpf          the programs by BPF_PROG_TEST_RUN
	  netns        scenarios in network namespaces (tests/netns)
	  interop      the same against strongSwan (tests/interop)
	  fuzz         each fuzz target for a short while
	  demo         scripts/demo.sh, once
	Each closes with 'NAME: N passed, N failed'. Logs stay in $BUILD/test-logs. JOBS scenarios
	run side by side, one more than there are processors unless said: most of the time they wait.
	EOT
}

LOGS=$BUILD_DIR/test-logs
JOBS=${JOBS:-$(($(nproc) + 1))}
declare -A CHILDREN=() # pid: the log it writes
FAILED=

stopped() { # SIGNAL NUMBER: end what runs, which cleans up after itself
	trap '' INT TERM HUP
	[ ${#CHILDREN[@]} -gt 0 ] && kill -s TERM "${!CHILDREN[@]}" 2>/dev/null && wait "${!CHILDREN[@]}"
	exit $((128 + $1))
}

# begin LOG SECONDS COMMAND...: in the background, so that a signal to us need not wait for it.
begin() {
	local log=$1 seconds=$2
	shift 2
	timeout --foreground -k 20 "$seconds" "$@" >"$LOGS/$log.log" 2>&1 &
	CHILDREN[$!]=$log
}

# The next that ends: its log's name is ENDED, its status is returned.
next_end() {
	local pid status
	wait -n -p pid "${!CHILDREN[@]}"
	status=$?
	ENDED=${CHILDREN[$pid]}
	unset "CHILDREN[$pid]"
	[ "$status" -eq 124 ] && echo "ended: it took too long" >>"$LOGS/$ENDED.log"
	return "$status"
}

logged() { # LOG SECONDS COMMAND...
	begin "$@"
	next_end
}

close_suite() { # NAME PASSED FAILED [SKIPPED]
	local skipped=''
	[ "${4:-0}" -gt 0 ] && skipped=", $4 skipped"
	say "$1: $2 passed, $3 failed$skipped"
	if [ "$3" -gt 0 ]; then
		FAILED="$FAILED $1"
	fi
}

show_failure() { # WHAT LOG
	say "${RED}FAILED${PLAIN} $1; the end of ${LOGS#"$TOP"/}/$2.log:"
	tail -n 60 "$LOGS/$2.log" | sed 's/^/    /'
}

# One command that passes or fails as a whole.
whole_suite() { # NAME SECONDS COMMAND...
	local name=$1
	shift
	if logged "$name" "$@"; then
		close_suite "$name" 1 0
	else
		show_failure "$name" "$name"
		close_suite "$name" 0 1
	fi
}

# A command whose last line that says 'N passed, N failed' counts.
counting_suite() { # NAME SECONDS COMMAND...
	local name=$1 status line
	shift
	logged "$name" "$@"
	status=$?
	line=$(grep -oE '[0-9]+ passed, [0-9]+ failed' "$LOGS/$name.log" | tail -n 1)
	if [ "$status" -eq 0 ] && [ -n "$line" ]; then
		say "$name: $line"
		return
	fi
	show_failure "$name" "$name"
	# shellcheck disable=SC2086 # "N passed, N failed" as words
	set -- ${line:-0 passed, 0 failed}
	close_suite "$name" "$1" "$(($3 > 0 ? $3 : 1))"
}

# Every scenario script of a folder, JOBS at a time: its exit status is its result.
scenario_suite() { # NAME
	local suite=$1 script pass=0 fail=0 skipped=0
	local -A from=()
	for script in "$TOP/tests/$suite"/*.sh; do
		[ -x "$script" ] || continue
		[ ${#CHILDREN[@]} -lt "$JOBS" ] || scenario_end
		from[$suite-$(basename "$script" .sh)]=$SECONDS
		begin "$suite-$(basename "$script" .sh)" 240 "$script"
	done
	while [ ${#CHILDREN[@]} -gt 0 ]; do scenario_end; done
	close_suite "$suite" "$pass" "$fail" "$skipped"
}

# Waits for one of them; the variables are scenario_suite's.
scenario_end() {
	local status name
	next_end
	status=$?
	name=${ENDED#"$suite"-}
	case $status in
	0) pass=$((pass + 1)); say "  passed   $name ($((SECONDS - from[$ENDED])) s)" ;;
	77) skipped=$((skipped + 1)); say "  SKIPPED  $name: $(sed -n 's/^SKIPPED: //p' "$LOGS/$ENDED.log")" ;;
	*) fail=$((fail + 1)); show_failure "$name" "$ENDED" ;;
	esac
}

suite() {
	case $1 in
	layers) whole_suite layers 60 "$TOP/scripts/layers" ;;
	build) whole_suite build 600 make -C "$TOP" -j"$(nproc)" BUILD="$BUILD" all test-programs ;;
	build-clang) whole_suite build-clang 600 make -C "$TOP" -j"$(nproc)" CC=clang BUILD="$BUILD-clang" all test-programs ;;
	unit) counting_suite unit 600 make -C "$TOP" -j"$(nproc)" BUILD="$BUILD" check ;;
	unit-asan) counting_suite unit-asan 600 make -C "$TOP" -j"$(nproc)" BUILD="$BUILD-asan" SANITIZE=address,undefined OPT=-O1 check ;;
	unit-tsan) counting_suite unit-tsan 300 make -C "$TOP" -j"$(nproc)" BUILD="$BUILD" tsan ;;
	bpf) need_build && counting_suite bpf 300 "$TOP/scripts/run-units" "$BUILD_DIR"/tests/bpf/*_test ;;
	netns | interop) need_build && scenario_suite "$1" ;;
	fuzz) whole_suite fuzz 300 make -C "$TOP" -j"$(nproc)" BUILD="$BUILD" FUZZ_SECONDS="${FUZZ_SECONDS:-5}" fuzz ;;
	demo) whole_suite demo 300 "$TOP/scripts/demo.sh" ;;
	esac
}

need_build() {
	quietly "$LOGS/need-build.log" make -C "$TOP" -j"$(nproc)" BUILD="$BUILD" all test-programs && return 0
	FAILED="$FAILED build"
	return 1
}

main() {
	local name from
	for name; do
		case " $SUITES " in
		*" $name "*) ;;
		*) [ "$name" = --help ] || [ "$name" = -h ] && { usage; exit 0; }
			usage >&2
			exit 2 ;;
		esac
	done
	require_root
	# shellcheck disable=SC2086 # lists of names
	install_packages $PACKAGES_BUILD $PACKAGES_LAB $PACKAGES_TEST
	require_environment
	mkdir -p "$LOGS"
	case " ${*:-interop} " in *" interop "*) fetch_peers ;; esac
	# shellcheck disable=SC2086
	[ $# -gt 0 ] || set -- $SUITES
	for name; do
		title "$name"
		from=$SECONDS
		suite "$name"
		say "($((SECONDS - from)) s)"
	done
	say
	if [ -n "$FAILED" ]; then
		say "${RED}FAILED:$FAILED${PLAIN} ($SECONDS s)"
		exit 1
	fi
	say "${GREEN}all suites passed${PLAIN} ($SECONDS s)"
}

exec </dev/null
trap 'stopped 2' INT
trap 'stopped 15' TERM
trap 'stopped 1' HUP
main "$@"
