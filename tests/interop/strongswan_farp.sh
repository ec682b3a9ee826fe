#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A strongSwan client has virtual addresses out of the site's own subnets: hostA, which has no route
# to them, asks its neighbours, and the gate answers; with farp = no, and when the client
# has gone, nobody does.
# shellcheck disable=SC2034
LAB_IPV6=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/road_warriors.sh"

RW_POOL=10.1.0.128/25
RW_POOL6=fd01::1:0/112

vip() { # PATTERN: what the Child SA of rw1 says
	swan rw1 --list-sas | sed -n "s/.*local .*\\($1[0-9a-f.:]*\\)\\/[0-9]*.*/\\1/p" | grep -m 1 .
}
neighbours() { ip -n "$(ns hostA)" neigh show "$1" dev eth0; }
forget() { for addr in "$VIP" "$VIP6"; do ip -n "$(ns hostA)" neigh del "$addr" dev eth0; done 2>/dev/null; }
answered() { forget; grows gwA gate/PROXY_REPLY pings hostA "$1"; }
proxies() {
	"$BPFTOOL" -j map dump pinned "$(gw_pins gwA)/proxy" |
		python3 -c 'import json, sys; print(len(json.load(sys.stdin)))'
}
has_proxies() { [ "$(proxies)" = "$1" ]; }

lab_with_warriors
ip -n "$(ns hostA)" route del default
ip -n "$(ns hostA)" -6 route del default
must same "proxied before" "$(proxies)" 0
must swan_up rw1
VIP=$(must vip '10\.1\.0\.')
VIP6=$(must vip 'fd01::1:')
say "  virtual addresses: $VIP and $VIP6"
must has_proxies 2
must answered "$VIP"
must answered "$VIP6"
must ping_all hostA "$VIP" 10 -i 0.02
must ping_all hostA "$VIP6" 10 -i 0.02
mac=$(ip -n "$(ns gwA)" -br link show lan | awk '{ print $3 }')
must grep -q "lladdr $mac" <(neighbours "$VIP")
must grep -q "lladdr $mac" <(neighbours "$VIP6")
must pings_not hostA 10.1.0.250 # nobody has it

say "-- the controller is killed: hosts still find the peer"
must kill9 sekishod-gwA
must controller_start gwA
must has_proxies 2
must answered "$VIP"

say "-- farp = no"
RW_MORE='dataplane { farp = no }'
must road_gateway_reload
must has_proxies 0
forget
must pings_not hostA "$VIP"
must pings_not hostA "$VIP6"
RW_MORE=
must road_gateway_reload
must has_proxies 2
must answered "$VIP6"

say "-- the client goes"
must swan_forget rw1
must swan_up rw1
must ping_all hostA "$(vip '10\.1\.0\.')" 3 -i 0.02
must swan rw1 --terminate --ike rw
must wait_for 15 "the proxied addresses to go" has_proxies 0
forget
must pings_not hostA "$VIP"
road_was_safe --min-esp 40
passed
