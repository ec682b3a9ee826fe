# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# One proposal after the other, with strongSwan as responder and as initiator. Sourced after lib.sh by
# who says what `works WHO PROPOSAL` means.
# shellcheck disable=SC2034
SWAN_PLUGINS="random nonce aes openssl kdf hmac xcbc cmac ctr ccm chapoly pem pkcs1 x509 pubkey
	kernel-libipsec kernel-netlink socket-default vici updown"

# Both take tunnel_conf as it is now.
reconfigure() {
	gw_reload gwA >/dev/null && (umask 077 && tunnel_conf B >"$LAB_DIR/gwB.swanctl.conf") &&
		swan gwB --load-all --file "$LAB_DIR/gwB.swanctl.conf"
}

quietly() { "$@" >/dev/null; }

both_ways() { # PROPOSAL
	must reconfigure
	must quietly sekisho gwA up net
	works "Sekisho initiates" "$1"
	must quietly sekisho gwA down tunnel
	must wait_for 5 "gwB without an IKE SA" swan_has_no_sa gwB
	must swan_up gwB
	works "strongSwan initiates" "$1"
	must swan gwB --terminate --ike tunnel
	must wait_for 5 "gwA without a child" gw_has_no_child gwA
}
