#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# encap = yes on our side alone: ESP in UDP without any NAT, whoever initiates.
# shellcheck disable=SC2034
. "$(dirname "$0")/lib.sh"

lab_with_strongswan
ENCAP=yes gw_reload gwA
title "we force it and initiate"
must sekisho gwA up net
tunnel_is_up
must log_says charon-gwB 'remote host is behind NAT'
must ping_all hostA 10.2.0.2 10 -i 0.02
must sekisho gwA down tunnel
tunnel_is_down
title "we force it and answer"
must swan_up gwB
tunnel_is_up
must ping_all hostA 10.2.0.2 10 -i 0.02
road_was_safe --min-esp 40
passed
