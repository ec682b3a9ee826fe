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

#define FAMILIES 2 /* sockets of IPv4 first */

union sockaddr_any {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

union pktinfo_room {
	char buf[CMSG_SPACE(sizeof(struct in6_pktinfo))]; /* the larger one */
	struct cmsghdr align;
};

/* Returns the length. */
static socklen_t to_sockaddr(const struct endpoint *e, union sockaddr_any *ret)
{
	*ret = (union sockaddr_any){ 0 };
	if (addr_is_v4(&e->addr)) {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons(e->port);
		ret->v4.sin_addr.s_addr = htonl(addr_to_v4(&e->addr));
		return sizeof(ret->v4);
	}
	ret->v6.sin6_family = AF_INET6;
	ret->v6.sin6_port = htons(e->port);
	memcpy(&ret->v6.sin6_addr, e->addr.b, sizeof(e->addr.b));
	return sizeof(ret->v6);
}

static struct endpoint from_sockaddr(const union sockaddr_any *from)
{
	struct endpoint e;

	if (from->any.sa_family == AF_INET)
		return (struct endpoint){ addr_from_v4(ntohl(from->v4.sin_addr.s_addr)),
					  ntohs(from->v4.sin_port) };
	memcpy(e.addr.b, &from->v6.sin6_addr, sizeof(e.addr.b));
	e.port = ntohs(from->v6.sin6_port);
	return e;
}

/* Where a datagram was sent to: the address of the packet, not of the socket. */
static bool find_pktinfo(struct msghdr *msg, struct ip_addr *ret_local)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			*ret_local = addr_from_v4(ntohl(info.ipi_addr.s_addr));
			return true;
		}
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			memcpy(ret_local->b, &info.ipi6_addr, sizeof(ret_local->b));
			return true;
		}
	}
	return false;
}

/* 1: a datagram for the core in *ret_in; 0: one that is not for it; -errno: no more. */
static int read_one(struct udp_socket *s, struct datagram *ret_in)
{
	union pktinfo_room control;
	union sockaddr_any from;
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
	ret_in->remote = from_sockaddr(&from);
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

static int set_option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) ? -errno : 0;
}

/* The address of the packet with each datagram; a big message may be fragmented by IP. */
static int set_options(int fd, int family)
{
	int err;

	if (family == AF_INET) {
		err = set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
		return err ? err
			   : set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
	}
	err = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (!err)
		err = set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	return err ? err : set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
}

/* -EAFNOSUPPORT: a kernel without IPv6. */
static int socket_open(int family, uint16_t port)
{
	struct endpoint any = { .port = port };
	union sockaddr_any to;
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (family == AF_INET)
		any.addr = addr_from_v4(0);
	int err = set_options(fd, family);
	if (!err && bind(fd, &to.any, to_sockaddr(&any, &to)))
		err = -errno;
	if (!err)
		return fd;
	close(fd);
	return err;
}

static int open_all(int fds[UDP_SOCKETS])
{
	static const int kinds[FAMILIES] = { AF_INET, AF_INET6 };
	static const uint16_t ports[] = { IKE_PORT, NATT_PORT };

	for (int i = 0; i < UDP_SOCKETS; i++) {
		fds[i] = socket_open(kinds[i / 2], ports[i % 2]);
		if (fds[i] == -EAFNOSUPPORT && kinds[i / 2] == AF_INET6)
			fds[i] = -1;
		else if (fds[i] < 0) {
			int err = fds[i];
			while (i-- > 0)
				if (fds[i] >= 0)
					close(fds[i]);
			return err;
		}
	}
	return 0;
}

int udp_start(struct udp *udp, uv_loop_t *loop,
	      void (*on_datagram)(const struct datagram *in, void *arg), void *arg)
{
	int fds[UDP_SOCKETS];
	int err = open_all(fds);

	if (err)
		return err;
	udp->on_datagram = on_datagram;
	udp->arg = arg;
	for (int i = 0; i < UDP_SOCKETS; i++) {
		struct udp_socket *s = &udp->sockets[i];
		*s = (struct udp_socket){ .owner = udp, .fd = fds[i],
					  .port = i % 2 ? NATT_PORT : IKE_PORT };
		if (s->fd < 0)
			continue;
		s->poll.data = s;
		uv_poll_init(loop, &s->poll, s->fd);
		uv_poll_start(&s->poll, UV_READABLE, on_readable);
	}
	return 0;
}

void udp_stop(struct udp *udp)
{
	for (int i = 0; i < UDP_SOCKETS; i++) {
		if (udp->sockets[i].fd < 0)
			continue;
		uv_poll_stop(&udp->sockets[i].poll);
		uv_close((uv_handle_t *)&udp->sockets[i].poll, NULL);
		close(udp->sockets[i].fd);
	}
}

/* Which address of ours the datagram leaves from. */
static void put_pktinfo(struct msghdr *msg, union pktinfo_room *room, const struct ip_addr *local)
{
	struct in_pktinfo v4 = { .ipi_spec_dst.s_addr = htonl(addr_to_v4(local)) };
	struct in6_pktinfo v6 = { 0 };
	bool is_v4 = addr_is_v4(local);
	size_t len = is_v4 ? sizeof(v4) : sizeof(v6);

	memcpy(&v6.ipi6_addr, local->b, sizeof(local->b));
	msg->msg_control = room->buf;
	msg->msg_controllen = CMSG_SPACE(len);
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	c->cmsg_level = is_v4 ? IPPROTO_IP : IPPROTO_IPV6;
	c->cmsg_type = is_v4 ? IP_PKTINFO : IPV6_PKTINFO;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), is_v4 ? (void *)&v4 : (void *)&v6, len);
}

static int send_parts(struct udp *udp, const struct endpoint *local, const struct endpoint *remote,
		      struct iovec *parts, size_t n_parts)
{
	bool is_v4 = addr_is_v4(&remote->addr);
	int fd = udp->sockets[(is_v4 ? 0 : 2) + (local->port == NATT_PORT)].fd;
	union pktinfo_room room = { 0 };
	union sockaddr_any to;
	struct msghdr msg = { .msg_name = &to, .msg_namelen = to_sockaddr(remote, &to),
			      .msg_iov = parts, .msg_iovlen = n_parts };

	if (fd < 0 || addr_is_v4(&local->addr) != is_v4)
		return -EAFNOSUPPORT;
	put_pktinfo(&msg, &room, &local->addr);
	return sendmsg(fd, &msg, MSG_DONTWAIT) < 0 ? -errno : 0;
}

int udp_send(struct udp *udp, const struct datagram *out)
{
	static uint8_t marker[MARKER_LEN];
	struct iovec parts[] = { { marker, sizeof(marker) }, { (void *)out->data, out->len } };
	bool is_marked = out->local.port == NATT_PORT;

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
	union sockaddr_any to, me;
	socklen_t to_len = to_sockaddr(&e, &to), len = sizeof(me);
	int fd = socket(to.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), r = 0;

	if (fd < 0)
		return -errno;
	/* connect() on UDP sends nothing; it asks the routing table for the source. */
	if (connect(fd, &to.any, to_len) || getsockname(fd, &me.any, &len))
		r = -errno;
	else
		*ret_local = from_sockaddr(&me).addr;
	close(fd);
	return r;
}
