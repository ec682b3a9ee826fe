#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Prints every datagram that arrives on a UDP port, one per line, until it is ended."""
import socket
import sys

sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sink.bind(("", int(sys.argv[1])))
print("ready", flush=True)
while True:
    print(sink.recv(4096).decode(errors="replace"), flush=True)
