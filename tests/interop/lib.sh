# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What every scenario of tests/interop begins with: Sekisho on gwA, strongSwan on gwB. A script
# runs against charon with kernel-libipsec (ESP in UDP); under its other name, xfrm_*, against a
# guest whose kernel does ESP (protocol 50).
. "$(dirname "${BASH_SOURCE[0]}")/../netns/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/strongswan.sh"
. "$(dirname "${BASH_SOURCE[0]}")/xfrm_guest.sh"

peer_start() {
	case $(basename "$0") in
	xfrm_*) guest_start ;;
	*) swan_start gwB B ;;
	esac
}

# The label of its log.
peer_log() {
	case $(basename "$0") in
	xfrm_*) echo guest ;;
	*) echo charon-gwB ;;
	esac
}

lab_with_strongswan() {
	need_programs
	[ -c /dev/net/tun ] || skip "no /dev/net/tun, which strongSwan's side of the lab needs"
	case $(basename "$0") in xfrm_*) guest_needs ;; esac
	lab_new
	lab_sites
	lab_road
	must capture_start road
	must peer_start
	must gw_start gwA
}

tunnel_is_up() {
	must wait_for 15 "the tunnel on gwA" gw_has_child gwA
	must wait_for 5 "the tunnel on gwB" swan_has_child gwB
	# Under load charon's route into ipsec0 may come some packets later than its SAs.
	must wait_for 5 "the peer's routes" pings hostA 10.2.0.2
}

tunnel_is_down() {
	must wait_for 10 "gwA without a child" gw_has_no_child gwA
	must wait_for 10 "gwB without an IKE SA" swan_has_no_sa gwB
	must same "SAs left in gwA's map" "$(sad_spis gwA)" ""
	must pings_not hostA 10.2.0.2
}

# Traffic of every kind that a tunnel is for.
tunnel_works() {
	must ping_all hostA 10.2.0.2 20 -i 0.02
	must ping_all hostB 10.1.0.2 20 -i 0.02
	say "  iperf3 hostA to hostB: $(must iperf_mbps hostA hostB 10.2.0.2 2) Mbit/s"
	say "  iperf3 hostB to hostA: $(must iperf_mbps hostB hostA 10.1.0.2 2) Mbit/s"
}

# Sekisho's control socket speaks VICI: strongSwan's own tool asks it for a rekey.
gw_vici() { # COMMAND...
	on gwA swanctl "$@" --uri "unix:///run/sekisho@$(gw_instance gwA)/sekisho.vici" >"$LAB_DIR/rekey.log" 2>&1
}
gw_rekey() { gw_vici --rekey --child net; }
gw_ike_rekey() { gw_vici --rekey --ike tunnel; }
gw_reauth() { gw_vici --rekey --ike tunnel --reauth; }
# gw_reload NODE: our controller takes tunnel_conf as it is now.
gw_reload() {
	(umask 077 && tunnel_conf "${1#gw}" >"$LAB_DIR/$1.conf")
	sekisho "$1" reload
}
two_sas() { [ "$(sad_spis gwA | wc -l)" = 2 ]; }
# mode_is MODE: of the Child SA, as both ends name it.
mode_is() {
	sekisho gwA --json sas | grep -q "\"mode\": *\"$1\"" && swan gwB --list-sas --raw | grep -q "mode=$1"
}
# strongSwan sends on the new SA before its IKE_AUTH response has reached us, and only that says with
# which algorithms: a packet or two that overtake it have no SA here yet (DROP_NO_SA).
OVERTAKING=2

# Some that are not among these.
has_new_spis() { [ -n "$(comm -13 <(echo "$1") <(sad_spis gwA))" ]; }

# The Child SA's rekey by us, then by them, during so many pings: none is lost.
rekeys_under_traffic() { # NODE ADDRESS COUNT
	local first second
	first=$(sad_spis gwA)
	steady_start "$@"
	must gw_rekey
	must wait_for 3 "the rekey by us" has_new_spis "$first"
	second=$(sad_spis gwA)
	must swan gwB --rekey --child net
	must wait_for 3 "the rekey by them" has_new_spis "$second"
	must alive steady
	must steady_end 15
	must wait_for 8 "the end of the old SAs" two_sas
	must same "SPIs" "$(sad_spis gwA)" "$(swan_spis gwB)"
}
