#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# ESP and AH with keys by hand against a real kernel's: every algorithm, both modes, both IP versions
# inside and outside, with UDP and without, ESN, windows (the table: xfrm_matrix.py). The guest has
# its keys by `ip xfrm`, our worker by sadctl. All rows are there at once.
LAB_IPV6=yes
. "$(dirname "$0")/../netns/worker_lib.sh"
. "$(dirname "$0")/xfrm_guest.sh"
HERE=$TOP/tests/interop

# Prints each ping that had no answer.
pings_of() { # NODE
	on "$1" xargs -P 16 -L 1 "$LAB_DIR/ping_one" <"$LAB_DIR/pings-$1"
}
# The same in the guest.
pings_of_guest() { guest_run "xargs -P 8 -L 1 $LAB_DIR/ping_one <$LAB_DIR/pings-guest"; }

guest_needs
lab_new
lab_sites
lab_road
lab_road_ipv6
must capture_start road 2048
# All that the rows need, at once: the kernel would ask twice for each algorithm.
must guest_boot_commands "/run/modprobe -a ah4 ah6 gcm ghash-generic ccm ctr cbc cmac xcbc hmac sha512_generic \
	authenc authencesn seqiv echainiv chacha20poly1305 chacha_generic poly1305_generic des_generic \
	jitterentropy_rng drbg ansi_cprng && echo >/proc/sys/kernel/modprobe; python3 $HERE/guest/espinudp.py &
	python3 $HERE/xfrm_tcp.py serve"
must worker_start gwA
must attach gwA lan wan
start hostB echo python3 "$HERE/xfrm_tcp.py" serve
must ready echo 20 'echo is up'
must ready guest 20 'port 4500 takes ESP'
must ready guest 20 'echo is up'

title "the keys of all rows"
python3 "$HERE/xfrm_matrix.py" make "$LAB_DIR" || exit 1
cat >"$LAB_DIR/ping_one" <<-'EOT'
	#!/bin/sh
	# The path's MTU is learned first.
	[ "$3" -lt 1400 ] || ping -n -q -c 3 -i 0.05 -W 1 -I "$1" -s "$3" "$2" >/dev/null
	# One: of several, ping waits for the last no longer than twice what another took.
	ping -n -q -c 1 -W 5 -I "$1" -s "$3" "$2" | grep -q ' 0% packet loss' || echo "no answer: $1 to $2, $3 bytes"
EOT
chmod +x "$LAB_DIR/ping_one"
for node in hostA hostB gwA; do must on "$node" ip -batch "$LAB_DIR/addresses-$node"; done
must guest_run "ip xfrm policy flush; ip -batch $LAB_DIR/addresses-guest && ip -batch $LAB_DIR/xfrm"
ctl() { "$BUILD_DIR/tests/tools/sadctl" --instance "$(gw_instance gwA)" "$@" || echo "failed: $*" >&2; }
must . "$LAB_DIR/sadctl" >"$LAB_DIR/sa-numbers"
must sadctl gwA policy "$LAB_DIR/policies" bypass

title "pings both ways"
must same "pings of hostA" "$(pings_of hostA)" ""
must same "pings of hostB" "$(pings_of hostB)" ""
must same "pings of gwA" "$(pings_of gwA)" ""
must same "pings of the guest" "$(pings_of_guest)" ""

title "tshark with the keys"
must python3 "$HERE/xfrm_tshark.py" "$LAB_DIR/road-A.pcap" "$LAB_DIR/road-B.pcap"

title "TCP"
must on hostA python3 "$HERE/xfrm_tcp.py" ask hostA
must on gwA python3 "$HERE/xfrm_tcp.py" ask gwA

title "what both ends counted"
sadctl gwA sas >"$LAB_DIR/ours"
guest_run ip -s xfrm state >"$LAB_DIR/theirs"
must python3 "$HERE/xfrm_matrix.py" check "$LAB_DIR"

title "headers: what both make of the same packet, and of what the road did to it"
marks() { # nft's words for IPv4 and IPv6
	on mid nft -f - <<-EOT
		table bridge road
		flush table bridge road
		table bridge road {
			chain marks {
				type filter hook forward priority 0
				ip protocol esp ip $1
				ip6 nexthdr esp ip6 $1
			}
		}
	EOT
}
for node in hostA hostB; do
	start "$node" "arrived-$node" tcpdump -Z root -i eth0 -Q in -nn -U --immediate-mode -B 65536 -s 128 \
		-w "$LAB_DIR/arrived-$node.pcap" udp port 7007
	must ready "arrived-$node" 10 'listening on'
done
phase=0
for mark in "" "ecn set not-ect" "ecn set ect1" "ecn set ect0" "ecn set ce" "dscp set ef"; do
	[ -z "$mark" ] || must marks "$mark"
	for node in hostA hostB; do must on "$node" python3 "$HERE/xfrm_headers.py" send "$node" "$phase"; done
	sleep 0.5 # until they are there
	phase=$((phase + 1))
done
must python3 "$HERE/xfrm_headers.py" compare "$LAB_DIR"
must same "errors of the kernel" "$(guest_run cat /proc/net/xfrm_stat | awk '$2')" ""
road_was_safe --esn --min-esp 1000 --min-ah 500 >"$LAB_DIR/wire.log"
passed
