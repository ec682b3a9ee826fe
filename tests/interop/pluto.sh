# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Libreswan as gwB, in the guest: Debian's package conflicts with strongSwan's, so it runs from a tree of
# its own. Its configuration is what tunnel_conf is for ours. Sourced after lib.sh.

# Optional: PLUTO_IKE, PLUTO_ESP, PLUTO_AUTH (authby and what goes with it), PLUTO_NETS and PLUTO_MORE (further lines of the connection).
pluto_conf() {
	cat <<-EOT
	config setup
	    virtual-private=%v4:10.0.0.0/8
	conn tunnel
	    keyexchange=ike
	    ikev2=insist
	    left=192.0.2.2
	    leftid=${PLUTO_ID-@gwB.example}
	    right=192.0.2.1
	    rightid=${PLUTO_PEER-@gwA.example}
	    ${PLUTO_AUTH:-authby=secret}
	    ${PLUTO_NETS-leftsubnet=10.2.0.0/24
	    rightsubnet=10.1.0.0/24}
	    ike=${PLUTO_IKE:-aes_gcm128-sha2_256-dh31}
	    esp=${PLUTO_ESP:-aes_gcm128}
	    ${PLUTO_PFS-pfs=no}
	    ${PLUTO_MORE:-}
	    auto=add
	EOT
}

pluto_secrets() { echo ": PSK \"${PSK_B:-$TUNNEL_PSK}\""; }

pluto_needs() {
	[ -x "$(peer_tree libreswan)/usr/libexec/ipsec/pluto" ] || skip "libreswan is not unpacked (see scripts/lib/install.sh)"
	guest_needs
}

# What pluto reads, as the variables are now; the secrets, too.
pluto_write() {
	pluto_conf >"$LAB_DIR/ipsec.conf"
	(umask 077 && pluto_secrets >"$LAB_DIR/ipsec.secrets")
}

pluto_start() {
	pluto_write
	guest_tree_boot libreswan "ipsec initnss >/run/initnss.log 2>&1; mkdir -p /run/pluto
		/usr/libexec/ipsec/pluto --nofork --stderrlog --config $LAB_DIR/ipsec.conf --secretsfile $LAB_DIR/ipsec.secrets" &&
		wait_for 20 "pluto in the guest" guest_run "ipsec whack --status >/dev/null" 2>/dev/null &&
		pluto_load
}

# pluto_load [CONNECTION...]
pluto_load() {
	pluto_write
	pluto "ipsec whack --rereadsecrets; ipsec addconn --config $LAB_DIR/ipsec.conf tunnel"
}

# pluto COMMAND...: quiet unless it fails.
pluto() {
	guest_run "$* 2>&1" >"$LAB_DIR/pluto.out" && return 0
	warn "$* in the guest: $(cat "$LAB_DIR/pluto.out")"
	return 1
}

pluto_up() { pluto ipsec whack --initiate --name tunnel; }
pluto_down() { pluto ipsec whack --terminate --name tunnel; }
pluto_has_child() { guest_run "ipsec whack --trafficstatus" | grep -q 'type=ESP'; }
pluto_has_no_sa() { ! guest_run "ipsec whack --showstates" | grep -q '#'; }
pluto_spis() { guest_run "ip xfrm state" | grep -oE 'spi 0x[0-9a-f]+' | sed 's/spi 0x//' | sort -u; }

lab_with_libreswan() {
	need_programs
	pluto_needs
	lab_new
	lab_sites
	lab_road
	must capture_start road
	must pluto_start
	must gw_start gwA
}

both_up() {
	must wait_for 15 "the tunnel on gwA" gw_has_child gwA
	must wait_for 10 "the tunnel on gwB" pluto_has_child
	must wait_for 5 "a first ping" pings hostA 10.2.0.2
}
both_down() {
	must wait_for 10 "gwA without a child" gw_has_no_child gwA
	must wait_for 10 "gwB without an IKE SA" pluto_has_no_sa
	must same "SAs left in gwA's map" "$(sad_spis gwA)" ""
}
carries() {
	must ping_all hostA 10.2.0.2 10 -i 0.02
	must ping_all hostB 10.1.0.2 10 -i 0.02
}
