/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/dev.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>

static struct rtnl_addr *host_addr(unsigned ifindex, const struct ip_addr *addr)
{
	bool is_v4 = addr_is_v4(addr);
	struct rtnl_addr *a = rtnl_addr_alloc();
	struct nl_addr *local = nl_addr_build(is_v4 ? AF_INET : AF_INET6,
					      is_v4 ? addr->b + 12 : addr->b, is_v4 ? 4 : 16);

	if (a && local) {
		rtnl_addr_set_ifindex(a, (int)ifindex);
		rtnl_addr_set_local(a, local);
		if (!is_v4)
			rtnl_addr_set_flags(a, IFA_F_NODAD); /* nobody is there who could have it */
	}
	if (local)
		nl_addr_put(local);
	return a;
}

int dev_addr_set(const char *name, const struct ip_addr *addr, bool is_there)
{
	unsigned ifindex = if_nametoindex(name);
	struct nl_sock *sock = nl_socket_alloc();
	struct rtnl_addr *a = ifindex ? host_addr(ifindex, addr) : NULL;
	int err = ifindex ? -ENOMEM : -ENODEV;

	if (sock && a) {
		err = nl_connect(sock, NETLINK_ROUTE);
		if (!err)
			err = is_there ? rtnl_addr_add(sock, a, NLM_F_REPLACE)
				       : rtnl_addr_delete(sock, a, 0);
		err = err ? -EIO : 0;
	}
	if (a)
		rtnl_addr_put(a);
	if (sock)
		nl_socket_free(sock);
	return err;
}
