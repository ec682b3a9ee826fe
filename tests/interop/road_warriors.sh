# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Sekisho as gateway gwA of hostA's site; rw1 and rw2 are strongSwan clients on the same road.
# What the tests vary: RW_LOCAL and RW_REMOTE, the authentication of the clients as the gateway
# sees it; RW_BOTH, keys of the connection on both sides; RW_MORE, sections of the gateway's
# configuration. Sourced after lib.sh.

RW_POOL=10.99.0.0/24
RW_POOL6=fd99::/64
# With LAB_IPV6=yes everybody gets an IPv6 address, too.
with_ipv6() { if [ "${LAB_IPV6:-no}" = yes ]; then echo "$1"; else echo "${2:-}"; fi; }
RW_PASSWORDS='eap-1 {
	id = rw1@road.example
	secret = "the first password"
    }
    eap-2 {
	id = rw2@road.example
	secret = "the second password"
    }'

road_gateway_conf() {
	cat <<-EOT
	connections {
	    rw {
	        version = 2
	        local_addrs = 192.0.2.1
	        remote_addrs = %any
	        proposals = $TUNNEL_IKE
	        pools = road$(with_ipv6 ", road6")
	        ${RW_BOTH:-}
	        local {
	            auth = psk
	            id = gwA.example
	        }
	        remote {
	            ${RW_REMOTE:-auth = psk}
	        }
	        children {
	            net {
	                local_ts = 10.1.0.0/24$(with_ipv6 ", fd01::/64")
	                esp_proposals = $TUNNEL_ESP
	            }
	        }
	    }
	}
	pools {
	    road {
	        addrs = $RW_POOL
	        dns = 10.1.0.53
	        subnet = 10.1.0.0/24
	    }
	    road6 {
	        addrs = $RW_POOL6
	        dns = fd01::53
	        subnet = fd01::/64
	        25 = corp.example
	    }
	}
	secrets {
	    ike-gw {
	        id = gwA.example
	        secret = "$TUNNEL_PSK"
	    }
	    ${RW_SECRETS:-}
	}
	${RW_MORE:-}
	EOT
}

road_client_conf() { # NODE
	cat <<-EOT
	connections {
	    rw {
	        version = 2
	        remote_addrs = 192.0.2.1
	        proposals = $TUNNEL_IKE
	        vips = 0.0.0.0$(with_ipv6 ", ::")
	        ${RW_BOTH:-}
	        local {
	            ${RW_LOCAL:-auth = psk}
	            id = $1@road.example
	        }
	        remote {
	            auth = psk
	            id = gwA.example
	        }
	        children {
	            net {
	                remote_ts = 10.1.0.0/24$(with_ipv6 ", fd01::/64")
	                esp_proposals = $TUNNEL_ESP
	            }
	        }
	    }
	}
	secrets {
	    ike-gw {
	        id = gwA.example
	        secret = "$TUNNEL_PSK"
	    }
	    ${RW_SECRETS:-}
	}
	EOT
}

road_wires() {
	lab_nodes hostA gwA mid rw1 rw2 || return 1
	wire hostA eth0 gwA lan && wire gwA wan mid toA && wire rw1 wan mid toB &&
		wire rw2 wan mid toC || return 1
	takes_redirects hostA eth0
	for port in toA toB toC; do takes_redirects mid "$port"; done
	ip -n "$(ns mid)" link add road type bridge mcast_snooping 0 stp_state 0 || return 1
	for port in toA toB toC; do ip -n "$(ns mid)" link set "$port" master road; done
	ip -n "$(ns mid)" link set road up
	address hostA eth0 10.1.0.2/24 && route hostA default 10.1.0.1
	address gwA lan 10.1.0.1/24 && address gwA wan 192.0.2.1/24
	route gwA default 192.0.2.254
	address rw1 wan 192.0.2.11/24 && address rw2 wan 192.0.2.12/24
	on gwA sysctl -qw net.ipv4.ip_forward=1
	[ "${LAB_IPV6:-no}" != yes ] || road_ipv6
}

# The site has fd01::/64; that of the clients is where IPv4 is.
road_ipv6() {
	on gwA sysctl -qw net.ipv6.conf.all.forwarding=1
	address gwA lan fd01::1/64 && address hostA eth0 fd01::2/64 && route hostA ::/0 fd01::1 &&
		address gwA wan 2001:db8::1/64 && route gwA ::/0 2001:db8::254 &&
		address rw1 wan 2001:db8::11/64 && address rw2 wan 2001:db8::12/64
}

swan_client_start() { # NODE
	swan_program charon-systemd
	swan_program swanctl
	SWAN_VIP=yes swan_settings "$1" >"$LAB_DIR/$1.strongswan.conf"
	(umask 077 && road_client_conf "$1" >"$LAB_DIR/$1.swanctl.conf")
	STRONGSWAN_CONF=$LAB_DIR/$1.strongswan.conf start "$1" "charon-$1" "$LAB_DIR/charon-systemd"
	wait_for 10 "charon's control socket in $1" test -S "$LAB_DIR/$1.vici" || return 1
	swan "$1" --load-all --file "$LAB_DIR/$1.swanctl.conf"
}

# As a client whose battery was empty: nothing is said, and it begins anew.
swan_forget() { # NODE
	kill9 "charon-$1"
	rm -f "$LAB_DIR/$1.vici"
	ip -n "$(ns "$1")" addr flush dev wan
	address "$1" wan "192.0.2.1${1#rw}/24"
	swan_client_start "$1"
}

road_gateway_conf_write() { (umask 077 && road_gateway_conf >"$LAB_DIR/gwA.conf"); }

road_gateway_reload() { road_gateway_conf_write && sekisho gwA reload; }

lab_with_warriors() {
	need_programs
	[ -c /dev/net/tun ] || skip "no /dev/net/tun, which strongSwan's side of the lab needs"
	lab_new
	must road_wires
	must capture_start road
	road_gateway_conf_write
	must worker_start gwA
	must attach gwA lan wan
	must controller_start gwA
	must swan_client_start rw1
	must swan_client_start rw2
}

vip_of() { # NODE: what its Child SA says
	swan "$1" --list-sas | sed -n 's/.*local .*\(10\.99\.0\.[0-9]*\)\/32.*/\1/p' | grep .
}

vip6_of() { # NODE
	swan "$1" --list-sas | sed -n 's/.*local .*\(fd99::[0-9a-f]*\)\/128.*/\1/p' | grep .
}

# Slots of peers, by the map of names.
instances() { # NODE
	"$BPFTOOL" -j map dump pinned "$(gw_pins "$1")/child_name" | python3 -c 'import json, sys
print(sum("/net#" in row["formatted"]["value"]["name"] for row in json.load(sys.stdin)))'
}
has_instances() { [ "$(instances "$1")" = "$2" ]; }
