# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What every scenario of tests/netns and tests/interop begins with. A scenario is a list of
# `must` lines; the first that does not hold ends it with status 1 and the ends of all logs.
LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib" && pwd)
. "$LIB/common.sh"
. "$LIB/install.sh"
. "$LIB/lab.sh"
. "$LIB/tunnel_conf.sh"
require_environment

must() {
	"$@" && return 0
	say "${RED}FAILED${PLAIN} at line ${BASH_LINENO[0]}: $*"
	# In a subshell, $( ), the scenario must end too.
	[ "$BASHPID" = "$$" ] || kill -s USR1 "$$"
	exit 1
}
trap 'exit 1' USR1

passed() {
	say "${GREEN}passed${PLAIN}: $(basename "$0" .sh)"
	exit 0
}
