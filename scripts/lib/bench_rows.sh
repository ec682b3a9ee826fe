# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# What is measured: for each row, how the gateway is set up, where the sink sits, what is
# offered, and what must arrive. Sourced after bench_lab.sh.
#
#   row_NAME_up              make the gateway (the lab is up); non-zero: it cannot be measured
#   row_NAME_offered SIZE    offered loads to choose from, frames per second; 0: no limit
#   SINK_MODE CLASS          set by _up: pktsink's mode, and the class that all frames must have
#
# The sink is a tc classifier where skbs arrive (the kernel's and AF_XDP's transmission), native
# XDP where redirected frames arrive; an XDP sink would cost a sender of skbs a copy per frame.

ROWS="afxdp-forward esp-encrypt esp-decrypt xdp-forward kernel-forward"

# ---- kernel-forward: no program of ours anywhere --------------------------------------------

row_kernel_forward_up() {
	SINK_MODE=tc CLASS=udp
	takes_redirects gw in
}
row_kernel_forward_offered() { echo 0; }
row_kernel_forward_check() { :; }
