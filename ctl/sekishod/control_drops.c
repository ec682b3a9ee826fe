/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is dropped, one sample after the other. Who asks with "drops" is sent the event "drop" for a
 * second, if registered for it, and asks again: a watcher that dies is paid for no longer than
 * that.
 */
#include <net/if.h>
#include <stdio.h>

#include "base/cursor.h"
#include "control_list.h"

#define SLICE_MS 1000u
#define GRACE_MS 1000u /* between two questions */

#define ETH_LEN 14u
#define ETH_TYPE_AT 12u

struct summary {
	struct ip_addr src, dst;
	uint8_t version, proto;
	bool is_later_fragment;
};

static void on_expired(struct vici_request *req, void *arg)
{
	(void)arg;
	vici_done(req);
}

void control_drops(struct vici_request *req, void *arg)
{
	struct shell *sh = arg;

	if (dp_samples_watch(sh->dp, SLICE_MS + GRACE_MS))
		vici_fail(req, "cannot write the map sample_state");
	else
		vici_expire(req, SLICE_MS, on_expired, NULL);
}

/* ---- The packet ------------------------------------------------------------------- */

static uint32_t head_len(const struct drop_sample *s)
{
	return s->head_len < SAMPLE_HEAD ? s->head_len : SAMPLE_HEAD;
}

static bool is_tag(uint16_t type)
{
	return type == 0x8100 || type == 0x88a8;
}

/* To the IP header. */
static void skip_ethernet(struct reader *in)
{
	rd_skip(in, ETH_TYPE_AT);
	for (int i = 0; i < VLAN_TAGS && is_tag(rd_u16(in)); i++)
		rd_skip(in, 2);
}

static void read_addr(struct reader *in, bool is_v4, struct ip_addr *ret)
{
	struct reader a = rd_carve(in, is_v4 ? 4 : 16);

	if (a.bad)
		return;
	*ret = is_v4 ? addr_from_v4((uint32_t)a.at[0] << 24 | (uint32_t)a.at[1] << 16 |
				    (uint32_t)a.at[2] << 8 | a.at[3])
		     : (struct ip_addr){ 0 };
	if (!is_v4)
		memcpy(ret->b, a.at, sizeof(ret->b));
}

static void read_v4(struct reader *in, struct summary *s)
{
	unsigned options = (rd_u8(in) & 0xfu) * 4;

	rd_skip(in, 5);
	s->is_later_fragment = rd_u16(in) & 0x1fff;
	rd_skip(in, 1);
	s->proto = rd_u8(in);
	rd_skip(in, 2);
	read_addr(in, true, &s->src);
	read_addr(in, true, &s->dst);
	rd_skip(in, options > 20 ? options - 20 : 0);
}

/* Behind extension headers nobody looks: they are named instead. */
static void read_v6(struct reader *in, struct summary *s)
{
	rd_skip(in, 6);
	s->proto = rd_u8(in);
	rd_skip(in, 1);
	read_addr(in, false, &s->src);
	read_addr(in, false, &s->dst);
}

/* False: no IP, or less than its header. */
static bool read_ip(struct reader *in, struct summary *s)
{
	s->version = rd_more(in) ? *in->at >> 4 : 0;
	if (s->version == 4)
		read_v4(in, s);
	else if (s->version == 6)
		read_v6(in, s);
	return rd_ok(in) && (s->version == 4 || s->version == 6);
}

static void put_ports(struct vici_msg *m, struct reader *in, uint8_t proto)
{
	bool is_icmp = proto == 1 || proto == 58,
	     has_ports = proto == 6 || proto == 17 || proto == 132;
	bool is_sealed = proto == 50 || proto == 51;
	struct reader l4 = rd_carve(in, proto == 51 ? 8 : 4);

	if (!has_ports && !is_icmp && !is_sealed)
		return;
	if (proto == 51)
		rd_skip(&l4, 4);
	uint16_t first = is_icmp ? rd_u8(&l4) : rd_u16(&l4),
		 second = is_icmp ? rd_u8(&l4) : rd_u16(&l4);
	if (!rd_ok(&l4))
		return;
	if (is_sealed) {
		vici_kvf(m, "spi", "%08x", (uint32_t)first << 16 | second);
		return;
	}
	vici_num(m, is_icmp ? "icmp-type" : "src-port", first);
	vici_num(m, is_icmp ? "icmp-code" : "dst-port", second);
}

static void put_packet(struct vici_msg *m, const struct drop_sample *s)
{
	struct reader in = rd_from(s->head, head_len(s));
	struct summary packet = { 0 };
	char text[ADDR_TEXT_MAX];

	if (s->l3)
		rd_skip(&in, s->l3);
	else
		skip_ethernet(&in);
	if (!read_ip(&in, &packet))
		return;
	vici_kv(m, "src", addr_print(&packet.src, text, sizeof(text)));
	vici_kv(m, "dst", addr_print(&packet.dst, text, sizeof(text)));
	vici_num(m, "proto", packet.proto);
	if (packet.is_later_fragment)
		vici_kv(m, "fragment", "yes");
	else
		put_ports(m, &in, packet.proto);
}

static void put_head(struct vici_msg *m, const struct drop_sample *s)
{
	uint32_t n = head_len(s);
	char hex[2 * SAMPLE_HEAD + 1] = "";

	for (uint32_t i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02x", s->head[i]);
	vici_kv(m, "head", hex);
}

void control_put_drop(struct shell *sh, struct vici_msg *m, const struct drop_sample *s)
{
	static const char *const where[] = { "gate", "egress", "worker" };
	const struct pair *pair = s->sa ? pairs_of_sa(&sh->pairs, s->sa) : NULL;
	struct child_name child;
	bool is_worker = s->where == SAMPLE_WORKER;
	char name[IF_NAMESIZE];

	vici_num(m, "time-ns", s->ns);
	vici_kv(m, "where", s->where < ARRAY_SIZE(where) ? where[s->where] : "?");
	vici_kv(m, "reason",
		is_worker ? counters_worker_name(s->outcome) : counters_gate_name(s->outcome));
	vici_kv(m, "text",
		is_worker ? counters_worker_text(s->outcome) : counters_gate_text(s->outcome));
	vici_kv(m, "interface", if_indextoname(s->ifindex, name) ? name : "");
	vici_num(m, "bytes", s->len);
	if (pair && !child_slot_name(sh->dp, pair->child, &child))
		vici_kv(m, "child", child.name);
	put_packet(m, s);
	vici_num(m, "missed", dp_sample_state(sh->dp)->missed);
	put_head(m, s);
}
