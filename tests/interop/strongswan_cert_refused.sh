#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Certificates that must not do, in both roles: no tunnel, and one line of ours that says why.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/certs.sh"

need_programs
lab_new
lab_sites
lab_road
certs_new
sides_sign ecdsa ecdsa
must capture_start road
must swan_start gwB B
must gw_start gwA

title "of a CA that we do not trust"
ca stranger ecdsa
sides_sign ecdsa ecdsa
leaf gwB ecdsa stranger DNS:gwB.example
give "$SWAN_DIR" gwB
reload_both
neither_role "gwB.example failed: certificate '.*CN=gwB' is not of a CA that is trusted here" \
	"gwB.example failed: certificate '.*CN=gwB' is not of a CA that is trusted here"

title "expired"
sides_sign ecdsa ecdsa
CERT_DAYS=-1 leaf gwB ecdsa root DNS:gwB.example
give "$SWAN_DIR" gwB
reload_both
neither_role "certificate '.*CN=gwB' has expired" "certificate '.*CN=gwB' has expired"

title "another name than it has"
sides_sign ecdsa ecdsa
ID_B=gwC.example
(umask 077 && tunnel_conf A >"$LAB_DIR/gwA.conf")
must sekisho gwA reload
ID_B=''
(umask 077 && tunnel_conf B >"$SWAN_DIR/gwB.swanctl.conf")
must swan gwB --load-all --clear --file "$SWAN_DIR/gwB.swanctl.conf"
neither_role - "no connection for these identities: ours: .*; theirs: .*; first difference: "
ID_B=''

title "revoked: a CRL of the root in folder x509crl"
CERT_SERIAL=4242
sides_sign ecdsa ecdsa
CERT_SERIAL=
crl() { # SERIAL or none
	: >"$PKI/index"
	echo 01 >"$PKI/crlnumber"
	cat >"$PKI/ca.cnf" <<-EOT
	[ca]
	default_ca = lab
	[lab]
	database = $PKI/index
	crlnumber = $PKI/crlnumber
	default_md = sha256
	EOT
	[ -z "$1" ] || printf 'R\t401231235959Z\t260101000000Z\t%s\tunknown\t/CN=gwB\n' "$1" >"$PKI/index"
	openssl ca -config "$PKI/ca.cnf" -gencrl -keyfile "$PKI/root.key" -cert "$PKI/root.pem" \
		-crldays 2 -out "$LAB_DIR/x509crl/root.pem" 2>"$PKI/crl.log"
}
leaf gwA ecdsa root DNS:gwA.example
give "$LAB_DIR" gwA
must crl "$(printf %X 4242)"
reload_both
neither_role "certificate '.*CN=gwB' is revoked" "certificate '.*CN=gwB' is revoked"

title "strict: up with a CRL that does not name it, not without one"
REMOTE_A="revocation = strict"
must crl ""
reload_both
both_roles
rm "$LAB_DIR/x509crl/root.pem"
reload_both
neither_role "CN=gwB' is revoked is not known, and revocation = strict" \
	"CN=gwB' is revoked is not known, and revocation = strict"
REMOTE_A="revocation = relaxed"
reload_both
both_roles
must_not grep -q "PRIVATE KEY" "$LAB_DIR"/*.log
road_was_safe
passed
