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
	case 0: /* everything, both families */
		return (struct addr_range){ { 0, 0 }, { ~0ull, ~0ull } };
	case 1:
		return range_of(a, a);
	case 2:
	case 3:
		return a < b ? range_of(a, b) : range_of(b, a);
	default:
		return range_of(a & mask, (a & mask) | ~mask);
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
	static const uint8_t protos[] = { 1, 6, 17, 50 };

	return protos[spd_random_below(r, sizeof(protos))];
}

void spd_random_policies(struct spd_random *r, struct spd_policy *ret_policies, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct spd_policy p = { .priority = spd_random_below(r, 20) };
		uint8_t proto = spd_random_below(r, 2) ? 0 : random_proto(r);
		p.action = (enum spd_action)spd_random_below(r, 3);
		p.child = p.action == SPD_PROTECT ? 1 + spd_random_below(r, N_CHILDREN) : 0;
		p.local.addr = random_range(r);
		p.remote.addr = random_range(r);
		p.local.proto = p.remote.proto = proto;
		if (proto == 6 || proto == 17 || !spd_random_below(r, 4)) {
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
	struct spd_flow f = { .proto = random_proto(r) };

	f.local = addr_from_v4(address(r));
	f.remote = addr_from_v4(address(r));
	if (f.proto == 6 || f.proto == 17) {
		f.local_port = (uint16_t)spd_random_below(r, 8);
		f.remote_port = (uint16_t)spd_random_below(r, 8);
	}
	return f;
}

struct spd_flow spd_flow_reversed(const struct spd_flow *f)
{
	return (struct spd_flow){ .local = f->remote, .remote = f->local,
				  .local_port = f->remote_port, .remote_port = f->local_port,
				  .proto = f->proto };
}
