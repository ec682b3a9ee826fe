#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Bypassed packets of both versions: by XDP as the FIB says, where netfilter sees none of them; with
# forwarding = kernel by the stack, where it sees all of them. The tunnel is protected in both.
LAB_IPV6=yes
. "$(dirname "$0")/lib.sh"

export LAN_A='10.1.0.0/24, fd01::/64' LAN_B='10.2.0.0/24, fd02::/64'

forwarded() { counter gwA gate/FORWARD; }
seen() { # NAME: packets that the rule of that name has seen
	on gwA nft list counter inet watch "$1" | awk '$1 == "packets" { print $2 }'
}
pings_clear() {
	must ping_all hostA 192.0.2.9 10 -i 0.02
	must ping_all hostA 2001:db8::9 10 -i 0.02
}
pings_tunnel() {
	must ping_all hostA 10.2.0.2 10 -i 0.02
	must ping_all hostA fd02::2 10 -i 0.02
}

command -v nft >/dev/null || skip "nft is not installed"
need_programs
lab_new
lab_sites
lab_road
lab_road_ipv6
address mid road 192.0.2.9/24 && route mid 10.1.0.0/24 192.0.2.1
address mid road 2001:db8::9/64 && route mid fd01::/64 2001:db8::1
on gwA nft 'add table inet watch; add counter inet watch v4; add counter inet watch v6
	add chain inet watch f { type filter hook forward priority 0; }
	add rule inet watch f ip daddr 192.0.2.9 counter name v4
	add rule inet watch f ip6 daddr 2001:db8::9 counter name v6' 2>/dev/null ||
	skip "this kernel has no nftables"
must capture_start road
must gw_start gwB
START=start must gw_start gwA
must wait_for 15 "the tunnel on gwA" gw_has_child gwA

title "forwarding = fib"
pings_clear # neighbours are found
before=$(forwarded) v4=$(seen v4) v6=$(seen v6)
pings_clear
pings_tunnel
must counter_above gwA gate/FORWARD $((before + 39))
must same "packets of IPv4 in netfilter" "$v4" "$(seen v4)"
must same "packets of IPv6 in netfilter" "$v6" "$(seen v6)"

title "forwarding = kernel"
(umask 077 && START=start CONF_MORE_A='dataplane { forwarding = kernel }' tunnel_conf A >"$LAB_DIR/gwA.conf")
must sekisho gwA reload
before=$(forwarded)
pings_clear
pings_tunnel
must same "packets forwarded by the gate" "$before" "$(forwarded)"
must same "packets of IPv4 in netfilter" "$((v4 + 10))" "$(seen v4)"
must same "packets of IPv6 in netfilter" "$((v6 + 10))" "$(seen v6)"
must capture_stop road
must wire_check road --min-clear 60
passed
