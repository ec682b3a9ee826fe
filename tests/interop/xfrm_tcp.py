#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""xfrm_tcp.py serve: returns what is sent to it. xfrm_tcp.py ask NODE: sends some through each row of
xfrm_matrix.py that begins at this node, and fails unless all of it comes back."""
import os
import socket
import socketserver
import sys

from xfrm_matrix import rows

PORT, BYTES, SECONDS = 7008, 100_000, 10


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(65536):
            self.request.sendall(data)


class Server(socketserver.ThreadingTCPServer):
    address_family, allow_reuse_address, daemon_threads = socket.AF_INET6, True, True


def serve():
    with Server(("::", PORT), Echo) as server:
        print("echo is up", flush=True)
        server.serve_forever()


def returns(row):
    data = os.urandom(BYTES)
    with socket.create_connection((row.far, PORT), SECONDS, (row.near, 0)) as peer, peer.makefile("rb") as back:
        for at in range(0, BYTES, 20_000):  # no more than the buffers hold
            peer.sendall(data[at : at + 20_000])
            if back.read(20_000) != data[at : at + 20_000]:
                return False
    return True


def ask(node):
    faults = 0
    for row in rows():
        if (row.mode == "tunnel") == (node == "hostA"):
            try:
                why = None if returns(row) else "other bytes"
            except OSError as error:
                why = error
            if why:
                faults += 1
                print(f"row {row}: TCP: {why}")
    return 1 if faults else 0


sys.exit({"serve": serve, "ask": ask}[sys.argv[1]](*sys.argv[2:]))
