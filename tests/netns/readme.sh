#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The README's own configuration, taken from the README, is free of mistakes.
. "$(dirname "$0")/lib.sh"

need_programs
lab_new
conf=$LAB_DIR/readme.conf
awk '/^       connections/ { on = 1 } /^3\./ { exit } on' "$TOP/README.md" >"$conf"
chmod 600 "$conf"
must grep -q secret "$conf"
must "$BUILD_DIR/sekishod" --config "$conf" --check
passed
