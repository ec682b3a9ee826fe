# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What every scenario of tests/interop begins with.
. "$(dirname "${BASH_SOURCE[0]}")/../netns/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/strongswan.sh"
