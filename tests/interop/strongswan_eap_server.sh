#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The other way round: Sekisho is the client of a strongSwan gateway, by EAP-MSCHAPv2, and asks for a
# virtual address.
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
	        $([ "$1" = A ] && echo "vips = 0.0.0.0" || echo "pools = road")
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
	                $([ "$1" = A ] && echo "remote_ts = 10.2.0.0/24" || echo "local_ts = 10.2.0.0/24")
	                esp_proposals = $TUNNEL_ESP
	            }
	        }
	    }
	}
	$([ "$1" = B ] && printf 'pools {\n road {\n addrs = 10.99.0.0/24\n }\n}')
	secrets {
	    ike-gw {
	        id = gwB.example
	        secret = "$TUNNEL_PSK"
	    }
	    eap-carol {
	        id = carol
	        secret = "her password"
	    }
	}
	EOT
}
tunnel_conf() { client_conf "$@"; }

lab_with_strongswan
must sekisho gwA up tunnel
must wait_for 5 "the tunnel on gwB" swan_has_child gwB
must log_says sekishod-gwA "our virtual address is 10.99.0.1"
must wait_for 5 "the address on the gateway" grep -q 10.99.0.1 <(ip -n "$(ns gwA)" -4 addr)
must on gwA ping -n -q -c 10 -i 0.05 -W 2 -I 10.99.0.1 10.2.0.2
passed
