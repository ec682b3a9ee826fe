/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The UDP sockets of IKE (RFC 7296 2, RFC 3948): ports 500 and 4500 of every local address, IPv4 and
 * IPv6. On 4500 the non-ESP marker is added and stripped here, so that the core never
 * sees it; keepalives and ESP that reached the socket are dropped here.
 */
#ifndef SEKISHOD_UDP_H
#define SEKISHOD_UDP_H

#include <uv.h>
#include "ike/ike.h"

#define UDP_SOCKETS 4 /* 500 and 4500 of IPv4, the same of IPv6 */
#define UDP_BURST 64 /* datagrams read per wakeup, so that timers and control get their turn */

struct udp_socket {
	uv_poll_t poll;
	struct udp *owner;
	int fd; /* -1: a kernel without IPv6 */
	uint16_t port;
};

struct udp {
	struct udp_socket sockets[UDP_SOCKETS];
	void (*on_datagram)(const struct datagram *in, void *arg);
	void *arg;
	uint8_t buf[DATAGRAM_MAX];
};

/* -EADDRINUSE: another IKE daemon has the port. */
int udp_start(struct udp *udp, uv_loop_t *loop,
	      void (*on_datagram)(const struct datagram *in, void *arg), void *arg) MUST_USE;
void udp_stop(struct udp *udp);
/* Sends from local (0.0.0.0, ::: the kernel chooses), over the socket of local.port. 0 or -errno. */
int udp_send(struct udp *udp, const struct datagram *out) MUST_USE;
/* One byte 0xff, RFC 3948 2.3. */
int udp_send_keepalive(struct udp *udp, const struct endpoint *local,
		       const struct endpoint *remote) MUST_USE;
/* The local address that the kernel would use towards `remote`. */
int udp_source_for(const struct ip_addr *remote, struct ip_addr *ret_local) MUST_USE;

#endif
