#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A tunnel for one UDP port only. NON_FIRST_FRAGMENTS_ALSO is not negotiated, so no later fragment
# goes through it (RFC 4301 7.2): packets that come in fragments are put together, and it is ESP that is
# cut.
. "$(dirname "$0")/lib.sh"

send() { # BYTES
	on hostA python3 -c "import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, 10, 0)  # IP_MTU_DISCOVER: without DF
s.sendto(bytes($1), ('10.2.0.2', 5000))"
}

arrives() { # BYTES: at host B, and all of them
	start hostB sink python3 -c "import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('10.2.0.2', 5000))
print('ready', flush=True)
print('got', len(s.recv(65535)), flush=True)"
	must wait_for 5 "the receiver" log_says sink ready
	send "$1"
	must wait_for 5 "$1 bytes at host B" log_says sink "got $1"
}

export LAN_A='10.1.0.0/24[udp]' LAN_B='10.2.0.0/24[udp/5000]'
lab_with_tunnel
must grows gwB worker/OPENED send 100

title "fragments come: they go as one packet, in ESP that is cut"
must grows gwA worker/REASSEMBLED arrives 3000
must same "fragments that no first one explained" "$(counter gwA gate/DROP_FRAGMENT)" 0

title "too big for the SA: not the packet is cut, but ESP"
must grows gwB worker/REASSEMBLED send 1460
must same "packets outside the selectors" "$(counter gwB worker/DROP_SELECTOR)" 0

road_was_safe
passed
