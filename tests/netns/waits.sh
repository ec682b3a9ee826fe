#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Who waits on the control socket while the peer is silent: `up` ends when what it waits for is
# taken down, or out of the configuration; it does not succeed before the tunnel is up; clients
# that leave, commands behind one that waits, and a storm of SIGHUP harm nobody.
. "$(dirname "$0")/lib.sh"

need_programs
lab_new
lab_sites
lab_road
must gw_start gwA # nobody answers at gwB
client=("$BUILD_DIR/sekisho" --instance "$(gw_instance gwA)")
vici=/run/sekisho@$(gw_instance gwA)/sekisho.vici

up_fails() { # WHAT IT SAYS: the `up` in the background has ended, and not well
	local status
	wait_for 5 "up to end" ended "$up" || return 1
	wait "$up"
	status=$?
	[ "$status" -ne 0 ] && grep -q "$1" "$LAB_DIR/up.log" && return 0
	warn "up: status $status, '$(cat "$LAB_DIR/up.log")'"
	return 1
}
ended() { ! kill -0 "$1" 2>/dev/null; }
up_begin() {
	"${client[@]}" up net >"$LAB_DIR/up.log" 2>&1 &
	up=$!
	sleep 0.5
	must kill -0 "$up"
}

down() { sekisho gwA down tunnel 2>/dev/null; }

title "down ends up"
up_begin
must_not timeout 1 "${client[@]}" up net >/dev/null 2>&1
must sekisho gwA down tunnel
must up_fails terminated

title "a command behind one that waits, run when that one fails"
start gwA behind python3 "$TOP/tests/netns/vici_behind.py" "$vici"
must wait_for 10 "its initiation" down
must ready behind 5 "both answered"
must sekisho gwA status >/dev/null

title "taken out of the configuration"
up_begin
sed '/^connections/,/^}/d' "$LAB_DIR/gwA.conf" >"$LAB_DIR/empty.conf"
cp "$LAB_DIR/gwA.conf" "$LAB_DIR/whole.conf"
cat "$LAB_DIR/empty.conf" >"$LAB_DIR/gwA.conf"
must signal sekishod-gwA HUP
must up_fails "out of the configuration"
cat "$LAB_DIR/whole.conf" >"$LAB_DIR/gwA.conf"

title "a storm of SIGHUP while clients come and go"
for _ in {1..40}; do
	signal sekishod-gwA HUP
	timeout 0.05 "${client[@]}" up net >/dev/null 2>&1
done
must sekisho gwA status >/dev/null

title "SIGTERM amid all that"
up_begin
must signal sekishod-gwA TERM
must wait_for 5 "sekishod to end" gone sekishod-gwA
must_not grep -q "Sanitizer" "$LAB_DIR"/*.log
passed
