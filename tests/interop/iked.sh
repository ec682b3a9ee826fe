# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# OpenIKED's portable iked as gwB, in the guest. Over PF_KEY it does AES-CBC with HMAC-SHA1 on Linux, and no
# more. Sourced after lib.sh.

TUNNEL_ESP=aes256-sha1

# Optional: IKED_MODE (active: it initiates) and IKED_LIFE.
iked_conf() {
	cat <<-EOT
	ikev2 "tunnel" ${IKED_MODE:-passive} esp from 10.2.0.0/24 to 10.1.0.0/24 \
	    local 192.0.2.2 peer 192.0.2.1 \
	    ikesa enc aes-128-gcm prf hmac-sha2-256 group curve25519 \
	    childsa enc aes-256 auth hmac-sha1 noesn \
	    srcid gwB.example dstid gwA.example ${IKED_LIFE:-} psk "$TUNNEL_PSK"
	EOT
}

iked_needs() {
	[ -x "$(peer_tree openiked)/usr/sbin/iked" ] || skip "openiked is not unpacked (see scripts/lib/install.sh)"
	guest_needs
}

iked_start() {
	(umask 077 && iked_conf >"$LAB_DIR/iked.conf")
	guest_tree_boot openiked "grep -q _iked /etc/passwd || echo '_iked:x:990:990::/run/iked:/bin/false' >>/etc/passwd
		grep -q _iked /etc/group || echo '_iked:x:990:' >>/etc/group
		mkdir -p /run/iked /var/run/iked; chmod 755 /run/iked
		mkdir -p /etc/iked/private /etc/iked/pubkeys/fqdn /etc/iked/ca /etc/iked/certs /etc/iked/crls
		openssl ecparam -genkey -name prime256v1 -noout -out /etc/iked/private/local.key
		iked -d -v -f $LAB_DIR/iked.conf" &&
		wait_for 20 "iked in the guest" guest_run "timeout 2 ikectl show sa >/dev/null" 2>/dev/null
}

# It reads iked_conf as it is now, and begins anew.
iked_load() {
	(umask 077 && iked_conf >"$LAB_DIR/iked.conf")
	guest_run "ikectl load $LAB_DIR/iked.conf" >/dev/null
}
iked_has_child() { guest_run "ip xfrm state" | grep -q 'mode tunnel'; }
