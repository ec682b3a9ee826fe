# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# The lab: two sites and the road between them, in network namespaces of this run alone.
#
#   hostA            gwA                    mid                    gwB            hostB
#  eth0 ---------- lan wan ---------- toA  road  toB ---------- wan lan ---------- eth0
#  10.1.0.2   10.1.0.1  192.0.2.1     (bridge)      192.0.2.2  10.2.0.1       10.2.0.2
#
# mid is a plain bridge: what is captured on its ports is what an eavesdropper would see,
# and no XDP program stands in front of the capture. lab_road_nat makes a NAT router of it.
#
# Everything is recorded below LAB_DIR (processes, namespaces, instances) and undone by
# lab_clean from there, on exit, on Ctrl-C, or later by another process (demo.sh --clean).
# With LAB_IPV6=yes the nodes have IPv6, too; without it nothing but IPv4 is on the wires.
# Sourced after common.sh.

LAB_NODES="hostA gwA mid gwB hostB"
LAB_KEEP=${LAB_KEEP:-}

ns() { echo "sk$LAB_ID-$1"; }

# on NODE COMMAND...: not `ip netns exec`, which would hide bpffs.
on() {
	local node=$1
	shift
	nsenter --net="/run/netns/$(ns "$node")" "$@"
}

lab_new() {
	lab_sweep
	LAB_ID=${LAB_ID:-$$}
	LAB_DIR=$(mktemp -d "/tmp/sekisho-lab.$LAB_ID.XXXXXX")
	mkdir "$LAB_DIR/pids"
	# Held as long as this script lives, and by none of the processes that it starts. Locked
	# before it has its name: a sweep cannot come between.
	exec 9>"$LAB_DIR/lock.new"
	flock 9
	echo "$$ $0" >&9 # for people
	mv "$LAB_DIR/lock.new" "$LAB_DIR/lock"
	: >"$LAB_DIR/namespaces"
	: >"$LAB_DIR/instances"
	trap lab_exit EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
}

# Labs whose script was killed before it could clean up, and that nobody wanted kept.
lab_sweep() {
	local dir
	for dir in /tmp/sekisho-lab.*; do
		[ -e "$dir/lock" ] && [ ! -e "$dir/kept" ] && flock -n "$dir/lock" true && lab_clean "$dir"
	done
	return 0
}

lab_exit() {
	local status=$?
	trap - EXIT
	trap '' INT TERM HUP
	if [ "$status" -ne 0 ] && [ "$status" -ne "$SKIPPED" ] && [ "$status" -lt 128 ]; then
		lab_logs
		lab_failed
	fi
	if [ -n "$LAB_KEEP" ]; then
		exit "$status"
	fi
	lab_clean "$LAB_DIR"
	exit "$status"
}

# What else a failure should show, while everything still runs; sourcing scripts replace it.
lab_failed() { :; }

# The end of every log, for a reader who was not there.
lab_logs() {
	local log
	for log in "$LAB_DIR"/*.log; do
		[ -s "$log" ] || continue
		printf -- '---- %s\n' "${log##*/}"
		tail -n 25 "$log"
	done
}

# lab_clean DIR: undo what is recorded in DIR. Safe to call twice, and on half a lab.
lab_clean() {
	local dir=$1 pid_file name
	[ -n "$dir" ] && [ -d "$dir" ] || return 0
	for pid_file in "$dir"/pids/*; do
		[ -e "$pid_file" ] && process_end "$pid_file"
	done
	while read -r name; do
		ip netns del "$name" 2>/dev/null
	done <"$dir/namespaces"
	while read -r name; do
		rm -rf "/sys/fs/bpf/sekisho@$name" "/run/sekisho@$name"
	done <"$dir/instances"
	rm -rf "$dir"
	return 0
}

# ---- Processes ---------------------------------------------------------------------------

# A process is known by its number and its start time, so that no stranger is ever signalled.
process_started() { awk '{ sub(/.*\) /, ""); print $20 }' "/proc/$1/stat" 2>/dev/null; }

process_alive() { # PID_FILE
	local pid started _
	read -r pid started _ <"$1" || return 1
	[ "$(process_started "$pid")" = "$started" ] && ! grep -q '^State:.*Z' "/proc/$pid/status" 2>/dev/null
}

process_signal() { # PID_FILE SIGNAL
	local pid _
	process_alive "$1" || return 0
	read -r pid _ <"$1"
	kill -s "$2" "$pid" 2>/dev/null
	return 0
}

process_gone() { ! process_alive "$1"; }

process_end() { # PID_FILE: politely (or as END_SIGNAL said when it was started), then not
	local _ end
	read -r _ _ end <"$1"
	process_signal "$1" "${end:-TERM}"
	wait_for 5 "end of ${1##*/}" process_gone "$1" || process_signal "$1" KILL
	rm -f "$1"
}

# start NODE LABEL COMMAND...: in the background; its log is LAB_DIR/LABEL.log.
start() {
	local node=$1 label=$2 pid
	shift 2
	[ -e "$LAB_DIR/$label.log" ] && cat "$LAB_DIR/$label.log" >>"$LAB_DIR/$label.before.log"
	: >"$LAB_DIR/$label.log" # now: the child would empty it later than somebody reads it
	exec_on "$node" "$@" >"$LAB_DIR/$label.log" 2>&1 </dev/null &
	pid=$!
	disown "$pid"
	echo "$pid $(process_started "$pid") ${END_SIGNAL:-TERM}" >"$LAB_DIR/pids/$label"
}

# In a subshell only: the process recorded is the command itself, not a shell around it.
exec_on() {
	local node=$1
	shift
	exec nsenter --net="/run/netns/$(ns "$node")" "$@" 9>&-
}

alive() { [ -e "$LAB_DIR/pids/$1" ] && process_alive "$LAB_DIR/pids/$1"; }
gone() { ! alive "$1"; }
stop() { process_end "$LAB_DIR/pids/$1"; }
signal() { process_signal "$LAB_DIR/pids/$1" "$2"; }

kill9() {
	signal "$1" KILL
	wait_for 5 "death of $1" gone "$1"
	rm -f "$LAB_DIR/pids/$1"
}

log_says() { grep -qE -- "$2" "$LAB_DIR/$1.log"; }

# ready LABEL SECONDS PATTERN: until the log says so; fails at once if the process ends.
ready() {
	local label=$1 seconds=$2 pattern=$3
	wait_for "$seconds" "'$pattern' from $label" said_or_dead "$label" "$pattern" &&
		log_says "$label" "$pattern"
}
said_or_dead() { log_says "$1" "$2" || gone "$1"; }

# ---- Topology ----------------------------------------------------------------------------

lab_nodes() {
	local node
	for node; do
		ns "$node" >>"$LAB_DIR/namespaces"
		ip netns add "$(ns "$node")" || return 1
		on "$node" sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 2>/dev/null
		node_ipv6 "$node"
		ip -n "$(ns "$node")" link set lo up
	done
}

# Addresses are usable at once: no other node has them.
node_ipv6() {
	if [ "${LAB_IPV6:-no}" = yes ]; then
		on "$1" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
	else
		on "$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1 2>/dev/null
	fi
}

# wire NODE IF NODE IF: a veth pair. Offloads off on both ends: veth would hand unfinished
# checksums and 64 KiB packets to XDP.
wire() {
	ip -n "$(ns "$1")" link add "$2" type veth peer name "$4" netns "$(ns "$3")" || return 1
	no_offloads "$1" "$2"
	no_offloads "$3" "$4"
	ip -n "$(ns "$1")" link set "$2" up
	ip -n "$(ns "$3")" link set "$4" up
}

no_offloads() { on "$1" ethtool -K "$2" tx off tso off gso off gro off >/dev/null 2>&1; }

# A veth takes XDP_REDIRECTed frames only while its peer receives through NAPI, which GRO
# (or an XDP program) switches on. So GRO stays on where no XDP program listens.
takes_redirects() { on "$1" ethtool -K "$2" gro on >/dev/null 2>&1; }

address() { ip -n "$(ns "$1")" addr add "$3" dev "$2"; }
route() { # NODE DESTINATION GATEWAY
	ip -n "$(ns "$1")" route add "$2" via "$3"
}

lab_sites() {
	# shellcheck disable=SC2086 # a list
	lab_nodes $LAB_NODES || die "cannot make the namespaces"
	if ! { wire hostA eth0 gwA lan && wire hostB eth0 gwB lan &&
		wire gwA wan mid toA && wire gwB wan mid toB; }; then
		die "cannot wire the lab"
	fi
	takes_redirects hostA eth0
	takes_redirects hostB eth0
	takes_redirects mid toA
	takes_redirects mid toB
	address hostA eth0 10.1.0.2/24 && route hostA default 10.1.0.1
	address hostB eth0 10.2.0.2/24 && route hostB default 10.2.0.1
	address gwA lan 10.1.0.1/24
	address gwB lan 10.2.0.1/24
	on gwA sysctl -qw net.ipv4.ip_forward=1
	on gwB sysctl -qw net.ipv4.ip_forward=1
}

# The road as a bridge: the gateways are neighbours.
lab_road() {
	address gwA wan 192.0.2.1/24
	address gwB wan 192.0.2.2/24
	route gwA 10.2.0.0/24 192.0.2.2
	route gwB 10.1.0.0/24 192.0.2.1
	ip -n "$(ns mid)" link add road type bridge mcast_snooping 0 stp_state 0 &&
		ip -n "$(ns mid)" link set toA master road &&
		ip -n "$(ns mid)" link set toB master road &&
		ip -n "$(ns mid)" link set road up
}

# IPv6 beside IPv4, in the sites and on the road (with LAB_IPV6=yes): fd01::/64, fd02::/64 and
# 2001:db8::/64, with the host parts of the IPv4 addresses.
lab_road_ipv6() {
	local gw
	address hostA eth0 fd01::2/64 && route hostA default fd01::1
	address hostB eth0 fd02::2/64 && route hostB default fd02::1
	address gwA lan fd01::1/64 && address gwB lan fd02::1/64
	address gwA wan 2001:db8::1/64 && route gwA fd02::/64 2001:db8::2
	address gwB wan 2001:db8::2/64 && route gwB fd01::/64 2001:db8::1
	for gw in gwA gwB; do on "$gw" sysctl -qw net.ipv6.conf.all.forwarding=1; done
}

# The road as a NAT router: gwA, 198.51.100.2, is seen as 192.0.2.254 by gwB.
lab_road_nat() {
	address gwA wan 198.51.100.2/24 && route gwA default 198.51.100.1
	address gwB wan 192.0.2.2/24
	route gwB 10.1.0.0/24 192.0.2.254
	address mid toA 198.51.100.1/24
	address mid toB 192.0.2.254/24
	on mid sysctl -qw net.ipv4.ip_forward=1
	on mid nft 'add table ip nat; add chain ip nat out { type nat hook postrouting priority 100; }; add rule ip nat out oifname "toB" masquerade' 2>/dev/null
}

# ---- Capture -----------------------------------------------------------------------------

# Two captures, each of what one gateway sends: together, all that is on the road, once.
capture_start() { # NAME [SNAPLEN]
	local side
	for side in A B; do
		start mid "capture-$1-$side" tcpdump -Z root -i "to$side" -Q in -nn -U --immediate-mode \
			-B 65536 -s "${2:-256}" -w "$LAB_DIR/$1-$side.pcap"
		ready "capture-$1-$side" 10 'listening on' || return 1
	done
}

# Fails if the kernel dropped frames: a capture with holes proves nothing.
capture_stop() { # NAME
	local side
	sleep 0.3
	for side in A B; do
		signal "capture-$1-$side" TERM
		wait_for 5 "tcpdump's end" gone "capture-$1-$side" || return 1
		rm -f "$LAB_DIR/pids/capture-$1-$side"
		log_says "capture-$1-$side" '^0 packets dropped by kernel' || {
			warn "the capture has holes: $(grep dropped "$LAB_DIR/capture-$1-$side.log")"
			return 1
		}
	done
}

# wire_check NAME [OPTION...]: what both captures hold, see wire_check.py.
wire_check() {
	local name=$1
	shift
	python3 "$TOP/scripts/lib/wire_check.py" "$@" "$LAB_DIR/$name-A.pcap" "$LAB_DIR/$name-B.pcap"
}

# ---- Traffic -----------------------------------------------------------------------------

# Without a lost packet, or it fails and says how many. By fping: ping itself waits for the last
# answers no longer than for two of the others, and calls lost what a busy machine has late.
ping_all() { # NODE ADDRESS COUNT [PING OPTION...]: of ping -i -s -I -Q -W, and -M do
	local node=$1 address=$2 count=$3 period=1000 wait=2000 out
	local -a more=()
	shift 3
	while [ $# -gt 0 ]; do
		case "$1 $2" in
		'-i '*) period=$(thousandths "$2") ;;
		'-W '*) wait=$(thousandths "$2") ;;
		'-s '*) more+=(-b "$2") ;;
		'-I '*) more+=(-S "$2") ;;
		'-Q '*) more+=(-O "$2") ;;
		'-M do') more+=(-M) ;;
		*) die "ping_all: $1 $2?" ;;
		esac
		shift 2
	done
	out=$(on "$node" fping -q -c "$count" -p "$period" -t "$wait" "${more[@]}" "$address" 2>&1)
	grep -q "%loss = $count/$count/0%" <<<"$out" || {
		warn "ping $node to $out"
		return 1
	}
}
thousandths() { awk -v seconds="$1" 'BEGIN { print seconds * 1000 }'; }

# The few that fping cannot send: -M dont, -R.
ping_all_of() { # NODE ADDRESS COUNT PING-OPTION...
	local node=$1 address=$2 count=$3 out
	shift 3
	out=$(on "$node" ping -n -q -c "$count" -W 2 "$@" "$address" 2>&1)
	grep -q " 0% packet loss" <<<"$out" || {
		warn "ping $node to $address: $(grep loss <<<"$out" || echo "$out")"
		return 1
	}
}

pings() { on "$1" ping -n -q -c 1 -W 1 "${@:3}" "$2" >/dev/null 2>&1; }
pings_not() { # NODE ADDRESS [PING OPTION...]
	! on "$1" ping -n -q -c 2 -i 0.2 -W 1 "${@:3}" "$2" >/dev/null 2>&1
}

# 200 packets per second in the background, then: all answered?
steady_start() { # NODE ADDRESS COUNT
	start "$1" steady ping -n -q -i 0.005 -c "$3" -W 2 "$2"
}
steady_end() { # SECONDS [LOST]: so many may be lost, 0 unless said
	local lost
	wait_for "$1" "end of the steady ping" gone steady || return 1
	rm -f "$LAB_DIR/pids/steady"
	grep -E 'packets transmitted' "$LAB_DIR/steady.log"
	lost=$(sed -nE 's/([0-9]+) packets transmitted, ([0-9]+) received.*/\1 - \2/p' "$LAB_DIR/steady.log")
	[ -n "$lost" ] && [ "$((lost))" -le "${2:-0}" ]
}

# iperf3 from NODE to NODE; prints the rate the receiver saw, in Mbit/s.
iperf_mbps() { # CLIENT SERVER ADDRESS SECONDS
	start "$2" iperf-server iperf3 -s -1 -p 5201
	wait_for 5 "iperf3 server" listening "$2" 5201 || return 1
	on "$1" timeout $(($4 + 20)) iperf3 -J -c "$3" -p 5201 -t "$4" >"$LAB_DIR/iperf.log" 2>&1 </dev/null || return 1
	python3 -c 'import json, sys
print(round(json.load(open(sys.argv[1]))["end"]["sum_received"]["bits_per_second"] / 1e6))' "$LAB_DIR/iperf.log"
}
listening() { on "$1" ss -Hltn "sport = :$2" | grep -q .; }
