#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A RADIUS server that knows the secret and lets everybody in, as servers did before CVE-2024-3596:
without Message-Authenticator. radius_unsigned.py ADDRESS PORT SECRET"""
import hashlib
import socket
import sys

sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind((sys.argv[1], int(sys.argv[2])))
print("ready", flush=True)
while True:
    request, peer = sock.recvfrom(4096)
    attrs = bytes([79, 6, 3, request[1], 0, 4])  # EAP-Success
    head = bytes([2, request[1], 0, 20 + len(attrs)])
    sum = hashlib.md5(head + request[4:20] + attrs + sys.argv[3].encode()).digest()
    sock.sendto(head + sum + attrs, peer)
