#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Clear packets that arrive where the SPD wants ESP (RFC 4301 5.2) are dropped and counted: an
# eavesdropper in the middle turns forger. So are ESP packets under an SPI that nobody has.
. "$(dirname "$0")/lib.sh"

lab_with_tunnel
ip -n "$(ns mid)" addr add 192.0.2.9/24 dev road
ip -n "$(ns mid)" addr add 10.2.0.2/32 dev lo
route mid 10.1.0.0/24 192.0.2.1

start hostA forged tcpdump -Z root -i eth0 -nn -U --immediate-mode -w "$LAB_DIR/forged.pcap" icmp
must ready forged 10 'listening on'
before=$(counter gwA gate/DROP_CLEAR_IN)
on mid ping -n -q -c 10 -i 0.05 -W 1 -I 10.2.0.2 10.1.0.2 >/dev/null 2>&1
must counter_above gwA gate/DROP_CLEAR_IN $((before + 9))
sleep 0.3
stop forged
must grep -q '^0 packets captured' "$LAB_DIR/forged.log"
say "  ten forged pings: DROP_CLEAR_IN $before, then $(counter gwA gate/DROP_CLEAR_IN)"

before=$(counter gwA gate/DROP_NO_SA)
on mid /usr/bin/python3 - <<'PY'
import socket
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, 50)
for sequence in range(1, 11):
    raw.sendto(bytes.fromhex("deadbeef") + sequence.to_bytes(4, "big") + bytes(48), ("192.0.2.1", 0))
PY
must counter_above gwA gate/DROP_NO_SA $((before + 9))
say "  ten ESP packets of nobody: DROP_NO_SA $before, then $(counter gwA gate/DROP_NO_SA)"
must ping_all hostA 10.2.0.2 20 -i 0.02
must capture_stop road
passed
