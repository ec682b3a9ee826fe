#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# IKE over IPv6 with strongSwan, whoever initiates: the IKE SA comes up, fragments, rekeys and lives by
# DPD. There is no ESP between IPv6 addresses yet: one line says so, and nothing leaves in clear.
# shellcheck disable=SC2034
LAB_IPV6=yes
. "$(dirname "$0")/lib.sh"

WAN_A=2001:db8::1 WAN_B=2001:db8::2
CONN_MORE='childless = allow
	dpd_delay = 1s'

ike_is_up() { sekisho gwA sas | grep -q ESTABLISHED && swan gwB --list-sas | grep -q ESTABLISHED; }
sees_v6() { # NODE's strongSwan: both ends
	swan gwB --list-sas | grep -q "@ 2001:db8::2\[4500\]" && swan gwB --list-sas | grep -q "@ 2001:db8::1\[4500\]"
}
dpd_goes_on() { [ "$(grep -c 'parsed INFORMATIONAL response' "$LAB_DIR/charon-gwB.log")" -ge 2 ]; }

ROAD6() {
	address gwA wan 2001:db8::1/64
	address gwB wan 2001:db8::2/64
}

need_programs
[ -c /dev/net/tun ] || skip "no /dev/net/tun, which strongSwan's side of the lab needs"
lab_new
lab_sites
lab_road
ROAD6
must capture_start road
must peer_start
must gw_start gwA

title "we initiate"
must_not sekisho gwA up net
must wait_for 5 "the IKE SA" ike_is_up
must sees_v6
must log_says sekishod-gwA 'CHILD_SA net given up: ESP between IPv6 addresses is not built yet'
must grep -q 'ESP between IPv6' <(sekisho gwA status)
must same "SAs in gwA's map" "$(sad_spis gwA)" ""
must pings_not hostA 10.2.0.2
must wait_for 10 "DPD of theirs, answered" dpd_goes_on
must on gwA swanctl --rekey --ike tunnel --uri "unix:///run/sekisho@$(gw_instance gwA)/sekisho.vici" >"$LAB_DIR/rekey.log"
must wait_for 5 "the IKE SA" ike_is_up
must sekisho gwA down tunnel
must wait_for 10 "gwB without an IKE SA" swan_has_no_sa gwB

title "they initiate"
swan_up gwB 2>/dev/null # their Child SA is refused
must wait_for 5 "the IKE SA" ike_is_up
must sees_v6
must log_says sekishod-gwA 'CHILD_SA of the peer refused: NO_ADDITIONAL_SAS: ESP between IPv6'
must log_says charon-gwB 'received NO_ADDITIONAL_SAS notify'
must pings_not hostB 10.1.0.2
must same "SAs in gwA's map" "$(sad_spis gwA)" ""
road_was_safe
passed
