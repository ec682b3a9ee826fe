#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# strongSwan clients authenticate by EAP to FreeRADIUS on hostA, through Sekisho, which knows none
# of their passwords. A server that is slow, silent, or not to be believed.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/road_warriors.sh"
. "$(dirname "$0")/radius.sh"
. "$(dirname "$0")/certs.sh"

RW_REMOTE="auth = eap-radius"
RW_LOCAL="auth = eap"
RW_SECRETS=$RW_PASSWORDS
RADIUS_USERS='rw1@road.example Cleartext-Password := "the first password"
	Framed-IP-Address = 10.99.0.77
rw2@road.example Cleartext-Password := "the second password"'
SWAN_PLUGINS="$SWAN_PLUGINS eap-identity eap-mschapv2 eap-md5 eap-tls"

# ask_servers TRIES TIMEOUT NAME=ADDRESS:PORT...: what the gateway's section radius says
ask_servers() {
	local tries=$1 timeout=$2 server
	shift 2
	RW_MORE="radius {
	    retransmit_timeout = $timeout
	    retransmit_base = 1
	    retransmit_tries = $tries
	    servers {"
	for server; do
		RW_MORE+="
		${server%%=*} {
		    address = $(cut -d: -f1 <<<"${server#*=}")
		    auth_port = ${server##*:}
		    secret = \"$RADIUS_SECRET\"
		}"
	done
	RW_MORE+="
	    }
	}"
}
ask_others() {
	ask_servers "$@"
	(umask 077 && road_gateway_conf >"$LAB_DIR/gwA.conf")
	must sekisho gwA reload
}
is_asked() { on hostA ss -Huln "sport = :1812" | awk '{ n += $2 } END { exit !n }'; }
# refused REGEX: rw2 does not come in, for this reason, which stays the last error
refused() {
	must_not swan_up rw2 2>/dev/null
	must log_says sekishod-gwA "$1"
	must grep -qE "last error.*$1" <(sekisho gwA status)
	must has_instances gwA 1
	must ping_all rw1 10.1.0.2 5 -i 0.02
}

radius_needs
ask_servers 20 1 lab=10.1.0.2:1812
lab_with_warriors
radius_certs
must radius_start hostA 10.1.0.2
must swan_up rw1
must ping_all rw1 10.1.0.2 20 -i 0.02
must log_says sekishod-gwA "EAP of 'rw1@road.example' accepted by AAA server lab"
must same "the virtual address and what RADIUS said" "$(vip_of rw1)" 10.99.0.77

say "-- while a question waits for its answer, everything else goes on"
signal radius-hostA STOP
swan_up rw2 &
up=$!
must wait_for 10 "a question to the RADIUS server" is_asked
must swan rw1 --rekey --child net
must wait_for 5 "the rekeyed Child SA" log_says sekishod-gwA "rekeyed"
must swan rw1 --rekey --ike rw
must ping_all rw1 10.1.0.2 20 -i 0.02
must has_instances gwA 1
signal radius-hostA CONT
must wait "$up"
must ping_all rw2 10.1.0.2 20 -i 0.02
must has_instances gwA 2

say "-- EAP-TLS, in fragments"
must swan rw2 --terminate --ike rw
leaf rw2 ecdsa root email:rw2@road.example
give "$LAB_DIR" rw2
RW_LOCAL="auth = eap-tls
	            certs = rw2.pem
	            aaa_id = radius.example" must swan_forget rw2
must swan_up rw2
must ping_all rw2 10.1.0.2 20 -i 0.02
must log_says radius-hostA "EAP-Message = 0x02[0-9a-f]{6}0d"

say "-- a wrong password"
must swan rw2 --terminate --ike rw
RW_SECRETS=${RW_SECRETS/second/third} must swan_forget rw2
refused "RADIUS server lab rejects it"

say "-- EAP-MD5, which makes no key"
must swan_forget rw2
must stop radius-hostA
RADIUS_USERS=${RADIUS_USERS/rw2@road.example/rw2@road.example EAP-Type := MD5,} must radius_start hostA 10.1.0.2
refused "gives no key"

say "-- a virtual address that another peer has, and a short session"
must stop radius-hostA
RADIUS_USERS+="
	Framed-IP-Address = 10.99.0.77, Session-Timeout = 1" must radius_start hostA 10.1.0.2
must_not swan_up rw2 2>/dev/null
must log_says sekishod-gwA "virtual address 10.99.0.77 is in no pool of 'rw', or another peer has it"
must wait_for 10 "the end of the session" log_says sekishod-gwA "time that the AAA server gave is over"
must wait_for 10 "rw2 without an IKE SA" swan_has_no_sa rw2
must has_instances gwA 1

say "-- a server that answers without Message-Authenticator"
start hostA radius-unsigned python3 "$(dirname "$0")/radius_unsigned.py" 10.1.0.2 1822 "$RADIUS_SECRET"
must ready radius-unsigned 10 ready
ask_others 2 0.2 old=10.1.0.2:1822
refused "answer of RADIUS server old: no Message-Authenticator"

say "-- a server that is dead, and then another one beside it"
must stop radius-hostA
ask_others 2 0.2 lab=10.1.0.2:1812
refused "RADIUS server lab does not answer"
must radius_start hostA 10.1.0.2
ask_others 2 0.2 dead=10.1.0.3:1812 lab=10.1.0.2:1812
must swan_up rw2
must log_says sekishod-gwA "EAP of 'rw2@road.example' accepted by AAA server lab"
must ping_all rw2 10.1.0.2 20 -i 0.02
road_was_safe
passed
