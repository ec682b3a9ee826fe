# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Two gateways with two route-based children between them, red by vpn0 and blue by vpn1, each with any
# selectors, beside one that policies lead into. Behind the gateways, on hostA and hostB: 10.11.0.2 and
# 10.12.0.2 (and fd11::2, fd12::2) are routed by vpn0, 10.21.0.2 and 10.22.0.2 by vpn1.
LAB_IPV6=yes
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

route_based() { # NAME INTERFACE SIDE
	local side=$3 peer
	peer=$(other "$side")
	cat <<-EOT
		connections {
		    $1 {
		        local_addrs = $(side_wan "$side")
		        remote_addrs = $(side_wan "$peer")
		        proposals = $TUNNEL_IKE
		        local { auth = psk
		            id = $1.$side }
		        remote { auth = psk
		            id = $1.$peer }
		        children {
		            any {
		                local_ts = 0.0.0.0/0, ::/0
		                remote_ts = 0.0.0.0/0, ::/0
		                esp_proposals = $TUNNEL_ESP
		                tunnel_interface = $2
		                start_action = $START
		                rekey_time = ${RED_REKEY:-1h}
		                life_time = 2h
		                rand_time = 0s
		            }
		        }
		    }
		}
		secrets {
		    ike-$1 {
		        id-1 = $1.A
		        id-2 = $1.B
		        secret = "another secret of $1, of no value"
		    }
		}
	EOT
}

conf() { # SIDE
	(umask 077 && { tunnel_conf "$1" && route_based red vpn0 "$1" && route_based blue vpn1 "$1"; } >"$LAB_DIR/gw$1.conf")
}

has_interface() { ip -n "$(ns "$1")" link show "$2" >/dev/null 2>&1; }
has_no_interface() { ! has_interface "$1" "$2"; }
has_three() { [ "$(sekisho "$1" sas | grep -c INSTALLED)" -eq 3 ]; }
all_up() {
	must wait_for 15 "three tunnels on gwA" has_three gwA
	must wait_for 5 "three tunnels on gwB" has_three gwB
}

# The whole of what an administrator does: routes.
routes() { # SIDE
	local there
	there=$([ "$1" = A ] && echo 2 || echo 1)
	must ip -n "$(ns "gw$1")" route replace "10.1$there.0.0/24" dev vpn0
	must ip -n "$(ns "gw$1")" route replace "fd1$there::/64" dev vpn0
	must ip -n "$(ns "gw$1")" route replace "10.2$there.0.0/24" dev vpn1
}
sites_behind() { # SIDE
	local n
	n=$([ "$1" = A ] && echo 1 || echo 2)
	address "host$1" eth0 "10.1$n.0.2/32" && address "host$1" eth0 "10.2$n.0.2/32"
	address "host$1" eth0 "fd1$n::2/128"
	ip -n "$(ns "gw$1")" route add "10.1$n.0.0/24" dev lan
	ip -n "$(ns "gw$1")" route add "10.2$n.0.0/24" dev lan
	ip -n "$(ns "gw$1")" route add "fd1$n::/64" dev lan
}

# Workers and gates; the controllers are the scenario's.
lab_route_based() {
	local side
	lab_with_gates
	for side in A B; do
		sites_behind "$side"
		START=none conf "$side"
	done
}
tunnel_interfaces() { # SIDE: they are there, and what shall be is routed into them
	must wait_for 3 "vpn0 on gw$1" has_interface "gw$1" vpn0
	must wait_for 3 "vpn1 on gw$1" has_interface "gw$1" vpn1
	routes "$1"
}
index_of() { ip -n "$(ns "$1")" -o link show "$2" | cut -d: -f1; } # NODE IF

by_red() { ping_all hostA 10.12.0.2 "${1:-10}" -i 0.02 -I 10.11.0.2; }
red_is_silent() { pings_not hostA 10.12.0.2 -I 10.11.0.2; }
