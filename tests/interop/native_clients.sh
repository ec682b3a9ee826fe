#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The first message of the clients that come with Windows, iOS and Android, as published: what is
# negotiated, and what is said where nothing can be.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/road_warriors.sh"

TUNNEL_IKE='aes256-sha256-modp2048, aes256gcm16-prfsha384-x25519'

asks() { # CLIENT
	on rw1 python3 "$(dirname "$0")/native_clients.py" "$1" 192.0.2.1 >"$LAB_DIR/$1.answer"
}
answered() { # CLIENT LINE...
	local line
	for line in "${@:2}"; do
		grep -qxE "$line *" "$LAB_DIR/$1.answer" && continue
		warn "$1 was answered: $(cat "$LAB_DIR/$1.answer")"
		return 1
	done
}

need_programs
lab_new
must road_wires
must road_gateway_conf_write
must worker_start gwA
must attach gwA lan wan
must controller_start gwA

title "Windows as it comes: 1024 bits, which do not exist here"
must asks windows
must answered windows 'notify 14'
must log_says sekishod-gwA 'NO_PROPOSAL_CHOSEN: ours: aes256-.*; theirs: 3des-prfsha1-sha1-modp1024, .*; first difference: key exchange, we want modp2048, they modp1024'

title "Windows with NegotiateDH2048_AES256"
must asks windows-strong
must answered windows-strong 'chosen 1 12 256' 'chosen 2 5' 'chosen 3 12' 'chosen 4 14' 'notify 16430'

title "iOS"
must asks ios
must answered ios 'chosen 1 12 256' 'chosen 2 5' 'chosen 3 12' 'chosen 4 14' 'notify 16430'

title "Android: a key of 4096 bits first, another group is asked for"
must asks android
must answered android 'notify 17 (001f|000e)'
must log_says sekishod-gwA 'rw.* (x25519|modp2048)'
passed
