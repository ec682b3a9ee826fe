#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Additional key exchanges (RFC 9370) with strongSwan 6: IKE_INTERMEDIATE when either side initiates,
# IKE_FOLLOWUP_KE when either side rekeys the IKE SA. KE="ke1_mlkem768" tries another; strongSwan as
# Debian 13 builds it has no ML-KEM.
. "$(dirname "$0")/lib.sh"
[[ $(swanctl --version 2>&1) =~ strongSwan\ [6-9] ]] || skip "strongSwan 6 is not installed"
SWAN_PLUGINS+=" ml curve25519"
TUNNEL_IKE=aes256gcm16-prfsha384-x25519-${KE:-ke1_ecp384-ke2_modp3072}

# The SPIs of the IKE SA as each side names it.
our_ike_spis() { sekisho gwA --json sas | grep -oE '"ike_spi_[ir]": *"[0-9a-fx]+"' | grep -oE '[0-9a-f]{16}' | sort; }
their_ike_spis() { swan gwB --list-sas --raw | grep -oE '(initiator|responder)-spi=[0-9a-f]+' | cut -d= -f2 | sort; }
has_moved() { [ "$(our_ike_spis)" != "$1" ] && [ "$(our_ike_spis | wc -l)" = 2 ] && [ "$(our_ike_spis)" = "$(their_ike_spis)" ]; }

rekey_by() { # COMMAND...
	local before
	before=$(our_ike_spis)
	must "$@"
	must wait_for 10 "another IKE SA on both sides" has_moved "$before"
	must ping_all hostA 10.2.0.2 5 -i 0.05
	say "  rekeyed: $*"
}
we_rekey() {
	on gwA swanctl --rekey --ike tunnel \
		--uri "unix:///run/sekisho@$(gw_instance gwA)/sekisho.vici" >"$LAB_DIR/rekey.log" 2>&1
}
they_rekey() { swan gwB --rekey --ike tunnel; }

lab_with_strongswan
title "we initiate"
must sekisho gwA up net
tunnel_is_up
rekey_by we_rekey
rekey_by they_rekey
must sekisho gwA down tunnel
tunnel_is_down

title "they initiate"
must swan_up gwB
tunnel_is_up
rekey_by they_rekey
rekey_by we_rekey
must log_says charon-gwB 'IKE_FOLLOWUP_KE'
road_was_safe --min-esp 10
passed
