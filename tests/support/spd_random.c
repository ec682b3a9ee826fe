/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/spd_random.h"

#define BASE 0x0a400000u /* 10.64.0.0/12 */
#define SPAN_BITS 20u
#define N_CHILDREN 9u

/* xorshift64*, Marsaglia 2003 */
static uint32_t next(struct spd_random *r)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return (uint32_t)((r->state * 0x2545f4914f6cdd1dull) >> 32);
}

uint32_t spd_random_below(struct spd_random *r, uint32_t limit)
{
	return (uint32_t)((uint64_t)next(r) * limit >> 32);
}

/* Few distinct bits, so that ranges nest and touch: addresses cluster at 16 places. */
static uint32_t address(struct spd_random *r)
{
	uint32_t place = spd_random_below(r, 16) << (SPAN_BITS - 4);

	return BASE | place | spd_random_below(r, spd_random_below(r, 2) ? 8 : 1u << 16);
}

/* IPv6 as IPv4 with another prefix: 2001:db8::/96. */
static struct addr_num to_v6(struct addr_num n)
{
	return (struct addr_num){ 0x20010db800000000ull, n.lo & 0xffffffffull };
}

static struct addr_range range_of(uint32_t first, uint32_t last)
{
	struct ip_addr a = addr_from_v4(first), b = addr_from_v4(last);

	return (struct addr_range){ addr_to_num(&a), addr_to_num(&b) };
}

static struct addr_range random_range(struct spd_random *r)
{
	uint32_t a = address(r), b = address(r), bits = spd_random_below(r, 33);
	uint32_t mask = bits ? ~0u << (32 - bits) : 0;

	switch (spd_random_below(r, 8)) {
	case 0:
		return range_of(0, ~0u);
	case 1:
		return range_of(a, a);
	case 2:
	case 3:
		return a < b ? range_of(a, b) : range_of(b, a);
	default:
		return range_of(a & mask, (a & mask) | ~mask);
	}
}

/* One in four begins where a range of another policy ends, or ends where it begins. */
static void next_to(struct spd_random *r, struct addr_range *range, const struct addr_range *other)
{
	uint32_t first = (uint32_t)other->first.lo, last = (uint32_t)other->last.lo;
	uint32_t size = spd_random_below(r, 300);

	if (first <= size || last >= ~0u - size)
		return;
	*range = spd_random_below(r, 2) ? range_of(last + 1, last + 1 + size)
					: range_of(first - 1 - size, first - 1);
}

/* One in three policies is IPv6; "everything" then begins below IPv4 and ends above it. */
static void random_family(struct spd_random *r, struct spd_policy *p)
{
	struct addr_range *both[] = { &p->local.addr, &p->remote.addr };

	if (spd_random_below(r, 3))
		return;
	for (int i = 0; i < 2; i++) {
		struct addr_range *range = both[i];

		if ((uint32_t)(range->last.lo - range->first.lo) == ~0u)
			*range = (struct addr_range){ { 0, 0 }, { ~0ull, ~0ull } };
		else
			*range = (struct addr_range){ to_v6(range->first), to_v6(range->last) };
	}
}

static bool is_icmp(uint8_t proto)
{
	return proto == 1 || proto == 58;
}

static bool has_ports(uint8_t proto)
{
	return proto == 6 || proto == 17 || is_icmp(proto);
}

/* type * 256 + code of messages that are no errors (what those quote would count, too). */
static uint16_t random_icmp(struct spd_random *r, uint8_t proto)
{
	static const uint8_t types[2][3] = { { 0, 8, 13 }, { 128, 129, 134 } };

	return (uint16_t)(types[proto == 58][spd_random_below(r, 3)] << 8 | spd_random_below(r, 4));
}

/* One type, or some messages of one or more. */
static void random_icmp_range(struct spd_random *r, uint8_t proto, struct ts_val *ts)
{
	uint16_t a = random_icmp(r, proto), b = random_icmp(r, proto);

	ts->port_last = 65535;
	if (spd_random_below(r, 3) == 0)
		return;
	ts->port_first = a < b ? a : b;
	ts->port_last = a < b ? b : a;
	if (spd_random_below(r, 2)) {
		ts->port_first = a & 0xff00;
		ts->port_last = a | 0xff;
	}
}

static void random_ports(struct spd_random *r, struct ts_val *ts)
{
	uint16_t a = (uint16_t)spd_random_below(r, 8), b = (uint16_t)spd_random_below(r, 8);

	ts->port_last = 65535;
	if (spd_random_below(r, 3))
		return;
	ts->port_first = a < b ? a : b;
	ts->port_last = a < b ? b : a;
}

static uint8_t random_proto(struct spd_random *r)
{
	static const uint8_t protos[] = { 1, 6, 17, 50, 58 };

	return protos[spd_random_below(r, sizeof(protos))];
}

/* A third is of one direction, a fifth of one interface. SAs protect both directions. */
static void random_place(struct spd_random *r, struct spd_policy *p)
{
	p->dir = spd_random_below(r, 3) ? SPD_BOTH : spd_random_below(r, 2) ? SPD_IN : SPD_OUT;
	if (p->action == SPD_PROTECT)
		p->dir = SPD_BOTH;
	if (r->n_ifindex && !spd_random_below(r, 5))
		p->ifindex = r->ifindex[spd_random_below(r, r->n_ifindex)];
	p->is_answered = p->action == SPD_DISCARD && !spd_random_below(r, 3);
}

void spd_random_policies(struct spd_random *r, struct spd_policy *ret_policies, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct spd_policy p = { .priority = spd_random_below(r, 20) };
		uint8_t proto = spd_random_below(r, 2) ? 0 : random_proto(r);
		p.action = (enum spd_action)spd_random_below(r, 3);
		p.child = p.action == SPD_PROTECT ? 1 + spd_random_below(r, N_CHILDREN) : 0;
		random_place(r, &p);
		p.local.addr = random_range(r);
		p.remote.addr = random_range(r);
		if (i && !spd_random_below(r, 4)) {
			const struct spd_policy *other =
				&ret_policies[spd_random_below(r, (uint32_t)i)];
			next_to(r, &p.local.addr, &other->local.addr);
			next_to(r, &p.remote.addr, &other->remote.addr);
		}
		random_family(r, &p);
		p.local.proto = p.remote.proto = proto;
		if (is_icmp(proto)) {
			random_icmp_range(r, proto, &p.local);
			random_icmp_range(r, proto, &p.remote);
		} else if (has_ports(proto) || !spd_random_below(r, 4)) {
			random_ports(r, &p.local);
			random_ports(r, &p.remote);
		} else {
			p.local.port_last = p.remote.port_last = 65535;
		}
		ret_policies[i] = p;
	}
}

struct spd_flow spd_random_flow(struct spd_random *r)
{
	struct spd_flow f = { .proto = random_proto(r),
			      .dir = spd_random_below(r, 2) ? SPD_IN : SPD_OUT };

	f.local = addr_from_v4(address(r));
	f.remote = addr_from_v4(address(r));
	if (r->n_ifindex)
		f.ifindex = r->ifindex[spd_random_below(r, r->n_ifindex)];
	if (has_ports(f.proto)) {
		f.local_port = (uint16_t)spd_random_below(r, 8);
		f.remote_port = (uint16_t)spd_random_below(r, 8);
	}
	if (is_icmp(f.proto)) /* at both sides */
		f.local_port = f.remote_port = random_icmp(r, f.proto);
	if (!spd_random_below(r, 3)) {
		f.local = addr_from_num(to_v6(addr_to_num(&f.local)));
		f.remote = addr_from_num(to_v6(addr_to_num(&f.remote)));
	}
	return f;
}

/* The first or last value, one beside it, or one between. */
static uint64_t edge(struct spd_random *r, uint64_t first, uint64_t last)
{
	switch (spd_random_below(r, 5)) {
	case 0:
		return first;
	case 1:
		return last;
	case 2:
		return first - 1;
	case 3:
		return last + 1;
	default:
		return first + (uint64_t)next(r) % (last - first + 1);
	}
}

static void near_addr(struct spd_random *r, const struct addr_range *range, struct ip_addr *a)
{
	bool is_all = range->last.lo - range->first.lo >= ~0u;
	struct addr_num n = range->first;

	if (is_all || addr_range_is_v4(range) != addr_is_v4(a))
		return;
	n.lo = edge(r, range->first.lo, range->last.lo);
	if ((((uint32_t)n.lo ^ BASE) >> SPAN_BITS) == 0)
		*a = addr_from_num(n);
}

static void near_port(struct spd_random *r, const struct ts_val *ts, uint16_t *port)
{
	*port = (uint16_t)edge(r, ts->port_first, ts->port_last);
}

struct spd_flow spd_random_flow_near(struct spd_random *r, const struct spd_policy *p)
{
	struct spd_flow f = spd_random_flow(r);

	if (addr_range_is_v4(&p->remote.addr) != addr_is_v4(&f.remote)) {
		bool is_v4 = addr_is_v4(&f.remote);
		struct addr_num local = addr_to_num(&f.local), remote = addr_to_num(&f.remote);
		f.local = is_v4 ? addr_from_num(to_v6(local)) : addr_from_v4((uint32_t)local.lo);
		f.remote = is_v4 ? addr_from_num(to_v6(remote)) : addr_from_v4((uint32_t)remote.lo);
	}
	near_addr(r, &p->local.addr, &f.local);
	near_addr(r, &p->remote.addr, &f.remote);
	if (p->local.proto && p->local.proto != f.proto && spd_random_below(r, 8)) {
		f.proto = p->local.proto;
		f.local_port = f.remote_port = is_icmp(f.proto) ? random_icmp(r, f.proto) : 0;
	}
	if (has_ports(f.proto) && !is_icmp(f.proto)) {
		near_port(r, &p->local, &f.local_port);
		near_port(r, &p->remote, &f.remote_port);
	}
	return f;
}

struct spd_flow spd_flow_reversed(const struct spd_flow *f)
{
	return (struct spd_flow){ .local = f->remote,
				  .remote = f->local,
				  .local_port = f->remote_port,
				  .remote_port = f->local_port,
				  .proto = f->proto,
				  .ifindex = f->ifindex,
				  .dir = f->dir == SPD_IN ? SPD_OUT : SPD_IN };
}
