# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Certificates by the openssl tool, for both gateways: Sekisho reads the folders beside its
# configuration file, $LAB_DIR, swanctl those beside its own, $SWAN_DIR. Sourced after lib.sh.

certs_new() { # folders for both, and a root
	SWAN_DIR=$LAB_DIR/swanctl.d
	PKI=$LAB_DIR/pki
	mkdir -p "$PKI" "$SWAN_DIR"
	for folder in x509 x509ca x509crl private pubkey x509ocsp x509aa x509ac rsa ecdsa bliss pkcs8 pkcs12; do
		mkdir -p "$LAB_DIR/$folder" "$SWAN_DIR/$folder"
	done
	ca root ecdsa
	cp "$PKI/root.pem" "$LAB_DIR/x509ca/"
	cp "$PKI/root.pem" "$SWAN_DIR/x509ca/"
}

new_key() { # NAME KIND
	local algorithm
	case $2 in
	rsa) algorithm="RSA -pkeyopt rsa_keygen_bits:3072" ;;
	ecdsa) algorithm="EC -pkeyopt ec_paramgen_curve:P-256" ;;
	ecdsa384) algorithm="EC -pkeyopt ec_paramgen_curve:P-384" ;;
	ecdsa521) algorithm="EC -pkeyopt ec_paramgen_curve:P-521" ;;
	ed25519) algorithm=ED25519 ;;
	esac
	# shellcheck disable=SC2086 # words
	(umask 077 && openssl genpkey -quiet -algorithm $algorithm -out "$PKI/$1.key" 2>/dev/null ||
		openssl genpkey -algorithm $algorithm -out "$PKI/$1.key" 2>/dev/null)
}

# signed NAME SUBJECT CA SERIAL EXTENSION...: CA may be NAME itself
signed() {
	local name=$1 subject=$2 ca=$3 serial=$4
	shift 4
	printf '%s\n' "$@" "subjectKeyIdentifier=hash" >"$PKI/$name.ext"
	openssl req -new -key "$PKI/$name.key" -subj "$subject" -out "$PKI/$name.csr"
	if [ "$ca" = "$name" ]; then
		openssl x509 -req -in "$PKI/$name.csr" -signkey "$PKI/$name.key" -days 2 \
			-set_serial "$serial" -extfile "$PKI/$name.ext" -out "$PKI/$name.pem"
	else
		openssl x509 -req -in "$PKI/$name.csr" -CA "$PKI/$ca.pem" -CAkey "$PKI/$ca.key" \
			-days "${CERT_DAYS:-2}" -set_serial "$serial" -extfile "$PKI/$name.ext" \
			-out "$PKI/$name.pem"
	fi 2>"$PKI/$name.log"
}

ca() { # NAME KIND [ISSUER]
	new_key "$1" "$2"
	signed "$1" "/C=CH/O=Lab/CN=$1" "${3:-$1}" $((RANDOM + 1)) \
		"basicConstraints=critical,CA:TRUE" "keyUsage=critical,keyCertSign,cRLSign"
}

leaf() { # NAME KIND CA ALTNAME [EXTENSION...]
	local name=$1 kind=$2 ca=$3 altname=$4
	shift 4
	new_key "$name" "$kind"
	signed "$name" "/C=CH/O=Lab/CN=$name" "$ca" "${CERT_SERIAL:-$((RANDOM + 1))}" \
		"subjectAltName=$altname" "$@"
}

give() { # FOLDER NAME: certificate and key of one gateway
	cp "$PKI/$2.pem" "$1/x509/$2.pem"
	cp -p "$PKI/$2.key" "$1/private/$2.key"
}

# A leaf for each side, and configurations that name them.
sides_sign() { # KIND-A KIND-B [CA-A]
	leaf gwA "$1" "${3:-root}" DNS:gwA.example
	leaf gwB "$2" root DNS:gwB.example
	give "$LAB_DIR" gwA
	give "$SWAN_DIR" gwB
	AUTH_A=pubkey AUTH_B=pubkey LOCAL_A="certs = gwA.pem" LOCAL_B="certs = gwB.pem"
}

# Both read what tunnel_conf says now.
reload_both() {
	(umask 077 && tunnel_conf A >"$LAB_DIR/gwA.conf" &&
		tunnel_conf B >"$SWAN_DIR/gwB.swanctl.conf")
	must sekisho gwA reload
	must swan gwB --load-all --clear --file "$SWAN_DIR/gwB.swanctl.conf"
}

log_mark() { wc -l <"$LAB_DIR/sekishod-gwA.log"; }
logged_since() { tail -n "+$(($1 + 1))" "$LAB_DIR/sekishod-gwA.log" | grep -E "$2"; } # MARK REGEX

takes_down() {
	must sekisho gwA down tunnel
	must wait_for 10 "gwA without a child" gw_has_no_child gwA
	must wait_for 10 "gwB without an IKE SA" swan_has_no_sa gwB
}

both_roles() { # up from each end, a few pings, down
	must sekisho gwA up net
	tunnel_is_up
	must ping_all hostA 10.2.0.2 5 -i 0.02
	takes_down
	must swan_up gwB
	tunnel_is_up
	must ping_all hostB 10.1.0.2 5 -i 0.02
	takes_down
}

# charon keeps what its peer gave up, before it has a name, too, until its half_open_timeout.
forgets() {
	local id
	for id in $(swan gwB --list-sas | sed -n 's/^[^ ]*: #\([0-9]*\),.*/\1/p'); do
		swan gwB --terminate --ike-id "$id" --force 2>/dev/null || true
	done
	must wait_for 5 "gwB without an IKE SA" swan_has_no_sa gwB
}

# Neither side gets it up; ours says why in both roles, or (REGEX-INITIATE -) only theirs.
neither_role() { # REGEX-INITIATE REGEX-RESPOND
	local mark
	mark=$(log_mark)
	must_not sekisho gwA up net >"$LAB_DIR/up.log" 2>&1
	[ "$1" = - ] || must logged_since "$mark" "$1"
	forgets
	mark=$(log_mark)
	must_not swan_up gwB 2>/dev/null
	[ "$2" = - ] || must logged_since "$mark" "$2"
	must_not gw_has_child gwA
}
