# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# strongSwan as a gateway of the lab: charon with the plugin kernel-libipsec, that is ESP in
# user space over a TUN device ipsec0. It does tunnel mode only and always in UDP, and it
# knows no trap policies. Debian 12 has 5.9.8, Debian 13 6.0. Sourced after tunnel_conf.sh.

# What is loaded, and nothing else: kernel-libipsec before kernel-netlink, so that the first
# one has the SAs and the second one the addresses and routes.
SWAN_PLUGINS="random nonce openssl kdf hmac pem pkcs1 pkcs8 x509 revocation pubkey kernel-libipsec kernel-netlink
	socket-default vici updown"

# Copies run instead of the installed programs: an AppArmor profile of the distribution, which
# knows only /etc and /run, goes by the path.
swan_program() {
	local from
	from=$(command -v "$1") || from=/usr/sbin/$1
	[ -x "$from" ] || skip "$1 is not installed"
	install -m 755 "$from" "$LAB_DIR/$1"
}

# Where charon of a NODE is to be talked to, and from which namespace.
swan_uri() {
	local uri=SWAN_URI_$1
	echo "${!uri:-unix://$LAB_DIR/$1.vici}"
}
swan_from() {
	local from=SWAN_FROM_$1
	echo "${!from:-$1}"
}

swan_settings() { # NODE
	cat <<-EOT
	charon-systemd {
	    load = ${SWAN_PLUGINS//[$'\n\t']/ }
	    install_virtual_ip = ${SWAN_VIP:-no}
	    retransmit_tries = 3
	    retransmit_timeout = 1.0
	    ${SWAN_MORE:-}
	    plugins {
	        vici {
	            socket = $(swan_uri "$1")
	        }
	        kernel-libipsec {
	            allow_peer_ts = yes
	        }
	    }
	    filelog {
	        stderr {
	            default = 1
	            ike = 2
	            flush_line = yes
	        }
	    }
	}
	EOT
}

# What charon has no route into ipsec0 for must not leave in clear meanwhile: its own routes, in
# table 220, are asked before this one.
no_clear() { # NODE NETWORK[, NETWORK...]
	local net
	for net in ${2//,/ }; do ip -n "$(ns "$1")" route replace unreachable "$net"; done
}

# swan_start NODE SIDE: charon up with tunnel_conf SIDE loaded.
swan_start() {
	local node=$1 side=$2
	[ -c /dev/net/tun ] || skip "no /dev/net/tun"
	swan_program charon-systemd
	swan_program swanctl
	swan_settings "$node" >"$LAB_DIR/$node.strongswan.conf"
	(umask 077 && tunnel_conf "$side" >"${SWAN_DIR:-$LAB_DIR}/$node.swanctl.conf")
	no_clear "$node" "$(side_lan "$(other "$side")")"
	rm -f "$LAB_DIR/$node.vici" # of one that was here before
	STRONGSWAN_CONF=$LAB_DIR/$node.strongswan.conf \
		start "$node" "charon-$node" "$LAB_DIR/charon-systemd"
	wait_for 10 "charon's control socket in $node" test -S "$LAB_DIR/$node.vici" || return 1
	swan "$node" --load-all --file "${SWAN_DIR:-$LAB_DIR}/$node.swanctl.conf"
}

# swan NODE SWANCTL-COMMAND...: quiet unless it fails.
swan() {
	local node=$1 command=$2 out
	shift 2
	if ! out=$(STRONGSWAN_CONF=$LAB_DIR/$node.strongswan.conf on "$(swan_from "$node")" \
		"$LAB_DIR/swanctl" "$command" --uri "$(swan_uri "$node")" "$@" 2>&1); then
		warn "swanctl $command in $node: $out"
		return 1
	fi
	[ "$command" = --list-sas ] && printf '%s\n' "$out"
	return 0
}

swan_up() { swan "$1" --initiate --child net --timeout 10; }
swan_has_child() { swan "$1" --list-sas | grep -q INSTALLED; }
swan_has_no_sa() { [ -z "$(swan "$1" --list-sas)" ]; }
# The SPIs of all Child SAs, as sad_spis prints them.
swan_spis() { swan "$1" --list-sas --raw | grep -oE 'spi-(in|out)=[0-9a-f]+' | cut -d= -f2 | sort -u; }

# swan_reload NODE SIDE: charon takes tunnel_conf SIDE as it is now.
swan_reload() {
	(umask 077 && tunnel_conf "$2" >"$LAB_DIR/$1.swanctl.conf")
	swan "$1" --load-all --file "$LAB_DIR/$1.swanctl.conf"
}
