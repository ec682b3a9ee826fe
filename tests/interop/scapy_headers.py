#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""scapy_headers.py make DIR: SAs with keys by hand, as xfrm_matrix.py has them, one pair for each of ESP and AH,
each mode, and each IP version inside and outside. scapy_headers.py run NAMESPACES: through each of them go packets with
options and extension headers, both ways; the other end is scapy's IPsec layer. On the road what routers may change changes,
and what they may not: that must not arrive where AH covers it."""
import ctypes
import os
import select
import socket
import struct
import sys

from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.ipsec import AH, ESP, IPSecIntegrityError, SecurityAssociation
from scapy.packet import Raw

from xfrm_matrix import Row, write_all

PORT, MAGIC, SECONDS, CLONE_NEWNET = 7009, b"headers", 10, 0x40000000
IPV4, IPV6, CE = (IP, b"\x08\x00"), (IPv6, b"\x86\xdd"), 3
HOP_BY_HOP, ROUTING, DESTINATION = 0, 43, 60
HOP = "20010db8" + "00" * 11 + "77"  # a router that a routing header names
ALL, ESP_ALONE, NONE = ("esp", "ah"), ("esp",), ()

# What is changed where: offset, the new bytes in hexadecimal; from the end if negative, and what is flipped there.
# Who lets it arrive.
ROADS = {
    4: [("as it was", {}, ALL), ("DSCP, ECN, TTL", {1: "bb", 8: "11"}, ALL), ("DF", {6: "4000"}, ALL),
        ("identification", {4: "aaaa"}, ESP_ALONE), ("the last byte", {-1: "aa"}, NONE)],
    6: [("as it was", {}, ALL), ("traffic class, flow label, hop limit", {0: "6bbabcde", 7: "11"}, ALL),
        ("the last byte", {-1: "aa"}, NONE)],
}
# Options of IPv4, or extension headers without the byte for the next one; then as above.
HEADERS = {
    4: [("record route", "070b04000000000000000001", {22: "08cb007109"}, ALL),
        ("timestamp", "440c05000000000000000000", {22: "0900", 24: "01020304"}, ALL),
        ("timestamps with addresses", "440c0501cb00710900000000", {22: "0d", 28: "01020304"}, ALL),
        ("source route, loose, used up", "830708cb00710901", {23: "cb00710a"}, ALL),
        ("source route, strict, used up", "890708cb00710900", {23: "cb00710a"}, ALL),
        ("stream identifier", "88040102", {22: "0304"}, ALL),
        ("router alert", "94040000", {22: "0001"}, ESP_ALONE),
        ("security", "820b00000000000000000001", {22: "0f"}, ESP_ALONE),
        ("end of the list, and what is behind it", "01000000", {23: "01"}, ESP_ALONE),
        # The last one: the stack answers by ICMP, in the same SA.
        ("commercial security, record route", "860a000000010104000107070400000000000000", {32: "08cb007109"}, ALL)],
    6: [("hop-by-hop, may change", [(HOP_BY_HOP, "003e0401020304")], {44: "aabbccdd"}, ALL),
        ("hop-by-hop, may not change", [(HOP_BY_HOP, "001e0401020304")], {44: "aabbccdd"}, ESP_ALONE),
        ("hop-by-hop, both", [(HOP_BY_HOP, "013e02010200001e04010203040100")], {44: "aabb"}, ALL),
        ("routing, used up", [(ROUTING, "02000000000000" + HOP)], {}, ALL),
        ("hop-by-hop, routing", [(HOP_BY_HOP, "003e0401020304"), (ROUTING, "00000000000000")], {44: "aabbccdd"}, ALL),
        ("destination", [(DESTINATION, "001e0401020304")], {}, ALL),
        ("all three, and destination again",
         [(HOP_BY_HOP, "003e0401020304"), (DESTINATION, "003e0401020304"), (ROUTING, "02000000000000" + HOP),
          (DESTINATION, "001e0401020304")], {44: "aabbccdd"}, ALL)],
}


def table():
    for ah, proposal in ((False, "aes128gcm16"), (False, "aes128-sha256"), (True, "null-sha256")):
        for outer, inner in ((4, 4), (4, 6), (6, 4), (6, 6)):
            yield dict(proposal=proposal, ah=ah, outer=outer, inner=inner)
        for version in (4, 6):
            yield dict(proposal=proposal, ah=ah, outer=version, inner=version, mode="transport")


def rows():
    return [Row(number, **fields) for number, fields in enumerate(table(), 1)]


# ---- packets


def words_sum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def finished(packet):
    """With the lengths and the sum of an IPv4 header as they have to be."""
    if packet[0] >> 4 == 6:
        packet[4:6] = struct.pack("!H", len(packet) - 40)
        return bytes(packet)
    size = (packet[0] & 15) * 4
    packet[2:4], packet[10:12] = struct.pack("!H", len(packet)), bytes(2)
    packet[10:12] = struct.pack("!H", words_sum(bytes(packet[:size])))
    return bytes(packet)


def with_headers(packet, headers):
    packet = bytearray(packet)
    if packet[0] >> 4 == 4:
        packet[20:20] = bytes.fromhex(headers)
        packet[0] += len(headers) // 8
        return finished(packet)
    named_at, at = 6, 40
    for kind, rest in headers:
        packet[at:at] = bytes([packet[named_at]]) + bytes.fromhex(rest)
        packet[named_at], named_at, at = kind, at, at + 1 + len(rest) // 2
    return finished(packet)


def travelled(packet, road):
    packet = bytearray(packet)
    for at, change in road.items():
        change = bytes.fromhex(change)
        if at < 0:  # of the ICV, which may have any value: it is to be another one
            at += len(packet)
            change = bytes(old ^ new for old, new in zip(packet[at:], change))
        packet[at : at + len(change)] = change
    return finished(packet)


def at_hop(packet, hop_at, left):
    """The destination and the address in a routing header change places: before HOP (left is 1) or behind it."""
    packet = bytearray(packet)
    packet[24:40], packet[hop_at : hop_at + 16] = packet[hop_at : hop_at + 16], packet[24:40]
    packet[hop_at - 5] = left
    return bytes(packet)


def is_icmp(packet):
    return packet[9] == socket.IPPROTO_ICMP if packet[0] >> 4 == 4 else packet[6] == socket.IPPROTO_ICMPV6


def forwarded(packet, ce):
    """By a gateway, which opened what had a congestion mark outside."""
    packet = bytearray(packet)
    if packet[0] >> 4 == 4:
        packet[8] -= 1
        packet[1] |= CE if ce else 0
    else:
        packet[7] -= 1
        packet[1] |= CE << 4 if ce else 0
    return finished(packet)


def plain(source, to, number):
    data = UDP(sport=PORT, dport=PORT) / Raw(MAGIC + struct.pack("!L", number) + b"-")
    if ":" in source:
        return bytes(IPv6(src=source, dst=to, tc=0x4A, fl=0x12345, hlim=64) / data)
    return bytes(IP(src=source, dst=to, tos=0x4A, id=0x1234 + number, ttl=64) / data)


def has_mark(packet):
    return (packet[1] & CE if packet[0] >> 4 == 4 else packet[1] >> 4 & CE) == CE


def opened_by(association, packet):
    """Its bytes, None: a wrong ICV. scapy takes for what ESP carries what the first header says."""
    cls = type(packet)
    guess, cls.guess_payload_class = cls.guess_payload_class, lambda self, data: Raw
    try:
        return bytes(association.decrypt(packet))
    except IPSecIntegrityError:
        return None
    finally:
        cls.guess_payload_class = guess


# ---- the two ends


class Wire:
    """An interface of another namespace, or the stack of one."""

    libc = ctypes.CDLL(None, use_errno=True)

    @classmethod
    def enter(cls, namespace):
        with open(namespace) as file:
            if cls.libc.setns(file.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), namespace)

    def __init__(self, namespace, interface, peer_mac):
        self.enter(namespace)
        self.raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
        if interface:
            self.raw.bind((interface, 0))
        self.front = bytes.fromhex(peer_mac.replace(":", "")) + (self.raw.getsockname()[4] if interface else b"")
        self.stack = {4: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW),
                      6: socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)}
        self.quiet = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)  # else the stack would answer
        self.quiet.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.quiet.bind(("::", PORT))

    def send(self, packet):
        self.raw.send(self.front + (IPV4 if packet[0] >> 4 == 4 else IPV6)[1] + packet)

    def send_by_stack(self, packet, to):
        self.stack[packet[0] >> 4].sendto(packet, (to, 0))

    def receive(self, is_it):
        """The first packet that is_it, without the padding of its frame."""
        while select.select([self.raw], [], [], SECONDS)[0]:
            frame, whence = self.raw.recvfrom(65536)
            if whence[2] == socket.PACKET_OUTGOING or frame[12:14] not in (IPV4[1], IPV6[1]):
                continue
            packet = frame[14:]
            size = int.from_bytes(packet[2:4], "big") if packet[0] >> 4 == 4 else int.from_bytes(packet[4:6], "big") + 40
            if is_it(packet[:size]) and not is_icmp(packet):
                return packet[:size]
        return None


class Run:
    def __init__(self, namespaces):
        macs = dict(line.split() for line in sys.stdin)
        # Both ends of hostA's wire, both ends of the road, the stack of gwA.
        self.host = Wire(namespaces + "hostA", "eth0", macs["gwA-lan"])
        self.road = Wire(namespaces + "gwB", "wan", macs["gwA-wan"])
        self.gateway = Wire(namespaces + "gwA", None, "")
        self.number, self.passed, self.refused, self.faults = 0, 0, 0, []

    def association(self, row, spi, outer):
        key, auth = (bytes.fromhex(key) for key in row.keys())
        words = dict(auth_algo="SHA2-256-128", auth_key=auth) if auth else {}
        if not row.ah:
            words.update(crypt_algo="AES-CBC" if auth else "AES-GCM", crypt_key=key)
        return SecurityAssociation(AH if row.ah else ESP, spi=spi, tunnel_header=outer, **words)

    def begin(self, row):
        self.row = row
        self.is_tunnel = row.mode == "tunnel"
        ours, theirs = row.outer
        self.outer = IPv6 if ":" in ours else IP
        header = lambda source, to: self.outer(src=source, dst=to) if self.is_tunnel else None
        self.receiving = self.association(row, row.spi_out, header(ours, theirs))
        self.sending = self.association(row, row.spi_in, header(theirs, ours))
        self.near = self.host if self.is_tunnel else self.gateway

    def fresh(self, source, to, headers):
        self.number += 1
        packet = plain(source, to, self.number)
        return with_headers(packet, headers) if headers else packet

    def note(self, what, wanted, came):
        if wanted == came:
            self.passed += 1
        else:
            text = lambda packet: packet.hex() if packet else packet
            self.faults.append(f"row {self.row}: {what}:\n  wanted {text(wanted)}\n  got    {text(came)}")

    def out(self, what, headers, road, arrives):
        """From our side."""
        clear = self.fresh(self.row.near, self.row.far, headers)
        if self.is_tunnel:
            self.near.send(clear)
        else:
            self.near.send_by_stack(clear, self.row.far)
        spi, proto = struct.pack("!L", self.row.spi_out), AH if self.row.ah else ESP
        sealed = self.road.receive(lambda packet: spi in packet[20:])
        if not sealed:
            return self.note(what, clear, None)
        wanted = forwarded(clear, False) if self.is_tunnel else travelled(clear, road)
        opened = opened_by(self.receiving, self.outer(travelled(sealed, road)))
        self.note("out: " + what, wanted if arrives else None, opened)

    def outer_header(self, headers):
        source, to = self.row.outer[::-1]
        if self.outer is IP:
            return with_headers(bytes(IP(src=source, dst=to, tos=0x4A, id=7)), headers or "")
        proto = 4 if self.row.inner == 4 else 41
        return with_headers(bytes(IPv6(src=source, dst=to, tc=0x4A, nh=proto)), headers or [])

    def seal(self, clear, outer_headers):
        """A routing header goes by its router: scapy has the ICV from what the sender made of it."""
        outer = self.outer_header(outer_headers) if self.is_tunnel else clear
        hop_at = outer.find(bytes.fromhex(HOP))
        before = outer if hop_at < 0 else at_hop(outer, hop_at, 1)
        if self.is_tunnel:
            self.sending.tunnel_header = self.outer(before)
        else:
            clear = before
        sealed = bytes(self.sending.encrypt((IP if self.row.inner == 4 else IPv6)(clear)))
        return sealed if hop_at < 0 else at_hop(sealed, hop_at, 0)

    def into(self, what, headers, road, arrives, outer_headers=None):
        """To our side. What must not arrive is followed by what must: only that came."""
        clear = self.fresh(self.row.far, self.row.near, headers)
        sealed = travelled(self.seal(clear, outer_headers), road)
        wanted = forwarded(clear, has_mark(sealed)) if self.is_tunnel else travelled(clear, road)
        self.road.send(sealed)
        if not arrives:
            self.refused += 1
            return self.into(f"after {what}", None, {}, True)
        self.note("in: " + what, wanted, self.near.receive(lambda packet: MAGIC in packet))

    def all_of(self, row):
        self.begin(row)
        proto = "ah" if row.ah else "esp"
        outer = 4 if self.outer is IP else 6
        for what, road, arrives in ROADS[outer]:
            self.out(what, None, road, proto in arrives)
            self.into(what, None, road, proto in arrives)
        for what, headers, road, arrives in with_roads(HEADERS[row.inner], self.is_tunnel):
            self.out(what, headers, road, proto in arrives)
            self.into(what, headers, road, proto in arrives)
        for what, headers, road, arrives in with_roads(HEADERS[outer], False) if self.is_tunnel else ():
            if outer == 6 and len(headers) > 3:  # scapy has what follows a routing header inside
                continue
            self.into(f"outside: {what}", None, road, proto in arrives, headers)


def with_roads(headers, untouched):
    """Each with its road; what AH covers also, and what is inside a tunnel only, as it was sent."""
    for what, header, road, arrives in headers:
        if untouched or arrives != ALL:
            yield what, header, {}, ALL
        if not untouched:
            yield what, header, road, arrives


def run(namespaces):
    it = Run(namespaces)
    for row in rows():
        it.all_of(row)
    print("\n".join(it.faults[:20]))
    print(f"{it.passed} packets as they should be, {len(it.faults)} not; refused by our ICV: {it.refused}")
    return 1 if it.faults else 0


if __name__ == "__main__":
    sys.exit({"make": lambda directory: write_all(directory, rows()), "run": run}[sys.argv[1]](sys.argv[2]))
