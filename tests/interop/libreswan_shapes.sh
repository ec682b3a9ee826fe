#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Libreswan and the shapes of a tunnel, either side initiating: ESP in UDP, several subnets, a
# postquantum preshared key, transport mode, virtual addresses from a pool of either side.
# shellcheck disable=SC2034
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pluto.sh"

both_read() {
	must gw_reload gwA
	must pluto_load
}

# in_both_roles COMMAND...: what has to hold when it is up.
in_both_roles() {
	both_read
	must sekisho gwA up net
	must wait_for 10 "the tunnel on gwB" pluto_has_child
	"$@"
	must sekisho gwA down tunnel
	both_down
	must pluto_up
	must wait_for 5 "the tunnel on gwA" gw_has_child gwA
	"$@"
	must pluto ipsec whack --delete --name tunnel
	both_down
}

lab_with_libreswan

title "ESP in UDP"
ENCAP=yes PLUTO_MORE='encapsulation=yes' in_both_roles carries
must log_says sekishod-gwA 'CHILD_SA .*, ESP in UDP'

title "a postquantum preshared key"
PPK=0f1e2d3c4b5a69788796a5b4c3d2e1f0
pluto_secrets() {
	echo ": PSK \"$TUNNEL_PSK\""
	echo "@gwB.example @gwA.example : PPKS \"lab-ppk\" \"$PPK\""
}
CONN_MORE_A='ppk_id = lab-ppk
ppk_required = yes' CONF_MORE_A="secrets {
    ppk-lab {
        id = lab-ppk
        secret = \"$PPK\"
    }
}" PLUTO_MORE='ppk=insist' in_both_roles carries
must same "uses of the PPK" "$(grep -c 'uses a PPK' "$LAB_DIR/sekishod-gwA.log")" 2

title "several subnets"
two_subnets() {
	[ "$1" = they ] || must sekisho gwA up two
	must wait_for 10 "both children on gwA" two_children
	must ping_all hostA 10.2.0.2 5 -i 0.02
	must ping_all hostA 10.3.0.1 5 -i 0.02
}
two_children() { [ "$(sekisho gwA sas | grep -c INSTALLED)" = 2 ]; }
must pluto ip addr add 10.3.0.1/24 dev lan
route gwA 10.3.0.0/24 192.0.2.2
CHILDREN_MORE_A="two {
    local_ts = 10.1.0.0/24
    remote_ts = 10.3.0.0/24
    esp_proposals = $TUNNEL_ESP
}"
PLUTO_NETS='leftsubnets=10.2.0.0/24,10.3.0.0/24
    rightsubnet=10.1.0.0/24'
both_read
must sekisho gwA up net
two_subnets we
must sekisho gwA down tunnel
both_down
must pluto_up
two_subnets they
must pluto "ipsec whack --delete --name tunnel/1x0; ipsec whack --delete --name tunnel/2x0"
both_down
unset CHILDREN_MORE_A PLUTO_NETS

title "an address of their pool"
CONN_MORE_A='vips = 0.0.0.0' LAN_A=dynamic PLUTO_NETS='leftsubnet=10.2.0.0/24' \
	PLUTO_MORE='leftmodecfgserver=yes
    rightmodecfgclient=yes
    rightaddresspool=10.77.0.1-10.77.0.9
    modecfgdns=10.2.0.53' both_read
must sekisho gwA up net
must log_says sekishod-gwA 'our virtual address is 10.77.0.1'
must log_says sekishod-gwA 'DNS server 10.2.0.53'
must log_says sekishod-gwA 'TS 10.77.0.1/32 === 10.2.0.0/24'
must sekisho gwA down tunnel
must pluto ipsec whack --delete --name tunnel

title "an address of our pool"
CONN_MORE_A='pools = road' LAN_B=dynamic CONF_MORE_A='pools {
    road {
        addrs = 10.99.0.0/24
        dns = 10.1.0.53
    }
}' must gw_reload gwA
PLUTO_NETS='leftsubnet=0.0.0.0/0
    rightsubnet=10.1.0.0/24' PLUTO_MORE='leftmodecfgclient=yes
    narrowing=yes' must pluto_load
must pluto_up
must log_says sekishod-gwA 'peer has the virtual address 10.99.0.1'
must pluto ping -n -q -c 5 -i 0.05 -I 10.99.0.1 10.1.0.2
must pluto ipsec whack --delete --name tunnel
must wait_for 10 "gwA without a child" gw_has_no_child gwA

title "transport mode"
between_gateways() { must ping_all gwA 192.0.2.2 10 -i 0.02; }
CHILD_MORE='mode = transport' LAN_A=dynamic LAN_B=dynamic PLUTO_NETS='type=transport' \
	in_both_roles between_gateways
must log_says sekishod-gwA 'TS 192.0.2.1/32 === 192.0.2.2/32, .*transport mode'
road_was_safe --min-esp 100
passed
