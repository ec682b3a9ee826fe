#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Libreswan and certificates, either side initiating: RSA (theirs is RSASSA-PSS) and ECDSA by RFC 7427,
# in fragments; what is said when they want SHA-1, and when they are not shown our certificate.
# shellcheck disable=SC2034
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pluto.sh"
. "$(dirname "$0")/certs.sh"

CONF_MORE_A='ike { fragment_size = 400 }'
PLUTO_MORE='fragmentation=force
    retransmit-timeout=3s'
CONN_MORE_A='send_cert = always' # as initiator pluto asks for none

# pluto_has NAME: certificate and key, and the root, in pluto's NSS database.
pluto_has() {
	openssl pkcs12 -export -inkey "$PKI/$1.key" -in "$PKI/$1.pem" -certfile "$PKI/root.pem" \
		-name "$1" -passout pass:lab -out "$LAB_DIR/$1.p12"
	pluto "pk12util -i $LAB_DIR/$1.p12 -d sql:/var/lib/ipsec/nss -W lab -K '' &&
		certutil -M -d sql:/var/lib/ipsec/nss -n 'root - Lab' -t CT,,"
}

# signs KIND AUTHBY: both sides do.
signs() {
	leaf "gwA$1" "$1" root DNS:gwA.example
	leaf "gwB$1" "$1" root DNS:gwB.example
	give "$LAB_DIR" "gwA$1"
	must pluto_has "gwB$1"
	reads "$1" "$2"
}
reads() { # KIND AUTHBY
	AUTH_A=pubkey AUTH_B=pubkey LOCAL_A="certs = gwA$1.pem"
	PLUTO_AUTH="leftcert=gwB$1
    authby=$2"
	must gw_reload gwA
	must pluto_load
}

both_roles() {
	must sekisho gwA up net
	both_up
	carries
	must sekisho gwA down tunnel
	both_down
	must pluto_up
	both_up
	carries
	must pluto_down
	both_down
}

lab_with_libreswan
certs_new

title "RSA"
signs rsa rsasig
both_roles
must log_says sekishod-gwA 'peer signed by RSASSA-PSS with SHA2-512'
must log_says guest "3072-bit PKCS#1 1.5 RSA with SHA2_256' digital signature"

title "ECDSA"
signs ecdsa ecdsa
both_roles
must log_says guest "P-256 ECDSA with SHA2_256' digital signature"

title "they want RSA with SHA-1, without RFC 7427"
reads rsa rsa-sha1
must_not sekisho gwA up net
must log_says sekishod-gwA 'no signature algorithm of local.auth is one that the peer knows \(it does not do RFC 7427\)'

pluto ipsec whack --delete --name tunnel
title "they have no certificate of ours, and do not ask"
CONN_MORE_A=
reads ecdsa ecdsa
pluto_up 2>/dev/null
must wait_for 5 "word of it" log_says sekishod-gwA 'our certificate stays here: the peer asks for none \(send_cert = always sends it\)'
road_was_safe --min-esp 80
passed
