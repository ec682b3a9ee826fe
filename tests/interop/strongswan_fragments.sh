#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# IKE fragmentation (RFC 7383) both ways, by force: both sides cut at 200 bytes.
# Whoever initiates, and in the rekey of the IKE SA.
# shellcheck disable=SC2034
. "$(dirname "$0")/lib.sh"

CONF_MORE_A='ike { fragment_size = 200 }'
SWAN_MORE='fragment_size = 200'

lab_with_strongswan
# How often charon has said so.
said() { grep -cE "$1" "$LAB_DIR/charon-gwB.log"; }
more_than() { [ "$(said "$1")" -gt "$2" ]; }
JOINED='reassembled fragmented IKE message' SPLIT='splitting IKE message .* into [2-9] fragments'

title "we initiate"
must sekisho gwA up net
tunnel_is_up
must ping_all hostA 10.2.0.2 10 -i 0.02
must log_says charon-gwB 'received fragment #1 of [2-9], waiting for complete IKE message'
must log_says charon-gwB "$JOINED"
must log_says charon-gwB "$SPLIT"

title "rekey of the IKE SA by either side"
must swan gwB --rekey --ike tunnel
must wait_for 5 "the rekeyed IKE SA" log_says sekishod-gwA 'IKE_SA rekeyed'
must ping_all hostA 10.2.0.2 10 -i 0.02
must sekisho gwA down tunnel
tunnel_is_down

title "they initiate"
joined=$(said "$JOINED") split=$(said "$SPLIT")
must swan_up gwB
tunnel_is_up
must more_than "$JOINED" "$joined"
must more_than "$SPLIT" "$split"
must ping_all hostA 10.2.0.2 10 -i 0.02
road_was_safe --min-esp 50
passed
