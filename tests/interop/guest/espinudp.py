#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The sockets of an IKE daemon, without the daemon: port 4500 takes ESP (RFC 3948) for the kernel."""
import signal
import socket

UDP_ENCAP, UDP_ENCAP_ESPINUDP = 100, 2

sockets = []
for family, any_address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
    udp = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    udp.bind((any_address, 4500))
    udp.setsockopt(socket.IPPROTO_UDP, UDP_ENCAP, UDP_ENCAP_ESPINUDP)
    sockets.append(udp)
print("port 4500 takes ESP", flush=True)
signal.pause()
