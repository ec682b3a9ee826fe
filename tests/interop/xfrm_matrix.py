#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""xfrm_matrix.py make DIR: the table of pairs of SAs with keys by hand, as files for both ends:
sadctl's commands, `ip -batch` of the guest and of the hosts, the policies, the pings. Each row has
inner addresses of its own, so that all are there at once. xfrm_matrix.py check DIR: what both
ends counted (DIR/ours, DIR/theirs: `sadctl sas`, `ip -s xfrm state`) is what was sent."""
import hashlib
import os
import re
import sys

INTEG = {  # proposal's word: kernel's name, bytes of key, bits of ICV
    "sha1": ("hmac(sha1)", 20, 96), "sha256": ("hmac(sha256)", 32, 128),
    "sha384": ("hmac(sha384)", 48, 192), "sha512": ("hmac(sha512)", 64, 256),
    "aesxcbc": ("xcbc(aes)", 16, 96), "aescmac": ("cmac(aes)", 16, 96),
}
AEAD = {"gcm": ("rfc4106(gcm(aes))", 4), "ccm": ("rfc4309(ccm(aes))", 3), "gmac": ("rfc4543(gcm(aes))", 4)}
GATEWAYS = {4: ("192.0.2.1", "192.0.2.2"), 6: ("2001:db8::1", "2001:db8::2")}
WRAP = 0xFFFFFFFE  # two packets before the low half wraps


class Row:
    """One pair of SAs, and what is sent through it."""

    def __init__(self, number, proposal, mode="tunnel", outer=4, inner=4, esn=False, window=64, encap=False,
                 first=0, ah=False, ours="", theirs="", flags="", sizes=(57, 1300, 3000), probed=False):
        self.number, self.proposal, self.mode, self.inner = number, proposal, mode, inner
        self.esn, self.window, self.encap, self.first, self.ah = esn, window, encap, first, ah
        self.ours, self.theirs, self.sizes, self.probed = ours, theirs, sizes, probed
        self.flags = flags.split() + (["esn"] if esn else [])
        self.spi_out, self.spi_in = 0x1000 + number, 0x2000 + number  # as seen by our gateway
        self.near, self.far = self.ends()
        self.outer = GATEWAYS[outer] if mode == "tunnel" else (self.near, self.far)
        self.prefix = 128 if inner == 6 else 32
        if mode == "tunnel" and outer != inner:
            self.flags.append("af-unspec")

    def ends(self):
        if self.mode == "tunnel":
            site = "10.%d.0.%d" if self.inner == 4 else "fd%02d::%d"
            return site % (1, 10 + self.number), site % (2, 10 + self.number)
        host = "192.0.2.%d" if self.inner == 4 else "2001:db8::%d"
        return host % (10 + self.number), host % (130 + self.number)  # so it must be in the first 120 rows

    def __str__(self):
        words = [self.mode, f"{self.inner} in {6 if ':' in self.outer[0] else 4}", self.proposal]
        words += [word for word in ("ah", "esn", "encap") if getattr(self, word)]
        words += [self.ours] * bool(self.ours) + [self.theirs] * bool(self.theirs)
        return f"{self.number}: {', '.join(words)}"

    def keys(self):
        """Of the cipher with its salt, of the integrity algorithm; as many bytes as both want."""
        cipher, _, integ = self.proposal.partition("-")
        size = 0
        if cipher.startswith("aes"):
            bits, kind = re.match(r"aes(\d+)([a-z]*)", cipher).groups()
            size = int(bits) // 8 + {"gcm": 4, "ccm": 3, "gmac": 4, "ctr": 4, "": 0}[kind]
        size = {"chacha20poly1305": 36, "3des": 24}.get(cipher, size)
        return self.bytes("enc", size), self.bytes("auth", INTEG[integ][1] if integ else 0)

    def bytes(self, what, size):
        text = f"{what} {self.number}".encode()
        return (hashlib.sha512(text).digest() * 2)[:size].hex()

    def kernel_algorithms(self):
        cipher, _, integ = self.proposal.partition("-")
        key, auth_key = self.keys()
        if integ:
            name, _, icv = INTEG[integ]
            auth = f"auth-trunc {name} 0x{auth_key} {icv}"
            if self.ah:
                return auth
            plain = {"null": "ecb(cipher_null)", "3des": "cbc(des3_ede)"}.get(
                cipher, "rfc3686(ctr(aes))" if cipher.endswith("ctr") else "cbc(aes)")
            return f'enc {plain} {"0x" + key if key else chr(34) * 2} {auth}'
        if cipher == "chacha20poly1305":
            return f"aead rfc7539esp(chacha20,poly1305) 0x{key} 128"
        kind, icv = re.match(r"aes\d+([a-z]+)(\d*)", cipher).groups()
        return f"aead {AEAD[kind][0]} 0x{key} {int(icv or 16) * 8}"

    def sadctl(self):
        """The two SAs of our side, and the child that uses the outbound one."""
        key, auth_key = self.keys()
        us, them = self.outer
        common = (f"child {self.number} encr {self.proposal} key '{key}'"
                  f"{' auth ' + auth_key if auth_key else ''}{' ah' if self.ah else ''}"
                  f"{' esn' if self.esn else ''}{' transport' if self.mode == 'transport' else ''}"
                  f"{' encap 4500 4500' if self.encap else ''} window {self.window} seq {self.first} "
                  f"ts {self.near}/{self.prefix} {self.far}/{self.prefix} {self.ours}")
        return (f"ctl sa-add in src {them} dst {us} spi {self.spi_in} {common}\n"
                f"out=$(ctl sa-add out src {us} dst {them} spi {self.spi_out} {common}) && "
                f"ctl switch {self.number} $out\n")

    def xfrm(self):
        us, them = self.outer
        near, far = f"{self.near}/{self.prefix}", f"{self.far}/{self.prefix}"
        proto = f"proto {'ah' if self.ah else 'esp'}"
        common = (f"{proto} reqid {self.number} mode {self.mode} {self.kernel_algorithms()} "
                  f"replay-window {self.window} {'flag ' if self.flags else ''}{' flag '.join(self.flags)} {self.theirs}"
                  + (" encap espinudp 4500 4500 0.0.0.0" if self.encap else ""))
        low, high = self.first & 0xFFFFFFFF, self.first >> 32
        tmpl = f"{proto} reqid {self.number} mode {self.mode}"
        yield f"state add src {us} dst {them} spi {self.spi_out} {common} replay-seq {low} replay-seq-hi {high}"
        yield f"state add src {them} dst {us} spi {self.spi_in} {common} replay-oseq {low} replay-oseq-hi {high}"
        yield f"policy add src {far} dst {near} dir out priority 10 tmpl src {them} dst {us} {tmpl}"
        for way in ("in", "fwd")[: 2 if self.mode == "tunnel" else 1]:
            yield f"policy add src {near} dst {far} dir {way} priority 10 tmpl src {us} dst {them} {tmpl}"

    def pings(self, source, to):
        return "".join(f"{source} {to} {size}\n" for size in self.sizes)


# What must not meet the policies of transport mode: neighbours, and the sockets of ESP in UDP.
CLEAR = [f"src ::/0 dst ::/0 proto ipv6-icmp type {kind}" for kind in range(133, 138)] + [
    f"src {every} dst {every} proto udp dport 4500" for every in ("0.0.0.0/0", "::/0")]


def table():
    algorithms = [f"aes{bits}{kind}{icv}" for bits, kind, icv in (
        (128, "gcm", 16), (256, "gcm", 16), (128, "gcm", 12), (256, "gcm", 12), (128, "gcm", 8), (256, "gcm", 8),
        (192, "gcm", 16), (128, "ccm", 16), (256, "ccm", 12), (192, "ccm", 8))]
    algorithms += ["aes128-sha1", "aes128-sha256", "aes192-sha384", "aes256-sha512", "aes128-aesxcbc",
                   "aes256-aescmac", "aes128ctr-sha1", "aes128ctr-sha256", "aes192ctr-sha384", "aes256ctr-sha512",
                   "aes256ctr-aesxcbc", "aes128ctr-aescmac", "chacha20poly1305", "aes128gmac", "aes256gmac",
                   "null-sha1", "null-sha256", "null-sha512", "3des-sha1"]
    for name in algorithms:
        yield dict(proposal=name)
    for name in ("aes128gcm16", "aes256ccm16", "aes128-sha256", "aes192ctr-sha512", "aes256-aescmac", "chacha20poly1305",
                 "aes256gmac", "null-aesxcbc"):
        yield dict(proposal=name, esn=True, first=WRAP)
    for name in ("aes256gcm16", "aes256-sha384"):
        for outer, inner in ((4, 6), (6, 4), (6, 6)):
            yield dict(proposal=name, outer=outer, inner=inner)
            yield dict(proposal=name, outer=outer, inner=inner, esn=True, first=WRAP, encap=True)
        for inner in (4, 6):
            yield dict(proposal=name, mode="transport", outer=inner, inner=inner)
            yield dict(proposal=name, mode="transport", outer=inner, inner=inner, esn=True, first=WRAP, encap=True)
        yield dict(proposal=name, encap=True)
    for window in (0, 32, 1024, 4096):
        yield dict(proposal="aes128gcm16", window=window)
    yield from ah_table()
    yield from header_table()


def ah_table():
    """In IPv4 Linux pads the ICV to 64 bits unless told not to; RFC 4302 2.6 wants 32."""
    for name in INTEG:
        yield dict(proposal=f"null-{name}", ah=True, flags="align4")
        yield dict(proposal=f"null-{name}", ah=True, outer=6, inner=6)
    for outer, inner in ((4, 6), (6, 4)):
        yield dict(proposal="null-sha256", ah=True, outer=outer, inner=inner, flags="align4" if outer == 4 else "")
    for outer, flags in ((4, "align4"), (6, "")):
        yield dict(proposal="null-sha256", ah=True, mode="transport", outer=outer, inner=outer, flags=flags)
        yield dict(proposal="null-sha1", ah=True, mode="transport", outer=outer, inner=outer, flags=flags,
                   esn=True, first=WRAP)
        yield dict(proposal="null-sha512", ah=True, outer=outer, inner=outer, flags=flags, esn=True, first=WRAP)


def header_table():
    """Options of the outer header, in our words and in theirs; without encryption, so that the capture
    of the road shows the inner header, too."""
    options = (dict(), dict(ours="df-clear", flags="nopmtudisc"), dict(ours="ecn-off", flags="noecn"),
               dict(ours="dscp 0", theirs="extra-flag dont-encap-dscp"), dict(ours="dscp-in", flags="decap-dscp"),
               dict(ours="tfc 1000", theirs="tfcpad 1000"))
    for option in options:
        for outer, inner in ((4, 4), (4, 6), (6, 4), (6, 6)):
            yield dict(proposal="null-sha256", outer=outer, inner=inner, probed=True, **option)


def rows():
    return [Row(number, **fields) for number, fields in enumerate(table(), 1)]


def make(directory):
    write_all(directory, rows())


def write_all(directory, all_rows):
    def write(name, text):
        with open(os.path.join(directory, name), "w") as file:
            file.write(text)

    at = {node: "" for node in ("hostA", "gwA", "guest", "hostB")}
    pings = dict(at)
    for row in all_rows:
        near, far = ("hostA", "hostB") if row.mode == "tunnel" else ("gwA", "guest")
        for node, address in ((near, row.near), (far, row.far)):
            device = "eth0" if node.startswith("host") else "wan"
            at[node] += f"addr add {address}/{row.prefix} dev {device}\n"
        pings[near] += row.pings(row.near, row.far)
        pings[far] += row.pings(row.far, row.near)
    for node, batch in at.items():
        write(f"addresses-{node}", batch)
        write(f"pings-{node}", pings[node])
    write("sadctl", "".join(row.sadctl() for row in all_rows))
    xfrm = [f"policy add {what} dir {way} priority 1 action allow" for what in CLEAR for way in ("in", "out")]
    xfrm += [line for row in all_rows for line in row.xfrm()]
    write("xfrm", "".join(f"xfrm {line}\n" for line in xfrm))
    write("policies", "".join(
        f"protect {row.near}/{row.prefix} {row.far}/{row.prefix} child {row.number}\n" for row in all_rows))


def ours(text):
    """SPI -> packets, replayed, bad ICVs."""
    found = re.findall(r"spi (0x\w+) .* packets (\d+) .*replayed (\d+) bad_icv (\d+)", text)
    return {int(spi, 16): tuple(map(int, counts)) for spi, *counts in found}


def theirs(text):
    """The same of `ip -s xfrm state`."""
    found = re.findall(r"spi (0x\w+)\(.*?lifetime current:\s+\d+\(bytes\), (\d+)\(packets\).*?"
                       r"replay-window \d+ replay (\d+) failed (\d+)", text, re.S)
    return {int(spi, 16): tuple(map(int, counts)) for spi, *counts in found}


def check(directory):
    def read(name):
        with open(os.path.join(directory, name)) as file:
            return file.read()

    here, there, faults = ours(read("ours")), theirs(read("theirs")), 0
    for row in rows():
        for spi in (row.spi_out, row.spi_in):
            counts = here.get(spi), there.get(spi)
            if counts[0] != counts[1] or not counts[0] or counts[0][0] < len(row.sizes) or any(counts[0][1:]):
                faults += 1
                print(f"row {row}: SPI {spi:#x}: packets, replayed, failed: ours {counts[0]}, theirs {counts[1]}")
    print(f"{len(rows())} pairs of SAs, {sum(counts[0] for counts in here.values())} packets, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit({"make": make, "check": check}[sys.argv[1]](sys.argv[2]))
