/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/dev.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>

#define DEFAULT_HOST "sekisho0"
#define NAME_ROOM ((int)IF_NAMESIZE - 1 - 4) /* "sk" in front, "0p" behind */

void dev_pair_names(const char *instance, char ret_host[IF_NAMESIZE], char ret_port[IF_NAMESIZE])
{
	if (instance)
		snprintf(ret_host, IF_NAMESIZE, "sk%.*s0", NAME_ROOM, instance);
	else
		snprintf(ret_host, IF_NAMESIZE, "%s", DEFAULT_HOST);
	snprintf(ret_port, IF_NAMESIZE, "%.*sp", (int)IF_NAMESIZE - 2, ret_host);
}

/* ---- ethtool -------------------------------------------------------------------------- */

static int ethtool(const char *name, void *command)
{
	struct ifreq ifr = { .ifr_data = command };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	int err = ioctl(fd, SIOCETHTOOL, &ifr) ? -errno : 0;
	close(fd);
	return err;
}

static void feature_off(const char *name, uint32_t command)
{
	struct ethtool_value off = { .cmd = command };

	(void)ethtool(name, &off); /* what the driver fixes, it fixes */
}

void dev_offload_off(const char *name, int which)
{
	struct ethtool_value flags = { .cmd = ETHTOOL_GFLAGS };

	if (which & OFFLOAD_TX) {
		feature_off(name, ETHTOOL_STXCSUM);
		feature_off(name, ETHTOOL_STSO);
		feature_off(name, ETHTOOL_SGSO);
	}
	if (!(which & OFFLOAD_RX))
		return;
	feature_off(name, ETHTOOL_SGRO);
	if (ethtool(name, &flags) == 0 && (flags.data & ETH_FLAG_LRO)) {
		flags.cmd = ETHTOOL_SFLAGS;
		flags.data &= ~(uint32_t)ETH_FLAG_LRO;
		(void)ethtool(name, &flags);
	}
}

static uint32_t at_least_one(uint32_t n)
{
	return n ? n : 1;
}

int dev_queues_get(const char *name, struct dev_queues *queues)
{
	struct ethtool_channels ch = { .cmd = ETHTOOL_GCHANNELS };
	int err = ethtool(name, &ch);

	if (err == -ENODEV)
		return err;
	if (!err && ch.combined_count + ch.rx_count)
		*queues = (struct dev_queues){ ch.combined_count + ch.rx_count,
					       ch.combined_count + ch.tx_count };
	queues->rx = at_least_one(queues->rx);
	queues->tx = at_least_one(queues->tx);
	return 0;
}

/* ---- sysctl --------------------------------------------------------------------------- */

static int sysctl_open(const char *family, const char *name, const char *key, int flags)
{
	char path[128];

	if ((size_t)snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, name,
			     key) >= sizeof(path))
		return -ENAMETOOLONG;
	int fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int dev_sysctl(const char *family, const char *name, const char *key, int value)
{
	int fd = sysctl_open(family, name, key, O_WRONLY);
	char text[16];

	if (fd < 0)
		return fd;
	int len = snprintf(text, sizeof(text), "%d\n", value);
	int err = write(fd, text, (size_t)len) == len ? 0 : -EIO;
	close(fd);
	return err;
}

int dev_sysctl_get(const char *family, const char *name, const char *key)
{
	int fd = sysctl_open(family, name, key, O_RDONLY), value = -EIO;
	char text[16] = "";

	if (fd < 0)
		return fd;
	if (read(fd, text, sizeof(text) - 1) > 0 && sscanf(text, "%d", &value) != 1)
		value = -EIO;
	close(fd);
	return value;
}

/* Only what is set by hand: nothing is asked or believed on this link. No errors where IPv6 is not
 * there. */
static void ipv6_on(const char *name)
{
	(void)!dev_sysctl("ipv6", name, "addr_gen_mode", 1);
	(void)!dev_sysctl("ipv6", name, "accept_ra", 0);
	(void)!dev_sysctl("ipv6", name, "router_solicitations", 0);
	(void)!dev_sysctl("ipv6", name, "disable_ipv6", 0);
}

/* ---- the veth pair -------------------------------------------------------------------- */

static struct nl_sock *rtnl_open(void)
{
	struct nl_sock *sk = nl_socket_alloc();

	if (sk && nl_connect(sk, NETLINK_ROUTE) == 0)
		return sk;
	nl_socket_free(sk);
	return NULL;
}

static struct rtnl_link *link_get(struct nl_sock *sk, const char *name)
{
	struct rtnl_link *link = NULL;

	return rtnl_link_get_kernel(sk, 0, name, &link) ? NULL : link;
}

static int link_remove(struct nl_sock *sk, const char *name)
{
	struct rtnl_link *link = link_get(sk, name);

	if (!link)
		return 0;
	int err = rtnl_link_delete(sk, link);
	rtnl_link_put(link);
	return err ? -EBUSY : 0;
}

static int link_set(struct nl_sock *sk, const char *name, uint32_t mtu, unsigned flags)
{
	struct rtnl_link *link = link_get(sk, name), *change = rtnl_link_alloc();
	int err = -ENODEV;

	if (link && change) {
		rtnl_link_set_flags(change, flags);
		rtnl_link_set_mtu(change, mtu);
		err = rtnl_link_change(sk, link, change, 0) ? -EIO : 0;
	}
	rtnl_link_put(link);
	rtnl_link_put(change);
	return err;
}

enum pair_state { PAIR_NONE, PAIR_THERE, PAIR_HALF, PAIR_FOREIGN };

/* Two veths of these names whose links point at each other? The port's end alone is what is left of
 * ours; the host's name may have been somebody else's before. */
static enum pair_state pair_look(struct nl_sock *sk, const char *host, const char *port)
{
	struct rtnl_link *a = link_get(sk, host), *b = link_get(sk, port);
	enum pair_state state = PAIR_FOREIGN;

	if (!a && !b)
		state = PAIR_NONE;
	else if (!a && rtnl_link_is_veth(b))
		state = PAIR_HALF;
	else if (a && b && rtnl_link_is_veth(a) && rtnl_link_is_veth(b) &&
		 rtnl_link_get_link(a) == rtnl_link_get_ifindex(b))
		state = PAIR_THERE;
	rtnl_link_put(a);
	rtnl_link_put(b);
	return state;
}

static int pair_ensure(struct nl_sock *sk, const char *host, const char *port)
{
	enum pair_state state = pair_look(sk, host, port);
	int err = 0;

	if (state == PAIR_THERE)
		return 0;
	if (state == PAIR_FOREIGN)
		return -EEXIST;
	if (state == PAIR_HALF)
		err = link_remove(sk, port);
	if (err)
		return err;
	err = rtnl_link_veth_add(sk, host, port, getpid());
	return err == -NLE_OPNOTSUPP ? -EOPNOTSUPP : err == -NLE_PERM ? -EPERM : err ? -EIO : 0;
}

int dev_pair_make(const char *host, const char *port, uint32_t mtu)
{
	struct nl_sock *sk = rtnl_open();

	if (!sk)
		return -ENOMEM;
	int err = pair_ensure(sk, host, port);
	if (!err) {
		(void)!dev_sysctl("ipv6", host, "disable_ipv6", 1);
		ipv6_on(host);
		(void)!dev_sysctl("ipv6", port, "disable_ipv6", 1);
		err = link_set(sk, port, mtu, IFF_UP);
	}
	if (!err)
		err = link_set(sk, host, mtu, IFF_UP);
	nl_socket_free(sk);
	return err;
}

int dev_link_tune(const char *name, uint32_t mtu, bool no_arp)
{
	struct nl_sock *sk = rtnl_open();

	if (!sk)
		return -ENOMEM;
	int err = link_set(sk, name, mtu, no_arp ? IFF_NOARP : 0);
	nl_socket_free(sk);
	return err;
}

int dev_remove(const char *name)
{
	struct nl_sock *sk = rtnl_open();

	if (!sk)
		return -ENOMEM;
	int err = link_remove(sk, name);
	nl_socket_free(sk);
	return err;
}
