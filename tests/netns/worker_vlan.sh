#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# hostA behind a VLAN sub-interface: tags in, tags out, its gateway's address answered by ARP,
# errors with the tag.
. "$(dirname "$0")/worker_lib.sh"

lab_with_two_workers
ip -n "$(ns gwA)" link add link lan name probe type vlan id 99 2>/dev/null ||
	skip "this kernel has no VLAN interfaces"
ip -n "$(ns gwA)" link del probe
for end in hostA:eth0:10.1.0.2/24 gwA:lan:10.1.0.1/24; do
	IFS=: read -r node interface addr <<<"$end"
	ip -n "$(ns "$node")" addr del "$addr" dev "$interface"
	ip -n "$(ns "$node")" link add link "$interface" name "$interface.7" type vlan id 7
	ip -n "$(ns "$node")" link set "$interface.7" up
	address "$node" "$interface.7" "$addr"
done
route hostA default 10.1.0.1
must wait_for 5 "ping through the tunnel" pings hostA 10.2.0.2
must ping_all hostA 10.2.0.2 10 -i 0.02
on hostA ping -n -c 1 -W 1 -M do -s 1472 10.2.0.2 >"$LAB_DIR/too-big.log" 2>&1
must log_says too-big 'From 10.1.0.1 .*mtu = 1446'
# Only the first of each direction needed the stack.
must test "$(counted gwA worker.TO_HOST)" -le 4
passed
