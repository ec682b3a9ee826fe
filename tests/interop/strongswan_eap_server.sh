#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The other way round: Sekisho is the client of a strongSwan gateway, by EAP-MSCHAPv2, and asks for
# virtual addresses of both families; with a postquantum preshared key besides (RFC 8784).
# shellcheck disable=SC2034
LAB_IPV6=yes
. "$(dirname "$0")/lib.sh"

SWAN_PLUGINS="$SWAN_PLUGINS eap-identity eap-mschapv2"
client_conf() { # SIDE
	cat <<-EOT
	connections {
	    tunnel {
	        version = 2
	        local_addrs = $(side_wan "$1")
	        remote_addrs = $([ "$1" = A ] && echo 192.0.2.2 || echo %any)
	        proposals = $TUNNEL_IKE
	        ppk_id = lab-ppk
	        ppk_required = yes
	        ${CHILDLESS:-}
	        $([ "$1" = A ] && echo "vips = 0.0.0.0, ::" || echo "pools = road, road6")
	        local {
	            auth = $([ "$1" = A ] && echo eap-mschapv2 || echo psk)
	            id = gw$1.example
	            $([ "$1" = A ] && echo "eap_id = carol")
	        }
	        remote {
	            auth = $([ "$1" = A ] && echo psk || echo eap-mschapv2)
	            $([ "$1" = A ] && echo "id = gwB.example" || echo "eap_id = %any")
	        }
	        children {
	            net {
	                $([ "$1" = A ] && echo remote_ts || echo local_ts) = 10.2.0.0/24, fd02::/64
	                esp_proposals = $TUNNEL_ESP
	            }
	        }
	    }
	}
	$([ "$1" = B ] && printf 'pools {\n road {\n addrs = 10.99.0.0/24\n }\n road6 {\n addrs = fd99::/64\n }\n}')
	secrets {
	    ike-gw {
	        id = gwB.example
	        secret = "$TUNNEL_PSK"
	    }
	    eap-carol {
	        id = carol
	        secret = "$([ "$1" = A ] && echo "${PASSWORD:-}")her password"
	    }
	    ppk-lab {
	        id = lab-ppk
	        secret = 0xf0e1d2c3b4a5968778695a4b3c2d1e0ff0e1d2c3b4a5968778695a4b3c2d1e0f
	    }
	}
	EOT
}
tunnel_conf() { client_conf "$@"; }

vips_gone() { ! ip -n "$(ns gwA)" addr | grep -qE '10\.99\.0\.1|fd99::1'; }

lab_with_strongswan
lab_road_ipv6
must sekisho gwA up tunnel
must wait_for 5 "the tunnel on gwB" swan_has_child gwB
must log_says sekishod-gwA "uses a PPK"
must log_says sekishod-gwA "our virtual address is 10.99.0.1"
must wait_for 5 "the address on the gateway" grep -q 10.99.0.1 <(ip -n "$(ns gwA)" -4 addr)
must log_says sekishod-gwA "our virtual address is fd99::1"
must wait_for 5 "the IPv6 address on the gateway" grep -q fd99::1/128 <(ip -n "$(ns gwA)" -6 addr)
must grep -q '10.99.0.1/32 fd99::1/128' <(sekisho gwA sas)
must grep -q "local .* \[10.99.0.1 fd99::1\]" <(sekisho gwA sas)
must grep -q 'fd99::1/128' <(swan gwB --list-sas)
must on gwA ping -n -q -c 10 -i 0.05 -W 2 -I 10.99.0.1 10.2.0.2

title "the same in IPv6"
must on gwA ping -n -q -c 10 -i 0.05 -W 2 -I fd99::1 fd02::2
must sekisho gwA down tunnel
must wait_for 5 "the addresses to go" vips_gone

title "childless (RFC 6023): the addresses come with AUTH, the Child SA later"
CHILDLESS='childless = force'
must gw_reload gwA
must swan_reload gwB B
must sekisho gwA up tunnel
must log_says charon-gwB 'generating IKE_AUTH response [0-9] \[ AUTH CPRP\(ADDR ADDR6'
must grep -q '10.99.0.1/32 fd99::1/128' <(sekisho gwA sas)
must on gwA ping -n -q -c 10 -i 0.05 -W 2 -I 10.99.0.1 10.2.0.2
must sekisho gwA down tunnel
must wait_for 5 "the addresses to go" vips_gone

title "a wrong password"
PASSWORD=not
must gw_reload gwA
must_not sekisho gwA up tunnel
must log_says sekishod-gwA "peer refuses us as 'carol': EAP-Failure \(EAP-MSCHAPv2: is the password right\?\)"
must swan_has_no_sa gwB
road_was_safe --min-esp 20
passed
