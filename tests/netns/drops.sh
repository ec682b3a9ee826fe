#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# `sekisho drops`: what the gate, the tc program and the worker drop is told as it happens, at a limited
# rate, and only while somebody watches.
. "$(dirname "$0")/lib.sh"

export CONF_MORE_A='connections { shunts { children {
	refused { mode = drop
		remote_ts = 198.51.100.0/24 }
} } }'

DROPS=$BUILD_DIR/sekisho
watch() { # LABEL OPTION...
	local label=$1
	shift
	start gwA "$label" "$DROPS" --instance "$(gw_instance gwA)" "$@" drops
	wait_for 5 "$label to watch" is_watched
}
state() { # FIELD
	"$BPFTOOL" -j map dump pinned "$(gw_pins gwA)/sample_state" |
		python3 -c "import json, sys; print(json.load(sys.stdin)[0]['formatted']['value']['$1'])"
}
is_watched() { python3 -c 'import sys, time
sys.exit(int(sys.argv[1]) < time.clock_gettime_ns(time.CLOCK_BOOTTIME))' "$(state until_ns)"; }
is_unwatched() { ! is_watched; }

# ESP to gwA with the SPI that it knows, and nonsense in it.
forge() {
	on gwB python3 - "$spi" <<'PY'
import socket, struct, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, 50)
sock.sendto(struct.pack("!LL", int(sys.argv[1], 16), 1000) + bytes(80), ("192.0.2.1", 0))
PY
}
own_ping() { on gwA ping -n -c 1 -W 1 "198.51.100.${1:-7}" >/dev/null 2>&1; true; }
# said LABEL JQ-FILTER: a line of it for which the filter holds.
# told LABEL CONDITION: in how many of its lines d, in Python, the condition holds.
told() {
	python3 - "$LAB_DIR/$1.log" "$2" <<'PY'
import json, sys
print(sum(bool(eval(f"({sys.argv[2]})", {"d": json.loads(line)})) for line in open(sys.argv[1]) if line.endswith("\n")))
PY
}
said() { [ "$(told "$@")" -gt 0 ]; }

lab_with_tunnel
route gwA default 192.0.2.2

title "nobody watches"
must grows gwA gate/DROP_POLICY own_ping
must same "the second of the last sample" 0 "$(state second)"

title "each place, as JSON"
must watch json --json --timeout 60
spi=$(sekisho gwA --json sas | grep -oE '"spi_in": "0x[0-9a-f]{8}' | grep -oE '0x.*')
must test -n "$spi"
must grows gwA worker/DROP_ICV forge
must wait_for 3 "the worker's" said json "d['where'] == 'worker' and d['reason'] == 'DROP_ICV' and
	d['child'] == 'tunnel/net' and (d['src'], d['dst'], d['proto']) == ('192.0.2.2', '192.0.2.1', 50) and
	d['spi'] == '$spi' and d['interface'] == 'wan' and d['head'].endswith('$(printf %08x 1000)')"
must grows gwA gate/DROP_POLICY own_ping
must wait_for 3 "the tc program's" said json "d['where'] == 'egress' and d['reason'] == 'DROP_POLICY' and
	(d['src'], d['dst'], d['proto']) == ('192.0.2.1', '198.51.100.7', 1) and (d['icmp_type'], d['icmp_code']) == (8, 0)"
must on hostA bash -c 'echo x >/dev/udp/198.51.100.8/53'
must wait_for 3 "the gate's" said json "d['where'] == 'gate' and d['reason'] == 'DROP_POLICY' and d['interface'] == 'lan' and
	(d['src'], d['dst'], d['proto']) == ('10.1.0.2', '198.51.100.8', 17) and d['dst_port'] == 53 and
	d['bytes'] == 44 and d['head'].endswith('780a')"

title "two at once, as text"
must watch text --timeout 60
own_ping 10
must wait_for 3 "text" log_says text '^egress wan DROP_POLICY: 192.0.2.1 > 198.51.100.10 icmp type 8 code 0, 98 bytes \('
must wait_for 3 "the other, too" said json "d['dst'] == '198.51.100.10'"

title "more than the rate"
before=$(counter gwA gate/DROP_POLICY)
must on hostA python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(3000): s.sendto(b"x", ("198.51.100.9", 9))'
must wait_for 5 "all counted" counter_above gwA gate/DROP_POLICY $((before + 2999))
must wait_for 5 "what was missed" eval '[ "$(state missed)" -gt 1000 ]'
must wait_for 5 "the watcher to be told" eval 'own_ping; log_says text "[0-9]+ more in between"'
n=$(told json "d['dst'] == '198.51.100.9'")
say "  $n of 3000 told"
must test "$n" -ge 32 -a "$n" -le 320

title "a watcher that dies"
must kill9 json
must stop text
must wait_for 5 "nobody to watch" is_unwatched
second=$(state second)
must grows gwA gate/DROP_POLICY own_ping
must same "the second of the last sample" "$second" "$(state second)"
passed
