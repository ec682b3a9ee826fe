#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Sekisho initiates, strongSwan answers: traffic both ways, ESP only, both ends name the same SPIs.
. "$(dirname "$0")/lib.sh"

lab_with_strongswan
must sekisho gwA up net
tunnel_is_up
tunnel_works
must same "SPIs" "$(sad_spis gwA)" "$(swan_spis gwB)"
road_was_safe --min-esp 1000
passed
