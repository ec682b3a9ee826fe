#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Postquantum preshared keys (RFC 8784) with pre-shared keys and with certificates, both roles:
# used, left out where it may be, refused where it may not.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/certs.sh"

PPK='secrets {
    ppk-lab {
        id = lab-ppk
        secret = 0xf0e1d2c3b4a5968778695a4b3c2d1e0ff0e1d2c3b4a5968778695a4b3c2d1e0f
    }
}'
with="ppk_id = lab-ppk"
must_have="ppk_id = lab-ppk
ppk_required = yes"

need_programs
lab_new
lab_sites
lab_road
certs_new
CONF_MORE_A=$PPK CONF_MORE_B=$PPK CONN_MORE_A=$must_have CONN_MORE_B=$must_have
must capture_start road
must swan_start gwB B
must gw_start gwA

title "required on both sides, pre-shared keys"
mark=$(log_mark)
both_roles
must same "uses of the PPK" "$(logged_since "$mark" 'uses a PPK' | wc -l)" 2

title "required on both sides, certificates; new keys for the IKE SA and its child"
sides_sign rsa ecdsa
reload_both
must sekisho gwA up net
tunnel_is_up
must swan gwB --rekey --ike tunnel
must swan gwB --rekey --child net
sleep 1
must ping_all hostA 10.2.0.2 5 -i 0.02
takes_down
both_roles

title "not required: without it when the other side has none"
CONN_MORE_A=$with CONN_MORE_B='' CONF_MORE_B='' # as responder strongSwan takes any PPK that it has
reload_both
mark=$(log_mark)
both_roles
CONN_MORE_A='' CONN_MORE_B=$with CONF_MORE_A='' CONF_MORE_B=$PPK
reload_both
both_roles
must_not logged_since "$mark" "uses a PPK"

title "required by one, unknown to the other"
CONN_MORE_A=$must_have CONN_MORE_B='' CONF_MORE_A=$PPK CONF_MORE_B=''
reload_both
neither_role "(does not use PPKs, and ppk_required|refuses IKE_AUTH)" "uses no PPK, and ppk_required"
CONN_MORE_A='' CONN_MORE_B=$must_have CONF_MORE_A='' CONF_MORE_B=$PPK
reload_both
neither_role - -
must_not grep -qi "f0e1d2c3" "$LAB_DIR"/*.log
road_was_safe
passed
