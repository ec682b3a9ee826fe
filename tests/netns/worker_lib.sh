# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Scenarios of the worker alone: keys by hand (sadctl) instead of IKE. The lab is the same;
# gwB is either a second worker or a foreign ESP implementation (esp_peer.py).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
NETNS=$TOP/tests/netns
PYTHON=/usr/bin/python3 # Debian's, which has scapy
KEY128=000102030405060708090a0b0c0d0e0fa0a1a2a3
KEY256=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1fa0a1a2a3
SPI_OUT=0x1001 # gwA to gwB
SPI_IN=0x2002

for program in sekisho-worker tests/tools/sadctl; do
	[ -x "$BUILD_DIR/$program" ] || die "$BUILD_DIR/$program is not there: run make all tools first"
done

sadctl() { # NODE COMMAND...
	local node=$1
	shift
	on "$node" "$BUILD_DIR/tests/tools/sadctl" --instance "$(gw_instance "$node")" "$@"
}

# counted NODE worker.DROP_REPLAY: its value.
counted() { sadctl "$1" counters | awk -v name="$2" '$1 == name { n = $2 } END { print n + 0 }'; }
counted_above() { [ "$(counted "$1" "$2")" -gt "$3" ]; } # NODE NAME NUMBER
# The packets may still be under way (a neighbour to be resolved, a busy machine).
counted_is() { # NODE NAME NUMBER
	wait_for 3 "$1: $2 to be $3" counts "$1" "$2" "$3" && return 0
	warn "$1: $2 is $(counted "$1" "$2"), not $3"
	return 1
}
counts() { [ "$(counted "$1" "$2")" = "$3" ]; }

# Both SAs and the policy of one side: NODE KEY [SADCTL OPTION...]. ENCR: another proposal than
# AES-GCM-16 with a key of that length.
keys_a() { keys "$1" 192.0.2.1 192.0.2.2 10.1.0.0/24 10.2.0.0/24 "$SPI_OUT" "$SPI_IN" "${@:2}"; }
keys_b() { keys "$1" 192.0.2.2 192.0.2.1 10.2.0.0/24 10.1.0.0/24 "$SPI_IN" "$SPI_OUT" "${@:2}"; }
keys_transport() { # of gwA, with gwB
	keys "$1" 192.0.2.1 192.0.2.2 192.0.2.1/32 192.0.2.2/32 "$SPI_OUT" "$SPI_IN" "${@:2}" transport
}
keys() { # NODE US THEM LOCAL REMOTE SPI_OUT SPI_IN KEY [OPTION...]
	local node=$1 us=$2 them=$3 local_net=$4 remote_net=$5 spi_out=$6 spi_in=$7 key=$8 encr out
	shift 8
	encr=aes128gcm16
	[ ${#key} -gt 40 ] && encr=aes256gcm16
	encr=${ENCR:-$encr}
	out=$(sadctl "$node" sa-add out src "$us" dst "$them" spi "$spi_out" child 1 encr $encr \
		key "$key" ts "$local_net" "$remote_net" "$@") || return 1
	sadctl "$node" sa-add in src "$them" dst "$us" spi "$spi_in" child 1 encr $encr \
		key "$key" ts "$local_net" "$remote_net" "$@" >/dev/null || return 1
	echo "protect $local_net $remote_net child 1" | sadctl "$node" policy - bypass || return 1
	sadctl "$node" switch 1 "$out"
}

forget_keys() { # NODE [in|out]
	local sa
	for sa in $(sadctl "$1" sas | awk -v way="${2:-}" 'way == "" || $3 == way { print $2 }'); do
		sadctl "$1" sa-del "$sa" || return 1
	done
}

# The lab with a worker on gwA, attached; gwB is not ours.
lab_with_worker() {
	lab_new
	lab_sites
	lab_road
	must worker_start gwA
	must attach gwA lan wan
}

lab_with_two_workers() { # [SADCTL OPTION...]
	lab_with_worker
	must worker_start gwB
	must attach gwB lan wan
	must keys_a gwA "$KEY128" "$@"
	must keys_b gwB "$KEY128" "$@"
}

# hostA pings through the worker of gwA; on gwB scapy opens and answers.
# With TRANSPORT set gwA itself pings, in transport mode.
variant() { # NAME KEY FIRST "SADCTL OPTIONS" "PEER OPTIONS"
	local keys=keys_a from=hostA to=10.2.0.2
	title "$1"
	[ -z "${TRANSPORT:-}" ] || keys=keys_transport from=gwA to=192.0.2.2
	# shellcheck disable=SC2086 # lists of options
	must $keys gwA "$2" seq $(($3)) $4
	# shellcheck disable=SC2086
	start gwB peer $PYTHON "$NETNS/esp_peer.py" answer --key "$2" --spi-out $SPI_OUT \
		--spi-in $SPI_IN --first $(($3)) --count 6 $5 ${TRANSPORT:+--transport}
	must ready peer 10 ready
	must ping_all $from $to 4 -i 0.05 -s 57
	must ping_all $from $to 2 -i 0.05 -s 1300 -Q 0x28
	must wait_for 5 "the peer's end" gone peer
	must log_says peer "^answered 6, last number $(($3 + 6))"
	must forget_keys gwA
}

# Beside the logs: what each worker and its gate counted.
lab_failed() {
	local gw
	for gw in gwA gwB; do
		alive "worker-$gw" || continue
		printf -- '---- counters of %s\n' "$gw"
		sadctl "$gw" counters 2>&1 | awk '$2 > 0'
	done
}
