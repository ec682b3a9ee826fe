#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Childless IKE SAs (RFC 6023), whoever initiates: IKE_AUTH without a Child SA, then
# CREATE_CHILD_SA.
# shellcheck disable=SC2034
. "$(dirname "$0")/lib.sh"

CONN_MORE='childless = force'

lab_with_strongswan
title "we initiate"
must sekisho gwA up net
tunnel_is_up
must log_says charon-gwB 'parsed IKE_AUTH request 1 \[ IDi IDr AUTH '
must_not log_says charon-gwB 'parsed IKE_AUTH request 1 \[.* SA TSi'
must log_says charon-gwB 'parsed CREATE_CHILD_SA request 2'
must ping_all hostA 10.2.0.2 10 -i 0.02
must sekisho gwA down tunnel
tunnel_is_down

title "they initiate"
must swan_up gwB
tunnel_is_up
must log_says charon-gwB 'generating CREATE_CHILD_SA request 2'
must ping_all hostA 10.2.0.2 10 -i 0.02
road_was_safe --min-esp 40
passed
