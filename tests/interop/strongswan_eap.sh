#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# strongSwan clients authenticate to Sekisho by EAP-MSCHAPv2 and get virtual addresses; one with a
# wrong password gets nothing. Then with a postquantum preshared key besides (RFC 8784).
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/road_warriors.sh"

RW_REMOTE="auth = eap-mschapv2"
RW_LOCAL="auth = eap-mschapv2"
RW_SECRETS=$RW_PASSWORDS
SWAN_PLUGINS="$SWAN_PLUGINS eap-identity eap-mschapv2"
lab_with_warriors
our_swanctl() { on gwA swanctl "$@" --uri "unix:///run/sekisho@$(gw_instance gwA)/sekisho.vici"; }
must grep -q "remote EAP authentication" <(our_swanctl --list-conns)
must swan_up rw1
must ping_all rw1 10.1.0.2 20 -i 0.02
must log_says sekishod-gwA "EAP-MSCHAPv2 of 'rw1@road.example' succeeded"
must swan_up rw2
must ping_all rw2 10.1.0.2 20 -i 0.02
must ping_all rw1 10.1.0.2 20 -i 0.02
must has_instances gwA 2
must grep -qF "4500] [$(vip_of rw1)]" <(our_swanctl --list-sas)
must grep -qE "remote .* \[$(vip_of rw1)\]" <(sekisho gwA sas)

say "-- a wrong password"
must swan rw2 --terminate --ike rw
RW_SECRETS=${RW_SECRETS/second/third} must swan_forget rw2
must_not swan_up rw2
must log_says sekishod-gwA "the password is wrong"
must log_says charon-rw2 "received EAP_FAILURE, EAP authentication failed"
must has_instances gwA 1
must ping_all rw1 10.1.0.2 20 -i 0.02

say "-- with a PPK that has to be"
with_ppk() { printf 'ppk_id = %s\nppk_required = %s\n' "$@"; }
ppk_secret() { # NAME DIGITS
	printf '\nppk-%s {\nid = %s\nsecret = 0xf0e1d2c3b4a5968778695a4b3c2d1e0ff0e1d2c3b4a5968778695a4b3c2d%s\n}\n' "$1" "$@"
}
passwords=$RW_SECRETS
RW_BOTH=$(with_ppk lab yes)
RW_SECRETS=$passwords$(ppk_secret lab 1e0f)
must road_gateway_reload
must swan_forget rw1
must swan_up rw1
must ping_all rw1 10.1.0.2 20 -i 0.02
must log_says sekishod-gwA "uses a PPK"
must swan rw1 --rekey --ike rw
must ping_all rw1 10.1.0.2 20 -i 0.02

say "-- which the client has to have, too"
RW_BOTH='' must swan_forget rw2
must_not swan_up rw2
must log_says sekishod-gwA "it uses no PPK, and ppk_required"

say "-- or not: with another one it comes without (NO_PPK_AUTH)"
RW_BOTH=$(with_ppk lab no)
must road_gateway_reload
RW_BOTH=$(with_ppk other no)
RW_SECRETS=$passwords$(ppk_secret other aaaa)
must swan_forget rw2
must swan_up rw2
must ping_all rw2 10.1.0.2 20 -i 0.02
must log_says charon-rw2 "peer didn't use PPK for PPK_ID 'other'"
passed
