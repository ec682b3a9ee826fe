#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# More than 10,000 policies come and go by `sekisho reload` beside a steady ping: none is lost. That no
# packet meets a mixture of two lists: spd_flip.sh.
. "$(dirname "$0")/lib.sh"

# N policies in shunts of 4096 (64 children of 8 * 8 pairs), besides the tunnel's. The networks of
# odd sets are other ones.
many() { # SET CONNECTIONS
	python3 - "$1" "$2" <<'PY'
import sys
which, conns = int(sys.argv[1]), int(sys.argv[2])
print("connections {")
for conn in range(conns):
    print(f"many{conn} {{ children {{")
    for child in range(64):
        local = ", ".join(f"10.{100 + i}.{child}.0/24" for i in range(8))
        remote = ", ".join(f"11.{8 * conn + i}.{2 * child + which}.0/24" for i in range(8))
        print(f"c{child} {{ mode = drop\nlocal_ts = {local}\nremote_ts = {remote} }}")
    print("} }")
print("}")
PY
}

conf_with() { # SET CONNECTIONS
	(
		umask 077
		START=start tunnel_conf A >"$LAB_DIR/gwA.conf"
		many "$1" "$2" >>"$LAB_DIR/gwA.conf"
	)
}

policies_are() { [ "$(sekisho gwA policies | grep -c '^ *[0-9]')" = "$1" ]; }
reload_ms() { # how long `sekisho reload` took
	local from=${EPOCHREALTIME/./}
	must sekisho gwA reload >/dev/null
	echo "$(((${EPOCHREALTIME/./} - from) / 1000))"
}

lab_with_tunnel
title "12,288 policies come and go beside 200 packets per second"
steady_start hostA 10.2.0.2 1400
for set in 0 1 0 1; do
	conf_with $set 3
	say "  reload with 12,288: $(reload_ms) ms"
	must policies_are 12289
	conf_with 0 0
	say "  reload without: $(reload_ms) ms"
	must policies_are 1
done
must steady_end 20
passed
