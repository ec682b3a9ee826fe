#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The secrets differ: no tunnel, and our log says why in one line, whoever initiates. The
# secret itself is in no log.
. "$(dirname "$0")/lib.sh"

PSK_A="not what they have"
lab_with_strongswan

title "we initiate: they refuse us"
must_not sekisho gwA up net >"$LAB_DIR/up.log" 2>&1
must grep -iE 'AUTHENTICATION_FAILED' "$LAB_DIR/sekishod-gwA.log"

title "they initiate: we refuse them"
must_not swan_up gwB 2>/dev/null
must grep -iE 'tunnel.*(secret|psk|auth).*(wrong|differ|fail|mismatch)' "$LAB_DIR/sekishod-gwA.log"
must_not gw_has_child gwA
must_not grep -q "$PSK_A" "$LAB_DIR"/*.log
must pings_not hostA 10.2.0.2
road_was_safe --max-esp 0
passed
