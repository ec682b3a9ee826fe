#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A bad configuration: file, line and reason, a status that is not 0, and nothing is applied:
# what was in force stays in force.
. "$(dirname "$0")/lib.sh"

# refused PATTERN: $bad is refused, and a line of the log says what PATTERN says.
refused() {
	local status
	on gwA timeout 10 "$BUILD_DIR/sekishod" --instance "$(gw_instance gwA)" --config "$bad" >"$LAB_DIR/refused.log" 2>&1
	status=$?
	if [ "$status" -eq 0 ] || [ "$status" -ge 124 ]; then
		warn "sekishod ended with $status"
		return 1
	fi
	grep -E -- "$1" "$LAB_DIR/refused.log" | sed 's/^/  /'
	grep -qE -- "$1" "$LAB_DIR/refused.log"
}
line_of() { grep -n -m 1 -- "$1" "$bad" | cut -d: -f1; }
spd() { "$BPFTOOL" -j map dump pinned "$(gw_pins gwA)/spd_state"; }

lab_with_tunnel
bad=$LAB_DIR/bad.conf
before=$(spd) sas=$(sad_spis gwA)
must stop sekishod-gwA

title "an unknown key, a value that is none, a proposal that is none, a brace too few"
sed 's/version = 2/versoin = 2/' "$LAB_DIR/gwA.conf" >"$bad"
must refused "$bad:$(line_of versoin): .*versoin"
sed 's|remote_ts = .*|remote_ts = 10.2.0.0/99|' "$LAB_DIR/gwA.conf" >"$bad"
must refused "$bad:$(line_of remote_ts): .*10.2.0.0/99"
sed 's/esp_proposals = .*/esp_proposals = rot13/' "$LAB_DIR/gwA.conf" >"$bad"
must refused "$bad:$(line_of rot13): .*rot13"
tac "$LAB_DIR/gwA.conf" | sed '0,/^}/{/^}/d}' | tac >"$bad"
must refused "$bad:[0-9]+: .*secrets"

bad=$LAB_DIR/none.conf
must refused "$bad"

title "nothing has changed"
must same "spd_state" "$before" "$(spd)"
must same "SPIs" "$sas" "$(sad_spis gwA)"
must ping_all hostA 10.2.0.2 20 -i 0.02
passed
