#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""hold_queue.py INTERFACE: an AF_XDP socket of somebody else on its first queue, until it is killed."""
import ctypes
import mmap
import os
import signal
import socket
import struct
import sys

AF_XDP, SOL_XDP, XDP_RX_RING, XDP_UMEM_REG, XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING = 44, 283, 2, 4, 5, 6
FRAME, FRAMES = 4096, 16

libc = ctypes.CDLL(None, use_errno=True)
memory = mmap.mmap(-1, FRAME * FRAMES)
held = socket.socket(AF_XDP, socket.SOCK_RAW)
place = ctypes.addressof(ctypes.c_char.from_buffer(memory))
held.setsockopt(SOL_XDP, XDP_UMEM_REG, struct.pack("QQII8x", place, FRAME * FRAMES, FRAME, 0))
for ring in (XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_RX_RING):
    held.setsockopt(SOL_XDP, ring, struct.pack("I", FRAMES))
address = struct.pack("HHIII", AF_XDP, 0, socket.if_nametoindex(sys.argv[1]), 0, 0)
if libc.bind(held.fileno(), address, len(address)):
    sys.exit(os.strerror(ctypes.get_errno()))
print("ready", flush=True)
signal.pause()
