/* SPDX-License-Identifier: BSD-2-Clause */
#include "udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sekisho/esp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MARKER_LEN 4 /* four zero bytes where ESP has its SPI, RFC 3948 2.2 */

static struct sockaddr_in to_sockaddr(const struct endpoint *e)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(e->port),
		.sin_addr.s_addr = htonl(addr_to_v4(&e->addr)),
	};
}

/* Where a datagram was sent to: the address of the packet, not of the socket. */
static bool find_pktinfo(struct msghdr *msg, struct ip_addr *ret_local)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != IPPROTO_IP || c->cmsg_type != IP_PKTINFO)
			continue;
		struct in_pktinfo info;
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		*ret_local = addr_from_v4(ntohl(info.ipi_addr.s_addr));
		return true;
	}
	return false;
}

/* 1: a datagram for the core in *ret_in; 0: one that is not for it; -errno: no more. */
static int read_one(struct udp_socket *s, struct datagram *ret_in)
{
	union {
		char buf[CMSG_SPACE(sizeof(struct in_pktinfo))];
		struct cmsghdr align;
	} control;
	struct sockaddr_in from;
	struct iovec iov = { s->owner->buf, sizeof(s->owner->buf) };
	struct msghdr msg = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov,
			      .msg_iovlen = 1, .msg_control = control.buf,
			      .msg_controllen = sizeof(control.buf) };
	ssize_t n = recvmsg(s->fd, &msg, MSG_DONTWAIT);
	size_t skip = s->port == NATT_PORT ? MARKER_LEN : 0;
	static const uint8_t marker[MARKER_LEN];

	if (n < 0)
		return -errno;
	if (msg.msg_flags & MSG_TRUNC || (size_t)n <= skip)
		return 0;
	if (skip && memcmp(s->owner->buf, marker, skip))
		return 0; /* ESP: the gate is not attached where it came in */
	if (!find_pktinfo(&msg, &ret_in->local.addr))
		return 0;
	ret_in->local.port = s->port;
	ret_in->remote.addr = addr_from_v4(ntohl(from.sin_addr.s_addr));
	ret_in->remote.port = ntohs(from.sin_port);
	ret_in->data = s->owner->buf + skip;
	ret_in->len = (size_t)n - skip;
	return 1;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct udp_socket *s = poll->data;
	struct datagram in;

	(void)status;
	(void)events;
	for (int i = 0; i < UDP_BURST; i++) {
		int r = read_one(s, &in);
		if (r == -EAGAIN || r == -EINTR)
			return;
		if (r == 1)
			s->owner->on_datagram(&in, s->owner->arg);
	}
}

static int socket_open(uint16_t port)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(port) };
	int on = 1, no_df = IP_PMTUDISC_DONT; /* a big message may be fragmented by IP */
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) ||
	    setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &no_df, sizeof(no_df)) ||
	    bind(fd, (struct sockaddr *)&any, sizeof(any))) {
		int err = errno;
		close(fd);
		return -err;
	}
	return fd;
}

int udp_start(struct udp *udp, uv_loop_t *loop,
	      void (*on_datagram)(const struct datagram *in, void *arg), void *arg)
{
	static const uint16_t ports[] = { IKE_PORT, NATT_PORT };
	int fds[ARRAY_SIZE(ports)];

	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		fds[i] = socket_open(ports[i]);
		if (fds[i] < 0) {
			if (i)
				close(fds[0]);
			return fds[i];
		}
	}
	udp->on_datagram = on_datagram;
	udp->arg = arg;
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		struct udp_socket *s = &udp->sockets[i];
		*s = (struct udp_socket){ .owner = udp, .fd = fds[i], .port = ports[i] };
		s->poll.data = s;
		uv_poll_init(loop, &s->poll, s->fd);
		uv_poll_start(&s->poll, UV_READABLE, on_readable);
	}
	return 0;
}

void udp_stop(struct udp *udp)
{
	for (size_t i = 0; i < ARRAY_SIZE(udp->sockets); i++) {
		uv_poll_stop(&udp->sockets[i].poll);
		uv_close((uv_handle_t *)&udp->sockets[i].poll, NULL);
		close(udp->sockets[i].fd);
	}
}

static int send_parts(struct udp *udp, const struct endpoint *local, const struct endpoint *remote,
		      struct iovec *parts, size_t n_parts)
{
	union {
		char buf[CMSG_SPACE(sizeof(struct in_pktinfo))];
		struct cmsghdr align;
	} control = { 0 };
	struct sockaddr_in to = to_sockaddr(remote);
	struct msghdr msg = { .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = parts,
			      .msg_iovlen = n_parts, .msg_control = control.buf,
			      .msg_controllen = sizeof(control.buf) };
	struct in_pktinfo info = { .ipi_spec_dst.s_addr = htonl(addr_to_v4(&local->addr)) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int fd = udp->sockets[local->port == NATT_PORT].fd;

	c->cmsg_level = IPPROTO_IP;
	c->cmsg_type = IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(c), &info, sizeof(info));
	return sendmsg(fd, &msg, MSG_DONTWAIT) < 0 ? -errno : 0;
}

int udp_send(struct udp *udp, const struct datagram *out)
{
	static uint8_t marker[MARKER_LEN];
	struct iovec parts[] = { { marker, sizeof(marker) }, { (void *)out->data, out->len } };
	bool is_marked = out->local.port == NATT_PORT;

	if (!addr_is_v4(&out->remote.addr))
		return -EAFNOSUPPORT;
	return send_parts(udp, &out->local, &out->remote, is_marked ? parts : parts + 1,
			  is_marked ? 2 : 1);
}

int udp_send_keepalive(struct udp *udp, const struct endpoint *local,
		       const struct endpoint *remote)
{
	static uint8_t byte = 0xff;
	struct iovec part = { &byte, 1 };

	return send_parts(udp, local, remote, &part, 1);
}

int udp_source_for(const struct ip_addr *remote, struct ip_addr *ret_local)
{
	struct endpoint e = { *remote, IKE_PORT };
	struct sockaddr_in to = to_sockaddr(&e), me;
	socklen_t len = sizeof(me);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r = 0;

	if (fd < 0)
		return -errno;
	/* connect() on UDP sends nothing; it asks the routing table for the source. */
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) ||
	    getsockname(fd, (struct sockaddr *)&me, &len))
		r = -errno;
	else
		*ret_local = addr_from_v4(ntohl(me.sin_addr.s_addr));
	close(fd);
	return r;
}
