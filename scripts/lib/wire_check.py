#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What is on the wire: reads pcap files and fails unless they hold ESP, IKE and ARP only (of
IPv6 also what finds neighbours and routers, and listener reports; AH where it is wanted).

Each file is what one side sent, in order. Per SPI the sequence numbers must rise strictly,
so no (SPI, sequence number) pair appears twice. Needs nothing but Python's own library."""
import argparse
import collections
import ipaddress
import struct
import sys

ESP, AH, UDP, ICMP, ICMP6, FRAGMENT = 50, 51, 17, 1, 58, 44


def frames(path):
    """The Ethernet frames of a pcap file, oldest first."""
    with open(path, "rb") as file:
        data = file.read()
    if len(data) < 24:
        sys.exit(f"{path}: no pcap file")
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    at = 24
    while at + 16 <= len(data):
        length = struct.unpack_from(order + "I", data, at + 8)[0]
        if at + 16 + length > len(data):
            break  # the last one, cut off by a killed tcpdump
        yield data[at + 16 : at + 16 + length]
        at += 16 + length


class Wire:
    def __init__(self, icmp_errors=False, esn=False, unordered=False):
        self.icmp_errors, self.esn, self.unordered = icmp_errors, esn, unordered
        self.seen = set()  # of an unordered capture: each SPI with each number
        self.kinds = collections.Counter()
        self.spis = collections.OrderedDict()  # (src, dst, spi) -> [packets, first, last]
        self.faults = []
        self.fragments = set()  # whose first fragment was ESP or IKE

    def kind(self, name, text=""):
        self.kinds[name] += 1
        if name == "clear" and len(self.faults) < 20:
            self.faults.append("in clear: " + text)

    def frame(self, frame):
        ethertype, at = struct.unpack_from("!H", frame, 12)[0], 14
        while ethertype in (0x8100, 0x88A8):
            ethertype, at = struct.unpack_from("!H", frame, at + 2)[0], at + 4
        if ethertype == 0x0806:
            self.kind("arp")
        elif ethertype == 0x0800:
            self.ipv4(frame[at:])
        elif ethertype == 0x86DD:
            self.ipv6(frame[at:])
        else:
            self.kind("clear", f"ethertype {ethertype:#06x}")

    def ipv4(self, ip):
        protocol, source, to = ip[9], dotted(ip[12:16]), dotted(ip[16:20])
        text = f"{source} > {to} protocol {protocol}"
        fragment = (source, to, protocol, ip[4:6])
        offset = struct.unpack_from("!H", ip, 6)[0]
        if offset & 0x1FFF:
            self.kind("fragment" if fragment in self.fragments else "clear", text)
            return
        payload = ip[(ip[0] & 15) * 4 :]
        if protocol == ICMP and len(payload) > 1:
            text += f" type {payload[0]} code {payload[1]}" + subject(payload)
        name = self.payload(protocol, source, to, payload)
        if name != "clear" and offset & 0x2000:
            self.fragments.add(fragment)
        self.kind(name, text)

    def ipv6(self, ip):
        protocol, source, to = ip[6], colons(ip[8:24]), colons(ip[24:40])
        payload = ip[40:]
        if protocol == 0 and len(payload) > 8:  # hop-by-hop options: listener reports
            protocol, payload = payload[0], payload[(payload[1] + 1) * 8 :]
        if protocol == ICMP6 and len(payload) > 4:
            if payload[0] in range(133, 138) and ip[7] == 255:
                return self.kind("ndp")
            if payload[0] in (130, 131, 132, 143) and ip[24] == 0xFF:
                return self.kind("mld")
        text = f"{source} > {to} protocol {protocol}"
        if protocol == FRAGMENT and len(payload) > 8:
            return self.ipv6_fragment(source, to, payload, text)
        self.kind(self.payload(protocol, source, to, payload), text)

    def ipv6_fragment(self, source, to, payload, text):
        fragment = (source, to, payload[0], payload[4:8])
        if struct.unpack_from("!H", payload, 2)[0] & 0xFFF8:
            return self.kind("fragment" if fragment in self.fragments else "clear", text)
        name = self.payload(payload[0], source, to, payload[8:])
        if name != "clear":
            self.fragments.add(fragment)
        self.kind(name, text)

    def payload(self, protocol, source, to, payload):
        if protocol == ESP:
            return self.esp("esp", source, to, payload)
        if protocol == AH:  # next header, length, reserved come first
            return self.esp("ah", source, to, payload[4:])
        if protocol in (ICMP, ICMP6) and self.icmp_errors and about_tunnel(payload):
            return "icmp-about-tunnel"
        if protocol != UDP:
            return "clear"
        ports = struct.unpack_from("!HH", payload)
        if 500 in ports:
            return "ike"
        if 4500 not in ports:
            return "clear"
        if payload[8:9] == b"\xff" and struct.unpack_from("!H", payload, 4)[0] == 9:
            return "keepalive"
        if payload[8:12] == bytes(4):
            return "ike"
        return self.esp("esp-in-udp", source, to, payload[8:])

    def esp(self, name, source, to, esp):
        spi, sequence = struct.unpack_from("!II", esp)
        seen = self.spis.setdefault((source, to, spi), [0, sequence, 0])
        if self.esn:  # the high half follows from the one before
            sequence += seen[2] >> 32 << 32
            sequence += (seen[2] - sequence > 1 << 31) << 32
        number = (source, to, spi, sequence)
        if number in self.seen or (seen[0] and sequence <= seen[2] and not self.unordered):
            self.faults.append(
                f"{source} > {to} SPI {spi:#010x}: sequence {sequence} after {seen[2]}"
            )
        if self.unordered:
            self.seen.add(number)
        seen[0] += 1
        seen[2] = sequence
        return name


def subject(icmp):
    """For people: the packet that an ICMP error is about."""
    if len(icmp) < 32 or icmp[8] >> 4 != 4 or icmp[0] not in (3, 5, 11):
        return ""
    ports = struct.unpack_from("!HH", icmp, 8 + (icmp[8] & 15) * 4)
    return f", about {dotted(icmp[20:24])} > {dotted(icmp[24:28])} protocol {icmp[17]} {ports}"


def about_tunnel(icmp):
    """An ICMP error or redirect whose subject is an ESP, AH or IKE packet: it tells nothing new of what is inside."""
    if len(icmp) < 36 or icmp[0] not in (3, 5, 11) or icmp[8] >> 4 != 4:
        return False
    ports = struct.unpack_from("!HH", icmp, 8 + (icmp[8] & 15) * 4)
    return icmp[8 + 9] in (ESP, AH) or icmp[8 + 9] == UDP and (500 in ports or 4500 in ports)


def colons(address):
    return str(ipaddress.IPv6Address(bytes(address)))


def dotted(address):
    return ".".join(str(byte) for byte in address)


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--min-esp", type=int, default=0, help="at least so many ESP packets")
    args.add_argument("--max-esp", type=int, help="at most so many")
    args.add_argument("--min-ah", type=int, help="at least so many AH packets; without it, none")
    args.add_argument("--min-clear", type=int, help="clear packets wanted (the check's own test)")
    args.add_argument("--esn", action="store_true", help="the low half of numbers may wrap")
    args.add_argument("--unordered", action="store_true", help="several queues: each number once, in any order")
    args.add_argument("--icmp-errors", action="store_true", help="about ESP and IKE: allowed")
    args.add_argument("--spis", action="store_true", help="print the SPIs, one per line, only")
    args.add_argument("files", nargs="+")
    args = args.parse_args()
    wire = Wire(args.icmp_errors, args.esn, args.unordered)
    for path in args.files:
        for frame in frames(path):
            wire.frame(frame)
    if args.spis:
        print("\n".join(f"{spi:#010x}" for _, _, spi in wire.spis))
        return 0
    return verdict(wire, args)


def verdict(wire, args):
    esp = wire.kinds["esp"] + wire.kinds["esp-in-udp"]
    print("  on the wire:", ", ".join(f"{n} {k}" for k, n in sorted(wire.kinds.items())) or "nothing")
    for (source, to, spi), (count, first, last) in wire.spis.items():
        print(f"  {source} > {to} SPI {spi:#010x}: {count} packets, sequence {first}..{last}")
    if args.min_clear is not None:
        return 0 if wire.kinds["clear"] >= args.min_clear else 1
    if esp < args.min_esp:
        wire.faults.append(f"{esp} ESP packets, {args.min_esp} wanted")
    if args.max_esp is not None and esp > args.max_esp:
        wire.faults.append(f"{esp} ESP packets, at most {args.max_esp} wanted")
    if wire.kinds["ah"] < (args.min_ah or 0):
        wire.faults.append(f"{wire.kinds['ah']} AH packets, {args.min_ah} wanted")
    if args.min_ah is None and wire.kinds["ah"]:
        wire.faults.append(f"{wire.kinds['ah']} AH packets: what is in them is in clear")
    for fault in wire.faults[:20]:
        print("  FAULT", fault)
    return 1 if wire.faults else 0


if __name__ == "__main__":
    sys.exit(main())
