#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""exec_with_taps.py TAP:FD... -- COMMAND...: opens each TAP as that descriptor, without a
virtio header, so that frames cross it as they would a wire; then runs the command."""
import fcntl
import os
import struct
import sys

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000

end = sys.argv.index("--")
for word in sys.argv[1:end]:
    name, number = word.split(":")
    tap = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    os.dup2(tap, int(number), inheritable=True)
    os.close(tap)
os.execvp(sys.argv[end + 1], sys.argv[end + 1 :])
