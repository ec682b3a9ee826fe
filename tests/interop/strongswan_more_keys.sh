#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Additional key exchanges (RFC 9370) with strongSwan 6: IKE_INTERMEDIATE when either side initiates,
# IKE_FOLLOWUP_KE when either side rekeys the IKE SA or the Child SA, or asks for another one, and when
# both rekey the IKE SA at once.
# KES="x25519-ke1_x448" tries others; those with ML-KEM: strongswan_mlkem.sh.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/more_keys.sh"
[[ $(swanctl --version 2>&1) =~ strongSwan\ [6-9] ]] || skip "strongSwan 6 is not installed"
keys_are "${KES:-x25519-ke1_ecp384-ke2_modp3072}"
lab_with_strongswan
either_side_initiates
must log_says charon-gwB 'IKE_FOLLOWUP_KE'
road_was_safe --min-esp 10
passed
