/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Every outcome that a packet can have, each with its name. The lists make the counters of
 * the programs (map `counters`, per CPU) and of the worker (map `worker_count`, one writer),
 * the names that `sekisho counters` prints, and the test matrix. Append at the end only: the
 * position is the map's key.
 */
#ifndef SEKISHO_DROP_REASON_H
#define SEKISHO_DROP_REASON_H

/* X(NAME, "text for people"). DROP_ ones drop the packet, the others say what became of it. */
#define GATE_OUTCOMES(X)                                                                  \
	X(PASS_LOCAL, "to this host's stack: addressed to it")                            \
	X(PASS_NEIGHBOUR, "to the kernel's stack: ARP or neighbour discovery, not answered here") \
	X(PASS_NOT_IP, "to the kernel's stack: neither IP nor ARP")                       \
	X(PASS_IKE, "to the kernel's stack: IKE for this host")                           \
	X(ARP_REPLY, "ARP request answered")                                              \
	X(NDP_REPLY, "neighbour solicitation answered")                                   \
	X(FORWARD, "bypassed and forwarded by the kernel's FIB")                          \
	X(TO_WORKER_OUT, "to the worker: protect")                                        \
	X(TO_WORKER_IN, "to the worker: ESP or AH for this host")                         \
	X(TO_WORKER_HOLD, "to the worker: no SA yet, held")                               \
	X(TO_WORKER_PMTU, "to the worker: ICMP says that our packet is too big for the road") \
	X(EGRESS_BYPASS, "sent by this host in clear, as the SPD says")                   \
	X(EGRESS_PROTECT, "sent by this host, redirected to be protected")                \
	X(DROP_RUNT, "frame shorter than its headers say")                                \
	X(DROP_MALFORMED, "headers that contradict each other")                           \
	X(DROP_NO_SA, "no inbound SA for this destination and SPI")                       \
	X(DROP_KEEPALIVE, "NAT keepalive, nothing to do (RFC 3948 2.3)")                  \
	X(DROP_POLICY, "the SPD says discard")                                            \
	X(DROP_CLEAR_IN, "came in clear, the SPD wants it protected (RFC 4301 5.2)")      \
	X(DROP_FRAGMENT, "later fragment: the policy needs ports, no first one told them")            \
	X(DROP_NO_WORKER, "to be protected, but no worker serves this queue")             \
	X(DROP_NO_PORT, "to be protected, but the worker does not serve this interface")  \
	X(DROP_NO_META, "driver has no room for metadata")                                \
	X(DROP_NO_ROUTE, "the FIB says blackhole")                                           \
	X(DROP_EGRESS, "sent by this host, cannot be handed to the worker")               \
	X(DROP_BUG, "impossible state")                                                   \
	X(EGRESS_PASS, "sent by this host: IKE, ESP, AH, group or link address, not IP")  \
	X(DROP_QUOTE, "ICMP error, quotes in clear what came protected (RFC 4301 6.2)") \
	X(DROP_NO_SPD, "to be forwarded, but the controller has not written an SPD yet")  \
	X(DROP_IPV6_CHAIN, "IPv6, more extension headers than are looked at")             \
	X(TO_WORKER_REJECT, "to the worker: the SPD says discard, and to answer by ICMP") \
	X(EGRESS_REJECT, "sent by this host, redirected to be answered by ICMP")          \
	X(PROXY_REPLY, "ARP or neighbour discovery for a peer's virtual address, answered") \
	X(PASS_ON_LINK, "to the kernel's stack: group, broadcast or link-local, for this link")  \
	X(PASS_STATION, "to the kernel's stack: to the MAC of another station")           \
	X(PASS_TTL, "to the kernel's stack: TTL or hop limit is used up, it answers")      \
	X(PASS_OPTIONS, "to the kernel's stack: IPv4 options, or IPv6 extension headers")  \
	X(PASS_VLAN, "to the kernel's stack: to be forwarded from a VLAN that is not here") \
	X(PASS_NO_NEIGHBOUR, "to the kernel's stack: it has to find the next hop's MAC")   \
	X(PASS_TOO_BIG, "to the kernel's stack: larger than the route's MTU, it answers or cuts") \
	X(PASS_NO_XMIT, "to the kernel's stack: XDP cannot transmit where it goes out")    \
	X(PASS_FIB, "to the kernel's stack: no route, one that refuses, or is not for the gate") \
	X(PASS_FORWARDING, "to the kernel's stack: forwarding = kernel")                  \
	X(DROP_MARTIAN, "an address that no router passes on (RFC 1812 5.3.7)")  \
	X(DROP_CHECKSUM, "checksum of the IPv4 header is wrong (RFC 1812 5.2.2)")

enum gate_outcome {
#define X(name, text) GATE_##name,
	GATE_OUTCOMES(X)
#undef X
	GATE_OUTCOME_COUNT
};

#define WORKER_OUTCOMES(X)                                                                \
	X(RX, "frames received from the gate")                                            \
	X(TX, "frames sent")                                                              \
	X(SEALED, "packets encrypted")                                                    \
	X(OPENED, "packets authenticated and decrypted")                                  \
	X(TO_HOST, "frames given to this host's stack")                                   \
	X(HELD, "packets held until their SA is up")                                      \
	X(RELEASED, "held packets sent after the SA came up")                             \
	X(TOO_BIG, "answered with ICMP: fragmentation needed")                            \
	X(DROP_META, "frame without our metadata")                                        \
	X(DROP_RUNT, "shorter than its headers say")                                      \
	X(DROP_STALE_SA, "the SA is gone since the gate saw the packet")                  \
	X(DROP_SA_EXPIRED, "hard lifetime of the SA is over")                             \
	X(DROP_SEQ_END, "sequence numbers of the SA are used up (RFC 4303 3.3.3)")        \
	X(DROP_REPLAY, "replayed, or older than the window (RFC 4303 3.4.3)")             \
	X(DROP_ICV, "integrity check failed (RFC 4303 3.4.4)")                            \
	X(DROP_PADDING, "padding or pad length wrong (RFC 4303 2.4)")                     \
	X(DROP_NEXT_HEADER, "next header does not fit the mode of the SA")                \
	X(DROP_DUMMY, "dummy packet, next header 59 (RFC 4303 2.6)")                      \
	X(DROP_INNER, "inner packet malformed")                                           \
	X(DROP_SELECTOR, "inner packet outside the SA's selectors (RFC 4301 5.2)")        \
	X(DROP_POLICY, "decrypted packet, the SPD says discard")                          \
	X(DROP_ENCAP, "UDP encapsulation differs from what the SA has")                   \
	X(DROP_TTL, "TTL expired")                                                        \
	X(DROP_TOO_BIG, "too big, do not fragment")                                       \
	X(DROP_NO_ROUTE, "no route to the next hop")                                      \
	X(DROP_NO_SA, "no outbound SA")                                                   \
	X(DROP_NO_FRAME, "no free frame in the UMEM")                                     \
	X(DROP_TX_FULL, "transmit ring full, or the device dropped it")                   \
	X(DROP_CRYPTO, "the crypto provider refused the job")                             \
	X(DROP_RX_FULL, "receive ring full: dropped by the kernel before the worker")     \
	X(DROP_FILL_EMPTY, "fill ring empty: dropped by the kernel before the worker")    \
	X(TTL_ANSWERED, "answered with ICMP time exceeded")                               \
	X(FRAGMENTED, "cut into fragments, before or after encryption")                             \
	X(DROP_ECN, "congestion mark on a packet that cannot carry it (RFC 6040 4.2)")    \
	X(DROP_TRANSPORT, "not between this host and the peer of the transport mode SA")  \
	X(PROHIBITED, "discarded and answered with ICMP: administratively prohibited")    \
	X(REASSEMBLED, "packets put together from fragments")                             \
	X(DROP_REASSEMBLY, "fragment: overlaps, is too much, or waited too long")  \
	X(PMTU, "path MTU of an SA learned from ICMP (RFC 4301 8.2)")                     \
	X(DROP_PMTU, "ICMP about an SA: no path MTU to be believed")                      \
	X(DROP_HOLD_FULL, "no outbound SA, and enough packets wait for it")               \
	X(DROP_HOLD_TIME, "held, and no outbound SA came in time")

enum worker_outcome {
#define X(name, text) WORKER_##name,
	WORKER_OUTCOMES(X)
#undef X
	WORKER_OUTCOME_COUNT
};

#endif
