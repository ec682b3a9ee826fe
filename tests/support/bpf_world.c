/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/bpf_world.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_xdp.h>
#include <linux/magic.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "support/packet.h"
#include <sekisho/esp.h>
#include <sekisho/ike_num.h>

static const struct {
	const char *name, *mac;
	uint32_t flags;
} ifs[WORLD_IFS] = {
	[IF_LAN] = { "lan", "02:00:00:00:01:00", PORT_XMIT },
	[IF_WAN] = { "wan", "02:00:00:00:02:00", PORT_XMIT },
	[IF_HOST] = { "host", "02:00:00:00:03:00", PORT_HOST },
	[IF_DEAD] = { "dead", "02:00:00:00:04:00", 0 },
	[IF_PLAIN] = { "plain", "02:00:00:00:05:00", 0 },
	[IF_UNSERVED] = { "unserved", "02:00:00:00:06:00", 0 },
};

static const char *pinned; /* instance to clean up when the ground gives way */

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "world: %s: %s\n", what, strerror(errno));
	if (pinned && dp_unpin(pinned))
		fprintf(stderr, "world: pins of %s are left\n", pinned);
	abort();
}

static void must0(int r, const char *what)
{
	errno = -r;
	must(!r, what);
}

void world_run(const char *command)
{
	must(system(command) == 0, command);
}

const char *world_mac(enum world_if i)
{
	return ifs[i].mac;
}

const char *world_obstacle(void)
{
	struct statfs fs;

	if (geteuid() != 0)
		return "needs root";
	if (statfs("/sys/fs/bpf", &fs) || fs.f_type != BPF_FS_MAGIC)
		return "needs bpffs: mount -t bpf bpf /sys/fs/bpf";
	return NULL;
}

static void make_interfaces(struct world *w)
{
	char cmd[256];

	for (int i = 0; i < WORLD_IFS; i++) {
		snprintf(cmd, sizeof(cmd),
			 "ip link add %s address %s type veth peer name %s_p && "
			 "ip link set %s up && ip link set %s_p up",
			 ifs[i].name, ifs[i].mac, ifs[i].name, ifs[i].name, ifs[i].name);
		world_run(cmd);
		w->ifindex[i] = if_nametoindex(ifs[i].name);
	}
	w->host_end = if_nametoindex("host_p");
	world_run("ip link set lo up && ip addr add 10.1.0.1/16 dev lan && "
		  "ip addr add 192.0.2.1/24 dev wan && ip addr add 10.6.0.1/24 dev plain");
	/* They stand for the interfaces of VLANs, as not every kernel has these. */
	world_run("for v in lan.5 lan.5.6 wan.7; do ip link add $v address 02:00:00:00:07:00 type veth peer name ${v}_p && "
		  "ip link set ${v}_p up && ip link set $v up || exit 1; done; "
		  "ip addr add 10.5.0.1/24 dev lan.5 && ip addr add 10.56.0.1/24 dev lan.5.6 && "
		  "ip addr add 198.18.7.1/24 dev wan.7");
	world_run("echo 1 >/proc/sys/net/ipv4/ip_forward");
}

/* 198.51.x: 100 reachable, 101 without neighbour, 102..104 refused, 105 with a small MTU. */
static void make_routes(void)
{
	world_run("ip neigh add 192.0.2.2 lladdr " SA_OUT_MAC " dev wan nud permanent && "
		  "ip neigh add 10.6.0.2 lladdr 02:00:00:00:05:aa dev plain nud permanent && "
		  "ip neigh add 10.1.0.5 lladdr 02:00:00:00:01:aa dev lan nud permanent && "
		  "ip neigh add 10.5.0.2 lladdr 02:00:00:00:01:05 dev lan.5 nud permanent && "
		  "ip neigh add 10.5.0.9 lladdr 02:00:00:00:01:aa dev lan.5 nud permanent && "
		  "ip neigh add 10.56.0.9 lladdr 02:00:00:00:01:aa dev lan.5.6 nud permanent && "
		  "ip neigh add 198.18.7.2 lladdr " SA_OUT_MAC " dev wan.7 nud permanent && "
		  "ip route add 198.51.100.0/24 via 192.0.2.2 && "
		  "ip route add 198.51.101.0/24 via 192.0.2.3 && "
		  "ip route add blackhole 198.51.102.0/24 && "
		  "ip route add unreachable 198.51.103.0/24 && "
		  "ip route add prohibit 198.51.104.0/24 && "
		  "ip route add 198.51.105.0/24 via 192.0.2.2 mtu lock 600");
	/* Two ways to 198.51.106; policy routing: from 10.1.0.6 there is none to 198.51.100. */
	world_run("ip neigh add 192.0.2.4 lladdr " SA_OUT_MAC " dev wan nud permanent && "
		  "ip route add 198.51.106.0/24 nexthop via 192.0.2.2 nexthop via 192.0.2.4 && "
		  "ip rule add from 10.1.0.6 table 7 && "
		  "ip rule add iif lan.5 to 198.51.100.6 table 7 && "
		  "ip route add blackhole 198.51.100.0/24 table 7 && "
		  "ip -6 rule add from fd01::6 table 7 && "
		  "ip -6 route add blackhole 2001:db8:100::/48 table 7");
	/* 2001:db8:100 reachable, 101 without neighbour, 102 refused. */
	world_run("echo 1 >/proc/sys/net/ipv6/conf/all/forwarding; "
		  "ip addr add fd01::1/64 dev lan nodad && ip addr add 2001:db8::1/64 dev wan nodad && "
		  "ip neigh add 2001:db8::2 lladdr " SA_OUT_MAC " dev wan nud permanent && "
		  "ip neigh add fd01::5 lladdr 02:00:00:00:01:aa dev lan nud permanent && "
		  "ip addr add fd05::1/64 dev lan.5 nodad && ip addr add fd09::1/64 dev lan.5.6 nodad && "
		  "ip neigh add fd05::9 lladdr 02:00:00:00:01:aa dev lan.5 nud permanent && "
		  "ip neigh add fd09::9 lladdr 02:00:00:00:01:aa dev lan.5.6 nud permanent && "
		  "ip -6 route add 2001:db8:100::/48 via 2001:db8::2 && "
		  "ip -6 route add 2001:db8:101::/48 via 2001:db8::3 && "
		  "ip -6 route add blackhole 2001:db8:102::/48");
}

/* A socket that the kernel lets into an XSKMAP: it has a receive ring; it need not be bound. */
static int make_socket(void)
{
	int fd = socket(AF_XDP, SOCK_RAW, 0), entries = 8;

	must(fd >= 0, "AF_XDP socket");
	must(!setsockopt(fd, SOL_XDP, XDP_RX_RING, &entries, sizeof(entries)), "XDP_RX_RING");
	return fd;
}

static void make_ports(struct world *w)
{
	for (uint32_t i = 0; i < WORLD_IFS; i++) {
		struct port_val port = { .slot = i + 1, .flags = ifs[i].flags, .mtu = 1500 };

		w->sockets[i] = -1;
		if (i == IF_UNSERVED)
			continue;
		pkt_mac(ifs[i].mac, port.mac);
		must0(port_set(w->dp, w->ifindex[i], &port), "port_set");
		if (i == IF_DEAD)
			continue;
		w->sockets[i] = make_socket();
		must0(xsk_set(w->dp, i + 1, 0, w->sockets[i]), "xsk_set");
	}
	must0(host_if_set(w->dp, w->host_end), "host_if_set");
}

/* Of the interface of that name; the MAC is that of the one below. */
static struct addr_entry entry(const char *name, enum world_if below, const char *addr)
{
	struct addr_entry e = { .ifindex = if_nametoindex(name) };

	pkt_mac(ifs[below].mac, e.mac);
	must0(addr_parse(addr, &e.addr), addr);
	return e;
}

static void make_addrs(struct world *w)
{
	struct addr_entry list[] = {
		entry("lan", IF_LAN, "10.1.0.1"),      entry("lan.5", IF_LAN, "10.5.0.1"),
		entry("lan.5.6", IF_LAN, "10.56.0.1"),  entry("wan", IF_WAN, "192.0.2.1"),
		entry("wan.7", IF_WAN, "198.18.7.1"), entry("plain", IF_PLAIN, "10.6.0.1"),
		entry("lan", IF_LAN, "fd01::1"),       entry("lan.5", IF_LAN, "fd05::1"),
		entry("lan.5.6", IF_LAN, "fd09::1"),   entry("wan", IF_WAN, "2001:db8::1"),
	};

	must0(addrs_replace(w->dp, list, ARRAY_SIZE(list)), "addrs_replace");
}

static void make_vlans(struct world *w)
{
	struct vlan_entry list[] = {
		{ if_nametoindex("lan.5"), { w->ifindex[IF_LAN], { { 0x8100, 5 } } } },
		{ if_nametoindex("lan.5.6"), { w->ifindex[IF_LAN], { { 0x88a8, 5 }, { 0x8100, 6 } } } },
		{ if_nametoindex("wan.7"), { w->ifindex[IF_WAN], { { 0x8100, 7 } } } },
	};

	must0(vlans_replace(w->dp, list, ARRAY_SIZE(list)), "vlans_replace");
}

/* Virtual addresses of peers: in the LAN's subnets and its VLANs', and behind a router. */
static void make_proxies(struct world *w)
{
	static const char *const text[] = { "10.1.0.77", "fd01::77", "198.51.100.77",
					    "2001:db8:100::77", "10.5.0.77", "10.56.0.77",
					    "fd05::77", "fd09::77" };
	struct ip_addr list[ARRAY_SIZE(text)];

	for (size_t i = 0; i < ARRAY_SIZE(text); i++)
		must0(addr_parse(text[i], &list[i]), text[i]);
	must0(proxy_replace(w->dp, list, ARRAY_SIZE(list)), "proxy_replace");
}

/* Returns the index. */
static uint32_t make_sa(struct world *w, uint8_t dir, uint8_t proto, uint32_t spi, const char *dst)
{
	struct sad_sa sa = { .val = { .spi = spi, .child = 1, .dir = dir, .mode = SA_TUNNEL,
				      .proto = proto, .encr = ENCR_AES_GCM_16,
				      .key_bits = 128, .window = 64 } };
	uint32_t index;

	must0(addr_parse(dst, &sa.val.dst), dst);
	must0(sad_alloc(w->dp, &index), "sad_alloc");
	must0(sad_add(w->dp, index, &sa), "sad_add");
	return index;
}

void world_init(struct world *w)
{
	*w = (struct world){ 0 };
	snprintf(w->instance, sizeof(w->instance), "gatetest%d", (int)getpid());
	must(!unshare(CLONE_NEWNET), "new network namespace");
	make_interfaces(w);
	make_routes();
	pinned = w->instance;
	must0(dp_create(w->instance, &w->dp), "dp_create (SEKISHO_LIBBPF_DEBUG=1 tells more)");
	make_ports(w);
	make_addrs(w);
	make_vlans(w);
	make_proxies(w);
	w->sa_in = make_sa(w, SA_IN, IPPROTO_NUM_ESP, 0x1001, "192.0.2.1");
	w->sa_out = make_sa(w, SA_OUT, IPPROTO_NUM_ESP, 0x2001, "192.0.2.2");
	make_sa(w, SA_OUT, IPPROTO_NUM_ESP, 0x3001, "192.0.2.1"); /* a tunnel to ourselves */
	w->sa_ah = make_sa(w, SA_IN, IPPROTO_NUM_AH, 0x1001, "192.0.2.1");
	w->sa_ah_out = make_sa(w, SA_OUT, IPPROTO_NUM_AH, 0x2001, "192.0.2.2");
	w->sa_in6 = make_sa(w, SA_IN, IPPROTO_NUM_ESP, 0x4001, "2001:db8::1");
	must0(spd_switch(w->dp, 1, w->sa_out), "spd_switch");
}

void world_fini(struct world *w)
{
	for (int i = 0; i < WORLD_IFS; i++)
		if (w->sockets[i] >= 0)
			close(w->sockets[i]);
	dp_close(w->dp);
	pinned = NULL;
	must0(dp_unpin(w->instance), "dp_unpin");
}

static int outcome(const uint64_t *before, const uint64_t *after)
{
	int found = -1;

	for (int i = 0; i < GATE_OUTCOME_COUNT; i++) {
		if (before[i] == after[i])
			continue;
		if (found >= 0 || after[i] != before[i] + 1)
			return -1;
		found = i;
	}
	return found;
}

static void run_counted(struct world *w, const char *prog, struct bpf_test_run_opts *opts,
			struct world_run *ret_run)
{
	uint64_t before[GATE_OUTCOME_COUNT], after[GATE_OUTCOME_COUNT];

	opts->data_out = ret_run->out;
	opts->data_size_out = sizeof(ret_run->out);
	must0(counters_gate(w->dp, before), "counters");
	must(!bpf_prog_test_run_opts(dp_prog_fd(w->dp, prog), opts), "BPF_PROG_TEST_RUN");
	must0(counters_gate(w->dp, after), "counters");
	ret_run->verdict = opts->retval;
	ret_run->out_len = opts->data_size_out;
	ret_run->meta_len = 0;
	ret_run->outcome = outcome(before, after);
}

void world_gate(struct world *w, enum world_if in, const uint8_t *frame, size_t len,
		struct world_run *ret_run)
{
	struct xdp_md ctx = { .data_end = (uint32_t)len, .ingress_ifindex = w->ifindex[in] }, out;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = (uint32_t)len,
		    .ctx_in = &ctx, .ctx_size_in = sizeof(ctx), .ctx_out = &out,
		    .ctx_size_out = sizeof(out));

	run_counted(w, "gate", &opts, ret_run);
	ret_run->meta_len = out.data - out.data_meta;
}

void world_egress(struct world *w, enum world_if out, const uint8_t *frame, size_t len,
		  struct world_run *ret_run)
{
	struct __sk_buff ctx = { .ifindex = w->ifindex[out] };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = (uint32_t)len,
		    .ctx_in = &ctx, .ctx_size_in = sizeof(ctx));

	run_counted(w, "egress", &opts, ret_run);
}
