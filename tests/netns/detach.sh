#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# `ip link set dev X xdp off`: the worker lets go of the interface, nothing leaks; attached
# again it works again. Under traffic all the time.
. "$(dirname "$0")/lib.sh"

lab_with_tunnel
start hostA endless ping -n -q -i 0.01 10.2.0.2

for port in wan lan; do
	title "detach gwA's $port"
	must detach gwA "$port"
	must wait_for 5 "the worker to let go of $port" not_served gwA "$port"
	[ "$port" = lan ] || must pings_not hostA 10.2.0.2
	title "attach it again"
	must attach gwA "$port"
	must wait_for 10 "ping through the tunnel" pings hostA 10.2.0.2
	must ping_all hostA 10.2.0.2 50 -i 0.02
done

stop endless
must alive worker-gwA
# Without the gate the kernel tells the peer that it knows no ESP.
road_was_safe --min-esp 200 --icmp-errors
passed
