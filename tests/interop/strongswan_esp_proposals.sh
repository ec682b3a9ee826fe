#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The algorithms of ESP, each at least once, with strongSwan as responder and as initiator: both name
# the same ones afterwards, and packets of odd lengths come through both ways. charon's own ESP has
# no AES-GMAC and no ESN; a kernel's has (xfrm_esp_proposals.sh). PROPOSALS="..." tries others.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/proposals.sh"

BASE="
aes128gcm16 aes192gcm16 aes256gcm16 aes128gcm12 aes192gcm12 aes256gcm12
aes128gcm8 aes192gcm8 aes256gcm8 aes128ccm16 aes192ccm16 aes256ccm16
aes128ccm12 aes192ccm12 aes256ccm12 aes128ccm8 aes192ccm8 aes256ccm8
chacha20poly1305 chacha20poly1305-x448 aes128-sha256 aes192-sha384
aes256-sha512-ecp256 aes128-sha1 aes192-aesxcbc aes256-aescmac
aes128ctr-sha256 aes192ctr-aesxcbc aes256ctr-aescmac null-sha256 3des-sha1"
# Only a kernel has these; ESN with each integrity algorithm, whose bytes are special then.
XFRM="aes128gmac aes192gmac aes256gmac aes128gmac-esn aes256gcm12-esn aes192ccm16-esn
chacha20poly1305-esn aes128-sha256-esn aes192ctr-sha384-esn aes128-sha512-modp2048-esn
aes128-aesxcbc-esn aes256-aescmac-esn null-sha1-esn"
case $(basename "$0") in
xfrm_*) PROPOSALS=${PROPOSALS:-$XFRM} ;;
*) PROPOSALS=${PROPOSALS:-$BASE} ;;
esac

# What both say of the Child SA's algorithms: "AES_CBC-128/HMAC_SHA2_256_128/ESN".
ours() { sekisho gwA sas | sed -nE 's|, ESN|/ESN|; s/.*ESP TUNNEL[^,]*, ([^,]*).*/\1/p'; }
theirs() { swan gwB --list-sas | sed -nE 's/.*ESP:([^ ]+).*/\1/p'; }

works() { # WHO PROPOSAL
	must wait_for 5 "$1's $2 on gwA" gw_has_child gwA
	must wait_for 5 "$1's $2 on gwB" swan_has_child gwB
	must same "algorithms of $2" "$(ours)" "$(theirs)"
	must wait_for 5 "the peer's routes" pings hostA 10.2.0.2
	must ping_all hostA 10.2.0.2 1 -s 57
	must ping_all hostB 10.1.0.2 1 -s 1204
	say "  $1: $2: $(ours)"
}

lab_with_strongswan
for TUNNEL_ESP in $PROPOSALS; do
	both_ways "$TUNNEL_ESP"
done
passed
