/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's links and addresses, kept up to date through netlink (libnl), and news of
 * routes, rules and neighbours. Everything of the network namespace of who calls net_open().
 *
 * The tables are copies: after net_read() says what has changed, the caller compares them
 * with what it has made of them. So nothing is lost when netlink overflows: then all is read
 * anew and reported as changed.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/addr.h"
#include "base/must.h"

struct net_link {
	uint32_t ifindex;
	char name[IF_NAMESIZE];
	uint32_t mtu;
	uint8_t mac[6];
	bool up;
	uint32_t xdp_prog_id; /* 0: none attached */
	bool xdp_is_generic;  /* attached in generic (skb) mode */
	uint32_t rx_queues;   /* IFLA_NUM_RX_QUEUES: at most so many */
	uint32_t tx_queues;
	uint32_t parent; /* of a VLAN interface, else 0 */
	uint16_t vlan;	 /* of a VLAN interface, else 0 */
	uint16_t vlan_proto; /* its EtherType, 802.1Q's or 802.1ad's */
	bool is_veth;
};

struct net_addr {
	uint32_t ifindex;
	uint8_t prefix_len;
	struct ip_addr addr;
};

/* What net_read() reports, or-ed together. */
#define NET_LINKS 0x1
#define NET_ADDRS 0x2
#define NET_ROUTES 0x4 /* routes, rules or neighbours */

struct net;

/* Opens the sockets and reads both tables. 0 or -errno. */
int net_open(struct net **ret_net) MUST_USE;
void net_close(struct net *net);
int net_fd(const struct net *net); /* readable: call net_read */
/* Works off all that has come in. Bits of NET_*, or -errno. */
int net_read(struct net *net) MUST_USE;

const struct net_link *net_links(const struct net *net, size_t *ret_n);
const struct net_addr *net_addrs(const struct net *net, size_t *ret_n);
/* NULL: no such link. Valid until the next net_read(). */
const struct net_link *net_link(const struct net *net, uint32_t ifindex);
const struct net_link *net_link_named(const struct net *net, const char *name);
/* The link that carries `ifindex`'s frames, and under which tag of 802.1Q: itself, or a VLAN's parent.
 * NULL: no link, or another tag. */
const struct net_link *net_carrier(const struct net *net, uint32_t ifindex, uint16_t *ret_vlan);
/* Neither the loopback's nor of one link alone. */
bool net_is_for_others(const struct ip_addr *addr);
/* An address of the link (of VLAN `vlan` on it), of peer's family, on whose subnet `peer` is, else
 * any that is not of that link alone; ifindex 0: of any link but the loopback. 0 or -ENOENT. */
int net_own_addr(const struct net *net, uint32_t ifindex, uint16_t vlan, const struct ip_addr *peer,
		 struct ip_addr *ret_addr) MUST_USE;

#endif
