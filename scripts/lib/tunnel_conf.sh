# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# The lab's tunnel as a swanctl.conf, which Sekisho and strongSwan both read. One side's view:
# `tunnel_conf A` is for gwA, `tunnel_conf B` for gwB. What a test wants otherwise it sets in
# the variables below before the call. Sourced after lab.sh.

TUNNEL_PSK="the lab's secret, 40 characters of no value"
TUNNEL_IKE=aes128gcm16-prfsha256-x25519
TUNNEL_ESP=aes128gcm16

side_wan() { # A or B: the address of its gateway
	case $1 in A) echo "${WAN_A:-192.0.2.1}" ;; B) echo "${WAN_B:-192.0.2.2}" ;; esac
}
side_lan() {
	case $1 in A) echo "${LAN_A:-10.1.0.0/24}" ;; B) echo "${LAN_B:-10.2.0.0/24}" ;; esac
}
other() { case $1 in A) echo B ;; B) echo A ;; esac; }

# tunnel_conf SIDE: optional variables START (start_action: none, trap, start), REKEY, LIFE and
# RAND (lifetimes of the child), ENCAP, AH (proposals of AH, in place of those of ESP), CONN_MORE and
# CHILD_MORE (further lines of the connection and of the child); CHILDREN_MORE_A (further children),
# CONF_MORE_A (sections), PSK_A, IKE_A, ESP_A, AH_A and VERSION_A for one side only, likewise with
# B. How a side authenticates: AUTH_A, ID_A; and as further lines of its own file CONN_MORE_A, LOCAL_A, REMOTE_A.
tunnel_conf() {
	local side=$1 peer psk=PSK_$1 more=CONF_MORE_$1 version=VERSION_$1
	local ike=IKE_$1 esp=ESP_$1 children=CHILDREN_MORE_$1 auth=AUTH_$1 id=ID_$1 peer_auth peer_id
	local conn_more=CONN_MORE_$1 local_more=LOCAL_$1 remote_more=REMOTE_$1
	local ah=AH_$1
	ah=${!ah:-${AH:-}} ah=${ah:+ah_proposals = $ah}
	peer=$(other "$side")
	peer_auth=AUTH_$peer peer_id=ID_$peer
	cat <<-EOT
	connections {
	    tunnel {
	        version = ${!version:-2}
	        local_addrs = $(side_wan "$side")
	        remote_addrs = $(side_wan "$peer")
	        proposals = ${!ike:-$TUNNEL_IKE}
	        encap = ${ENCAP:-no}
	        ${CONN_MORE:-}
	        ${!conn_more-}
	        local {
	            auth = ${!auth:-psk}
	            id = ${!id:-gw$side.example}
	            ${!local_more-}
	        }
	        remote {
	            auth = ${!peer_auth:-psk}
	            id = ${!peer_id:-gw$peer.example}
	            ${!remote_more-}
	        }
	        children {
	            net {
	                local_ts = $(side_lan "$side")
	                remote_ts = $(side_lan "$peer")
	                ${ah:-esp_proposals = ${!esp:-$TUNNEL_ESP}}
	                rekey_time = ${REKEY:-1h}
	                life_time = ${LIFE:-2h}
	                rand_time = ${RAND:-10m}
	                start_action = ${START:-none}
	                ${CHILD_MORE:-}
	            }
	            ${!children:-}
	        }
	    }
	}
	secrets {
	    ike-lab {
	        id-1 = gwA.example
	        id-2 = gwB.example
	        secret = "${!psk:-$TUNNEL_PSK}"
	    }
	}
	${!more:-}
	EOT
}
