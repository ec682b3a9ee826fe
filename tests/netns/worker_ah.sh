#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# AH against scapy's: hostA pings through the worker of gwA; on gwB scapy checks each ICV, and
# answers through its own SA.
. "$(dirname "$0")/worker_lib.sh"

lab_with_worker
SHA256=$(printf '5b%.0s' {1..32})
SHA1=$(printf '5b%.0s' {1..20})

ENCR=null-sha256 variant "HMAC-SHA-256" "" 0 "ah auth $SHA256" \
	"--ah --auth SHA2-256-128 --auth-key $SHA256"
ENCR=null-sha1 variant "HMAC-SHA-1, ESN over the wrap of the low half" "" 0xfffffffd \
	"ah auth $SHA1 esn" "--ah --auth HMAC-SHA1-96 --auth-key $SHA1 --esn"

TRANSPORT=yes
ENCR=null-sha256 variant "transport mode" "" 0 "ah auth $SHA256" \
	"--ah --auth SHA2-256-128 --auth-key $SHA256"
passed
