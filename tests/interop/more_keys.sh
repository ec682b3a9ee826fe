# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034
# A tunnel whose IKE SA and Child SAs have several key exchanges, from its beginning through all
# rekeys of either side. Sourced after lib.sh.
SWAN_PLUGINS+=" ml sha3 curve25519"

# keys_are KES: words of a proposal, "x25519-ke1_mlkem768", for both sides from their next load on.
keys_are() {
	KES=$1
	TUNNEL_IKE=aes256gcm16-prfsha384-$KES
	TUNNEL_ESP=aes128gcm16-$KES
	CHILDREN_MORE_A=$(side_more A)
	CHILDREN_MORE_B=$(side_more B)
}
# Another child, with traffic of its own.
side_more() { # SIDE
	echo "tcp { local_ts = $(side_lan "$1")[tcp]
	    remote_ts = $(side_lan "$(other "$1")")[tcp]
	    esp_proposals = $TUNNEL_ESP }"
}

# The SPIs of the IKE SA as each side names it.
our_ike_spis() { sekisho gwA --json sas | grep -oE '"ike_spi_[ir]": *"[0-9a-fx]+"' | grep -oE '[0-9a-f]{16}' | sort; }
their_ike_spis() { swan gwB --list-sas --raw | grep -oE '(initiator|responder)-spi=[0-9a-f]+' | cut -d= -f2 | sort; }
has_moved() { [ "$(our_ike_spis)" != "$1" ] && [ "$(our_ike_spis | wc -l)" = 2 ] && [ "$(our_ike_spis)" = "$(their_ike_spis)" ]; }

rekey_by() { # COMMAND...
	local before
	before=$(our_ike_spis)
	must "$@"
	must wait_for 10 "another IKE SA on both sides" has_moved "$before"
	must ping_all hostA 10.2.0.2 5 -i 0.05
	say "  rekeyed: $*"
}
they_rekey() { swan gwB --rekey --ike tunnel; }
both_rekey() { # one may come while the IKE SA is changing: it is refused
	gw_ike_rekey &
	they_rekey
	wait $!
	return 0
}

# The last of KES as strongSwan writes it, or its beginning.
last_key() {
	case ${KES##*-} in
	ke[1-7]_*) echo "${KES##*-}" | sed -E 's/^ke([1-7])_.*/KE\1_/' ;;
	*) echo "${KES##*-}" | sed 's/mlkem/ML_KEM_/' ;;
	esac
}
# The SPI of `net` on gwB. After IKE_AUTH it has no key exchange of its own.
net_spi() { swan gwB --list-sas --raw --child net | grep -oE 'name=net .*spi-in=[0-9a-f]+' | grep -oE '[0-9a-f]+$' | head -1; }
net_has_all_keys() {
	[ "$(net_spi)" != "$1" ] && [ "$(sad_spis gwA)" = "$(swan_spis gwB)" ] &&
		swan gwB --list-sas | sed -n '/ net: /,/ tcp: /p' | grep -q "$(last_key)"
}
child_rekey_by() { # COMMAND...
	local before
	before=$(net_spi)
	must "$@"
	must wait_for 15 "another Child SA, with these keys" net_has_all_keys "$before"
	must ping_all hostA 10.2.0.2 20 -i 0.02
	must ping_all hostB 10.1.0.2 20 -i 0.02
	say "  rekeyed: $*"
}
another_by() { # COMMAND...
	must "$@"
	must wait_for 5 "two Child SAs" has_two
	must same "SPIs" "$(sad_spis gwA)" "$(swan_spis gwB)"
	must iperf_mbps hostA hostB 10.2.0.2 1 >/dev/null
	must log_says sekishod-gwA "CHILD_SA tcp\\{[0-9]+\\} established .*-$KES"
}
has_two() { [ "$(sad_spis gwA | wc -l)" = 4 ]; }

either_side_initiates() {
	title "$KES: we initiate"
	must sekisho gwA up net
	tunnel_is_up
	rekey_by gw_ike_rekey
	rekey_by they_rekey
	for _ in 1 2 3 4; do rekey_by both_rekey; done
	say "  $(grep -c 'both sides rekeyed the IKE_SA' "$LAB_DIR/sekishod-gwA.log") crossed until now"
	child_rekey_by gw_rekey
	child_rekey_by swan gwB --rekey --child net
	another_by sekisho gwA up tcp
	must sekisho gwA down tunnel
	tunnel_is_down

	title "$KES: they initiate"
	must swan_up gwB
	tunnel_is_up
	rekey_by they_rekey
	rekey_by gw_ike_rekey
	child_rekey_by swan gwB --rekey --child net
	child_rekey_by gw_rekey
	another_by swan gwB --initiate --child tcp --timeout 10
	must swan gwB --terminate --ike tunnel
	tunnel_is_down
}
