#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Dead peer detection: strongSwan is killed, we notice and forget; it comes back, and we begin
# anew by ourselves. Then we are killed, and they notice. Traffic alone is life enough.
# shellcheck disable=SC2034
. "$(dirname "$0")/lib.sh"

CONF_MORE_A='ike { retransmit_timeout = 0.5
    retransmit_tries = 3 }'
SWAN_MORE='retransmit_base = 1.2'
# Without MOBIKE, which would try the peer's other addresses first.
CONN_MORE='mobike = no
    dpd_delay = 2s'
CHILD_MORE='dpd_action = restart'
dead_is_told() { log_says sekishod-gwA 'peer 192.0.2.2 is dead: no answer to dead peer detection'; }
questions() { grep -cE 'parsed INFORMATIONAL request [0-9]+ \[ \]' "$LAB_DIR/charon-gwB.log"; }
asked() { [ "$(questions)" -gt 0 ]; }

lab_with_strongswan
title "strongSwan is killed"
CONN_MORE='mobike = no
    dpd_delay = 30s' must swan_reload gwB B # who asks first spares the other one the question
must sekisho gwA up net
tunnel_is_up
must ping_all hostA 10.2.0.2 10 -i 0.02

title "ESP that comes in is life: nobody asks, and then we do"
must ping_all hostB 10.1.0.2 30 -i 0.2
must same "questions during 6 s of traffic" "$(questions)" 0
must wait_for 5 "our question" asked
must kill9 charon-gwB
must wait_for 15 "word of the peer's death" dead_is_told
must wait_for 5 "gwA without a child" gw_has_no_child gwA

title "it is back: we come up again"
must swan_start gwB B
must wait_for 20 "the tunnel on gwA" gw_has_child gwA
must wait_for 5 "the tunnel on gwB" swan_has_child gwB
must ping_all hostA 10.2.0.2 10 -i 0.02

title "our controller is killed: they notice"
must kill9 sekishod-gwA
must wait_for 20 "their word of it" log_says charon-gwB 'giving up after 3 retransmits'
# While no daemon listened, the kernel said so in an ICMP error.
road_was_safe --icmp-errors --min-esp 20
passed
