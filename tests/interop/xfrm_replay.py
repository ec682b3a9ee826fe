#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""xfrm_replay.py make DIR: SAs with keys by hand, as xfrm_matrix.py has them, with windows of several sizes.
xfrm_replay.py run NAMESPACES: in each of them the same sequence numbers go to our gateway and to the kernel: in
order, doubled, late, too late, with gaps, over the wrap of the low half. Both take the same ones."""
import random
import struct
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from scapy_headers import MAGIC, Wire, finished, plain
from xfrm_matrix import Row, write_all

WINDOWS, NUMBERS, BATCH = (32, 64, 1024, 4096), 600, 20
NEAR_WRAP = 0xFFFFFFFF - 200
SEED = 4303


def rows():
    fields = [dict(window=window, esn=esn, first=NEAR_WRAP if esn else 0) for window in WINDOWS for esn in (False, True)]
    fields.append(dict(window=64))  # the one that tells when a batch is through
    return [Row(number, "aes128gcm16", **words) for number, words in enumerate(fields, 1)]


def numbers(row):
    """What is sent: near the front, around the far edge of the window, in the middle, again, or far ahead."""
    rng = random.Random(SEED + row.number)
    top = row.first
    for _ in range(NUMBERS):
        kind = rng.random()
        if kind < 0.4:
            number = top + rng.choice((1, 1, 1, 2, 3, 31, 32, 33, 63, 64, 65))
        elif kind < 0.65:
            number = top - rng.randrange(0, 6)
        elif kind < 0.8:
            number = top - row.window + rng.randrange(-3, 4)
        elif kind < 0.95:
            number = top - rng.randrange(row.window)
        else:
            number = top + row.window + rng.randrange(-2, 3)
        if number > row.first:  # what is older has another high half, for both
            top = max(top, number)
            yield number


def model(row, sent):
    """RFC 4303 3.4.3, by sets: what is taken, by its place in the sequence."""
    top, seen, taken = row.first, set(), set()
    for place, number in enumerate(sent):
        if number not in seen and number > top - row.window:
            seen.add(number)
            taken.add(place)
            top = max(top, number)
    return taken


class End:
    """An SA into one of the two gateways: frames to it on the road, and what comes out of it behind."""

    def __init__(self, wires, row, inbound):
        self.road, self.host = wires
        self.ends = (row.far, row.near) if inbound else (row.near, row.far)
        self.outer = row.outer[::-1] if inbound else row.outer
        self.spi = struct.pack("!L", row.spi_in if inbound else row.spi_out)
        key = bytes.fromhex(row.keys()[0])
        self.cipher, self.salt, self.esn = AESGCM(key[:-4]), key[-4:], row.esn
        self.clear = bytearray(plain(*self.ends, 0))
        self.clear[26:28] = bytes(2)  # no UDP checksum
        self.front = plain(*self.outer, 0)[:20]

    def send(self, number, place):
        clear = bytearray(self.clear)
        at = clear.find(MAGIC) + len(MAGIC)
        clear[at : at + 4] = struct.pack("!L", place)
        clear += bytes(-(len(clear) + 2) % 4) + bytes([-(len(clear) + 2) % 4, 4])
        if clear[-2]:
            clear[-2 - clear[-2] : -2] = bytes(range(1, clear[-2] + 1))
        low, high = struct.pack("!L", number & 0xFFFFFFFF), struct.pack("!L", number >> 32)
        iv = struct.pack("!Q", number)
        aad = self.spi + (high if self.esn else b"") + low
        packet = bytearray(self.front + self.spi + low + iv + self.cipher.encrypt(self.salt + iv, bytes(clear), aad))
        packet[9] = 50
        self.road.send(finished(packet))

    def taken_until(self, mark):
        """The places that come before the mark."""
        places = set()
        while (packet := self.host.receive(lambda packet: MAGIC in packet)) is not None:
            place = struct.unpack_from("!L", packet, packet.find(MAGIC) + len(MAGIC))[0]
            if place == mark:
                return places
            places.add(place)
        sys.exit("the mark behind a batch did not come")


def run(namespaces):
    macs = dict(line.split() for line in sys.stdin)
    *tested, marks = rows()
    wires = [(Wire(namespaces + "mid", port, macs[node]), Wire(namespaces + host, "eth0", macs[node]))
             for port, node, host in (("toA", "gwA", "hostA"), ("toB", "guest", "hostB"))]
    both = lambda row: [End(wires[0], row, True), End(wires[1], row, False)]
    markers, mark, faults = both(marks), 0, 0
    for row in tested:
        sent, taken, ends = list(numbers(row)), [set(), set()], both(row)
        for first in range(0, len(sent), BATCH):
            mark += 1
            for end, marker, places in zip(ends, markers, taken):
                for place in range(first, min(first + BATCH, len(sent))):
                    end.send(sent[place], place)
                marker.send(mark, 0x80000000 + mark)
                places |= end.taken_until(0x80000000 + mark)
        wanted = model(row, sent)
        name = f"window {row.window}{', ESN' if row.esn else ''}"
        print(f"  {name}: of {len(sent)} we took {len(taken[0])}, the kernel {len(taken[1])}")
        for who, what in (("we", taken[0]), ("the kernel", taken[1])):
            for place in sorted(what ^ wanted)[:5]:
                top = max([row.first, *(sent[at] for at in wanted if at < place)])
                print(f"{name}: {who} {'took' if place in what else 'refused'} {top - sent[place]} behind the top {top:#x}")
                faults += 1
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit({"make": lambda directory: write_all(directory, rows()), "run": run}[sys.argv[1]](sys.argv[2]))
