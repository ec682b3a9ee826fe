#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What no policy covers is forwarded in clear by the gate (default: bypass), with its TTL
# taken down, and beside it the tunnel goes on.
. "$(dirname "$0")/lib.sh"

lab_with_tunnel
# The road itself is no part of the policies.
ip -n "$(ns mid)" addr add 192.0.2.9/24 dev road
route mid 10.1.0.0/24 192.0.2.1
before=$(counter gwA gate/FORWARD)
must ping_all hostA 192.0.2.9 20 -i 0.02
must counter_above gwA gate/FORWARD $((before + 30))
say "  FORWARD: $before, then $(counter gwA gate/FORWARD)"
title "TTL"
on hostA ping -n -c 1 -W 1 -t 1 192.0.2.9 >"$LAB_DIR/ttl.log" 2>&1
must grep -qi 'time to live exceeded' "$LAB_DIR/ttl.log"
must ping_all hostA 10.2.0.2 20 -i 0.02
must capture_stop road
must wire_check road --min-clear 20
passed
