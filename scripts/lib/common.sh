# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Words and small helpers that every script shares. Sourced, never run.

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${BUILD:-build}
case $BUILD in /*) BUILD_DIR=$BUILD ;; *) BUILD_DIR=$TOP/$BUILD ;; esac

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	BOLD=$'\e[1m' RED=$'\e[31m' GREEN=$'\e[32m' PLAIN=$'\e[0m'
else
	BOLD='' RED='' GREEN='' PLAIN=''
fi

say() { printf '%s\n' "$*"; }
title() { printf '\n%s== %s%s\n' "$BOLD" "$*" "$PLAIN"; }
warn() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
	printf '%s%s: %s%s\n' "$RED" "${0##*/}" "$*" "$PLAIN" >&2
	exit 1
}

# A test that cannot run here says why and ends with this status; test.sh counts it apart.
SKIPPED=77
skip() {
	say "SKIPPED: $*"
	exit "$SKIPPED"
}

# wait_for SECONDS "what" COMMAND...: until the command succeeds, or an error naming what.
wait_for() {
	local seconds=$1 what=$2 tries
	shift 2
	tries=$((seconds * 20))
	while ! "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		if [ "$tries" -le 0 ]; then
			warn "waited $seconds s in vain: $what"
			return 1
		fi
		sleep 0.05
	done
}

# quietly LOG COMMAND...: the output goes to LOG and is shown only if the command fails.
quietly() {
	local log=$1
	shift
	if "$@" >"$log" 2>&1 </dev/null; then
		return 0
	fi
	warn "failed: $*"
	tail -n 40 "$log" >&2
	return 1
}
