#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# OpenIKED (Debian 12: 7.2) with a preshared key, whoever initiates: traffic, rekeys of the Child SA and
# of the IKE SA by us, of the Child SA by them.
# shellcheck disable=SC2034
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/iked.sh"

rekeys() { grep -cE '(CHILD_SA net\{[0-9]+\}|IKE_SA) rekeyed' "$LAB_DIR/sekishod-gwA.log"; }
rekeys_above() { [ "$(rekeys)" -gt "$1" ]; }

is_up() {
	must wait_for 10 "the tunnel on gwA" gw_has_child gwA
	must wait_for 10 "the tunnel on gwB" iked_has_child
	must wait_for 5 "a first ping" pings hostA 10.2.0.2
	carries
}
carries() {
	must ping_all hostA 10.2.0.2 10 -i 0.02
	must ping_all hostB 10.1.0.2 10 -i 0.02
}
new_keys() { # COMMAND...
	local before
	before=$(rekeys)
	must "$@"
	must wait_for 10 "new keys" rekeys_above "$before"
	must wait_for 5 "a ping with them" pings hostA 10.2.0.2
	carries
}

# iked ends what is half made when the last of its settings reaches it, and nothing says when that is.
goes_up() { sekisho gwA up net || { sekisho gwA down tunnel && sekisho gwA up net; }; }

need_programs
iked_needs
lab_new
lab_sites
lab_road
must capture_start road
must iked_start
must gw_start gwA

title "we initiate"
must goes_up
is_up
new_keys gw_rekey
new_keys gw_ike_rekey
new_keys gw_rekey
must sekisho gwA down tunnel
must wait_for 10 "gwA without a child" gw_has_no_child gwA

title "they initiate, and rekey"
IKED_MODE=active IKED_LIFE='lifetime 4' must iked_load
must wait_for 10 "the tunnel on gwA" gw_has_child gwA
is_up
new_keys true
new_keys gw_ike_rekey
road_was_safe --min-esp 100
passed
