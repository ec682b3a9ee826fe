/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/gate.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include "worker/log.h"
#include "worker/control.h"

#define GATE_MAPS_MAX 64u /* maps of one program */

int gate_attach(struct control *c, uint32_t ifindex)
{
	return bpf_xdp_attach((int)ifindex, dp_prog_fd(c->dp, "gate"), XDP_FLAGS_DRV_MODE, NULL);
}

static uint32_t map_id(int fd)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &len) ? 0 : info.id;
}

enum gate_kind { GATE_NONE, GATE_OLDER, GATE_OF_OTHERS };

/* A program named gate: over our map `ports` an older one of ours, else it serves other maps. */
static enum gate_kind gate_kind(const struct control *c, int prog_fd)
{
	__u32 ids[GATE_MAPS_MAX], ours = map_id(dp_map_fd(c->dp, "ports"));
	struct bpf_prog_info info = { .nr_map_ids = GATE_MAPS_MAX };
	__u32 len = sizeof(info);

	info.map_ids = (uintptr_t)ids;
	if (bpf_obj_get_info_by_fd(prog_fd, &info, &len) || strcmp(info.name, "gate") != 0)
		return GATE_NONE;
	for (uint32_t i = 0; i < info.nr_map_ids && i < GATE_MAPS_MAX; i++)
		if (ids[i] == ours)
			return GATE_OLDER;
	return GATE_OF_OTHERS;
}

static void gate_renew(struct control *c, const struct net_link *link)
{
	LIBBPF_OPTS(bpf_xdp_attach_opts, opts);
	__u32 mode = link->xdp_is_generic ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;

	opts.old_prog_fd = bpf_prog_get_fd_by_id(link->xdp_prog_id);
	if (opts.old_prog_fd < 0)
		return;
	enum gate_kind kind = gate_kind(c, opts.old_prog_fd);
	if (kind == GATE_OLDER) {
		int err = bpf_xdp_attach((int)link->ifindex, dp_prog_fd(c->dp, "gate"),
					 mode | XDP_FLAGS_REPLACE, &opts);
		log_info("%s: carried an older gate: %s", link->name,
			 err ? strerror(-err) : "replaced");
	} else if (kind == GATE_OF_OTHERS) {
		log_info("%s: not served: carries the gate of another instance, or of before "
			 "--unpin (then: xdp off, and attach again)",
			 link->name);
	}
	close(opts.old_prog_fd);
}

void gates_renew(struct control *c)
{
	size_t n;
	const struct net_link *links = net_links(c->net, &n);

	for (size_t i = 0; i < n; i++)
		if (links[i].xdp_prog_id && links[i].xdp_prog_id != c->gate_id)
			gate_renew(c, &links[i]);
	if (net_read(c->net) < 0) /* the news of what we just did */
		log_info("netlink: cannot read");
}
