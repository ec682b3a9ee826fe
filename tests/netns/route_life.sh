#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The interfaces of route-based children come and go with the configuration, and with nothing else: what
# becomes of them when somebody takes them away, renames or takes their names, while no worker runs, and
# with --unpin; on hosts whose reverse path filter is on.
. "$(dirname "$0")/route_lib.sh"

# gwA with another configuration: red by $1, blue, if it is wanted, by $2.
reconfigure() { # INTERFACE [INTERFACE]
	(umask 077 && {
		START=start tunnel_conf A && START=start route_based red "$1" A
		[ -z "${2:-}" ] || START=start route_based blue "$2" A
	} >"$LAB_DIR/gwA.conf")
	must sekisho gwA reload
}
by_blue() { ping_all hostA 10.22.0.2 "${1:-10}" -i 0.02 -I 10.21.0.2; }
rp_filter() { on gwA sysctl -qw "net.ipv4.conf.$1.rp_filter=$2"; }
is_off() { [ "$(on gwA sysctl -n "net.ipv4.conf.$1.rp_filter")" = 0 ]; }
made_again() { has_interface gwA vpn0 && [ "$(index_of gwA vpn0)" != "$1" ] && served gwA vpn0p; } # OLD-INDEX
says_times() { [ "$(grep -cE -- "$2" "$LAB_DIR/worker-gwA.log")" = "$1" ]; }

lab_route_based
must controller_start gwB
START=start conf A
must controller_start gwA
tunnel_interfaces A
tunnel_interfaces B
all_up
must by_red
must by_blue

title "the interface is removed: made again, the rest is the administrator's"
index=$(index_of gwA vpn0)
must ip -n "$(ns gwA)" link del vpn0
must wait_for 5 "another vpn0" made_again "$index"
must red_is_silent # the routes went with the old one
must by_blue
routes A
must by_red
index=$(index_of gwA vpn0)
must ip -n "$(ns gwA)" link del vpn0p
must wait_for 5 "another vpn0" made_again "$index"
routes A
must by_red

title "renamed by hand: made again under its name"
index=$(index_of gwA vpn0)
must ip -n "$(ns gwA)" link set vpn0 name foreign
must wait_for 5 "another vpn0" made_again "$index"
routes A
must by_red

title "another name in the configuration, then none"
reconfigure vpn0 vpn2
must wait_for 5 "vpn2" served gwA vpn2p
must has_no_interface gwA vpn1
ip -n "$(ns gwA)" route add 10.22.0.0/24 dev vpn2
must by_blue
reconfigure vpn0
must wait_for 5 "the end of vpn2" has_no_interface gwA vpn2
must by_red

title "a name that somebody else has: left alone, said once, taken when it is free"
ip -n "$(ns gwA)" link add vpn3 type veth peer name other
reconfigure vpn0 vpn3
must wait_for 5 "the complaint" log_says worker-gwA 'cannot make the interface vpn3.*File exists'
sleep 1.2 # it tries every second
must says_times 1 'cannot make the interface vpn3'
must has_interface gwA other
must by_red
ip -n "$(ns gwA)" link del vpn3
must wait_for 5 "vpn3" served gwA vpn3p
ip -n "$(ns gwA)" route add 10.22.0.0/24 dev vpn3
must by_blue

title "configured away while there is no worker: the next one removes it, and no other"
index=$(index_of gwA vpn0)
must stop worker-gwA
reconfigure vpn0
must has_interface gwA vpn3
must worker_start gwA
must has_no_interface gwA vpn3
must same "vpn0's index" "$(index_of gwA vpn0)" "$index"
must by_red

title "reverse path filters as distributions set them, after the interfaces are made"
for interface in default lan wan vpn0 "sk$(gw_instance gwA)0"; do must rp_filter "$interface" 2; done
must wait_for 5 "rp_filter of the pairs to be off again" is_off vpn0
must wait_for 5 "rp_filter of the pairs to be off again" is_off "sk$(gw_instance gwA)0"
for interface in lan wan; do must rp_filter "$interface" 1; done
must by_red
must ping_all hostA 10.2.0.2 5 -i 0.02
must ping_all hostB 10.1.0.1 5 -i 0.02 # gwA itself
must rp_filter all 1
must wait_for 5 "the worker to say what that means" log_says worker-gwA 'all.rp_filter is 1'
must rp_filter all 0

title "an interface that cannot be attached holds none of that up"
ip -n "$(ns gwA)" link add busy type veth peer name busyp
ip -n "$(ns gwA)" link set busy up
start gwA holder "$(dirname "$0")/hold_queue.py" busy
must ready holder 5 ready
must on gwA ip link set dev busy xdp pinned "$(gw_pins gwA)/gate"
for round in 1 2 3 4; do
	must rp_filter vpn0 2
	must wait_for 5 "rp_filter of vpn0 to be off again" is_off vpn0
done
must not_served gwA busy
must stop holder
must wait_for 5 "busy" served gwA busy

title "--unpin takes the interfaces along"
must stop worker-gwA
start gwA worker-gwA "$BUILD_DIR/sekisho-worker" --instance "$(gw_instance gwA)" --unpin
must ready worker-gwA 15 ready
must stop worker-gwA
must has_no_interface gwA vpn0
must has_no_interface gwA vpn0p
road_was_safe --min-esp 100 --icmp-errors
passed
