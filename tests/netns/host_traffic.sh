#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What the gateway itself sends and receives: its LAN address is inside the policies, so gwA
# pings hostB through the tunnel, hostA pings gwB's LAN address, and TCP works as well.
. "$(dirname "$0")/lib.sh"

lab_with_tunnel
title "from a gateway, to a gateway, and both"
must ping_all gwA 10.2.0.2 20 -i 0.02 -I 10.1.0.1
must ping_all hostA 10.2.0.1 20 -i 0.02
must ping_all gwA 10.2.0.1 20 -i 0.02 -I 10.1.0.1
must ping_all gwB 10.1.0.1 20 -i 0.02 -I 10.2.0.1

title "TCP to the gateway itself"
say "  hostA to gwB: $(must iperf_mbps hostA gwB 10.2.0.1 1) Mbit/s"

title "the worker is dead: what the gateway itself sends stays in"
must kill9 worker-gwA
must_not on gwA ping -n -q -c 3 -i 0.2 -W 1 -I 10.1.0.1 10.2.0.2 >/dev/null 2>&1
road_was_safe --min-esp 100
passed
