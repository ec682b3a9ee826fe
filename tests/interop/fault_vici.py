# SPDX-License-Identifier: BSD-2-Clause
"""As much of VICI (strongSwan's control protocol, docs/vici.md) as the fault runs need: ours and
charon speak it. Not a program."""
import socket
import struct

CMD, RESPONSE, UNKNOWN, REGISTER, CONFIRM, _, _, EVENT = range(8)


def encode(values):
    body = b""
    for key, value in values.items():
        value = str(value).encode()
        body += bytes([3, len(key)]) + key.encode() + struct.pack(">H", len(value)) + value
    return body


def decode(data):
    """Sections become dictionaries, lists lists of text."""
    root, at = {}, 0
    path, items = [root], None

    def name():
        nonlocal at
        length = data[at]
        at += 1 + length
        return data[at - length:at].decode()

    def value():
        nonlocal at
        length = struct.unpack(">H", data[at:at + 2])[0]
        at += 2 + length
        return data[at - length:at].decode(errors="replace")

    while at < len(data):
        kind = data[at]
        at += 1
        if kind == 1:
            path.append(path[-1].setdefault(name(), {}))
        elif kind == 2:
            path.pop()
        elif kind == 3:
            key = name()
            path[-1][key] = value()
        elif kind == 4:
            items = path[-1].setdefault(name(), [])
        elif kind == 5:
            items.append(value())
    return root


class Vici:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(path)

    def send(self, kind, name, body=b""):
        packet = bytes([kind, len(name)]) + name.encode() + body
        self.sock.sendall(struct.pack(">I", len(packet)) + packet)

    def exactly(self, n):
        data = b""
        while len(data) < n:
            part = self.sock.recv(n - len(data))
            if not part:
                raise ConnectionError("the daemon closed its control socket")
            data += part
        return data

    def receive(self):
        packet = self.exactly(struct.unpack(">I", self.exactly(4))[0])
        if packet[0] == EVENT:
            return EVENT, decode(packet[2 + packet[1]:])
        return packet[0], decode(packet[1:])

    def ask(self, name, **values):
        """The answer; whether it is a success is for the caller to judge."""
        self.send(CMD, name, encode(values))
        return self.receive()[1]

    def sas(self):
        """[(name of the connection, section), ...] of all IKE SAs."""
        self.send(REGISTER, "list-sa")
        self.receive()
        self.send(CMD, "list-sas")
        out = []
        while True:
            kind, section = self.receive()
            if kind != EVENT:
                break
            out += section.items()
        self.send(4, "list-sa")  # EVENT_UNREGISTER
        self.receive()
        return out
