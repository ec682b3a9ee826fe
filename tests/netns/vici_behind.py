#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""On one connection: initiate child "net", and behind it, at once, the commands that call the
controller's core and change its configuration. Usage: vici_behind.py SOCKET"""
import socket
import struct
import sys


def command(name, **values):
    body = bytes([0, len(name)]) + name.encode()
    for key, value in values.items():
        body += bytes([3, len(key)]) + key.encode() + struct.pack(">H", len(value)) + value.encode()
    return struct.pack(">I", len(body)) + body


def receive(sock, n):
    data = b""
    while len(data) < n:
        part = sock.recv(n - len(data))
        if not part:
            sys.exit("the daemon has gone")
        data += part
    return data


sock = socket.socket(socket.AF_UNIX)
sock.settimeout(20)
sock.connect(sys.argv[1])
behind = [command("reload-settings"), command("initiate", child="net", timeout="-1"),
          command("terminate", ike="tunnel", timeout="-1")]
sock.sendall(command("initiate", child="net") + b"".join(behind))
for _ in range(1 + len(behind)):
    print(receive(sock, struct.unpack(">I", receive(sock, 4))[0])[:60], flush=True)
print("both answered", flush=True)
