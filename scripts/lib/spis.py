#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Reads JSON of `sekisho --json sas` or `bpftool -j map dump` on standard input; prints every
SPI of an ESP SA in it, eight hexadecimal digits each, sorted."""
import json
import sys


def esp_spis(value):
    if isinstance(value, list):
        for item in value:
            yield from esp_spis(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in ("spi-in", "spi-out", "spi_in", "spi_out", "spi"):
                yield int(item, 16) if isinstance(item, str) else item
            elif key in ("key", "value") and "formatted" in value:
                continue  # bpftool's bytes; "formatted" has them by name
            else:
                yield from esp_spis(item)


print("\n".join(f"{spi:08x}" for spi in sorted(set(esp_spis(json.load(sys.stdin))))))
