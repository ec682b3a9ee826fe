#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Echo requests with one and two tags from hostA to mid, and the answers: the gate takes the tags off and
# puts them on. Also on a kernel without VLANs: a veth stands for the VLAN's interface, and the maps that
# the worker would write are filled in here, when it is dead and cannot write them anew.
. "$(dirname "$0")/worker_lib.sh"

index_of() { ip -n "$(ns gwA)" -o link show "$1" | cut -d: -f1; }
mac_of() { ip -n "$(ns gwA)" -o link show "$1" | sed -E 's/.*ether ([0-9a-f:]+).*/\1/'; }
bytes() { # WIDTH NUMBER...: as the map has them
	python3 -c 'import sys; print(*("0x%02x" % b for n in sys.argv[2:] for b in int(n, 0).to_bytes(int(sys.argv[1]), sys.byteorder)))' "$@"
}
map_set() { # MAP "KEY" "VALUE"
	# shellcheck disable=SC2086 # bytes
	on gwA bpftool map update pinned "/sys/fs/bpf/sekisho@$(gw_instance gwA)/$1" key $2 value $3
}

vlan() { # NAME NET PROTO VID [PROTO VID]
	local name=$1 net=$2 on dev
	shift 2
	ip -n "$(ns gwA)" link add "$name" type veth peer name "$name.p"
	ip -n "$(ns gwA)" link set "$name.p" up && ip -n "$(ns gwA)" link set "$name" up
	address gwA "$name" "$net.1/24"
	ip -n "$(ns gwA)" neigh add "$net.2" lladdr 02:00:00:00:0a:01 dev "$name" nud permanent
	on="$(bytes 4 "$(index_of lan)") $(bytes 2 "$@" $([ $# -eq 2 ] && echo 0 0))"
	dev=$(bytes 4 "$(index_of "$name")")
	must map_set vlans "$on" "$dev"
	must map_set vlan_tags "$dev" "$on"
}

echoes() { # NET TAGS FILTER
	title "$2"
	start hostA answers timeout 10 tcpdump -nn -e -i eth0 -Q in -c 5 -w "$LAB_DIR/answers.pcap" "$3"
	must ready answers 5 'listening on'
	FORWARDED=$(counted gwA gate.FORWARD)
	must on hostA $PYTHON - "$1" "$2" <<-EOT
		import sys
		from scapy.all import Dot1AD, Dot1Q, Ether, ICMP, IP, get_if_hwaddr, sendp
		head = Ether(src="02:00:00:00:0a:01", dst="$(mac_of lan)")
		for tag in sys.argv[2].split():
		    head = head / {"S": Dot1AD, "C": Dot1Q}[tag[0]](vlan=int(tag[1:]))
		sendp([head / IP(src=sys.argv[1] + ".2", dst="192.0.2.9") / ICMP(seq=n) / (b"x" * 40) for n in range(5)],
		      iface="eth0", verbose=0)
	EOT
	must wait_for 5 "five answers with the tags" gone answers
	must log_says answers '^5 packets captured'
	must counted_above gwA gate.FORWARD $((FORWARDED + 9))
}

lab_with_worker
address mid road 192.0.2.9/24
route mid 10.5.0.0/16 192.0.2.1
must sadctl gwA policy - bypass </dev/null
must ping_all gwA 192.0.2.9 1
must kill9 worker-gwA
vlan vlan5 10.5.5 0x8100 5
vlan vlan6 10.5.6 0x88a8 5 0x8100 6
echoes 10.5.5 C5 'vlan 5 and icmp and src 192.0.2.9 and dst 10.5.5.2'
echoes 10.5.6 'S5 C6' 'vlan 5 and vlan 6 and icmp and src 192.0.2.9 and dst 10.5.6.2'
passed
