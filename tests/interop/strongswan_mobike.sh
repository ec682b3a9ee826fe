#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# MOBIKE (RFC 4555): an address of either side changes, whoever initiated; the IKE SA stays, traffic
# goes on. (ESP of kernel-libipsec cannot move: charon makes new Child SAs in its place.)
# shellcheck disable=SC2034
. "$(dirname "$0")/lib.sh"

CONN_MORE='mobike = yes'

# move NODE FROM TO: the address on its WAN side; what was routed over that side is so again.
move() {
	local lan=10.2.0.0/24 via=$PEER_OF_A
	[ "$1" = gwA ] || lan=10.1.0.0/24 via=$PEER_OF_B
	on "$1" ip addr del "$2/24" dev wan
	sleep 0.3 # without any address, for a moment
	on "$1" ip addr add "$3/24" dev wan
	on "$1" ip route replace "$lan" via "$via"
}
# both_say OURS THEIRS: the outer addresses of the IKE SA, on both sides.
both_say() {
	sekisho gwA sas | grep -q "$1" && sekisho gwA sas | grep -q "$2" &&
		swan gwB --list-sas | grep -q "remote .*$1" && swan gwB --list-sas | grep -q "local .*$2"
}

ike_spi() { swan gwB --list-sas --raw | grep -o 'initiator-spi=[0-9a-f]*'; }

moves() { # NODE FROM TO OURS THEIRS
	local before
	before=$(ike_spi)
	PEER_OF_A=$5 PEER_OF_B=$4
	must move "$1" "$2" "$3"
	must wait_for 15 "the new addresses on both sides" both_say "$4" "$5"
	must wait_for 5 "a ping through the tunnel" pings hostA 10.2.0.2
	must ping_all hostA 10.2.0.2 20 -i 0.02
	must ping_all hostB 10.1.0.2 20 -i 0.02
	must wait_for 5 "one pair of SAs" two_sas
	must same "SPIs" "$(sad_spis gwA)" "$(swan_spis gwB)"
	must same "IKE SPIs" "$before" "$(ike_spi)"
}

ike_rekeyed() { [ "$(ike_spi)" != "$1" ] && [ "$(swan gwB --list-sas | grep -c '^tunnel: .*ESTABLISHED')" = 1 ]; }
# ike_rekey_by COMMAND...: of who did not initiate. It stays the responder of RFC 4555 (1.3).
ike_rekey_by() {
	local before
	before=$(ike_spi)
	must "$@"
	must wait_for 10 "a new IKE SA" ike_rekeyed "$before"
}

lab_with_strongswan
title "we initiated: our address changes"
must sekisho gwA up net
tunnel_is_up
moves gwA 192.0.2.1 192.0.2.11 192.0.2.11 192.0.2.2
title "... and theirs"
moves gwB 192.0.2.2 192.0.2.12 192.0.2.11 192.0.2.12
title "... and back, after they rekeyed the IKE SA"
ike_rekey_by swan gwB --rekey --ike tunnel
: >"$LAB_DIR/charon-gwB.log"
moves gwA 192.0.2.11 192.0.2.1 192.0.2.1 192.0.2.12
must log_says charon-gwB 'parsed INFORMATIONAL request [0-9]+ \[ N\(UPD_SA_ADDR\)'
moves gwB 192.0.2.12 192.0.2.2 192.0.2.1 192.0.2.2
must_not log_says charon-gwB 'generating INFORMATIONAL request [0-9]+ \[ N\(UPD_SA_ADDR\)'
must sekisho gwA down tunnel
tunnel_is_down

title "they initiated, we rekeyed the IKE SA: their address changes"
must swan_up gwB
tunnel_is_up
ike_rekey_by gw_ike_rekey
moves gwB 192.0.2.2 192.0.2.12 192.0.2.1 192.0.2.12
must log_says sekishod-gwA 'tunnel\[4\] MOBIKE: peer moved to 192.0.2.12'
# Return routability (3.7): we ask whether they are there, they say so.
must log_says charon-gwB 'parsed INFORMATIONAL request [0-9]+ \[ N\(COOKIE2\) \]'
must log_says charon-gwB 'generating INFORMATIONAL response [0-9]+ \[ N\(COOKIE2\) \]'
title "... and ours"
moves gwA 192.0.2.1 192.0.2.11 192.0.2.11 192.0.2.12
# Late packets to an address that is gone are answered by the kernel.
road_was_safe --icmp-errors --min-esp 200
passed
