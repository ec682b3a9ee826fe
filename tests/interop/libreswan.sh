#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Libreswan (Debian 12: 4.10) with a preshared key, whoever initiates: traffic, rekeys of the Child SA and of the IKE
# SA by either side with no packet lost, reauthentication, dead peer detection, deletes.
# shellcheck disable=SC2034
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pluto.sh"

PLUTO_MORE='dpddelay=1
    dpdtimeout=5
    retransmit-timeout=3s'

one_ike_sa() { [ "$(guest_run "ipsec whack --showstates" | grep -c 'ESTABLISHED_IKE_SA')" = 1 ]; }
spis_agree() { [ "$(sad_spis gwA)" = "$(pluto_spis)" ]; }

rekeys() { grep -cE '(CHILD_SA net\{[0-9]+\}|IKE_SA) rekeyed' "$LAB_DIR/sekishod-gwA.log"; }
rekeys_above() { [ "$(rekeys)" -gt "$1" ]; }
new_keys() { # COMMAND...
	local before
	before=$(rekeys)
	must "$@"
	must wait_for 10 "new keys" rekeys_above "$before"
}

# When we ask for new keys pluto sends with them before its response: what overtakes that finds no SA
# here yet, and is all that may be lost: counted below; on a busy machine it may be a second of them.
OVERTAKING=200

rekeys_of_all_kinds() {
	local first overtook
	first=$(sad_spis gwA)
	overtook=$(counter gwA gate/DROP_NO_SA)
	steady_start hostA 10.2.0.2 10000
	new_keys gw_rekey
	new_keys pluto ipsec whack --rekey-ipsec --name tunnel
	new_keys gw_ike_rekey
	new_keys pluto ipsec whack --rekey-ike --name tunnel
	new_keys gw_rekey
	signal steady INT # one may be on its way
	must steady_end 10 "$OVERTAKING"
	must steady_end 0 $(($(counter gwA gate/DROP_NO_SA) - overtook + 1))
	must wait_for 10 "the old SAs' end" two_sas
	must wait_for 5 "the old IKE SA's end" one_ike_sa
	must wait_for 5 "the same SPIs on both sides" spis_agree
	must_not same "SPIs" "$first" "$(sad_spis gwA)" 2>/dev/null
}

lab_with_libreswan
title "we initiate; they delete"
must sekisho gwA up net
both_up
must ping_all hostB 10.1.0.2 10 -i 0.02
say "  iperf3: $(must iperf_mbps hostA hostB 10.2.0.2 1) Mbit/s"
must gw_reauth
must wait_for 10 "reauthentication" log_says sekishod-gwA 'reauthenticated: '
must wait_for 5 "one pair of SAs" two_sas
rekeys_of_all_kinds
carries
must pluto_down
both_down

title "they initiate; we delete"
must pluto_up
both_up
say "  iperf3: $(must iperf_mbps hostB hostA 10.1.0.2 1) Mbit/s"
rekeys_of_all_kinds
carries
must sekisho gwA down tunnel
# They were told to be up, so they are again, at once.
must wait_for 10 "them to come back" log_says guest 'must remain up per local policy'
must wait_for 10 "the second IKE SA" log_says sekishod-gwA 'tunnel\[8\] IKE_SA established'
both_up
carries

title "dead peer detection, theirs"
must kill9 sekishod-gwA
must wait_for 20 "their word of it" log_says guest 'second timeout exceeded after'
must pluto_down
# While no daemon listened, the kernel said so in an ICMP error.
road_was_safe --icmp-errors --min-esp 1000
passed
