#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Makes ah_scapy.txt: tests/vectors/ah_scapy.py > tests/vectors/ah_scapy.txt
import scapy
from scapy.layers.inet import (IP, UDP, IPOption_EOL, IPOption_NOP, IPOption_RR,
                               IPOption_Router_Alert)
from scapy.layers.inet6 import (HBHOptUnknown, IPv6, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting,
                                RouterAlert)
from scapy.layers.ipsec import AH, SecurityAssociation

PAYLOAD = bytes(range(24))
ALGS = {"sha1": ("HMAC-SHA1-96", 20), "sha256": ("SHA2-256-128", 32),
        "sha384": ("SHA2-384-192", 48), "sha512": ("SHA2-512-256", 64),
        "aescmac": ("AES-CMAC-96", 16)}


def sa(word, outer=None):
    name, key_len = ALGS[word]
    return SecurityAssociation(AH, spi=0x01020304, seq_num=1, auth_algo=name,
                               auth_key=b"\x5b" * key_len, tunnel_header=outer)


def routed(packet):
    """What the intermediate destination makes of it (RFC 2460 4.4)."""
    there = IPv6(bytes(packet))
    routing = there[IPv6ExtHdrRouting]
    there.dst, routing.addresses, routing.segleft = routing.addresses[0], [there.dst], 0
    return there


def emit(name, packet):
    print(f"{name} = {bytes(packet).hex()}")


udp = UDP(sport=1000, dport=2000) / PAYLOAD
clear = IP(src="10.1.1.2", dst="10.2.2.3", ttl=9, tos=0xb8, id=7) / udp
options = IP(src="10.1.1.2", dst="10.2.2.3", ttl=9, tos=0xb8, id=7, options=[
    IPOption_Router_Alert(), IPOption_NOP(), IPOption_RR(routers=["1.2.3.4"]),
    IPOption_EOL()]) / udp
ipv6 = IPv6(src="2001:db8::2", dst="2001:db8::9", hlim=9, tc=0xb8, fl=0x12345)
chain = (ipv6 / IPv6ExtHdrHopByHop(options=[
    RouterAlert(), HBHOptUnknown(otype=0x3e, optdata=b"abcd")]) /
    IPv6ExtHdrRouting(type=0, segleft=1, addresses=["2001:db8::3"]) / udp)
outer4 = IP(src="192.0.2.1", dst="192.0.2.2", ttl=64, tos=0xb8, id=1)
outer6 = IPv6(src="2001:db8::1", dst="2001:db8::5", hlim=64, tc=0xb8)

print(f"# AH (RFC 4302) by scapy {scapy.VERSION}, made by ah_scapy.py. Keys: bytes 0x5b.")
emit("clear", clear)
emit("options", options)
emit("chain", routed(chain))
for alg in ALGS:
    emit("tunnel_" + alg, sa(alg, outer4).encrypt(clear, seq_num=1))
    emit("tunnel6_" + alg, sa(alg, outer6).encrypt(clear, seq_num=1))
    emit("options_" + alg, sa(alg).encrypt(options, seq_num=1))
    emit("chain_" + alg, routed(sa(alg).encrypt(chain, seq_num=1)))
