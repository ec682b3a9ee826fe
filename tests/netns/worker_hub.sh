#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Hub and spoke: decrypted packets go through the SPD again. Protect: into the other SA, one
# hop older. Discard: dropped. Nothing of it in clear, no error about it either.
. "$(dirname "$0")/worker_lib.sh"

lab_with_worker
must capture_start road
mac=$(ip -n "$(ns gwA)" -o link show dev wan | grep -oE 'ether [0-9a-f:]+' | cut -d' ' -f2)
sa=$(sadctl gwA sa-add out src 192.0.2.1 dst 192.0.2.2 spi $SPI_OUT child 2 encr aes128gcm16 \
	key $KEY128 ts 10.2.0.0/24 10.9.0.0/24)
must sadctl gwA sa-add in src 192.0.2.2 dst 192.0.2.1 spi $SPI_IN child 1 encr aes128gcm16 \
	key $KEY128 ts 10.9.0.0/24 10.2.0.0/24
must sadctl gwA switch 2 "$sa"
must on gwA ip route add 10.9.0.0/24 via 192.0.2.2

peer() { # FIRST COUNT
	on gwB timeout 10 $PYTHON "$NETNS/esp_peer.py" relay --key $KEY128 --spi-out $SPI_OUT \
		--spi-in $SPI_IN --mac "$mac" --first "$1" --count "$2"
}

title "protect"
echo "protect 10.2.0.0/24 10.9.0.0/24 child 2" | must sadctl gwA policy - bypass
must peer 0 20
must wait_for 2 "the expired one to be dropped" counted_above gwA worker.DROP_TTL 0
must counted_is gwA worker.OPENED 21
must counted_is gwA worker.SEALED 20

title "discard: the SPD's flip is noticed"
echo "discard 10.2.0.0/24 10.9.0.0/24" | must sadctl gwA policy - bypass
must_not peer 21 1
must counted_is gwA worker.DROP_POLICY 1
must counted_is gwA worker.SEALED 20
must capture_stop road
# What gwA sent; the stack of the foreign gwB knows no ESP and says so by ICMP.
must python3 "$TOP/scripts/lib/wire_check.py" --min-esp 20 "$LAB_DIR/road-A.pcap"
passed
