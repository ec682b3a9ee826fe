#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Options and extension headers through ESP and AH, both modes, both IP versions inside and outside,
# and what the road changes of them, against scapy's IPsec layer (the tables: scapy_headers.py).
LAB_IPV6=yes
. "$(dirname "$0")/../netns/worker_lib.sh"
HERE=$TOP/tests/interop

mac_of() { ip -n "$(ns "$1")" -br link show dev "$2" | awk '{ print $3 }'; } # NODE IF

lab_new
lab_sites
lab_road
lab_road_ipv6
must worker_start gwA
must attach gwA lan wan
must "$PYTHON" "$HERE/scapy_headers.py" make "$LAB_DIR"
must on gwA ip -batch "$LAB_DIR/addresses-gwA"
# Nobody has these addresses: nothing but scapy answers.
sed -E "s|addr add ([^/]*)/.*|neigh replace \1 dev lan lladdr $(mac_of hostA eth0) nud permanent|" \
	"$LAB_DIR/addresses-hostA" >"$LAB_DIR/neighbours"
sed -E "s|addr add ([^/]*)/.*|neigh replace \1 dev wan lladdr $(mac_of gwB wan) nud permanent|" \
	"$LAB_DIR/addresses-guest" >>"$LAB_DIR/neighbours"
must on gwA ip -batch "$LAB_DIR/neighbours"
ctl() { "$BUILD_DIR/tests/tools/sadctl" --instance "$(gw_instance gwA)" "$@" || echo "failed: $*" >&2; }
must . "$LAB_DIR/sadctl" >"$LAB_DIR/sa-numbers"
must sadctl gwA policy "$LAB_DIR/policies" bypass

title "packets with options and extension headers"
printf 'gwA-lan %s\ngwA-wan %s\n' "$(mac_of gwA lan)" "$(mac_of gwA wan)" >"$LAB_DIR/macs"
must "$PYTHON" "$HERE/scapy_headers.py" run "/run/netns/sk$LAB_ID-" <"$LAB_DIR/macs" | tee "$LAB_DIR/said"
must counted_is gwA worker.DROP_ICV "$(sed -n 's/.*refused by our ICV: //p' "$LAB_DIR/said")"
passed
