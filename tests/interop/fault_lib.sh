# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The lab with a bad road, and N tunnels t1..tN over it, each with two children and its own pair
# of outer addresses. FAULT_RUNS: how many seeded runs (tests: a few; 200 take a quarter of an
# hour); FAULT_SEED: the first seed. See fault_proxy.py and fault_runs.py. Sourced after lib.sh.
INTEROP=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Retransmission so quick that 200 runs are affordable; a dozen and more tries, since a third of
# all messages is lost (a request fails with its answer: 51 % each time).
FAULT_IKE="
ike {
    retransmit_timeout = 0.4
    retransmit_base = 1.3
    retransmit_tries = 12
    retransmit_limit = 2.0
}"

fault_tunnel() { # SIDE NUMBER
	local side=$1 n=$2 here=1 there=2 wan_here=$((10 + $2)) wan_there=$((110 + $2)) net
	[ "$side" = A ] || { here=2 there=1 wan_here=$((110 + $2)) wan_there=$((10 + $2)); }
	cat <<-EOT
	t$n {
	    version = 2
	    local_addrs = 192.0.2.$wan_here
	    remote_addrs = 192.0.2.$wan_there
	    proposals = $TUNNEL_IKE
	    encap = no
	    rekey_time = 30s
	    over_time = 60s
	    rand_time = 10s
	    dpd_delay = 5s
	    keyingtries = 0
	    local {
	        auth = psk
	        id = t$n.gw$side.example
	    }
	    remote {
	        auth = psk
	        id = t$n.gw$(other "$side").example
	    }
	    children {
	EOT
	for net in net dmz; do
		[ "$net" = net ] || n=$((n + 100))
		cat <<-EOT
		$net {
		    local_ts = 10.$here.$n.0/24
		    remote_ts = 10.$there.$n.0/24
		    esp_proposals = $TUNNEL_ESP
		    rekey_time = 25s
		    life_time = 90s
		    rand_time = 8s
		    dpd_action = ${FAULT_DPD:-restart}
		}
		EOT
	done
	echo "}}"
}

fault_conf() { # SIDE
	local n
	echo "connections {"
	for n in $(seq "$FAULT_TUNNELS"); do fault_tunnel "$1" "$n"; done
	printf '}\nsecrets {\n    ike-lab {\n        secret = "%s"\n    }\n}\n' "$TUNNEL_PSK"
}

# Addresses of all tunnels, and the proxy for a road.
fault_road() {
	local n net
	address gwA wan 192.0.2.1/24
	address gwB wan 192.0.2.2/24
	address gwA lan 10.1.0.254/16
	address gwB lan 10.2.0.254/16
	route gwA 10.2.0.0/16 192.0.2.2
	route gwB 10.1.0.0/16 192.0.2.1
	for n in $(seq "$FAULT_TUNNELS"); do
		address gwA wan "192.0.2.$((10 + n))/24"
		address gwB wan "192.0.2.$((110 + n))/24"
		for net in "$n" $((n + 100)); do
			address gwB lan "10.2.$net.1/16" # strongSwan wants one in its selector
			address hostA eth0 "10.1.$net.2/16"
			address hostB eth0 "10.2.$net.2/16"
		done
	done
	echo "0 0 0 0" >"$LAB_DIR/road"
	start mid proxy python3 "$INTEROP/fault_proxy.py" toA toB "$LAB_DIR/road"
	ready proxy 10 listening
}

fault_gw() { # NODE
	(umask 077 && { fault_conf "${1#gw}" && echo "$FAULT_IKE"; } >"$LAB_DIR/$1.conf")
	worker_start "$1" && attach "$1" lan wan && controller_start "$1"
}

gw_vici() { echo "/run/sekisho@$(gw_instance "$1")/sekisho.vici"; }

fault_runs() { # OPTION...
	PYTHONDONTWRITEBYTECODE=1 python3 "$INTEROP/fault_runs.py" --a "$(gw_vici gwA)" --log "$LAB_DIR/sekishod-gwA.log" \
		--bpftool "$BPFTOOL" --control "$LAB_DIR/road" --hosts "$(ns hostA)" "$(ns hostB)" \
		--tunnels "$FAULT_TUNNELS" --runs "$FAULT_RUNS" --seed "${FAULT_SEED:-1}" "$@"
}

# A good road in disguise would prove nothing.
road_was_bad() {
	signal proxy TERM
	wait_for 5 "the proxy's end" gone proxy || return 1
	rm -f "$LAB_DIR/pids/proxy"
	say "  the road: $(tail -n 1 "$LAB_DIR/proxy.log")"
	python3 - "$LAB_DIR/proxy.log" <<-'EOT'
	import ast, sys
	n = ast.literal_eval(open(sys.argv[1]).read().strip().splitlines()[-1])
	sys.exit(not (n["lost"] > n["ike"] / 8 and n["doubled"] and n["late"]))
	EOT
}
