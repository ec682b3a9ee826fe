#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Windows against replay, ours and a real kernel's: the same numbers to both, with and without ESN
# (xfrm_replay.py), and RFC 4303 3.4.3 as the third.
LAB_IPV6=yes
. "$(dirname "$0")/../netns/worker_lib.sh"
. "$(dirname "$0")/xfrm_guest.sh"
HERE=$TOP/tests/interop

guest_needs
lab_new
lab_sites
lab_road
lab_road_ipv6
must guest_boot_commands "/run/modprobe -a gcm ghash-generic ctr seqiv jitterentropy_rng drbg"
must worker_start gwA
must attach gwA lan wan
must "$PYTHON" "$HERE/xfrm_replay.py" make "$LAB_DIR"
for node in hostA hostB; do must on "$node" ip -batch "$LAB_DIR/addresses-$node"; done
must guest_run "ip xfrm policy flush; ip -batch $LAB_DIR/xfrm"
ctl() { "$BUILD_DIR/tests/tools/sadctl" --instance "$(gw_instance gwA)" "$@" || echo "failed: $*" >&2; }
must . "$LAB_DIR/sadctl" >"$LAB_DIR/sa-numbers"
must sadctl gwA policy "$LAB_DIR/policies" bypass

title "the same numbers to both"
printf 'gwA %s\nguest %s\n' "$(ip -n "$(ns gwA)" -br link show dev wan | awk '{ print $3 }')" \
	"$(guest_run cat /sys/class/net/wan/address)" >"$LAB_DIR/macs"
must "$PYTHON" "$HERE/xfrm_replay.py" run "/run/netns/sk$LAB_ID-" <"$LAB_DIR/macs"
passed
