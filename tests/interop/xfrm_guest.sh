# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# strongSwan with a real kernel's ESP as gwB: user-mode Linux (Debian's package of that name)
# on this machine's own root file system, read-only. With it ESP goes as protocol 50, there are
# replay windows that are not ours, ESN and trap policies. The guest's interfaces are TAPs on
# bridges in the namespace gwB, which is nothing but these bridges. Sourced after strongswan.sh.

guest_needs() {
	[ -x /usr/bin/linux.uml ] || skip "user-mode-linux is not installed"
	[ -c /dev/net/tun ] || skip "no /dev/net/tun"
	[ "$(uname -m)" = x86_64 ] || skip "user-mode Linux runs on x86 only"
}

# guest_bridge IF TAP ADDRESS: the veth end of gwB moves behind the guest.
guest_bridge() {
	local net
	net=$(ns gwB)
	ip -n "$net" addr flush dev "$1"
	ip -n "$net" tuntap add dev "$2" mode tap &&
		ip -n "$net" link add "br-$1" type bridge mcast_snooping 0 stp_state 0 &&
		ip -n "$net" link set "$1" master "br-$1" &&
		ip -n "$net" link set "$2" master "br-$1" up &&
		ip -n "$net" link set "br-$1" up
	takes_redirects gwB "$1"
}

# guest_boot COMMAND...: the guest up, its last process this one, with its log "guest".
guest_boot() {
	local dir no_ipv6=ipv6.disable=1
	[ "${LAB_IPV6:-no}" = yes ] && no_ipv6=
	dir=$(dirname "${BASH_SOURCE[0]}")/guest
	install -m 755 "$dir/init" "$LAB_DIR/init"
	{
		echo "#!/bin/sh"
		echo 'echo "guest is up"'
		printf '%s\n' "$*" 'echo "ended with $?"' 'sleep 1000000'
	} >"$LAB_DIR/daemon"
	chmod 755 "$LAB_DIR/daemon"
	cc -O2 -shared -fPIC -o "$LAB_DIR/fpregs.so" "$dir/fpregs.c" || return 1
	on gwB sysctl -qw net.ipv4.ip_forward=0
	guest_bridge wan tapwan && guest_bridge lan taplan || return 1
	# A process namespace of its own: one kill ends all that user-mode Linux is made of.
	END_SIGNAL=KILL LD_PRELOAD=$LAB_DIR/fpregs.so TMPDIR=/dev/shm \
		start gwB guest unshare --pid --fork --kill-child \
		python3 "$dir/exec_with_taps.py" tapwan:60 taplan:61 -- \
		setarch -R /usr/bin/linux.uml mem=192M umid=u "uml_dir=$LAB_DIR/" \
		root=/dev/root rootfstype=hostfs rootflags=/ ro "init=$LAB_DIR/init" quiet $no_ipv6 \
		con=null con0=null,fd:1 ssl=null \
		vec0:transport=fd,fd=60,vec=0,depth=64,gro=0 vec1:transport=fd,fd=61,vec=0,depth=64,gro=0
	ready guest ${GUEST_WAIT:-30} 'guest is up'
}

# guest_start: in place of swan_start gwB B; `swan gwB ...` works as ever.
guest_start() {
	guest_needs
	swan_program charon-systemd
	swan_program swanctl
	SWAN_PLUGINS=${SWAN_PLUGINS/kernel-libipsec/} SWAN_URI_gwB=tcp://10.2.0.1:4502 \
		swan_settings gwB >"$LAB_DIR/gwB.strongswan.conf"
	(umask 077 && tunnel_conf B >"$LAB_DIR/gwB.swanctl.conf")
	guest_boot "STRONGSWAN_CONF=$LAB_DIR/gwB.strongswan.conf $LAB_DIR/charon-systemd" || return 1
	SWAN_FROM_gwB=hostB
	SWAN_URI_gwB=tcp://10.2.0.1:4502
	wait_for 20 "charon in the guest" swan gwB --stats 2>/dev/null || return 1
	swan gwB --load-all --file "$LAB_DIR/gwB.swanctl.conf"
}

# guest_boot_commands [COMMAND...]: as guest_boot, and with guest_run.
guest_boot_commands() {
	install -m 755 "$(dirname "${BASH_SOURCE[0]}")/guest/commands.py" "$LAB_DIR/commands.py"
	guest_boot "python3 $LAB_DIR/commands.py ${*:+& $*}"
}

# guest_tree_boot PACKAGE COMMAND...: the same from the package's tree above the machine's own.
guest_tree_boot() {
	peer_tree "$1" >"$LAB_DIR/tree"
	shift
	guest_boot_commands "$@"
}

# guest_run COMMAND...: its output and its exit status.
guest_run() { on hostB python3 "$LAB_DIR/commands.py" "$*"; }
