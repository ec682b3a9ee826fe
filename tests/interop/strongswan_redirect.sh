#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Redirect (RFC 5685). Each side is two gateways, at two addresses, and sends the other one, as
# client, from the first to the second: strongSwan during the session, by `swanctl --redirect`; we by
# the same command, and by our configuration in IKE_SA_INIT. (Not in IKE_AUTH: what strongSwan 5.9.8
# does with a redirect there ends charon, "double free detected"; exchange/redirect_test has that.)
# shellcheck disable=SC2034,SC2016
. "$(dirname "$0")/lib.sh"

WAN_A='192.0.2.1, 192.0.2.21'
WAN_B='192.0.2.2, 192.0.2.22'
SWAN_MORE='make_before_break = yes'

# Ours finds gw22.example in a file of its own.
controller_start() {
	echo "192.0.2.22 gw22.example" >"$LAB_DIR/hosts"
	start "$1" "sekishod-$1" unshare -m sh -c 'mount --bind "$0" /etc/hosts && exec "$@"' "$LAB_DIR/hosts" \
		"$BUILD_DIR/sekishod" --instance "$(gw_instance "$1")" --config "$LAB_DIR/$1.conf"
	ready "sekishod-$1" 15 ready
}
gw_redirect() { # GATEWAY [SWANCTL OPTION...]
	local gateway=$1
	shift
	on gwA swanctl --redirect --gateway "$gateway" "$@" \
		--uri "unix:///run/sekisho@$(gw_instance gwA)/sekisho.vici" >"$LAB_DIR/redirect.log" 2>&1
}

one_ike() { [ "$(swan gwB --list-sas --raw | grep -o 'state=ESTABLISHED' | wc -l)" = 1 ]; }
# is_between OURS THEIRS: the one IKE SA that there is.
is_between() {
	one_ike && sekisho gwA sas | grep -q "$1" && sekisho gwA sas | grep -q "$2" &&
		swan gwB --list-sas --raw | grep -q "local-host=$2 .*remote-host=$1 "
}
settles() { # OURS THEIRS
	must wait_for 15 "one IKE SA between $1 and $2" is_between "$1" "$2"
	must wait_for 10 "one pair of SAs" two_sas
	must same "SPIs" "$(sad_spis gwA)" "$(swan_spis gwB)"
	must wait_for 5 "a ping through the tunnel" pings hostA 10.2.0.2
	must ping_all hostA 10.2.0.2 20 -i 0.02
	must ping_all hostB 10.1.0.2 20 -i 0.02
}
down() {
	must sekisho gwA down tunnel
	must wait_for 10 "gwA without a child" gw_has_no_child gwA
	must wait_for 10 "gwB without an IKE SA" swan_has_no_sa gwB
}

need_programs
[ -c /dev/net/tun ] || skip "no /dev/net/tun, which strongSwan's side of the lab needs"
lab_new
lab_sites
lab_road
address gwA wan 192.0.2.21/24
address gwB wan 192.0.2.22/24
must capture_start road
must swan_start gwB B
must gw_start gwA

title "we are the client: their gateway sends us away, by address; not a packet is lost, but what overtakes IKE_AUTH"
must sekisho gwA up net
tunnel_is_up
steady_start hostA 10.2.0.2 800
sleep 1
must swan gwB --redirect --ike tunnel --gateway 192.0.2.22
settles 192.0.2.1 192.0.2.22
must steady_end 15 "$OVERTAKING"
must log_says sekishod-gwA 'tunnel\[1\] gateway redirects us to 192.0.2.22: IKE_SA \[2\]'
must log_says charon-gwB 'REDIRECTED_FROM|REDIR_FROM|redirected from'
down
title "... and by name"
must sekisho gwA up net
settles 192.0.2.1 192.0.2.2
must swan gwB --redirect --ike tunnel --gateway gw22.example
settles 192.0.2.1 192.0.2.22
down

title "they are the client: we send them away during the session"
must swan_up gwB
settles 192.0.2.1 192.0.2.2
must_not gw_redirect 192.0.2.21 --peer-ip 198.51.100.0/24
must gw_redirect 192.0.2.21 --peer-ip 192.0.2.0/24 --peer-id gwB.example
settles 192.0.2.21 192.0.2.2
down

CONN_MORE_A='redirect_to = 192.0.2.21' gw_reload gwA
title "... in IKE_SA_INIT, by our configuration"
must swan_up gwB
settles 192.0.2.21 192.0.2.2
must log_says sekishod-gwA '192.0.2.2 is redirected to 192.0.2.21'
must log_says sekishod-gwA 'peer was redirected here by 192.0.2.1'
down
title "they do not follow: they are served where they are"
SWAN_MORE="$SWAN_MORE
follow_redirects = no"
stop charon-gwB
must swan_start gwB B
must swan_up gwB
settles 192.0.2.1 192.0.2.2
road_was_safe --min-esp 400
passed
