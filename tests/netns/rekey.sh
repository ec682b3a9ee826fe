#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Child rekeys by lifetime, of both sides, during 200 packets per second: not one is lost, and
# old SAs do not stay behind.
. "$(dirname "$0")/lib.sh"

REKEY=4s LIFE=12s RAND=1s lab_with_tunnel
steady_start hostA 10.2.0.2 2400
must steady_end 30
must capture_stop road
must wire_check road --min-esp 4000
spis=$(wire_check road --spis | wc -l)
say "  $spis SPIs were in use"
must test "$spis" -ge 6
# The pair in use, and those whose late packets may still be under way.
must test "$(sad_spis gwA | wc -l)" -le 6
passed
