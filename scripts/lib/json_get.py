#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Reads JSON on standard input; prints what is at the path given (keys joined by '/'), 0 if
there is nothing."""
import json
import sys

value = json.load(sys.stdin)
for step in sys.argv[1].split("/"):
    value = value.get(step, 0) if isinstance(value, dict) else 0
print(value)
