#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# wire_check.py itself: it must see a clear packet, a repeated and a falling sequence number,
# and let a sound capture pass. No network, no root.
LIB=$(cd "$(dirname "$0")/../../scripts/lib" && pwd)
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT

# pcap FILE WORD...: a number is an ESP packet with that sequence number; ike, udp (ESP in UDP,
# sequence 9), clear and fragment (a later one, of nothing seen) are what they say.
pcap() {
	python3 - "$@" <<'PY'
import struct, sys
def ip(protocol, payload, offset=0):
    return struct.pack("!BBHHHBBH4s4s", 69, 0, 20 + len(payload), 7, offset, 64, protocol, 0,
                       bytes((192, 0, 2, 1)), bytes((192, 0, 2, 2))) + payload
def udp(port, payload):
    return ip(17, struct.pack("!HHHH", port, port, 8 + len(payload), 0) + payload)
def packet(word):
    if word.isdigit():
        return ip(50, struct.pack("!II", 0x1001, int(word)) + bytes(32))
    return {"ike": udp(500, bytes(28)), "ike4500": udp(4500, bytes(32)), "clear": ip(1, bytes(8)),
            "udp": udp(4500, struct.pack("!II", 0x2002, 9) + bytes(32)),
            "fragment": ip(50, bytes(64), 100), "dns": udp(53, bytes(20))}[word]
with open(sys.argv[1], "wb") as file:
    file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
    for word in sys.argv[2:]:
        frame = bytes(12) + b"\x08\x00" + packet(word)
        file.write(struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame)
PY
}

failed=0
expect() { # STATUS OPTION... -- WORD...
	local status=$1 options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	pcap "$dir/t.pcap" "$@"
	python3 "$LIB/wire_check.py" "${options[@]}" "$dir/t.pcap" >"$dir/out" 2>&1
	[ "$?" = "$status" ] && return
	echo "FAILED: $* should end with $status"
	cat "$dir/out"
	failed=1
}

expect 0 --min-esp 4 -- ike 1 2 7 udp ike4500
expect 1 --min-esp 5 -- ike 1 2 7 udp
expect 1 --max-esp 0 -- ike 1
expect 1 -- 1 2 2 3
expect 1 -- 1 3 2
expect 1 -- udp udp
expect 1 -- 1 clear 2
expect 1 -- 1 dns
expect 1 -- 1 fragment
exit "$failed"
