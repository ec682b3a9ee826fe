#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Certificates: every kind of key, an intermediate CA, identities, both roles.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/certs.sh"

lab_new_with_certs() {
	need_programs
	lab_new
	lab_sites
	lab_road
	certs_new
	sides_sign ecdsa ecdsa
	must capture_start road
	must swan_start gwB B
	must gw_start gwA
}
lab_new_with_certs

title "ECDSA P-256"
both_roles

for kind in rsa ecdsa384 ecdsa521 ed25519; do
	title "$kind"
	sides_sign "$kind" "$kind"
	reload_both
	mark=$(log_mark)
	both_roles
	must logged_since "$mark" "peer signed by"
done

title "RSASSA-PSS, and the peer's other hash"
sides_sign rsa rsa
AUTH_A=ike:rsa/pss-sha384 AUTH_B=ike:rsa/pss-sha512
reload_both
mark=$(log_mark)
both_roles
must logged_since "$mark" "peer signed by RSASSA-PSS with SHA2-512"

title "an intermediate CA, which only our side has"
ca sub rsa root
cp "$PKI/sub.pem" "$LAB_DIR/x509ca/"
sides_sign ecdsa rsa sub
reload_both
both_roles

title "an intermediate CA on each side, and identities of each kind: email, address"
ca sub2 ecdsa root
cp "$PKI/sub2.pem" "$SWAN_DIR/x509ca/"
leaf gwA rsa sub "email:gwA@example.org"
leaf gwB ecdsa sub2 "IP:192.0.2.2"
give "$LAB_DIR" gwA
give "$SWAN_DIR" gwB
ID_A=gwA@example.org ID_B=192.0.2.2
reload_both
both_roles
ID_A='' ID_B=''

title "distinguished names"
ID_A='"C=CH, O=Lab, CN=gwA"' ID_B='"C=CH, O=*, CN=gwB"'
reload_both_dn() {
	(umask 077 && tunnel_conf A >"$LAB_DIR/gwA.conf")
	ID_B='"C=CH, O=Lab, CN=gwB"'
	(umask 077 && tunnel_conf B >"$SWAN_DIR/gwB.swanctl.conf")
	must sekisho gwA reload
	must swan gwB --load-all --clear --file "$SWAN_DIR/gwB.swanctl.conf"
}
reload_both_dn
both_roles
ID_A='' ID_B=''

title "a pre-shared key one way, a certificate the other"
sides_sign ecdsa ecdsa
AUTH_A=psk LOCAL_A=''
reload_both
both_roles
AUTH_A=pubkey LOCAL_A='certs = gwA.pem' AUTH_B=psk LOCAL_B=''
reload_both
both_roles
road_was_safe --min-esp 100
passed
