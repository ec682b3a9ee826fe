#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""UDP whose datagrams the sender's kernel, or its hardware, cuts (UDP_SEGMENT).

udp_gso.py send FROM TO PORT: BURSTS of SEGMENTS datagrams, each burst by one system call.
udp_gso.py receive AT PORT: says "ready", then exits with 0 when all of them have come, each once.
"""
import socket
import struct
import sys
import time

UDP_SEGMENT = 103
BURSTS, SEGMENTS, SIZE = 20, 30, 1200


def opened(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.socket(family, socket.SOCK_DGRAM)


def send(source, to, port):
    s = opened(to)
    s.bind((source, 0))
    s.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, SIZE)
    for burst in range(BURSTS):
        numbers = range(burst * SEGMENTS, (burst + 1) * SEGMENTS)
        s.sendto(b"".join(struct.pack("!I", n) * (SIZE // 4) for n in numbers), (to, port))
        time.sleep(0.002)


def receive(at, port):
    s = opened(at)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    s.bind((at, port))
    s.settimeout(3)
    print("ready", flush=True)
    seen = set()
    while len(seen) < BURSTS * SEGMENTS:
        datagram = s.recv(65536)
        number = struct.unpack("!I", datagram[:4])[0]
        if datagram != struct.pack("!I", number) * (SIZE // 4) or number in seen:
            sys.exit("wrong or twice: %d" % number)
        seen.add(number)


if sys.argv[1] == "send":
    send(sys.argv[2], sys.argv[3], int(sys.argv[4]))
else:
    receive(sys.argv[2], int(sys.argv[3]))
