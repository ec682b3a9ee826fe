/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/if_addr.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

/* A flood of routes must not make us lose news: 1 MiB holds some thousands. */
#define NEWS_BUFFER (1 << 20)

struct net {
	struct nl_sock *news, *ask;
	struct net_link *links;
	size_t n_links;
	struct net_addr *addrs;
	size_t n_addrs;
	int changed; /* NET_* since the last net_read() */
};

/* ---- tables --------------------------------------------------------------------------- */

static void link_remove(struct net *net, uint32_t ifindex)
{
	for (size_t i = 0; i < net->n_links; i++)
		if (net->links[i].ifindex == ifindex) {
			net->links[i] = net->links[--net->n_links];
			return;
		}
}

static void link_put(struct net *net, const struct net_link *link)
{
	link_remove(net, link->ifindex);
	struct net_link *more = reallocarray(net->links, net->n_links + 1, sizeof(*more));
	if (!more)
		return;
	net->links = more;
	net->links[net->n_links++] = *link;
}

static void addr_remove(struct net *net, const struct net_addr *a)
{
	for (size_t i = 0; i < net->n_addrs; i++)
		if (net->addrs[i].ifindex == a->ifindex &&
		    addr_equal(&net->addrs[i].addr, &a->addr)) {
			net->addrs[i] = net->addrs[--net->n_addrs];
			return;
		}
}

static void addr_put(struct net *net, const struct net_addr *a)
{
	addr_remove(net, a);
	struct net_addr *more = reallocarray(net->addrs, net->n_addrs + 1, sizeof(*more));
	if (!more)
		return;
	net->addrs = more;
	net->addrs[net->n_addrs++] = *a;
}

/* ---- messages ------------------------------------------------------------------------- */

static void linkinfo_read(struct nlattr *info, struct net_link *link)
{
	struct nlattr *tb[IFLA_INFO_MAX + 1], *vlan[IFLA_VLAN_MAX + 1];

	if (nla_parse_nested(tb, IFLA_INFO_MAX, info, NULL) || !tb[IFLA_INFO_KIND])
		return;
	link->is_veth = nla_strcmp(tb[IFLA_INFO_KIND], "veth") == 0;
	if (nla_strcmp(tb[IFLA_INFO_KIND], "vlan") != 0 || !tb[IFLA_INFO_DATA])
		return;
	if (nla_parse_nested(vlan, IFLA_VLAN_MAX, tb[IFLA_INFO_DATA], NULL) ||
	    !vlan[IFLA_VLAN_ID] || !vlan[IFLA_VLAN_PROTOCOL])
		return;
	link->vlan = nla_get_u16(vlan[IFLA_VLAN_ID]);
	link->vlan_proto = ntohs(nla_get_u16(vlan[IFLA_VLAN_PROTOCOL]));
}

static void xdp_read(struct nlattr *xdp, struct net_link *link)
{
	struct nlattr *tb[IFLA_XDP_MAX + 1];

	if (nla_parse_nested(tb, IFLA_XDP_MAX, xdp, NULL) || !tb[IFLA_XDP_PROG_ID])
		return;
	link->xdp_prog_id = nla_get_u32(tb[IFLA_XDP_PROG_ID]);
	link->xdp_is_generic =
		tb[IFLA_XDP_ATTACHED] && nla_get_u8(tb[IFLA_XDP_ATTACHED]) == XDP_ATTACHED_SKB;
}

static void link_message(struct net *net, struct nlmsghdr *nlh)
{
	struct ifinfomsg *ifi = nlmsg_data(nlh);
	struct nlattr *tb[IFLA_MAX + 1];
	struct net_link link = { .ifindex = (uint32_t)ifi->ifi_index,
				 .up = ifi->ifi_flags & IFF_UP };

	if (ifi->ifi_family != AF_UNSPEC) /* a bridge's view of its ports */
		return;
	net->changed |= NET_LINKS | NET_ROUTES;
	if (nlh->nlmsg_type == RTM_DELLINK) {
		link_remove(net, link.ifindex);
		return;
	}
	if (nlmsg_parse(nlh, sizeof(*ifi), tb, IFLA_MAX, NULL) || !tb[IFLA_IFNAME])
		return;
	nla_strlcpy(link.name, tb[IFLA_IFNAME], sizeof(link.name));
	if (tb[IFLA_MTU])
		link.mtu = nla_get_u32(tb[IFLA_MTU]);
	if (tb[IFLA_ADDRESS] && nla_len(tb[IFLA_ADDRESS]) == sizeof(link.mac))
		memcpy(link.mac, nla_data(tb[IFLA_ADDRESS]), sizeof(link.mac));
	if (tb[IFLA_NUM_RX_QUEUES])
		link.rx_queues = nla_get_u32(tb[IFLA_NUM_RX_QUEUES]);
	if (tb[IFLA_NUM_TX_QUEUES])
		link.tx_queues = nla_get_u32(tb[IFLA_NUM_TX_QUEUES]);
	if (tb[IFLA_LINKINFO])
		linkinfo_read(tb[IFLA_LINKINFO], &link);
	if (tb[IFLA_LINK] && link.vlan && !tb[IFLA_LINK_NETNSID]) /* else it is another namespace's */
		link.parent = nla_get_u32(tb[IFLA_LINK]);
	if (tb[IFLA_XDP])
		xdp_read(tb[IFLA_XDP], &link);
	link_put(net, &link);
}

static bool addr_read(const struct nlattr *attr, int family, struct ip_addr *ret_addr)
{
	uint32_t v4;

	if (family == AF_INET6 && nla_len(attr) == sizeof(ret_addr->b)) {
		memcpy(ret_addr->b, nla_data(attr), sizeof(ret_addr->b));
		return true;
	}
	if (family != AF_INET || nla_len(attr) != sizeof(v4))
		return false;
	memcpy(&v4, nla_data(attr), sizeof(v4));
	*ret_addr = addr_from_v4(be32toh(v4));
	return true;
}

/* RFC 4862 5.4: somebody else may have it, or has. */
static bool is_unusable(const struct ifaddrmsg *ifa)
{
	return (ifa->ifa_flags & IFA_F_DADFAILED) ||
	       (ifa->ifa_flags & (IFA_F_TENTATIVE | IFA_F_OPTIMISTIC)) == IFA_F_TENTATIVE;
}

static void addr_message(struct net *net, struct nlmsghdr *nlh)
{
	struct ifaddrmsg *ifa = nlmsg_data(nlh);
	struct nlattr *tb[IFA_MAX + 1], *own;
	struct net_addr a = { .ifindex = ifa->ifa_index, .prefix_len = ifa->ifa_prefixlen };

	if (nlmsg_parse(nlh, sizeof(*ifa), tb, IFA_MAX, NULL))
		return;
	own = tb[IFA_LOCAL] ? tb[IFA_LOCAL] : tb[IFA_ADDRESS]; /* IPv6 has no IFA_LOCAL */
	if (!own || !addr_read(own, ifa->ifa_family, &a.addr))
		return;
	net->changed |= NET_ADDRS | NET_ROUTES;
	if (nlh->nlmsg_type == RTM_DELADDR || is_unusable(ifa))
		addr_remove(net, &a);
	else
		addr_put(net, &a);
}

static int on_message(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct net *net = arg;

	switch (nlh->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		link_message(net, nlh);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		addr_message(net, nlh);
		break;
	default:
		net->changed |= NET_ROUTES;
	}
	return NL_OK;
}

/* ---- reading -------------------------------------------------------------------------- */

/* libnl's error numbers as ours; what has no equal is -EIO. */
static int nl_error(int err)
{
	switch (err < 0 ? -err : err) {
	case NLE_SUCCESS:
		return 0;
	case NLE_NOMEM: /* also what libnl makes of ENOBUFS */
		return -ENOBUFS;
	case NLE_AGAIN:
		return -EAGAIN;
	case NLE_INTR:
	case NLE_DUMP_INTR:
		return -EINTR;
	case NLE_PERM:
		return -EPERM;
	default:
		return -EIO;
	}
}

static int dump(struct net *net, int type, int family)
{
	int err;

	for (int tries = 0; tries < 5; tries++) {
		err = nl_send_simple(net->ask, type, NLM_F_DUMP,
				     &(struct rtgenmsg){ (unsigned char)family },
				     sizeof(struct rtgenmsg));
		err = err < 0 ? err : nl_recvmsgs_default(net->ask);
		if (nl_error(err) != -EINTR) /* the table changed while it was read */
			break;
	}
	return nl_error(err);
}

static int read_all(struct net *net)
{
	net->n_links = net->n_addrs = 0;
	net->changed = NET_LINKS | NET_ADDRS | NET_ROUTES;
	int err = dump(net, RTM_GETLINK, AF_UNSPEC);
	return err ? err : dump(net, RTM_GETADDR, AF_UNSPEC);
}

int net_read(struct net *net)
{
	int err;

	net->changed = 0;
	do
		err = nl_error(nl_recvmsgs_default(net->news));
	while (err == 0 || err == -EINTR);
	if (err == -ENOBUFS)
		err = read_all(net);
	return err && err != -EAGAIN ? err : net->changed;
}

static struct nl_sock *sock_new(struct net *net)
{
	struct nl_sock *sk = nl_socket_alloc();

	if (!sk)
		return NULL;
	nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, on_message, net);
	if (nl_connect(sk, NETLINK_ROUTE) == 0)
		return sk;
	nl_socket_free(sk);
	return NULL;
}

static int news_subscribe(struct nl_sock *sk)
{
	nl_socket_disable_seq_check(sk);
	(void)nl_socket_set_buffer_size(sk, NEWS_BUFFER, 0);
	int err = nl_socket_add_memberships(
		sk, RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV4_RULE,
		RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV6_RULE, RTNLGRP_NEIGH, 0);
	return nl_error(err ? err : nl_socket_set_nonblocking(sk));
}

int net_open(struct net **ret_net)
{
	struct net *net = calloc(1, sizeof(*net));
	int err = -ENOMEM;

	if (!net)
		return err;
	net->news = sock_new(net);
	net->ask = sock_new(net);
	if (net->news && net->ask)
		err = news_subscribe(net->news);
	if (!err)
		err = read_all(net);
	if (err) {
		net_close(net);
		return err;
	}
	*ret_net = net;
	return 0;
}

void net_close(struct net *net)
{
	if (!net)
		return;
	nl_socket_free(net->news);
	nl_socket_free(net->ask);
	free(net->links);
	free(net->addrs);
	free(net);
}

/* ---- questions ------------------------------------------------------------------------ */

int net_fd(const struct net *net)
{
	return nl_socket_get_fd(net->news);
}

const struct net_link *net_links(const struct net *net, size_t *ret_n)
{
	*ret_n = net->n_links;
	return net->links;
}

const struct net_addr *net_addrs(const struct net *net, size_t *ret_n)
{
	*ret_n = net->n_addrs;
	return net->addrs;
}

const struct net_link *net_link(const struct net *net, uint32_t ifindex)
{
	for (size_t i = 0; i < net->n_links; i++)
		if (net->links[i].ifindex == ifindex)
			return &net->links[i];
	return NULL;
}

const struct net_link *net_link_named(const struct net *net, const char *name)
{
	for (size_t i = 0; i < net->n_links; i++)
		if (strcmp(net->links[i].name, name) == 0)
			return &net->links[i];
	return NULL;
}

const struct net_link *net_carrier(const struct net *net, uint32_t ifindex, uint16_t *ret_vlan)
{
	const struct net_link *link = net_link(net, ifindex);

	*ret_vlan = 0;
	if (!link || !link->vlan)
		return link;
	*ret_vlan = link->vlan;
	return link->vlan_proto == ETH_P_8021Q ? net_link(net, link->parent) : NULL;
}

#define V4_BITS 96u /* an IPv4 prefix is that of ::ffff:a.b.c.d */

/* Of one family. */
static bool same_subnet(const struct net_addr *a, const struct ip_addr *peer)
{
	unsigned bits = a->prefix_len + (addr_is_v4(&a->addr) ? V4_BITS : 0);
	struct addr_num x = addr_to_num(&a->addr), y = addr_to_num(peer);

	if (bits < 64)
		return bits == 0 || (x.hi ^ y.hi) >> (64 - bits) == 0;
	return x.hi == y.hi && (bits == 64 || (x.lo ^ y.lo) >> (128 - bits) == 0);
}

bool net_is_for_others(const struct ip_addr *a)
{
	struct addr_num n = addr_to_num(a);

	if (addr_is_v4(a))
		return addr_to_v4(a) >> 24 != 127;
	return n.hi >> 54 != 0xfe80 >> 6 && (n.hi || n.lo != 1);
}

static bool addr_is_on(const struct net *net, const struct net_addr *a, uint32_t ifindex,
		       uint16_t vlan)
{
	uint16_t on_vlan;

	if (ifindex == 0)
		return net_is_for_others(&a->addr);
	const struct net_link *carrier = net_carrier(net, a->ifindex, &on_vlan);
	return carrier && carrier->ifindex == ifindex && on_vlan == vlan &&
	       net_is_for_others(&a->addr);
}

int net_own_addr(const struct net *net, uint32_t ifindex, uint16_t vlan, const struct ip_addr *peer,
		 struct ip_addr *ret_addr)
{
	const struct net_addr *found = NULL;

	for (const struct net_addr *a = net->addrs; a < net->addrs + net->n_addrs; a++)
		if (addr_is_v4(&a->addr) == addr_is_v4(peer) && addr_is_on(net, a, ifindex, vlan) &&
		    (!found || same_subnet(a, peer)))
			found = a;
	if (!found)
		return -ENOENT;
	*ret_addr = found->addr;
	return 0;
}
