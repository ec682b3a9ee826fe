#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""commands.py: serves shell commands in the guest. commands.py COMMAND: has one run there, prints
what it printed, ends as it ended."""
import os
import signal
import socket
import subprocess
import sys

GUEST = ("10.2.0.1", 4503)


def serve():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.create_server(GUEST)
    while True:
        peer, _ = listener.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            run(peer)
            os._exit(0)
        peer.close()


def run(peer):
    with peer.makefile("rb") as lines:
        command = lines.read().decode()
    ran = subprocess.run(["sh", "-c", command], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    peer.sendall(ran.stdout + b"\n%d" % ran.returncode)


def ask(command):
    with socket.create_connection(GUEST, timeout=60) as peer:
        peer.sendall(command.encode())
        peer.shutdown(socket.SHUT_WR)
        with peer.makefile("rb") as answer:
            out, _, status = answer.read().rpartition(b"\n")
    sys.stdout.buffer.write(out)
    return int(status)


if len(sys.argv) == 1:
    serve()
else:
    sys.exit(ask(sys.argv[1]))
