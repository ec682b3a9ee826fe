#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The same as faults.sh with a live strongSwan as gwB: both initiate, both are told to rekey. Where its
# rekey crossed ours and came too late (TEMPORARY_FAILURE, RFC 7296 2.25.1) strongSwan 5.9.8 stays without
# the outbound SA of ours until the next rekey: pings are given until then.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fault_lib.sh"

# Minutes of bad luck on purpose: asked for, not part of every run.
[ -n "${FAULT_RUNS:-}" ] || skip "only with FAULT_RUNS=N (8 or more), see the top of the script"
FAULT_TUNNELS=$((FAULT_RUNS < 20 ? FAULT_RUNS : 20))
SWAN_MORE="retransmit_timeout = 0.4
	retransmit_base = 1.3
	retransmit_tries = 12
	retransmit_limit = 2"

# Who takes the peer for dead makes the tunnel anew: one of them, or there would be two.
fault_swan() {
	swan_program charon-systemd
	swan_program swanctl
	swan_settings gwB >"$LAB_DIR/gwB.strongswan.conf"
	(umask 077 && FAULT_DPD=clear fault_conf B >"$LAB_DIR/gwB.swanctl.conf")
	STRONGSWAN_CONF=$LAB_DIR/gwB.strongswan.conf \
		start gwB charon-gwB "$LAB_DIR/charon-systemd"
	wait_for 10 "charon's control socket" test -S "$LAB_DIR/gwB.vici" || return 1
	# Where rekeys cross, kernel-libipsec may lose the route of a policy that is still there, and
	# then answers in clear: what comes of the SAs is the question here, so a route for all.
	on gwB ip route add 10.1.0.0/16 dev ipsec0 table 220 || return 1
	swan gwB --load-all --file "$LAB_DIR/gwB.swanctl.conf"
}

need_programs
[ -c /dev/net/tun ] || skip "no /dev/net/tun, which strongSwan's side of the lab needs"
lab_new
lab_sites
must fault_road
must fault_swan
must fault_gw gwA
must fault_runs --b "$LAB_DIR/gwB.vici" --maps "$(gw_pins gwA)" --one-initiator --lossy-peer
must road_was_bad
passed
