#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""native_clients.py CLIENT SERVER: sends the IKE_SA_INIT that this client is known to send, in its
order of payloads, and prints the answer: the transforms chosen, or the notify and its data."""
import os
import socket
import struct
import sys

SA, KE, NONCE, NOTIFY, VENDOR = 33, 34, 40, 41, 43
ENCR, PRF, INTEG, DH = 1, 2, 3, 4
DES3, CBC256, CBC128, GCM256 = (3, 0), (12, 256), (12, 128), (20, 256)
SHA1, SHA256, SHA384, SHA512 = (2, 2), (5, 12), (6, 13), (7, 14)  # PRF, INTEG
SIZES = {2: 128, 5: 192, 14: 256, 16: 512, 19: 64, 31: 32}


def transform(kind, number, bits=0, last=False):
    attribute = struct.pack(">HH", 0x800E, bits) if bits else b""
    return struct.pack(">BBHBBH", 0 if last else 3, 0, 8 + len(attribute), kind, 0, number) + attribute


def proposal(number, last, ciphers, hashes, groups):
    some = [(ENCR, c[0], c[1]) for c in ciphers] + [(PRF, h[0], 0) for h in hashes]
    if ciphers[0] != GCM256:
        some += [(INTEG, h[1], 0) for h in hashes]
    some += [(DH, g, 0) for g in groups]
    body = b"".join(transform(*t, last=t == some[-1]) for t in some)
    return struct.pack(">BBHBBBB", 0 if last else 2, 0, 8 + len(body), number, 1, 0, len(some)) + body


def offer(*proposals):
    return SA, b"".join(proposal(i + 1, i + 1 == len(proposals), *p) for i, p in enumerate(proposals))


def notify(number, data=b""):
    return NOTIFY, struct.pack(">BBH", 0, 0, number) + data


def vendor(text):
    return VENDOR, bytes.fromhex(text)


def key(group):
    # A public value below any modulus and, for the curve, the base point.
    value = {19: bytes.fromhex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
                               "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")}
    return KE, struct.pack(">HH", group, 0) + value.get(group, b"\x2a" * SIZES[group])


NAT = [notify(16388, os.urandom(20)), notify(16389, os.urandom(20))]
FRAGMENTS, HASHES = notify(16430), notify(16431, b"\0\1\0\2\0\3\0\4")
NONCE_32 = (NONCE, os.urandom(32))
MICROSOFT = [vendor("1e2b516905991c7d7c96fcbfb587e46100000009"), vendor("fb1de3cdf341b7ea16b7e5be0855f120"),
             vendor("26244d38eddb61b3172a36e3d0cfb819"), vendor("01528bbbc00696121849ab9a1c5b2a5100000002")]


def windows(group):
    some = [([c], [h], [group]) for h in (SHA1, SHA256, SHA384) for c in (DES3, CBC256)]
    return [offer(*some), key(group), (NONCE, os.urandom(48)), FRAGMENTS, *NAT, *MICROSOFT]


CLIENTS = {
    "windows": windows(2),
    "windows-strong": windows(14),  # NegotiateDH2048_AES256
    "ios": [offer(([CBC256], [SHA256], [14]), ([CBC256], [SHA256], [19]), ([CBC256], [SHA256], [5]),
                  ([CBC128], [SHA1], [2]), ([DES3], [SHA1], [2])),
            key(14), (NONCE, os.urandom(16)), notify(16406), *NAT, FRAGMENTS],
    "android": [offer(([GCM256], [SHA512, SHA384, SHA256], [16, 31, 14]),
                      ([CBC256, CBC128], [SHA512, SHA384, SHA256], [16, 31, 14])),
                key(16), NONCE_32, *NAT, FRAGMENTS, HASHES],
}


def message(payloads):
    body = b""
    for i, (_, data) in enumerate(payloads):
        following = payloads[i + 1][0] if i + 1 < len(payloads) else 0
        body += struct.pack(">BBH", following, 0, 4 + len(data)) + data
    return os.urandom(8) + bytes(8) + struct.pack(">BBBBII", payloads[0][0], 0x20, 34, 8, 0, 28 + len(body)) + body


def print_chosen(data):
    at = 8 + data[6]
    while at < len(data):
        _, _, length, kind, _, number = struct.unpack_from(">BBHBBH", data, at)
        bits = struct.unpack_from(">H", data, at + 10)[0] if length > 8 else ""
        print("chosen", kind, number, bits)
        at += length


def print_answer(data):
    kind, at = data[16], 28
    while kind:
        following, _, length = struct.unpack_from(">BBH", data, at)
        body = data[at + 4:at + length]
        if kind == SA:
            print_chosen(body)
        elif kind == NOTIFY:
            print("notify", struct.unpack_from(">H", body, 2)[0], body[4:].hex()[:8])
        kind, at = following, at + length


def main():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.settimeout(5)
        peer.sendto(message(CLIENTS[sys.argv[1]]), (sys.argv[2], 500))
        print_answer(peer.recv(65535))


main()
