# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What every scenario of tests/netns and tests/interop begins with. A scenario is a list of
# `must` lines; the first that does not hold ends it with status 1 and the ends of all logs.
LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib" && pwd)
. "$LIB/common.sh"
. "$LIB/install.sh"
. "$LIB/lab.sh"
. "$LIB/tunnel_conf.sh"
. "$LIB/gateway.sh"
require_environment

must() {
	"$@" && return 0
	say "${RED}FAILED${PLAIN} at line ${BASH_LINENO[0]}: $*"
	# In a subshell, $( ), the scenario must end too.
	[ "$BASHPID" = "$$" ] || kill -s USR1 "$$"
	exit 1
}
trap 'exit 1' USR1

# must_not COMMAND...: the command has to fail.
must_not() {
	"$@" || return 0
	say "${RED}FAILED${PLAIN} at line ${BASH_LINENO[0]}: should not succeed: $*"
	exit 1
}

same() { # WHAT ONE OTHER
	[ "$2" = "$3" ] && return 0
	warn "$1 differ: '$2' and '$3'"
	return 1
}

# Beside the logs: what each gateway counted, and what was on the road until now.
lab_failed() {
	local gw
	for gw in gwA gwB; do
		[ -e "$LAB_DIR/pids/sekishod-$gw" ] || continue
		printf -- '---- counters of %s\n' "$gw"
		sekisho "$gw" counters 2>&1 | awk '$1 > 0'
	done
	[ -s "$LAB_DIR/road-A.pcap" ] || return 0
	printf -- '---- the road, until now\n'
	wire_check road
}

need_programs() {
	local program
	for program in sekisho-worker sekishod sekisho; do
		[ -x "$BUILD_DIR/$program" ] || die "$BUILD_DIR/$program is not there: run make first"
	done
}

# Sites and a road of both IP versions, a worker with its gates on gwA and gwB; the controllers are the
# scenario's.
lab_with_gates() {
	local gw
	need_programs
	lab_new
	lab_sites
	lab_road
	lab_road_ipv6
	must capture_start road
	for gw in gwA gwB; do
		must worker_start "$gw"
		must attach "$gw" lan wan
	done
}

# Two gateways of ours, the tunnel up; what the tunnel is like: see tunnel_conf.
lab_with_tunnel() {
	need_programs
	lab_new
	lab_sites
	lab_road
	must capture_start road
	must gw_start gwB
	START=start must gw_start gwA
	must wait_for 15 "the tunnel on gwA" gw_has_child gwA
	must wait_for 5 "the tunnel on gwB" gw_has_child gwB
}

has_mtu() { ip -n "$(ns "$1")" link show "$2" | grep -q "mtu $3 "; } # NODE IF MTU

# The closing check of nearly every scenario: nothing but ESP, IKE and ARP on the road, and
# sequence numbers strictly rising.
road_was_safe() { # [WIRE_CHECK OPTION...]
	must capture_stop road
	must wire_check road "$@"
}

passed() {
	say "${GREEN}passed${PLAIN}: $(basename "$0" .sh)"
	exit 0
}

# grows NODE COUNTER COMMAND...: the command makes it count.
grows() {
	local node=$1 counter=$2 before
	before=$(counter "$node" "$counter")
	shift 2
	"$@"
	wait_for 3 "$node: $counter to grow" counter_above "$node" "$counter" "$before"
}
