#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# strongSwan clients authenticate to Sekisho by EAP-MSCHAPv2 and get virtual addresses; one with a
# wrong password gets nothing.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/road_warriors.sh"

RW_REMOTE="auth = eap-mschapv2"
RW_LOCAL="auth = eap-mschapv2"
RW_SECRETS=$RW_PASSWORDS
SWAN_PLUGINS="$SWAN_PLUGINS eap-identity eap-mschapv2"
lab_with_warriors
must swan_up rw1
must ping_all rw1 10.1.0.2 20 -i 0.02
must log_says sekishod-gwA "EAP-MSCHAPv2 of 'rw1@road.example' succeeded"
must swan_up rw2
must ping_all rw2 10.1.0.2 20 -i 0.02
must ping_all rw1 10.1.0.2 20 -i 0.02
must has_instances gwA 2

say "-- a wrong password"
must swan rw2 --terminate --ike rw
RW_SECRETS=${RW_SECRETS/second/third} must swan_forget rw2
must_not swan_up rw2
must log_says sekishod-gwA "the password is wrong"
must has_instances gwA 1
must ping_all rw1 10.1.0.2 20 -i 0.02
passed
