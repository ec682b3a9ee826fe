/* SPDX-License-Identifier: BSD-2-Clause */
/* Making and tuning network devices: the worker's veth pair, offloads, sysctls, queues. */
#ifndef NET_DEV_H
#define NET_DEV_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/addr.h"
#include "base/must.h"

/* Names of the veth pair of an instance: sekisho0 and sekisho0p, or skNAME0 and skNAME0p with
 * NAME cut so that they fit. instance: NULL for the default. */
void dev_pair_names(const char *instance, char ret_host[IF_NAMESIZE], char ret_port[IF_NAMESIZE]);
/* Both ends there and up, reused if they are, with that MTU. IPv6 only at the host's end, which asks
 * nobody and believes nobody. -EEXIST: one of the names belongs to something else. */
int dev_pair_make(const char *host, const char *port, uint32_t mtu) MUST_USE;
/* MTU and, with no_arp, IFF_NOARP: nobody is asked for MACs there. */
int dev_link_tune(const char *name, uint32_t mtu, bool no_arp) MUST_USE;
/* A host address on the interface: there, or gone. -ENODEV, -EIO. */
int dev_addr_set(const char *name, const struct ip_addr *addr, bool is_there) MUST_USE;
int dev_remove(const char *name) MUST_USE; /* 0 too when there is none */

#define OFFLOAD_TX 0x1 /* transmit checksums, TSO, GSO: frames must be complete */
#define OFFLOAD_RX 0x2 /* GRO, LRO: frames must not grow */
/* Switch them off; what the driver refuses stays as it is. */
void dev_offload_off(const char *name, int which);
/* Queues in use: ETHTOOL_GCHANNELS, or what is in *queues where the driver does not say; at
 * least one of each. -ENODEV: the interface is gone. */
struct dev_queues {
	uint32_t rx, tx;
};
int dev_queues_get(const char *name, struct dev_queues *queues) MUST_USE;
/* /proc/sys/net/FAMILY/conf/NAME/KEY = value, "ipv4" or "ipv6". 0 or -errno. */
int dev_sysctl(const char *family, const char *name, const char *key, int value) MUST_USE;
/* What it is now, or -errno. */
int dev_sysctl_get(const char *family, const char *name, const char *key);

#endif
