#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# EAP with certificates, Sekisho and strongSwan as client and as server in turn: EAP-TLS (TLS 1.2),
# EAP alone (RFC 5998), EAP-MSCHAPv2 with a certificate of the server, and what is refused.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/certs.sh"

SWAN_PLUGINS="$SWAN_PLUGINS gcm eap-identity eap-mschapv2 eap-tls"
METHOD=eap-tls SERVER_AUTH=pubkey CLIENT=A EAP_ID=''

local_of() { # SIDE
	if [ "$1" = "$CLIENT" ]; then
		echo "auth = $METHOD"
		[ "$METHOD" != eap-tls ] || echo "certs = gw$1.pem"
		[ -z "$EAP_ID" ] || echo "eap_id = $EAP_ID"
	else
		printf 'auth = %s\n certs = gw%s.pem\n' "$SERVER_AUTH" "$1"
	fi
}

remote_of() { # SIDE
	if [ "$1" = "$CLIENT" ]; then
		printf 'auth = %s\n id = gw%s.example\n' "$SERVER_AUTH" "$(other "$1")"
	else
		printf 'auth = %s\n eap_id = %%any\n' "$METHOD"
	fi
	# charon does not count a CA that TLS has seen; both have this one in x509ca.
	[ "$METHOD" = eap-mschapv2 ] || [ "$1" = B ] || echo "cacerts = root.pem"
}

tunnel_conf() { # SIDE
	cat <<-EOT
	connections {
	    tunnel {
	        version = 2
	        local_addrs = $(side_wan "$1")
	        remote_addrs = $(side_wan "$(other "$1")")
	        proposals = $TUNNEL_IKE
	        send_cert = always
	        local {
	            id = gw$1.example
	            $(local_of "$1")
	        }
	        remote {
	            $(remote_of "$1")
	        }
	        children {
	            net {
	                local_ts = $(side_lan "$1")
	                remote_ts = $(side_lan "$(other "$1")")
	                esp_proposals = $TUNNEL_ESP
	            }
	        }
	    }
	}
	secrets {
	    eap-carol {
	        id = carol
	        secret = "her password"
	    }
	}
	EOT
}

tls_version() { # MIN MAX: of charon
	SWAN_MORE="tls {
	        version_min = $1
	        version_max = $2
	    }"
	swan_settings gwB >"$LAB_DIR/gwB.strongswan.conf"
	[ ! -S "$LAB_DIR/gwB.vici" ] || must swan gwB --reload-settings
}

gives() { # FOLDER NAME AS: charon looks for a key by what the certificate names
	cp "$PKI/$2.pem" "$1/x509/$3.pem" && cp -p "$PKI/$2.key" "$1/private/$3.key"
}

begins() { # from the client
	if [ "$CLIENT" = A ]; then sekisho gwA up net; else swan_up gwB; fi
}

comes_up() { # LOG-OF-OURS
	reload_both
	mark=$(log_mark)
	must begins
	tunnel_is_up
	must ping_all hostA 10.2.0.2 5 -i 0.02
	must logged_since "$mark" "$1"
	takes_down
}

is_refused() { # LOG-OF-OURS
	reload_both
	mark=$(log_mark)
	must_not begins >"$LAB_DIR/up.log" 2>&1
	must logged_since "$mark" "$1"
	must_not gw_has_child gwA
	forgets
}

need_programs
lab_new
lab_sites
lab_road
certs_new
sides_sign rsa ecdsa
ca stranger ecdsa
leaf strangerA ecdsa stranger DNS:gwA.example
leaf strangerB ecdsa stranger DNS:gwB.example
must capture_start road
tls_version 1.2 1.2
must swan_start gwB B
must gw_start gwA

title "EAP-TLS, Sekisho is the client"
CLIENT=A
comes_up "EAP-TLS of 'gwA.example' succeeded, TLSv1.2"
title "EAP-TLS, Sekisho is the server"
CLIENT=B
comes_up "EAP-TLS of 'gwB.example' succeeded, TLSv1.2"

title "a certificate of a CA that is not trusted"
gives "$SWAN_DIR" strangerB gwB
is_refused "is not of a CA that is trusted here"
must log_says charon-gwB "received fatal TLS alert 'bad certificate'"
must grep -q "is not of a CA that is trusted here" <(sekisho gwA status)
gives "$SWAN_DIR" gwB gwB
CLIENT=A
gives "$LAB_DIR" strangerA gwA
is_refused "TLS: .* alert|peer refuses IKE_AUTH"
gives "$LAB_DIR" gwA gwA

title "an EAP identity that its certificate does not name"
CLIENT=B EAP_ID=other.example
is_refused "TLS: peer did not return a certificate"
EAP_ID=''

title "EAP alone (RFC 5998)"
SERVER_AUTH=eap-tls
CLIENT=A
comes_up "EAP-TLS of 'gwA.example' succeeded"
CLIENT=B
comes_up "EAP-TLS of 'gwB.example' succeeded"
must_not logged_since "$mark" "peer signed by"
gives "$LAB_DIR" strangerA gwA
reload_both
must_not begins 2>/dev/null
must_not swan_has_child gwB
gives "$LAB_DIR" gwA gwA
gives "$SWAN_DIR" strangerB gwB
CLIENT=A
is_refused "is not of a CA that is trusted here"
gives "$SWAN_DIR" gwB gwB
SERVER_AUTH=pubkey

title "EAP-MSCHAPv2, the server has a certificate"
METHOD=eap-mschapv2 EAP_ID=carol
CLIENT=A
comes_up "peer signed by ECDSA"
CLIENT=B
comes_up "EAP-MSCHAPv2 of 'carol' succeeded"
road_was_safe --min-esp 40
passed
