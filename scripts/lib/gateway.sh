# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Sekisho as a gateway of the lab: one instance per namespace, its processes recorded like all
# others of the lab. Sourced after lab.sh and tunnel_conf.sh.

gw_instance() { echo "lab$LAB_ID${1#gw}"; }
gw_pins() { echo "/sys/fs/bpf/sekisho@$(gw_instance "$1")"; }

# sekisho NODE COMMAND...: the command line, in the instance of that gateway.
sekisho() {
	local node=$1
	shift
	on "$node" "$BUILD_DIR/sekisho" --instance "$(gw_instance "$node")" "$@"
}

worker_start() { # NODE
	gw_instance "$1" >>"$LAB_DIR/instances"
	start "$1" "worker-$1" "$BUILD_DIR/sekisho-worker" --instance "$(gw_instance "$1")"
	ready "worker-$1" 15 ready
}

# The whole attach step of an administrator.
attach() { # NODE IF...
	local node=$1 interface
	shift
	for interface; do
		on "$node" ip link set dev "$interface" xdp pinned "$(gw_pins "$node")/gate" || return 1
		wait_for 5 "the worker to serve $interface" served "$node" "$interface" || return 1
	done
}
detach() { on "$1" ip link set dev "$2" xdp off; }

controller_start() { # NODE: with the configuration in LAB_DIR/NODE.conf
	start "$1" "sekishod-$1" "$BUILD_DIR/sekishod" --instance "$(gw_instance "$1")" \
		--config "$LAB_DIR/$1.conf"
	ready "sekishod-$1" 15 ready
}

# gw_start NODE: worker, attach, controller, as side A or B by the node's name.
gw_start() {
	(umask 077 && tunnel_conf "${1#gw}" >"$LAB_DIR/$1.conf")
	worker_start "$1" && attach "$1" lan wan && controller_start "$1"
}

# Whether the worker serves an interface, by the map that tells the gate so.
served() { # NODE IF
	local index
	index=$(ip -n "$(ns "$1")" -o link show dev "$2" | cut -d: -f1)
	"$BPFTOOL" -j map dump pinned "$(gw_pins "$1")/ports" | python3 -c 'import json, sys
sys.exit(int(sys.argv[1]) not in [port["formatted"]["key"] for port in json.load(sys.stdin)])' "$index"
}
not_served() { ! served "$1" "$2"; }

gw_has_child() { sekisho "$1" sas 2>/dev/null | grep -q INSTALLED; }
gw_has_no_child() { ! gw_has_child "$1"; }

# counter NODE gate/DROP_NO_SA or worker/SEALED: its value now.
counter() {
	sekisho "$1" --json counters | python3 "$TOP/scripts/lib/json_get.py" "$2/value"
}
counter_above() { [ "$(counter "$1" "$2")" -gt "$3" ]; } # NODE NAME NUMBER

# SPIs in the pinned SAD, as bpftool reads it: eight hex digits each, sorted.
sad_spis() { # NODE
	"$BPFTOOL" -j map dump pinned "$(gw_pins "$1")/sad" | python3 "$TOP/scripts/lib/spis.py"
}
# The same of `sekisho sas`.
sas_spis() { sekisho "$1" --json sas | python3 "$TOP/scripts/lib/spis.py"; }

for BPFTOOL in /usr/sbin/bpftool /usr/bin/bpftool bpftool; do
	command -v "$BPFTOOL" >/dev/null && break
done
