#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A tunnel for one UDP port only. NON_FIRST_FRAGMENTS_ALSO is not negotiated, so no later fragment
# goes through it (RFC 4301 7.2): those that come are dropped, and none is made.
. "$(dirname "$0")/lib.sh"

send() { # BYTES
	on hostA python3 -c "import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, 10, 0)  # IP_MTU_DISCOVER: without DF
s.sendto(bytes($1), ('10.2.0.2', 5000))"
}

export LAN_A='10.1.0.0/24[udp]' LAN_B='10.2.0.0/24[udp/5000]'
lab_with_tunnel
must grows gwB worker/OPENED send 100

title "fragments come: the first one goes, the later ones do not"
must grows gwA gate/DROP_FRAGMENT send 3000

title "too big for the SA: not the packet is cut, but ESP"
must grows gwB worker/REASSEMBLED send 1460
must same "fragments that were decrypted" "$(counter gwB worker/DROP_SELECTOR)" 0
must same "packets outside the selectors" "$(counter gwB worker/DROP_SELECTOR)" 0

road_was_safe
passed
