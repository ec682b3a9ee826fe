#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Several Child SAs of one IKE SA, asked for by either side with CREATE_CHILD_SA; each carries its
# own traffic; the IKE SA is rekeyed by either side and all of them live on; one is deleted.
# shellcheck disable=SC2034
. "$(dirname "$0")/lib.sh"

# hostA's address on the LAN reaches single addresses of the other side through its own child.
side_more() { # SIDE
	local ours=$(side_lan "$1") theirs
	theirs=$(side_lan "$(other "$1")")
	cat <<-EOT
	tcp {
	    local_ts = $ours[tcp]
	    remote_ts = $theirs[tcp]
	    esp_proposals = $TUNNEL_ESP
	}
	udp {
	    local_ts = $ours[udp/5000-5999]
	    remote_ts = $theirs[udp/5000-5999]
	    esp_proposals = $TUNNEL_ESP
	}
	EOT
}
n_sas() { [ "$(sad_spis gwA | wc -l)" = "$1" ]; }
one_ike() { [ "$(swan gwB --list-sas --raw | grep -o 'state=ESTABLISHED' | wc -l)" = 1 ]; }

CHILDREN_MORE_A=$(side_more A)
CHILDREN_MORE_B=$(side_more B)
lab_with_strongswan
title "ours first, then one more by us and one by them"
must sekisho gwA up net
tunnel_is_up
must sekisho gwA up tcp
must swan gwB --initiate --child udp --timeout 10
must wait_for 5 "three pairs of SAs" n_sas 6
must same "SPIs" "$(sad_spis gwA)" "$(swan_spis gwB)"
must ping_all hostA 10.2.0.2 10 -i 0.02

title "the IKE SA is rekeyed by us, then by them"
steady_start hostA 10.2.0.2 800
sleep 1
must gw_ike_rekey
must wait_for 5 "our rekey" log_says sekishod-gwA 'tunnel\[2\] IKE_SA rekeyed'
must wait_for 5 "one IKE SA" one_ike
must swan gwB --rekey --ike tunnel
must wait_for 5 "their rekey" log_says sekishod-gwA 'tunnel\[3\] IKE_SA rekeyed'
must steady_end 15
must wait_for 5 "one IKE SA" one_ike
must n_sas 6
must same "SPIs" "$(sad_spis gwA)" "$(swan_spis gwB)"

title "each child is rekeyed and one deleted on the new IKE SA"
must swan gwB --rekey --child tcp
must gw_rekey
must wait_for 10 "three pairs of SAs" n_sas 6
must sekisho gwA down udp
must wait_for 5 "two pairs of SAs" n_sas 4
must same "SPIs" "$(sad_spis gwA)" "$(swan_spis gwB)"
must ping_all hostA 10.2.0.2 10 -i 0.02
road_was_safe --min-esp 1600
passed
