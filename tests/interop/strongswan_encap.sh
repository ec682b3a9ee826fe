#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# encap = yes on our side alone: ESP in UDP without any NAT, whoever initiates. Over a real kernel's ESP
# also encap = never: protocol 50, and IKE stays at port 500.
# shellcheck disable=SC2034
. "$(dirname "$0")/lib.sh"

lab_with_strongswan
ENCAP=yes gw_reload gwA
title "we force it and initiate"
must sekisho gwA up net
tunnel_is_up
must log_says "$(peer_log)" 'remote host is behind NAT'
must ping_all hostA 10.2.0.2 10 -i 0.02
must sekisho gwA down tunnel
tunnel_is_down
title "we force it and answer"
must swan_up gwB
tunnel_is_up
must ping_all hostA 10.2.0.2 10 -i 0.02
road_was_safe --min-esp 40
[[ $(basename "$0") = xfrm_* ]] || passed

must sekisho gwA down tunnel
tunnel_is_down
must capture_start never
ENCAP=never gw_reload gwA
title "we forbid it and initiate"
must sekisho gwA up net
tunnel_is_up
must ping_all hostA 10.2.0.2 10 -i 0.02
must sekisho gwA down tunnel
tunnel_is_down
title "we forbid it and answer"
must swan_up gwB
tunnel_is_up
must ping_all hostB 10.1.0.2 10 -i 0.02
must capture_stop never
must wire_check never --min-esp 40
must_not grep -q . <(tcpdump -nn -r "$LAB_DIR/never-A.pcap" udp port 4500 2>/dev/null)
must_not grep -q . <(tcpdump -nn -r "$LAB_DIR/never-B.pcap" udp port 4500 2>/dev/null)
passed
