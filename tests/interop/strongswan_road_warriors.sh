#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Two strongSwan clients at once ask Sekisho for a virtual address each: both reach the site, and
# each other's address is not theirs. After a restart of sekishod the tunnels still carry traffic,
# and who comes back gets the same address. Of IPv6 everybody gets one, too; packets of it are
# dropped, not in clear.
# shellcheck disable=SC2034
LAB_IPV6=yes
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/road_warriors.sh"

lab_with_warriors
must swan_up rw1
must swan_up rw2
VIP1=$(must vip_of rw1)
VIP2=$(must vip_of rw2)
say "  virtual addresses: $VIP1 and $VIP2"
must_not [ "$VIP1" = "$VIP2" ]
VIP6=$(must vip6_of rw1)
must_not [ "$VIP6" = "$(must vip6_of rw2)" ]
must grep -q "$VIP6" <(sekisho gwA sas)
must log_says charon-rw1 'installing new virtual IP fd99::'
must ping_all rw1 10.1.0.2 20 -i 0.02
must ping_all rw2 10.1.0.2 20 -i 0.02
must ping_all hostA "$VIP1" 20 -i 0.02
must ping_all hostA "$VIP2" 20 -i 0.02
must pings_not hostA 10.99.0.77 # nobody has it: dropped, not in clear
must ping_all hostA "$VIP6" 5 -i 0.02
must ping_all rw1 fd01::2 5 -i 0.02
must pings_not hostA fd99::77
must same "instances" "$(must instances gwA)" 2

say "-- the daemon is killed and comes back"
must kill9 sekishod-gwA
must controller_start gwA
must ping_all rw1 10.1.0.2 20 -i 0.02
must ping_all rw2 10.1.0.2 20 -i 0.02

say "-- the second comes back first, as a stranger would"
must swan_forget rw2
must swan_up rw2
must same "address of rw2 after the restart" "$(vip_of rw2)" "$VIP2"
must ping_all rw2 10.1.0.2 20 -i 0.02
must ping_all rw1 10.1.0.2 20 -i 0.02
must wait_for 15 "the orphan of rw2 to go" has_instances gwA 2

say "-- the first goes: its policies and slot go, the other one stays"
must swan_forget rw1
must swan_up rw1
must same "address of rw1 after the restart" "$(vip_of rw1)" "$VIP1"
must same "its IPv6 address" "$(vip6_of rw1)" "$VIP6"
must wait_for 15 "the orphan of rw1 to go" has_instances gwA 2
must swan rw1 --terminate --ike rw
must wait_for 10 "one instance" has_instances gwA 1
must ping_all rw2 10.1.0.2 20 -i 0.02

say "-- childless (RFC 6023): the addresses come with AUTH, the Child SA later"
RW_BOTH='childless = force'
must road_gateway_reload
must swan_forget rw1
must swan_up rw1
must log_says charon-rw1 'parsed IKE_AUTH response 1 \[ IDr AUTH CPRP\(ADDR ADDR6 [^]]*\) N'
must same "address of rw1 without a child" "$(vip_of rw1)" "$VIP1"
must ping_all rw1 10.1.0.2 20 -i 0.02
road_was_safe --min-esp 100
passed
