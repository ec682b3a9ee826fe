#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What people see with bpftool: every map of the programs is pinned, stands in docs/maps.md, and shows
# its keys and values by the names of their fields.
. "$(dirname "$0")/lib.sh"

pinned_maps() {
	local pin
	for pin in "$(gw_pins gwA)"/*; do
		"$BPFTOOL" -j map show pinned "$pin" >/dev/null 2>&1 && basename "$pin"
	done
}
object_maps() {
	readelf -sW "$BUILD_DIR/bpf/sekisho.bpf.o" 2>/dev/null |
		awk -v section="$(readelf -SW "$BUILD_DIR/bpf/sekisho.bpf.o" 2>/dev/null |
			sed -nE 's/^ *\[ *([0-9]+)\] \.maps .*/\1/p')" '$4 == "OBJECT" && $7 == section { print $8 }'
}
described() { grep -qE "^\| .*\`$1\`" "$TOP/docs/maps.md"; }

# The first entry as bpftool prints it; nothing where the map is empty.
first_entry() {
	local pin key
	pin=$(gw_pins gwA)/$1
	key=$("$BPFTOOL" -j map getnext pinned "$pin" 2>/dev/null |
		python3 -c 'import json, sys; print(*json.load(sys.stdin).get("next_key", []))' 2>/dev/null)
	# shellcheck disable=SC2086 # bytes
	[ -z "$key" ] || "$BPFTOOL" -j map lookup pinned "$pin" key $key 2>/dev/null
}
# Of a struct: names of fields, no bytes.
reads_well() {
	first_entry "$1" | python3 -c '
import json, sys
text = sys.stdin.read()
if not text:
    sys.exit(0)
value = json.loads(text).get("formatted", {}).get("value", json.loads(text).get("formatted", {}).get("values"))
sys.exit(value is None)'
}
has_field() { # MAP FIELD
	first_entry "$1" | grep -q "\"$2\""
}
has_types() { "$BPFTOOL" -j map show pinned "$(gw_pins gwA)/$1" | grep -q '"btf_id"'; }

lab_with_tunnel
must ping_all hostA 10.2.0.2 3 -i 0.05
title "the maps of the object, the pins and the docs"
must same "maps" "$(pinned_maps | sort)" "$(object_maps | sort)"
for map in $(pinned_maps); do must described "$map"; done

title "names of fields"
n=0
for map in $(pinned_maps); do
	case $map in xsks | events | samples) continue ;; esac # the kernel takes no BTF for these kinds
	must has_types "$map"
	must reads_well "$map"
	n=$((n + 1))
done
say "  $n maps"
must has_field sad spi
must has_field ports slot
must has_field addrs mac
must has_field spd_state epoch
passed
