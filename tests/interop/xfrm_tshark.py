#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""xfrm_tshark.py CAPTURE...: tshark has the keys of those rows of xfrm_matrix.py whose algorithms it knows
(no ESN, no AES-CCM, no AES-GMAC, no ChaCha20-Poly1305, no AES-XCBC and no AES-CMAC): it finds every
ICV right, and inside the pings of that row, with their checksums."""
import collections
import subprocess
import sys

from xfrm_matrix import rows

CIPHERS = {"": "AES-CBC [RFC3602]", "ctr": "AES-CTR [RFC3686]", "null": "NULL", "3des": "TripleDES-CBC [RFC2451]"}
CIPHERS.update({f"gcm{icv}": f"AES-GCM with {icv} octet ICV [RFC4106]" for icv in (8, 12, 16)})
INTEGRITY = {"": "NULL", "sha1": "HMAC-SHA-1-96 [RFC2404]", "sha256": "HMAC-SHA-256-128 [RFC4868]",
             "sha384": "HMAC-SHA-384-192 [RFC4868]", "sha512": "HMAC-SHA-512-256 [RFC4868]"}
FIELDS = ("esp.spi", "esp.icv_good", "ip.dst", "ipv6.dst", "icmp.checksum.status", "icmpv6.checksum.status")
PREFERENCES = ("esp.enable_encryption_decode:TRUE", "esp.enable_authentication_check:TRUE")
GOOD = "1"


def names(row):
    """tshark's of both algorithms, None: it has them not."""
    cipher, _, integ = row.proposal.partition("-")
    if cipher.startswith("aes"):
        cipher = cipher[len("aes128"):]
    if row.ah or row.esn or cipher not in CIPHERS or integ not in INTEGRITY:
        return None
    return CIPHERS[cipher], INTEGRITY[integ]


def sa(row, spi):
    (cipher, integ), (key, auth_key) = names(row), row.keys()
    version = "IPv6" if ":" in row.outer[0] else "IPv4"
    words = (version, "*", "*", f"{spi:#010x}", cipher, f"0x{key}" if key else "", integ, f"0x{auth_key}" if auth_key else "")
    return "uat:esp_sa:" + ",".join(f'"{word}"' for word in words)


def dissect(known, capture):
    """One list of fields for each packet of ESP."""
    command = ["tshark", "-r", capture, "-Y", "esp", "-T", "fields"]
    for field in FIELDS:
        command += ["-e", field]
    for preference in PREFERENCES:
        command += ["-o", preference]
    for row in known:
        for spi in (row.spi_out, row.spi_in):
            command += ["-o", sa(row, spi)]
    ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return [line.split("\t") for line in ran.stdout.splitlines()]


def main(captures):
    known = [row for row in rows() if names(row)]
    ends = {spi: to for row in known for spi, to in ((row.spi_out, row.far), (row.spi_in, row.near))}
    packets, pings, faults = collections.Counter(), collections.Counter(), []
    for capture in captures:
        for spi, icv, *inner in dissect(known, capture):
            spi, (v4, v6, *sums) = int(spi, 16), inner
            if spi not in ends:
                continue
            packets[spi] += 1
            pings[spi] += GOOD in sums
            if icv != GOOD or ends[spi] not in v4.split(",")[-1:] + v6.split(",")[-1:]:
                faults.append(f"SPI {spi:#x}: ICV {icv or 'not checked'}, to {v4} {v6}, wanted {ends[spi]}")
    for row in known:
        for spi in (row.spi_out, row.spi_in):
            if pings[spi] < len(row.sizes):
                faults.append(f"row {row}: SPI {spi:#x}: {packets[spi]} packets, {pings[spi]} pings in them")
    print("\n".join(faults[:30]))
    print(f"{len(known)} pairs of SAs, {sum(packets.values())} packets with good ICVs, {sum(pings.values())} pings in them")
    return 1 if faults else 0


sys.exit(main(sys.argv[1:]))
