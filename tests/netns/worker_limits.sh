#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The end of an SA: sequence numbers, packets, bytes, time. Nothing is sent beyond it, the controller
# is told once, and nothing leaves in clear instead.
. "$(dirname "$0")/worker_lib.sh"

lab_with_worker
must capture_start road

# reported INDEX: the EVENT_ bits that the worker has sent about the SA
reported() {
	"$BPFTOOL" -j map dump pinned "$(gw_pins gwA)/sa_hot" | python3 -c '
import json, sys
print([e["formatted"]["value"]["reported"] for e in json.load(sys.stdin)
       if e["formatted"]["key"] == int(sys.argv[1])][0])' "$1"
}

limited() { # NAME WANT_SEALED DROP WANT_DROPPED WANT_REPORTED SADCTL_OPTION...
	title "$1"
	local sealed=$2 drop=$3 dropped=$4 events=$5 before_sealed before_dropped sa
	before_sealed=$(counted gwA worker.SEALED)
	before_dropped=$(counted gwA "$drop")
	shift 5
	SPI_OUT=$((SPI_OUT + 1)) # numbers begin anew
	must keys_a gwA $KEY128 "$@"
	sa=$(sadctl gwA sas | awk '$3 == "out" { print $2 }')
	on hostA ping -n -q -c 6 -i 0.05 -W 0.1 10.2.0.2 >/dev/null
	must counted_is gwA worker.SEALED $((before_sealed + sealed))
	must counted_is gwA "$drop" $((before_dropped + dropped))
	must same "events" "$events" "$(reported "$sa")"
	for sa in $(sadctl gwA sas | awk '{ print $2 }'); do must sadctl gwA sa-del "$sa"; done
}

limited "32-bit sequence numbers" 2 worker.DROP_SEQ_END 4 6 seq 0xfffffffd
limited "well before their end" 6 worker.DROP_SEQ_END 0 2 seq 0xf0000000
limited "before that" 6 worker.DROP_SEQ_END 0 0 seq 0xe0000000
limited "with ESN there is no such end" 6 worker.DROP_SEQ_END 0 0 seq 0x1fffffff0 esn
limited "hard limit of packets" 4 worker.DROP_SA_EXPIRED 2 4 hard 4
limited "soft limit of packets" 6 worker.DROP_SA_EXPIRED 0 2 soft 3
limited "hard limit of bytes" 4 worker.DROP_SA_EXPIRED 2 4 hard-bytes 300
limited "soft limit of bytes" 6 worker.DROP_SA_EXPIRED 0 2 soft-bytes 300
limited "hard limit of time" 0 worker.DROP_SA_EXPIRED 6 4 expires 0
must capture_stop road
# The foreign gwB answers ESP with ICMP; that is not ours.
must python3 "$TOP/scripts/lib/wire_check.py" "$LAB_DIR/road-A.pcap"
passed
