# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# What is measured: for each row, how the gateway is set up, where the sink sits, what is
# offered, and what must have happened. Sourced after bench_lab.sh.
#
#   row_NAME_up SIZE RATE SECONDS   make the gateway in the lab that is up; sets SINK_MODE
#                                   (pktsink's), CLASS (what every frame that arrives must be),
#                                   and perhaps GEN_OPTIONS and GEN_COUNT
#   row_NAME_offered SIZE           offered loads to choose from, frames per second; 0: no limit
#   row_NAME_check                  after the run: do the counters agree? Prints why not
#
# The sink is a tc classifier where skbs arrive (the kernel's and AF_XDP's transmission), native
# XDP where redirected frames arrive; an XDP sink would cost a sender of skbs a copy per frame.

ROWS="afxdp-forward esp-encrypt esp-decrypt xdp-forward kernel-forward"

# Test values: the key and salt of the SA, both directions of which are never up at once.
BENCH_KEY=000102030405060708090a0b0c0d0e0fa0a1a2a3
BENCH_SPI=1000
BENCH_WINDOW=1024

# ---- The gateway ---------------------------------------------------------------------------

worker_up() { # WORKER_OPTION...
	gw_instance gw >>"$LAB_DIR/instances"
	start gw worker-gw taskset -c "$CPU_GW" "$BUILD_DIR/sekisho-worker" \
		--instance "$(gw_instance gw)" "$@" || return 1
	ready worker-gw 15 ready && attach gw in out || return 1
	wait_for 5 "the worker to serve both interfaces" serves_both
}
serves_both() {
	[ "$("$BPFTOOL" -j map dump pinned "$(gw_pins gw)/ports" | grep -o '"formatted"' | wc -l)" -ge 2 ]
}

sadctl() { on gw "$BUILD_DIR/tests/tools/sadctl" --instance "$(gw_instance gw)" "$@"; }

policy() { echo "$*" | sadctl policy - bypass; }

# One outbound SA for what goes from src's side to dst's.
sealing_sa() {
	local sa
	sa=$(sadctl sa-add out src 10.82.0.1 dst 10.82.0.2 spi "$BENCH_SPI" child 1 \
		encr aes128gcm16 key "$BENCH_KEY" ts 198.18.0.0/16 198.19.0.0/16) &&
		policy protect 198.18.0.0/16 198.19.0.0/16 child 1 && sadctl switch 1 "$sa"
}

opening_sa() {
	sadctl sa-add in src 10.81.0.2 dst 10.81.0.1 spi "$BENCH_SPI" child 1 window "$BENCH_WINDOW" \
		encr aes128gcm16 key "$BENCH_KEY" ts 198.19.0.0/16 198.18.0.0/16 >/dev/null &&
		policy protect 198.19.0.0/16 198.18.0.0/16 child 1
}

# A counter by the name sadctl prints, 0 if it has not moved.
count_of() { sadctl counters | awk -v name="$1" '$1 == name { n = $2 } END { print n + 0 }'; }

# same "what" A "what" B: equal but for a thousandth (frames under way when the second was read).
same() {
	awk -v a="$2" -v b="$4" 'BEGIN { d = a - b; if (d < 0) d = -d; exit !(a > 0 && d <= a / 1000) }' ||
		{ echo "$1 ($2) and $3 ($4) disagree"; return 1; }
}

# Everything the worker did ended at dst.
check_worker() { # COUNTER
	sleep 0.1
	same "$1" "$(count_of "$1")" "frames at dst" "$(frames_at_dst)" || return 1
	same "frames sent by the worker" "$(count_of worker.TX)" "frames at dst" "$(frames_at_dst)"
}

# ---- kernel-forward: no program of ours anywhere --------------------------------------------

row_kernel_forward_up() {
	SINK_MODE=tc CLASS=udp
	takes_redirects gw in # how a veth is told to receive XDP frames: the generator's
}
row_kernel_forward_offered() { echo 0; }
row_kernel_forward_check() { :; }

# ---- xdp-forward: the gate alone, the SPD says bypass ---------------------------------------

row_xdp_forward_up() {
	SINK_MODE=xdp CLASS=udp
	worker_up && policy bypass 198.18.0.0/16 198.19.0.0/16
}
row_xdp_forward_offered() { echo 0; }
row_xdp_forward_check() {
	same "frames the gate forwarded" "$(count_of gate.FORWARD)" "frames at dst" "$(frames_at_dst)"
}

# ---- afxdp-forward: the floor, the worker without crypto ------------------------------------

row_afxdp_forward_up() {
	SINK_MODE=tc CLASS=udp
	worker_up --bench-forward && sealing_sa
}
row_afxdp_forward_offered() { echo 0 2000000; }
row_afxdp_forward_check() { check_worker worker.TX; }

# ---- esp-encrypt ----------------------------------------------------------------------------

row_esp_encrypt_up() {
	SINK_MODE=tc CLASS=esp
	worker_up && sealing_sa
}
row_esp_encrypt_offered() { echo 0 2000000; }
row_esp_encrypt_check() { check_worker worker.SEALED; }

# ---- esp-decrypt: every packet sealed apart, in rising order, replay protection on ----------

row_esp_decrypt_up() { # SIZE RATE SECONDS
	SINK_MODE=tc CLASS=udp
	sealed_packets "$@" && worker_up && opening_sa
}
row_esp_decrypt_offered() { # SIZE: never without limit, each packet takes memory
	[ "$1" -lt 500 ] && echo 2500000 2000000 || echo 1500000 1250000
}
row_esp_decrypt_check() { check_worker worker.OPENED; }

# How many sealed packets the run takes, with some to spare for the time until the generator is
# told to stop, and whether the memory for them is there: each takes a slot of whole cache lines.
sealed_packets() { # SIZE RATE SECONDS
	local slot available
	GEN_COUNT=$(awk -v r="$2" -v s="$3" -v w="$BENCH_WARM" 'BEGIN { printf "%d", r * (s + w + 0.4) }')
	slot=$((($1 + 8 + 60 + 63) / 64 * 64))
	available=$(awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo)
	if [ $((GEN_COUNT * slot / 1024)) -gt $((available / 2)) ]; then
		warn "the sealed packets of $3 s at $2 per second would take $((GEN_COUNT * slot >> 20)) MiB"
		return 1
	fi
	GEN_OPTIONS="--once --esp key=$BENCH_KEY,spi=$BENCH_SPI,count=$GEN_COUNT,osrc=10.81.0.2,odst=10.81.0.1"
}
