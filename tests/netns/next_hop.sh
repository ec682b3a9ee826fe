#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What the worker has kept of the kernel's routes, neighbours and links is asked anew when they change:
# hostA gets a MAC that only the changed neighbour, then only the changed route, then only a new rule leads
# to; then its link goes down and up. 200 packets per second flow, and within a second (200 packets) they arrive again.
. "$(dirname "$0")/worker_lib.sh"

# WHAT COMMAND...: of three seconds' packets less than a second's are lost by it.
follows() {
	title "$1"
	steady_start hostA 10.2.0.2 600
	sleep 0.3
	must "${@:2}"
	must steady_end 15 199
}
mac() { ip -n "$(ns hostA)" link set eth0 address "$1"; }
neighbour() { ip -n "$(ns gwA)" neigh replace "$1" lladdr "$2" dev lan nud permanent; }
new_neighbour() { mac 02:00:00:00:0a:01 && neighbour 10.1.0.2 02:00:00:00:0a:01; }
new_route() {
	mac 02:00:00:00:0a:02
	ip -n "$(ns gwA)" route add 10.1.0.2/32 via 10.1.0.66 dev lan
}
new_rule() {
	mac 02:00:00:00:0a:03
	ip -n "$(ns gwA)" rule add to 10.1.0.2 table 7
}
new_link() {
	ip -n "$(ns gwA)" link set lan down
	ip -n "$(ns gwA)" link set lan up
}

lab_with_two_workers
must ping_all hostA 10.2.0.2 5 -i 0.05
must neighbour 10.1.0.66 02:00:00:00:0a:02
follows "another neighbour" new_neighbour
follows "another route" new_route
ip -n "$(ns gwA)" route del 10.1.0.2/32
must neighbour 10.1.0.67 02:00:00:00:0a:03
must ip -n "$(ns gwA)" route add 10.1.0.2/32 via 10.1.0.67 dev lan table 7
follows "another rule" new_rule
must neighbour 10.1.0.2 02:00:00:00:0a:03
ip -n "$(ns gwA)" rule del to 10.1.0.2 table 7
follows "the link" new_link
passed
