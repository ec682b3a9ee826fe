/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Can XDP transmit on an interface? The kernel says so since 6.3, through the generic netlink
 * family "netdev" (xdp-features). For a veth the answer depends on its peer, which must run
 * XDP or GRO: without it, what XDP sends into the veth is lost silently, so before 6.3 the
 * answer is no and the kernel's stack forwards.
 */
#include "dataplane/dataplane.h"

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* linux/netdev.h, which Debian 12 does not have. */
#define NETDEV_FAMILY "netdev"
#define NETDEV_CMD_DEV_GET 1
#define NETDEV_A_DEV_IFINDEX 1
#define NETDEV_A_DEV_XDP_FEATURES 3
#define NETDEV_XDP_ACT_NDO_XMIT 4

#define REPLY_MAX 8192
#define ANSWER_TIMEOUT_S 1

struct request {
	struct nlmsghdr nl;
	struct genlmsghdr genl;
	struct nlattr attr;
	char value[16];
};

struct reply {
	struct nlmsghdr nl;
	struct genlmsghdr genl;
	char attrs[REPLY_MAX];
};

/* One request with one attribute, one answer. False: the kernel refuses or does not know. */
static bool ask(int fd, uint16_t family, uint8_t cmd, uint16_t attr, const void *value, size_t len,
		struct reply *ret_reply)
{
	struct request q = {
		.nl = { .nlmsg_type = family, .nlmsg_flags = NLM_F_REQUEST },
		.genl = { .cmd = cmd, .version = 1 },
		.attr = { .nla_type = attr, .nla_len = (uint16_t)(sizeof(q.attr) + len) },
	};

	if (len > sizeof(q.value))
		return false;
	memcpy(q.value, value, len);
	q.nl.nlmsg_len = (uint32_t)(offsetof(struct request, value) + NLA_ALIGN(len));
	if (send(fd, &q, q.nl.nlmsg_len, 0) < 0)
		return false;
	ssize_t n = recv(fd, ret_reply, sizeof(*ret_reply), 0);
	return n >= (ssize_t)offsetof(struct reply, attrs) && ret_reply->nl.nlmsg_type == family &&
	       ret_reply->nl.nlmsg_len <= (size_t)n;
}

/* The value of an attribute into `to`, if it is there and that long. */
static bool find_attr(const struct reply *r, uint16_t type, void *to, size_t len)
{
	size_t end = r->nl.nlmsg_len - offsetof(struct reply, attrs), at = 0;
	struct nlattr a;

	while (at + sizeof(a) <= end) {
		memcpy(&a, r->attrs + at, sizeof(a));
		if (a.nla_len < sizeof(a) || a.nla_len > end - at)
			return false;
		if ((a.nla_type & NLA_TYPE_MASK) == type && a.nla_len == sizeof(a) + len) {
			memcpy(to, r->attrs + at + sizeof(a), len);
			return true;
		}
		at += NLA_ALIGN(a.nla_len);
	}
	return false;
}

static bool can_xmit(int fd, uint32_t ifindex)
{
	struct timeval patience = { .tv_sec = ANSWER_TIMEOUT_S };
	struct reply r;
	uint16_t family;
	uint64_t features;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return ask(fd, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME, NETDEV_FAMILY,
		   sizeof(NETDEV_FAMILY), &r) &&
	       find_attr(&r, CTRL_ATTR_FAMILY_ID, &family, sizeof(family)) &&
	       ask(fd, family, NETDEV_CMD_DEV_GET, NETDEV_A_DEV_IFINDEX, &ifindex, sizeof(ifindex),
		   &r) &&
	       find_attr(&r, NETDEV_A_DEV_XDP_FEATURES, &features, sizeof(features)) &&
	       features & NETDEV_XDP_ACT_NDO_XMIT;
}

bool port_can_xmit(uint32_t ifindex)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);

	if (fd < 0)
		return false;
	bool can = can_xmit(fd, ifindex);
	close(fd);
	return can;
}
