#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A bad road: forwards Ethernet frames between two interfaces, as a bridge would, but loses,
doubles, delays and so reorders IKE messages. ESP (also in UDP), ARP and all else pass untouched.

Usage: fault_proxy.py IF_A IF_B CONTROL_FILE

CONTROL_FILE holds "SEED LOSS TWICE DELAY_MS" (per cent, per cent, at most), is read again when it
changes, and is to be replaced by rename. Each pair of addresses and direction has a generator of
its own, seeded by SEED and the addresses: what happens to the n-th message of a flow does not
depend on other flows. One in ten is held up to four times DELAY_MS, past retransmissions."""
import heapq
import os
import random
import select
import signal
import socket
import sys
import time

IKE_PORTS = (500, 4500)
ETH_P_ALL = 3


def ike_flow(frame):
    """Source and destination address of an IKE message; None: it is something else."""
    if len(frame) < 42 or frame[12:14] != b"\x08\x00" or frame[23] != 17:
        return None
    at = 14 + (frame[14] & 15) * 4
    ports = int.from_bytes(frame[at:at + 2], "big"), int.from_bytes(frame[at + 2:at + 4], "big")
    if ports[0] not in IKE_PORTS and ports[1] not in IKE_PORTS:
        return None
    if 4500 in ports and frame[at + 8:at + 12] != b"\0\0\0\0":  # ESP in UDP, or a keepalive
        return None
    return frame[26:30], frame[30:34]


class Road:
    def __init__(self, names, control):
        self.control, self.stamp = control, None
        self.seed = self.loss = self.twice = self.delay_ms = 0
        self.generators, self.held, self.order = {}, [], 0
        self.counts = dict.fromkeys(("ike", "lost", "doubled", "late", "other"), 0)
        self.ends = []
        for name in names:
            end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            end.bind((name, ETH_P_ALL))
            end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            self.ends.append(end)

    def look(self):
        stat = os.stat(self.control)
        if (stat.st_mtime_ns, stat.st_ino) == self.stamp:
            return
        self.stamp = stat.st_mtime_ns, stat.st_ino
        with open(self.control, encoding="ascii") as file:
            seed, self.loss, self.twice, self.delay_ms = map(int, file.read().split())
        if seed != self.seed:
            self.generators.clear()
        self.seed = seed
        print(f"seed {seed}, {self.loss} % lost, {self.twice} % doubled, {self.delay_ms} ms", flush=True)

    def send(self, end, frame):
        try:
            end.send(frame)
        except OSError as error:  # the interface is busy or going: as lost as on a road
            print(error, flush=True)

    def hold(self, end, frame, dice):
        delay_ms = dice.uniform(0, self.delay_ms * (4 if dice.random() < 0.1 else 1))
        self.counts["late"] += delay_ms > self.delay_ms
        self.order += 1
        heapq.heappush(self.held, (time.monotonic() + delay_ms / 1000, self.order, end, frame))

    def take(self, end, out):
        frame, (_, _, kind, *_) = end.recvfrom(65536)
        if kind == socket.PACKET_OUTGOING:
            return
        flow = ike_flow(frame)
        if not flow:
            self.counts["other"] += 1
            self.send(out, frame)
            return
        dice = self.generators.setdefault(flow, random.Random(b"%d/" % self.seed + b"".join(flow)))
        self.counts["ike"] += 1
        if dice.random() * 100 < self.loss:
            self.counts["lost"] += 1
            return
        self.hold(out, frame, dice)
        if dice.random() * 100 < self.twice:
            self.counts["doubled"] += 1
            self.hold(out, frame, dice)

    def turn(self):
        wait = max(0, self.held[0][0] - time.monotonic()) if self.held else 0.1
        for end in select.select(self.ends, [], [], min(wait, 0.1))[0]:
            self.take(end, self.ends[1 - self.ends.index(end)])
        while self.held and self.held[0][0] <= time.monotonic():
            _, _, end, frame = heapq.heappop(self.held)
            self.send(end, frame)

    def run(self):
        print("listening", flush=True)
        next_look = 0
        while True:
            if time.monotonic() >= next_look:
                self.look()
                next_look = time.monotonic() + 0.1
            self.turn()


def stop(*_):
    sys.exit(0)


signal.signal(signal.SIGTERM, stop)
road = Road(sys.argv[1:3], sys.argv[3])
try:
    road.run()
finally:
    print(road.counts, flush=True)
