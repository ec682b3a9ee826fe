#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What is unusual and legal, with strongSwan: kinds of identities, many and narrow selectors, several
# connections with one peer, an IKE SA for each child, proposals of which few are common, notifies of
# what is not done here. Each is initiated by both sides and carries pings.
# shellcheck disable=SC2034
. "$(dirname "$0")/lib.sh"

SWAN_MORE='send_vendor_id = yes
	    reuse_ikesa = no
	    multiple_authentication = yes
	    make_before_break = yes'

shape() { # TITLE [CHILD]: as the variables say now, both ways
	local child=${2:-net}
	title "$1: we initiate"
	must gw_reload gwA
	must swan_reload gwB B
	must sekisho gwA up "$child"
	must wait_for 5 "the tunnel on gwB" swan_has_child gwB
	must wait_for 5 "pings" pings hostA 10.2.0.2
	must sekisho gwA down "${CONN:-tunnel}"
	must wait_for 10 "gwB without an IKE SA" swan_has_no_sa gwB
	title "$1: they initiate"
	must swan gwB --initiate --child "$child" --timeout 10
	must wait_for 5 "the tunnel on gwA" gw_has_child gwA
	must wait_for 5 "pings" pings hostA 10.2.0.2
	must swan gwB --terminate --ike "${CONN:-tunnel}"
	must wait_for 10 "gwA without a child" gw_has_no_child gwA
}

# Of everybody: no identities in the secret.
eval "lab_$(declare -f tunnel_conf)"
tunnel_conf() { lab_tunnel_conf "$@" | sed '/id-[12] =/d'; }

lab_with_strongswan

IKE_B=default ESP_B=default shape "all that charon has by default"
IKE_A=default ESP_A=default shape "all that we have by default"
ESP_A='aes256gcm16-ecp384, aes128gcm16' shape "one proposal with a key exchange, one without"
ESP_B='aes256gcm16-ecp384, aes128gcm16' shape "the same of theirs"

for ids in 'a@example.org gwB.example' '"@#6b6579" 192.0.2.2' 'keyid:words fqdn:b.example' \
	'192.0.2.1 192.0.2.2' '"C=JP,O=Lab,CN=a" "C=JP,O=Lab,CN=b"'; do
	ID_A=${ids% *} ID_B=${ids#* }
	shape "identities $ids"
done
unset ID_A ID_B

ESP_B='aes128gcm16
	ipcomp = yes
	tfc_padding = 1300
	copy_df = no' shape "IPComp and TFC padding are theirs"
LAN_A=10.1.0.0/24,10.3.0.0/24,10.5.0.0/24,10.7.0.0/24,10.9.0.0/24,10.11.0.0/24,10.13.0.0/24,10.15.0.0/24 \
	shape "eight selectors"
LAN_A='10.1.0.0/24[icmp]' LAN_B='10.2.0.0/24[icmp]' shape "one protocol"

LAN_B=10.2.0.0/25
address hostB eth0 10.2.0.130/24
address gwB lan 10.2.0.129/24
more_child() { # SIDE
	echo "two {
	    local_ts = $([ "$1" = A ] && echo 10.1.0.0/24 || echo 10.2.0.128/25)
	    remote_ts = $([ "$1" = A ] && echo 10.2.0.128/25 || echo 10.1.0.0/24)
	    esp_proposals = $TUNNEL_ESP
	}"
}
gw_has_children() { [ "$(sekisho gwA sas | grep -c INSTALLED)" = "$1" ]; }
n_swan_ike() { swan gwB --list-sas | grep -c ESTABLISHED; }

title "an IKE SA for each child, both of one connection, as they initiate them"
CHILDREN_MORE_A=$(more_child A) CHILDREN_MORE_B=$(more_child B)
must gw_reload gwA
must swan_reload gwB B
must swan gwB --initiate --child net --timeout 10
must swan gwB --initiate --child two --timeout 10
must same "IKE SAs" "$(n_swan_ike)" 2
must ping_all hostA 10.2.0.2 5 -i 0.02
must ping_all hostA 10.2.0.130 5 -i 0.02
must gw_vici --rekey --child net
must gw_vici --rekey --child two
must ping_all hostA 10.2.0.2 5 -i 0.02
must ping_all hostA 10.2.0.130 5 -i 0.02
must same "IKE SAs" "$(n_swan_ike)" 2
must swan gwB --terminate --child net
must wait_for 5 "one child" gw_has_children 1
must ping_all hostA 10.2.0.130 5 -i 0.02
must sekisho gwA down tunnel
must wait_for 10 "gwB without an IKE SA" swan_has_no_sa gwB

title "two connections with one peer"
unset CHILDREN_MORE_A CHILDREN_MORE_B
both_conns() { # SIDE
	echo "connections {
	second {
	    version = 2
	    local_addrs = $(side_wan "$1")
	    remote_addrs = $(side_wan "$(other "$1")")
	    proposals = $TUNNEL_IKE
	    local {
	        auth = psk
	        id = second$1.example
	    }
	    remote {
	        auth = psk
	        id = second$(other "$1").example
	    }
	    children {
	        $(more_child "$1")
	    }
	}"
	lab_tunnel_conf "$1" | sed '/id-[12] =/d; /^connections {/d'
}
tunnel_conf() { both_conns "$@"; }
must gw_reload gwA
must swan_reload gwB B
must sekisho gwA up net
must sekisho gwA up two
must same "IKE SAs" "$(n_swan_ike)" 2
must ping_all hostA 10.2.0.2 5 -i 0.02
must ping_all hostA 10.2.0.130 5 -i 0.02
must sekisho gwA down tunnel
must ping_all hostA 10.2.0.130 5 -i 0.02
must sekisho gwA down second
must wait_for 10 "gwB without an IKE SA" swan_has_no_sa gwB
must swan gwB --initiate --child two --timeout 10
must swan gwB --initiate --child net --timeout 10
must ping_all hostA 10.2.0.2 5 -i 0.02
must ping_all hostA 10.2.0.130 5 -i 0.02
passed
