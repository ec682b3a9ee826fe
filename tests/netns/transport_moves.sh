#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Transport mode and a host that gets another address: MOBIKE moves the IKE SA, the Child SA is made
# anew between the addresses of now, and what the host says from the new one meets the policies at
# once.
. "$(dirname "$0")/lib.sh"

moved() { sekisho "$1" sas | grep -q "$2 \+192.0.2.3/32"; } # NODE SIDE

any_source() { sekisho gwA policies | grep -q '0.0.0.0/0 .*192.0.2.2/32'; }

need_programs
export LAN_A=dynamic LAN_B=dynamic CHILD_MORE='mode = transport' WAN_A=%any
lab_new
lab_sites
lab_road
must capture_start road
must gw_start gwB
START='start|trap' must gw_start gwA
must wait_for 15 "the Child SA on gwA" gw_has_child gwA
must ping_all gwA 192.0.2.2 5 -i 0.02

title "gwA is 192.0.2.3 from now on, and talks all the time"
steady_start gwA 192.0.2.2 600
sleep 0.3
ip -n "$(ns gwA)" addr del 192.0.2.1/24 dev wan
# Between the kernel's change and our news of it a packet could slip through (docs/architecture.md).
must wait_for 10 "policies for whatever address comes" any_source
address gwA wan 192.0.2.3/24
must wait_for 10 "another Child SA on gwA" moved gwA local
must wait_for 5 "the same on gwB" moved gwB remote
must wait_for 15 "end of the steady ping" gone steady
must ping_all gwA 192.0.2.2 20 -i 0.02
must ping_all gwB 192.0.2.3 20 -i 0.02
road_was_safe --min-esp 50
passed
