#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The header outside, as configured and not as the packet inside has it: DF, DSCP, TTL; and packets
# padded to one length. gwB leaves everything at its default.
. "$(dirname "$0")/lib.sh"

# of A|B FIELD: all values that IPv4 packets of ESP from that side have, once each.
values() { tcpdump -nn -v -r "$LAB_DIR/road-$1.pcap" ip proto 50 2>/dev/null | grep -oE "$2" | sort -u | tr '\n' ';'; }

need_programs
lab_new
lab_sites
lab_road
must capture_start road
CHILD_MORE='copy_df = set
	outer_dscp = 101110
	outer_ttl = 33
	tfc_padding = 600'
(umask 077 && tunnel_conf A >"$LAB_DIR/gwA.conf")
CHILD_MORE=
must gw_start gwB
must worker_start gwA
must attach gwA lan wan
must controller_start gwA
must sekisho gwA up net
must wait_for 5 "the tunnel on gwB" gw_has_child gwB
must ping_all_of hostA 10.2.0.2 5 -i 0.02 -M dont
must ping_all_of hostA 10.2.0.2 5 -i 0.02 -M dont -s 400 -Q 0x28
must ping_all_of hostB 10.1.0.2 5 -i 0.02 -M dont -s 70 -Q 0x28
must capture_stop road
must same "DF of A" "$(values A 'flags \[[A-Z+none]*\]')" 'flags [DF];'
must same "DSCP of A" "$(values A 'tos 0x[0-9a-f]+')" 'tos 0xb8;'
must same "TTL of A" "$(values A 'ttl [0-9]+')" 'ttl 33;'
must same "lengths of A" "$(values A ' length [0-9]+\)')" ' length 656);'
must same "TTL of B" "$(values B 'ttl [0-9]+')" 'ttl 64;'
must same "DF of B" "$(values B 'flags \[[A-Z+none]*\]')" 'flags [none];'
must same "number of lengths of B" "$(values B ' length [0-9]+\)' | tr ';' '\n' | grep -c .)" 3
must wire_check road --min-esp 30
passed
