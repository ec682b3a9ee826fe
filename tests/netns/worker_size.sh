#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Packets that do not fit and packets that are too old: ICMP with the true inner MTU, fragments
# before encryption, time exceeded on both sides; and nothing of it in clear on the road.
. "$(dirname "$0")/worker_lib.sh"

pings_with_ttl() { on "$2" ping -n -c 1 -W 1 "$3" | grep -q " ttl=$1 "; }

# What each end may send at once: the other's MSS, less 12 bytes for timestamps.
mss_is() { # AT-HOSTA AT-HOSTB
	start hostB mss-server /usr/bin/python3 -u -c 'import socket
s = socket.create_server(("10.2.0.2", 5300)); print("listening"); c = s.accept()[0]
print("mss", c.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG))'
	ready mss-server 5 listening || return 1
	on hostA timeout 5 /usr/bin/python3 -c 'import socket
print("mss", socket.create_connection(("10.2.0.2", 5300)).getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG))' >"$LAB_DIR/mss-client.log"
	wait_for 5 "the server to see the connection" log_says mss-server 'mss [0-9]' || return 1
	same "MSS at hostA and hostB" "$(grep -h '^mss' "$LAB_DIR/mss-client.log" "$LAB_DIR/mss-server.log" | tr '\n' ' ')" "mss $1 mss $2 " &&
		stop mss-server
}

SEQ=0
# shellcheck disable=SC2086 # lists of options
new_keys() { # "OPTIONS OF gwA" "OPTIONS OF gwB"
	SEQ=$((SEQ + 1000)) # no number twice
	must forget_keys gwA && must forget_keys gwB
	must keys_a gwA "$KEY128" seq $SEQ $1 && must keys_b gwB "$KEY128" seq $SEQ $2
	must on hostA ip route flush cache && must on hostB ip route flush cache
}

lab_with_two_workers
must capture_start road
must ping_all hostA 10.2.0.2 5 -i 0.05

title "the true MTU: 1500 - 20 - 8 - 8 - 16, aligned, less trailer: 1446"
on hostA ping -n -c 1 -W 1 -M do -s 1472 10.2.0.2 >"$LAB_DIR/too-big.log" 2>&1
must log_says too-big 'mtu = 1446'
must ping_all hostA 10.2.0.2 2 -i 0.1 -M do -s 1418
must counted_above gwA worker.TOO_BIG 0

title "nor is it smaller while a neighbour is not known"
on hostA ip route flush cache
on hostB ip route flush cache
ip -n "$(ns gwA)" neigh flush dev lan
must ping_all hostB 10.1.0.2 1 -M do -s 1418
ip -n "$(ns gwA)" neigh flush dev wan
must ping_all hostA 10.2.0.2 1 -M do -s 1418

title "without DF: cut before encryption, no fragment of ESP on the road"
must on hostA ip route flush cache # it has learned better
must ping_all_of hostA 10.2.0.2 3 -i 0.1 -M dont -s 3000
must ping_all_of hostA 10.2.0.2 3 -i 0.1 -M dont -s 1430
must counted_above gwA worker.FRAGMENTED 2
must counted_is gwB worker.REASSEMBLED 0

title "a smaller MTU of the road is noticed"
ip -n "$(ns gwA)" link set wan mtu 1400
on hostA ping -n -c 1 -W 1 -M do -s 1418 10.2.0.2 >"$LAB_DIR/too-big-2.log" 2>&1
must log_says too-big-2 'mtu = 1346'
ip -n "$(ns gwA)" link set wan mtu 1500

title "time exceeded, from the near gateway and through the tunnel from the far one"
on hostA ping -n -c 1 -W 1 -t 1 10.2.0.2 >"$LAB_DIR/ttl-1.log" 2>&1
on hostA ping -n -c 1 -W 1 -t 2 10.2.0.2 >"$LAB_DIR/ttl-2.log" 2>&1
must log_says ttl-1 'From 10.1.0.1 .*Time to live exceeded'
must log_says ttl-2 'From 10.2.0.1 .*Time to live exceeded'
must counted_is gwB worker.TTL_ANSWERED 1

must pings_with_ttl 62 hostA 10.2.0.2 # hostB's 64, less one at each gateway

title "what the kernel has to say about a decrypted packet does not go in clear"
on hostB ping -n -c 2 -i 0.2 -W 4 10.1.0.77 >"$LAB_DIR/nobody.log" 2>&1
must counted_above gwA gate.DROP_QUOTE 0

title "TCP hears of it: in both SYNs, whichever gateway does it, and not where it shall not"
new_keys "" ""
must mss_is 1394 1394
new_keys "" mss-off
must mss_is 1394 1394
new_keys mss-off ""
must mss_is 1394 1394
new_keys mss-off mss-off
must mss_is 1448 1448
new_keys "" ""

title "TCP through it"
mbps=$(iperf_mbps hostA hostB 10.2.0.2 2)
must test "$mbps" -gt 10
road_was_safe
passed
