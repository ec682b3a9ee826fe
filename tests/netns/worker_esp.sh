#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# ESP bytes against an implementation that is not ours: hostA pings through the worker of gwA;
# on gwB scapy opens each packet, checks it, and answers through its own SA.
. "$(dirname "$0")/worker_lib.sh"

lab_with_worker
WRAP=0xfffffffd # three packets before the low half wraps

variant() { # NAME KEY FIRST "SADCTL OPTIONS" "PEER OPTIONS"
	title "$1"
	# shellcheck disable=SC2086 # lists of options
	must keys_a gwA "$2" seq $(($3)) $4
	# shellcheck disable=SC2086
	start gwB peer $PYTHON "$NETNS/esp_peer.py" answer --key "$2" --spi-out $SPI_OUT \
		--spi-in $SPI_IN --first $(($3)) --count 6 $5
	must ready peer 10 ready
	must ping_all hostA 10.2.0.2 4 -i 0.1 -s 57
	must ping_all hostA 10.2.0.2 2 -i 0.1 -s 1300 -Q 0x28
	must wait_for 5 "the peer's end" gone peer
	must log_says peer "^answered 6, last number $(($3 + 6))"
	local sa
	for sa in $(sadctl gwA sas | awk '{ print $2 }'); do must sadctl gwA sa-del "$sa"; done
}

variant "AES-128-GCM" $KEY128 0 "" ""
variant "AES-256-GCM" $KEY256 0 "" ""
variant "AES-128-GCM, ESN" $KEY128 0 "esn" "--esn"
variant "AES-256-GCM, ESN over the wrap of the low half" $KEY256 $WRAP "esn" "--esn"
variant "AES-128-GCM in UDP" $KEY128 100 "encap 4500 4500" "--encap"
variant "AES-256-GCM in UDP, ESN over the wrap" $KEY256 $WRAP "esn encap 4500 4500" "--esn --encap"
passed
