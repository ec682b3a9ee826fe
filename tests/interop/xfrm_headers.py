#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""xfrm_headers.py send NODE PHASE: datagrams with all sorts of headers through the rows of
xfrm_matrix.py that are there for that. xfrm_headers.py compare DIR: for the same clear packet our gateway
and the kernel made the same outer header, and gave the same packet to the host after the road had
changed the outer one; but for what RFC 6040 wants and Linux does not do."""
import itertools
import os
import socket
import struct
import sys

from xfrm_matrix import rows

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../scripts/lib"))
from wire_check import frames

PORT, MAGIC = 7007, b"probe"
ECN, NOT_ECT, ECT1, ECT0, CE = 3, 0, 1, 2, 3
PHASES = ("as sent", "ECN 0", "ECN 1", "ECN 2", "ECN 3", "DSCP 46")  # what the road makes of ESP
# TOS or traffic class, DF or a flow label, TTL or hop limit.
COMBOS = list(itertools.product((0, 1, 2, 3, 0xB8, 0x2B), (False, True), (64, 9)))
ESP_HEADER = 8


def clear_packet(row, source, to, number):
    tos, special, ttl = COMBOS[number & 0xFF]
    data = MAGIC + struct.pack("!L", number)
    udp = struct.pack("!HHHH", PORT, PORT, 8 + len(data), 0) + data
    family = socket.AF_INET if row.inner == 4 else socket.AF_INET6
    ends = socket.inet_pton(family, source) + socket.inet_pton(family, to)
    if row.inner == 4:  # the kernel fills in length, identification and checksum; UDP needs no sum
        return struct.pack("!BBHHHBBH", 0x45, tos, 0, 0, 0x4000 * special, ttl, 17, 0) + ends + udp
    total = sum(struct.unpack(f"!{(len(ends + udp) + 1) // 2}H", ends + udp + bytes(len(udp) % 2))) + 17 + len(udp)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    udp = udp[:6] + struct.pack("!H", ~total & 0xFFFF) + udp[8:]
    return struct.pack("!LHBB", 6 << 28 | tos << 20 | 0x12345 * special, len(udp), 17, ttl) + ends + udp


def send(node, phase):
    raw = {4: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW),
           6: socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)}
    for row in rows():
        source, to = (row.near, row.far) if node == "hostA" else (row.far, row.near)
        for combo in range(len(COMBOS) if row.probed else 0):
            number = int(phase) << 24 | row.number << 8 | combo
            raw[row.inner].sendto(clear_packet(row, source, to, number), (to, 0))


def header(packet):
    """What a header says but for addresses, and where the next one begins."""
    if packet[0] >> 4 == 4:
        frag = struct.unpack_from("!H", packet, 6)[0]
        return dict(tos=packet[1], special=bool(frag & 0x4000), ttl=packet[8], len=int.from_bytes(packet[2:4], "big"),
                    next=packet[9]), 20
    word, length = struct.unpack_from("!LH", packet)
    return dict(tos=word >> 20 & 0xFF, special=word & 0xFFFFF, ttl=packet[7], len=length + 40, next=packet[6]), 40


def probes(path, behind_esp):
    """Number -> the headers in front of it, first that of the outer packet."""
    found = {}
    for frame in frames(path):
        packet = frame[14:]
        at = packet.find(MAGIC)
        if at < 0 or frame[12:14] not in (b"\x08\x00", b"\x86\xdd"):
            continue
        head, size = header(packet)
        inner = header(packet[size + ESP_HEADER :])[0] if behind_esp else head
        if inner["next"] == socket.IPPROTO_UDP:  # not what ICMP says of one
            number = struct.unpack_from("!L", packet, at + len(MAGIC))[0]
            found[number] = (head, inner)
    return found


def by_rfc6040(row, phase, tos, linux):
    """What we do where Linux, whose header is given, does otherwise; None: dropped."""
    if row.ours == "ecn-off":
        return linux
    inner = tos & ECN
    if phase == 0 and inner == CE:  # 4.1: outside, too; Linux says ECT(0) there
        return dict(linux, tos=linux["tos"] | CE) if linux["tos"] & ECN == ECT0 else "no ECT(0)"
    outer = phase - 1 if phase in range(1, 5) else None
    if (inner, outer) == (NOT_ECT, CE):  # 4.2: dropped
        return None
    if (inner, outer) == (ECT0, ECT1):
        return dict(linux, tos=linux["tos"] & ~ECN | ECT1) if linux["tos"] & ECN == ECT0 else "no ECT(0)"
    return linux


def compare(directory):
    names = ("road-A", "road-B", "arrived-hostB", "arrived-hostA")
    ours_out, theirs_out, theirs_in, ours_in = (
        probes(os.path.join(directory, name + ".pcap"), name.startswith("road")) for name in names)
    compared, faults = 0, []

    def equal(what, row, phase, combo, ours, theirs):
        nonlocal compared
        compared += 1
        if ours != theirs:
            faults.append(f"row {row}, {PHASES[phase]}, {COMBOS[combo]}: {what}: ours {ours}, wanted {theirs}")

    for row, phase, combo in itertools.product(filter(lambda row: row.probed, rows()), range(len(PHASES)), range(len(COMBOS))):
        number = phase << 24 | row.number << 8 | combo
        tos = COMBOS[combo][0]
        sent, wanted = ours_out.get(number), theirs_out.get(number)
        if not sent or not wanted or number not in theirs_in:
            faults.append(f"row {row}, {PHASES[phase]}, {COMBOS[combo]}: lost: {sent}, {wanted}, {theirs_in.get(number)}")
            continue
        equal("outer header", row, phase, combo, sent[0], by_rfc6040(row, 0, tos, wanted[0]))
        equal("inner header", row, phase, combo, sent[1], wanted[1])
        came, wanted = ours_in.get(number, [None])[0], theirs_in.get(number, [None])[0]
        equal("what arrived", row, phase, combo, came, by_rfc6040(row, phase or 9, tos, wanted))
    print("\n".join(faults[:30]))
    print(f"{compared} headers compared, {len(faults)} faults")
    return 1 if faults else 0


sys.exit({"send": send, "compare": compare}[sys.argv[1]](*sys.argv[2:]))
