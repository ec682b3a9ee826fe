#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# ESP bytes against an implementation that is not ours: hostA pings through the worker of gwA;
# on gwB scapy opens each packet, checks it, and answers through its own SA.
. "$(dirname "$0")/worker_lib.sh"

lab_with_worker
WRAP=0xfffffffd # three packets before the low half wraps

variant "AES-128-GCM" $KEY128 0 "" ""
variant "AES-256-GCM" $KEY256 0 "" ""
variant "AES-128-GCM, ESN" $KEY128 0 "esn" "--esn"
variant "AES-256-GCM, ESN over the wrap of the low half" $KEY256 $WRAP "esn" "--esn"
variant "AES-128-GCM in UDP" $KEY128 100 "encap 4500 4500" "--encap"
variant "AES-256-GCM in UDP, ESN over the wrap" $KEY256 $WRAP "esn encap 4500 4500" "--esn --encap"

TRANSPORT=yes
variant "transport mode, AES-128-GCM" $KEY128 0 "" ""
variant "transport mode, AES-256-GCM in UDP, ESN over the wrap" $KEY256 $WRAP "esn encap 4500 4500" "--esn --encap"
passed
