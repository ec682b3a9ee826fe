#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Replayed, forged, cut and foreign ESP packets: each has its counter, none reaches hostA, and
# good ones still do afterwards.
. "$(dirname "$0")/worker_lib.sh"

lab_with_worker
must keys_a gwA $KEY128
start hostA sink "$NETNS/udp_sink.py" 7777
must ready sink 5 ready

mac=$(ip -n "$(ns gwA)" -o link show dev wan | grep -oE 'ether [0-9a-f:]+' | cut -d' ' -f2)
must on gwB $PYTHON "$NETNS/esp_peer.py" attack --key $KEY128 --spi-out $SPI_OUT \
	--spi-in $SPI_IN --mac "$mac"
must wait_for 5 "the last good packet at hostA" log_says sink 'good 2'
must same "what hostA got" "$(echo ready; echo good 1; echo jump; echo good 2)" \
	"$(cat "$LAB_DIR/sink.log")"
must counted_is gwA worker.DROP_REPLAY 2
# the forged one, and the cuts by a multiple of four bytes that leave room for text and ICV
must counted_above gwA worker.DROP_ICV 1
must counted_is gwA worker.DROP_SELECTOR 1
must counted_is gwA worker.DROP_INNER 1
must counted_above gwA worker.DROP_RUNT 20
must alive worker-gwA
must counted_is gwA worker.OPENED 3
passed
