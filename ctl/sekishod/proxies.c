/* SPDX-License-Identifier: BSD-2-Clause */
#include "proxies.h"

#include <errno.h>
#include <stdlib.h>

static bool is_of_pool(const struct conf *conf, const struct ip_addr *addr)
{
	for (size_t i = 0; i < conf->n_conns; i++)
		for (size_t j = 0; j < conf->conns[i]->n_pools; j++)
			if (addr_in_range(addr, &conf->conns[i]->pools[j].addrs))
				return true;
	return false;
}

/* Policies of one peer stand together, so most repetitions are found here. */
static bool is_virtual(const struct conf *conf, const struct spd_policy *p,
		       const struct ip_addr *last, struct ip_addr *ret_addr)
{
	if (p->action != SPD_PROTECT || addr_num_cmp(p->remote.addr.first, p->remote.addr.last))
		return false;
	*ret_addr = addr_from_num(p->remote.addr.first);
	return !(last && addr_equal(last, ret_addr)) && is_of_pool(conf, ret_addr);
}

int proxies_write(struct dataplane *dp, const struct conf *conf, const struct policies *policies)
{
	struct ip_addr *addrs = calloc(policies->n + 1, sizeof(*addrs));
	size_t n = 0;

	if (!addrs)
		return -ENOMEM;
	for (size_t i = 0; conf->dataplane.farp && i < policies->n; i++)
		n += is_virtual(conf, &policies->list[i], n ? &addrs[n - 1] : NULL, &addrs[n]);
	int err = proxy_replace(dp, addrs, n);
	free(addrs);
	return err;
}
