#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Revocation by OCSP and by CRLs that are fetched, in both roles. Each gateway has a responder and
# a CRL server on its own loopback, which the certificates name; strongSwan checks ours likewise.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/certs.sh"

SWAN_PLUGINS="$SWAN_PLUGINS curl gcm eap-identity eap-tls"
SWAN_MORE="tls {
	        version_min = 1.2
	        version_max = 1.2
	    }"
OCSP=http://127.0.0.1:8888/ CRL=http://127.0.0.1:8889/root.crl
SERIAL_A=4141 SERIAL_B=4242 SERIAL_OCSP=99

index_line() { # NAME SERIAL REVOKED-NAME
	local status=V revoked=
	[ "$1" != "$3" ] || status=R revoked=260101000000Z,keyCompromise
	printf '%s\t401231235959Z\t%s\t%X\tunknown\t/C=CH/O=Lab/CN=%s\n' "$status" "$revoked" "$2" "$1"
}

# [REVOKED-NAME]: what responders that start, and CRLs that are written, say from now on.
index_write() {
	{
		index_line gwA "$SERIAL_A" "${1:-}"
		index_line gwB "$SERIAL_B" "${1:-}"
		index_line responder "$SERIAL_OCSP" "${1:-}"
	} >"$PKI/index.new" && mv "$PKI/index.new" "$PKI/index" # responders that run read it, too
}

crl_write() { # [REVOKED-NAME]
	index_write "$@"
	echo 01 >"$PKI/crlnumber"
	printf '%s\n' "[ca]" "default_ca = lab" "[lab]" "database = $PKI/index" \
		"crlnumber = $PKI/crlnumber" "default_md = sha256" >"$PKI/ca.cnf"
	mkdir -p "$PKI/www"
	openssl ca -config "$PKI/ca.cnf" -gencrl -keyfile "$PKI/root.key" -cert "$PKI/root.pem" \
		-crldays 2 -out "$PKI/root.crl.pem" 2>"$PKI/crl.log" &&
		openssl crl -in "$PKI/root.crl.pem" -outform DER -out "$PKI/www/root.crl"
}

listens() { [ -n "$(on "$1" ss -Hltn "sport = :$2")" ]; } # NODE PORT

responder_up() { # NODE [REVOKED-NAME]
	index_write "${@:2}"
	start "$1" "ocsp-$1" openssl ocsp -port 8888 -index "$PKI/index" -CA "$PKI/root.pem" \
		-rsigner "$PKI/ocsp.pem" -rkey "$PKI/ocsp.key" -nmin 5
	wait_for 5 "the responder on $1" listens "$1" 8888
}
responder_down() {
	stop "ocsp-$1"
	wait_for 5 "the end of the responder on $1" gone "ocsp-$1"
}
www_up() {
	start "$1" "www-$1" python3 -u -m http.server --bind 127.0.0.1 --directory "$PKI/www" 8889
	wait_for 5 "the CRL server on $1" listens "$1" 8889
}
www_down() {
	stop "www-$1"
	wait_for 5 "the end of the CRL server on $1" gone "www-$1"
}
n_asked() { grep -c GET "$LAB_DIR/www-$1.log"; }

need_programs
lab_new
lab_sites
lab_road
certs_new
new_key ocsp ecdsa
signed ocsp /C=CH/O=Lab/CN=responder root "$SERIAL_OCSP" extendedKeyUsage=OCSPSigning
AT=("authorityInfoAccess=OCSP;URI:$OCSP" "crlDistributionPoints=URI:$CRL")
CERT_SERIAL=$SERIAL_A leaf gwA ecdsa root DNS:gwA.example "${AT[@]}"
CERT_SERIAL=$SERIAL_B leaf gwB ecdsa root DNS:gwB.example "${AT[@]}"
give "$LAB_DIR" gwA
give "$SWAN_DIR" gwB
AUTH_A=pubkey AUTH_B=pubkey LOCAL_A="certs = gwA.pem" LOCAL_B="certs = gwB.pem"
REMOTE_A="revocation = strict" REMOTE_B="revocation = strict"
must crl_write
must responder_up gwB
must responder_up gwA
must capture_start road
must swan_start gwB B
must gw_start gwA

title "good, of a responder the CA has delegated; both check, strictly"
mark=$(log_mark)
both_roles
must logged_since "$mark" "revocation of '.*CN=gwB': good by OCSP $OCSP \(until"
must grep -q "certificate status is good" "$LAB_DIR/charon-gwB.log"

title "remembered: the responder is gone, and not missed"
must responder_down gwA
mark=$(log_mark)
both_roles
must logged_since "$mark" "revocation of '.*CN=gwB': good by OCSP"

title "not after a reload: nobody answers, strict refuses"
reload_both
neither_role "CN=gwB' is revoked is not known, and revocation = strict asks for it \(OCSP $OCSP: .*; CRL $CRL: " \
	"CN=gwB' is revoked is not known, and revocation = strict asks for it"
must grep -q "strict asks for it" <(sekisho gwA status)

title "so does ifuri, relaxed does not"
REMOTE_A="revocation = ifuri"
reload_both
must_not sekisho gwA up net >"$LAB_DIR/up.log" 2>&1
REMOTE_A="revocation = relaxed"
reload_both
mark=$(log_mark)
both_roles
must logged_since "$mark" "revocation of '.*CN=gwB': OCSP $OCSP: .*; CRL $CRL: .*; not known"

title "the responder is down, the CRL good; it is fetched once"
REMOTE_A="revocation = strict"
must www_up gwA
reload_both
mark=$(log_mark)
both_roles
must logged_since "$mark" "revocation of '.*CN=gwB': OCSP $OCSP: .*; good by CRL $CRL"
must same "fetches of the CRL" "$(n_asked gwA)" 1

title "two that come at the same time make one fetch"
n_logged() { [ "$(logged_since "$mark" "$2" | wc -l)" -ge "$1" ]; } # N REGEX
asks() { [ -n "$(on gwA ss -Htn "dport = :$1")" ]; } # PORT
must signal www-gwA STOP
reload_both
mark=$(log_mark)
swan_up gwB >"$LAB_DIR/swan-up.log" 2>&1 & # first: charon would use an IKE SA that is there
must wait_for 5 "the fetch" asks 8889
sekisho gwA up net >"$LAB_DIR/up.log" 2>&1 &
must wait_for 5 "both exchanges" n_logged 2 "initiating( an)? IKE_SA"
must signal www-gwA CONT
must wait_for 10 "both verdicts" n_logged 2 "CN=gwB': OCSP .*; good by CRL $CRL"
must same "fetches of the CRL" "$(n_asked gwA)" 2
tunnel_is_up
takes_down

title "revoked by the CRL"
must crl_write gwB
reload_both
neither_role "CN=gwB' is revoked since 2026-01-01 00:00:00Z \(key compromise\), by CRL $CRL" \
	"CN=gwB' is revoked since 2026-01-01 00:00:00Z \(key compromise\), by CRL"

title "revoked by OCSP, whatever the CRL says"
must crl_write
must responder_up gwA gwB
reload_both
neither_role "CN=gwB' is revoked since 2026-01-01 00:00:00Z \(key compromise\), by OCSP $OCSP" \
	"CN=gwB' is revoked since 2026-01-01 00:00:00Z \(key compromise\), by OCSP"

title "so it is in EAP-TLS, as server and as client"
AUTH_A=eap-tls AUTH_B=eap-tls
reload_both
neither_role "CN=gwB' is revoked since 2026-01-01 00:00:00Z \(key compromise\), by OCSP $OCSP" \
	"CN=gwB' is revoked since 2026-01-01 00:00:00Z \(key compromise\), by OCSP"
must responder_down gwA
must responder_up gwA
reload_both
mark=$(log_mark)
both_roles
must same "verdicts" "$(logged_since "$mark" "CN=gwB': good by OCSP $OCSP \(until" | wc -l)" 2
must responder_down gwA
must www_down gwA
reload_both
neither_role "CN=gwB' is revoked is not known, and revocation = strict asks for it \(OCSP $OCSP: .*; CRL $CRL: " \
	"CN=gwB' is revoked is not known, and revocation = strict asks for it"
must www_up gwA
must responder_up gwA
AUTH_A=pubkey AUTH_B=pubkey

title "a responder that a CRL revokes does not count"
must crl_write responder
cp "$PKI/root.crl.pem" "$LAB_DIR/x509crl/"
reload_both
mark=$(log_mark)
must sekisho gwA up net
must logged_since "$mark" "CN=gwB': OCSP $OCSP: the responder's certificate is revoked; good by CRL"
takes_down
rm "$LAB_DIR/x509crl/root.crl.pem"

title "addresses of authorities come first"
CONF_MORE_A="authorities {
	lab {
	    cacert = root.pem
	    ocsp_uris = http://127.0.0.1:8887/
	    crl_uris = $CRL
	}
}"
must responder_down gwA
must responder_up gwA
reload_both
mark=$(log_mark)
both_roles
must logged_since "$mark" "revocation of '.*CN=gwB': OCSP http://127.0.0.1:8887/: .*; good by OCSP $OCSP"

title "a responder that says nothing holds up who asks, and nobody else"
other_conn() { # SIDE
	echo "connections {
	    other {
	        local_addrs = $(side_wan "$1")
	        remote_addrs = $(side_wan "$(other "$1")")
	        proposals = $TUNNEL_IKE
	        local {
	            auth = psk
	            id = gw$1.example
	        }
	        remote {
	            auth = psk
	            id = gw$(other "$1").example
	        }
	        children {
	            more {
	                local_ts = 10.$([ "$1" = A ] && echo 1 || echo 2).0.0/25
	                remote_ts = 10.$([ "$1" = A ] && echo 2 || echo 1).0.0/25
	                esp_proposals = $TUNNEL_ESP
	            }
	        }
	    }
	}"
}
CONF_MORE_A=$(other_conn A) CONF_MORE_B=$(other_conn B)
must responder_down gwA
start gwA silent-gwA python3 -c 'import socket, time
s = socket.create_server(("127.0.0.1", 8888))
time.sleep(600)'
must wait_for 5 "the silent responder" listens gwA 8888
reload_both
sekisho gwA up net >"$LAB_DIR/up.log" 2>&1 &
must wait_for 5 "the question to the responder" asks 8888
must sekisho gwA up more
must_not grep -q "is up" "$LAB_DIR/up.log"
must asks 8888
must stop sekishod-gwA # in the middle of it
must wait_for 5 "the end of the controller" gone sekishod-gwA
must_not grep -E "AddressSanitizer|runtime error|LeakSanitizer" "$LAB_DIR/sekishod-gwA.log"
road_was_safe
passed
