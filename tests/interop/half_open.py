#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""One IKE_SA_INIT (RFC 7296 1.2) and no word more: leaves a half-open IKE SA with the peer.

Usage: half_open.py PEER. It offers aes128gcm16-prfsha256-x25519, from a port of its own."""
import os
import socket
import struct
import sys

SA, KE, NONCE = 33, 34, 40
ENCR, PRF, KEY_EXCHANGE = 1, 2, 4


def payload(following, body):
    return struct.pack(">BBH", following, 0, 4 + len(body)) + body


def transform(is_last, kind, number, attribute=b""):
    return struct.pack(">BBHBBH", 0 if is_last else 3, 0, 8 + len(attribute), kind, 0,
                       number) + attribute


def proposal():
    transforms = transform(False, ENCR, 20, struct.pack(">HH", 0x800E, 128)) + \
        transform(False, PRF, 5) + transform(True, KEY_EXCHANGE, 31)
    return struct.pack(">BBHBBBB", 0, 0, 8 + len(transforms), 1, 1, 0, 3) + transforms


body = payload(KE, proposal()) + payload(NONCE, struct.pack(">HH", 31, 0) + os.urandom(32)) + \
    payload(0, os.urandom(32))
header = os.urandom(8) + bytes(8) + struct.pack(">BBBBII", SA, 0x20, 34, 0x08, 0, 28 + len(body))
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.settimeout(5)
sock.sendto(header + body, (sys.argv[1], 500))
answer = sock.recv(4096)
sys.exit(0 if answer[:8] == header[:8] and answer[16] == SA else "no half-open IKE SA: " + answer.hex())
