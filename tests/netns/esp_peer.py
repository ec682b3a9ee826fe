#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A foreign ESP peer for the worker's scenarios: scapy's IPsec layer on a raw socket.

answer: opens what the gateway sends, checks every byte that a receiver can check, and answers
        echo requests through its own SA, so that a ping through the gateway proves both ways.
attack: sends good and bad ESP; what becomes of it the scenario reads from the counters.
relay:  the gateway is a hub: what it opens goes out again in another SA."""
import argparse
import socket
import struct
import sys
import time

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.ipsec import AH, ESP, SecurityAssociation
from scapy.layers.l2 import Ether
from scapy.packet import Raw

US, THEM = "192.0.2.2", "192.0.2.1"  # the peer, the gateway under test
HOST, FAR = "10.1.0.2", "10.2.0.2"  # behind the gateway, behind the peer


def must(claim, text):
    if not claim:
        sys.exit(f"esp_peer: {text}")


class Peer:
    def __init__(self, options):
        self.options = options
        self.key = bytes.fromhex(options.key)
        self.wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
        self.wire.bind((options.iface, 0))
        self.mac = self.wire.getsockname()[4]
        self.their_mac = options.mac
        self.sent = options.first  # the last number used
        nat = UDP(sport=4500, dport=4500) if options.encap else None
        algorithms = dict(
            auth_algo=options.auth, auth_key=bytes.fromhex(options.auth_key), esn_en=options.esn)
        if not options.ah:
            algorithms.update(
                crypt_algo=options.crypt, crypt_key=self.key or None, crypt_icv_size=options.icv,
                nat_t_header=nat)
        proto = AH if options.ah else ESP
        tunnel = lambda src, dst: None if options.transport else IP(src=src, dst=dst)
        self.sa = SecurityAssociation(
            proto, spi=options.spi_in, tunnel_header=tunnel(US, THEM), **algorithms)
        self.their_sa = SecurityAssociation(
            proto, spi=options.spi_out, tunnel_header=tunnel(THEM, US), **algorithms)
        self.ivs = set()  # that CBC has used

    # ---- out

    def seal(self, inner, seq=None):
        """The outer packet; seq: 64 bits, default the next one."""
        if seq is None:
            self.sent += 1
            seq = self.sent
        self.sa.seq_num = seq & 0xFFFFFFFF  # scapy takes 0 only from here
        packet = self.sa.encrypt(inner, seq_num=seq & 0xFFFFFFFF, esn=seq >> 32)
        if self.options.encap:
            del packet[UDP].len  # scapy counted the header alone
        return packet

    def send(self, packet):
        frame = bytes.fromhex(self.their_mac.replace(":", "")) + self.mac + b"\x08\x00"
        self.wire.send(frame + bytes(packet))

    # ---- in

    def outer(self, frame):
        """The ESP bytes and the outer header if the frame is the gateway's ESP, else None."""
        ip = Ether(frame)
        if not ip.haslayer(IP) or ip[IP].src != THEM:
            return None
        self.their_mac = ip.src
        ip = ip[IP]
        if self.options.encap:
            if ip.proto != 17 or ip[UDP].dport != 4500:
                return None
            must(ip[UDP].chksum == 0, "UDP checksum is not zero (RFC 3948 2.1)")
            must(ip[UDP].len == ip.len - 20, "UDP length")
            return ip, bytes(ip)[28 : ip.len]
        return (ip, bytes(ip)[20 : ip.len]) if ip.proto == (51 if self.options.ah else 50) else None

    def open(self, ip, esp, expected):
        """The inner packet's bytes."""
        at = 4 if self.options.ah else 0  # behind next header and length
        spi, low = struct.unpack("!LL", esp[at : at + 8])
        must(spi == self.options.spi_out, f"SPI {spi:#x}")
        must(low == expected & 0xFFFFFFFF, f"sequence number {low}, expected {expected}")
        if not self.options.ah:
            self.check_iv(esp, expected)
        must(self.options.ah or len(esp) % 4 == 0, "alignment")
        inner = bytes(self.their_sa.decrypt(IP(bytes(ip)), esn=expected >> 32))
        if not self.options.ah and self.options.crypt == "AES-GCM" and not self.options.icv:
            kept = 20 if self.options.transport else 0
            must(self.open_gcm(esp, expected) == inner[kept:], "scapy opens it differently")
        must(ip.tos == IP(inner).tos, "outer TOS")
        must(ip.ttl in (63, 64), "outer TTL")  # 63: the stack sent it, no neighbour was known
        must((ip.flags.DF, ip.frag) == (IP(inner).flags.DF, 0), "outer DF")
        must(checksum(bytes(ip)[:20]) == 0, "outer checksum")
        must(checksum(inner[:20]) == 0, "inner checksum")
        return inner

    def check_iv(self, esp, expected):
        """Counter modes count, CBC does not repeat itself."""
        size = self.sa.crypt_algo.iv_size
        iv = esp[8 : 8 + size]
        if self.options.crypt in ("AES-CBC", "3DES"):
            must(iv not in self.ivs and expected.to_bytes(8, "big") not in iv, "IV")
            self.ivs.add(iv)
        elif size:
            must(struct.unpack("!Q", iv)[0] == expected, "IV is not the 64-bit sequence number")

    def open_gcm(self, esp, expected):
        """The inner packet's bytes without scapy, trailer and padding checked."""
        high = struct.pack("!L", expected >> 32) if self.options.esn else b""
        plain = AESGCM(self.key[:-4]).decrypt(
            self.key[-4:] + esp[8:16], esp[16:], esp[:4] + high + esp[4:8])
        pad = plain[-2]
        must(plain[-1] == (1 if self.options.transport else 4), f"next header {plain[-1]}")
        must(plain[-2 - pad : -2] == bytes(range(1, pad + 1)), "padding is not 1, 2, 3, ...")
        return plain[: len(plain) - 2 - pad]

    def answer(self):
        expected, answered = self.options.first + 1, 0
        until = time.monotonic() + self.options.seconds
        while answered < self.options.count:
            self.wire.settimeout(max(0.01, until - time.monotonic()))
            try:
                found = self.outer(self.wire.recv(4096))
            except socket.timeout:
                sys.exit(f"esp_peer: only {answered} of {self.options.count} packets came")
            if not found:
                continue
            inner = IP(self.open(*found, expected))
            ttl = 64 if self.options.transport else 63  # decremented once by a gateway
            must(inner.ttl == ttl, f"inner TTL {inner.ttl}")
            expected += 1
            self.send(self.seal(echo_reply(inner)))
            answered += 1
        print(f"answered {answered}, last number {expected - 1}")

    # ---- hub

    def relay(self):
        """Sends into one SA what must come back in the other, one hop older."""
        for n in range(1, self.options.count + 1):
            there = datagram(b"relayed", dst="10.9.0.5", ttl=10)
            self.send(self.seal(there))
            self.wire.settimeout(5)
            found = None
            while not found:
                found = self.outer(self.wire.recv(4096))
            back = IP(self.open(*found, n))
            must(back.ttl == 9, f"TTL {back.ttl}")
            must((back.dst, bytes(back[UDP])) == (there.dst, bytes(there[UDP])), "another packet")
        self.send(self.seal(datagram(b"old", dst="10.9.0.5", ttl=1)))
        print(f"relayed {self.options.count}")

    # ---- bad ones

    def attack(self):
        good = self.seal(datagram(b"good 1"))
        self.send(good)
        self.send(good)  # DROP_REPLAY
        self.send(self.seal(datagram(b"jump"), 5000))
        self.send(self.seal(datagram(b"too old"), 4000))  # DROP_REPLAY
        self.sent = 5000
        broken = bytearray(bytes(self.seal(datagram(b"forged"))))
        broken[-1] ^= 1
        self.send(broken)  # DROP_ICV
        self.send(self.seal(datagram(b"foreign", dst="10.9.9.9")))  # DROP_SELECTOR
        self.send(self.seal(datagram(b"sum", chksum=1)))  # DROP_INNER
        bytes_sent = self.truncations()
        self.send(self.seal(datagram(b"good 2")))
        print(f"attacked, {bytes_sent} truncations")

    def truncations(self):
        """A good packet cut at every length, once with the old IP length, once with the new."""
        whole = bytes(self.seal(datagram(b"cut")))
        for cut in range(20, len(whole)):
            self.send(whole[:cut])
            told = IP(whole[:cut])
            told.len = cut
            del told.chksum
            self.send(told)
        return 2 * (len(whole) - 20)


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def echo_reply(inner):
    must(inner.haslayer(ICMP) and inner[ICMP].type == 8, f"no echo request: {inner.summary()}")
    icmp = ICMP(type=0, id=inner[ICMP].id, seq=inner[ICMP].seq)
    reply = IP(src=inner.dst, dst=inner.src) / icmp / bytes(inner[ICMP].payload)
    return IP(bytes(reply))


def datagram(text, dst=HOST, **fields):
    return IP(bytes(IP(src=FAR, dst=dst, **fields) / UDP(sport=7, dport=7777) / Raw(text)))


def main():
    number = lambda text: int(text, 0)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["answer", "attack", "relay"])
    parser.add_argument("--iface", default="wan")
    parser.add_argument("--mac", default="ff:ff:ff:ff:ff:ff")
    parser.add_argument("--key", required=True, help="cipher key and salt")
    parser.add_argument("--crypt", default="AES-GCM", help="scapy's name of the encryption")
    parser.add_argument("--icv", type=int, help="bytes of an AEAD's ICV")
    parser.add_argument("--auth", default="NULL", help="scapy's name of the integrity algorithm")
    parser.add_argument("--auth-key", default="")
    parser.add_argument("--spi-out", type=number, required=True, help="of what the gateway sends")
    parser.add_argument("--spi-in", type=number, required=True, help="of what we send")
    parser.add_argument("--first", type=number, default=0, help="sequence number before the first")
    parser.add_argument("--count", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--esn", action="store_true")
    parser.add_argument("--ah", action="store_true")
    parser.add_argument("--encap", action="store_true")
    parser.add_argument("--transport", action="store_true")
    options = parser.parse_args()
    peer = Peer(options)
    print("ready", flush=True)
    getattr(peer, options.what)()


main()
