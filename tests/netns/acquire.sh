#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# start_action = trap: the first packet brings the tunnel up and is not lost. As long as nobody
# answers, nothing goes out in clear.
. "$(dirname "$0")/lib.sh"

need_programs
lab_new
lab_sites
lab_road
must capture_start road
START="trap" must gw_start gwA

title "nobody answers yet: held or dropped, never sent"
must pings_not hostA 10.2.0.2
must_not gw_has_child gwA

title "as many packets wait as the configuration says, and as long"
printf 'dataplane {\n    hold_packets = 2\n    hold_time = 0.3\n}\n' >>"$LAB_DIR/gwA.conf"
must sekisho gwA reload
HELD=$(counter gwA worker/HELD) FULL=$(counter gwA worker/DROP_HOLD_FULL) LATE=$(counter gwA worker/DROP_HOLD_TIME)
on hostA ping -n -q -c 5 -i 0.01 -W 1 10.2.0.2 >/dev/null
must same "packets held" "$(counter gwA worker/HELD)" $((HELD + 2))
must same "packets too many" "$(counter gwA worker/DROP_HOLD_FULL)" $((FULL + 3))
must same "packets too late" "$(counter gwA worker/DROP_HOLD_TIME)" $((LATE + 2))
sed -i '/^dataplane/,/^}/d' "$LAB_DIR/gwA.conf"

title "the other gateway is there: the first packet is answered"
must stop sekishod-gwA
must gw_start gwB
must controller_start gwA
must_not gw_has_child gwA
must ping_all hostA 10.2.0.2 5 -i 0.2 -W 5
must gw_has_child gwA
say "  held: $(counter gwA worker/HELD), sent on: $(counter gwA worker/RELEASED)"
must counter_above gwA worker/RELEASED 0
# While no daemon listened, gwB's kernel said so in an ICMP error.
road_was_safe --min-esp 10 --icmp-errors
passed
