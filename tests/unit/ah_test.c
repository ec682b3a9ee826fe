/* SPDX-License-Identifier: BSD-2-Clause */
/* AH against packets that scapy made (tests/vectors/ah_scapy.txt), both ways; every truncation;
 * what routers may change and what not. */
#include <stdio.h>
#include "esp_pair.h"
#include "support/bytes.h"
#include "worker/ah.h"

#define VECTORS "tests/vectors/ah_scapy.txt"

static const struct alg {
	const char *word;
	uint16_t integ, key_len;
} algs[] = {
	{ "sha1", INTEG_HMAC_SHA1_96, 20 },	   { "sha256", INTEG_HMAC_SHA2_256_128, 32 },
	{ "sha384", INTEG_HMAC_SHA2_384_192, 48 }, { "sha512", INTEG_HMAC_SHA2_512_256, 64 },
	{ "aescmac", INTEG_AES_CMAC_96, 16 },	   { "aesxcbc", INTEG_AES_XCBC_96, 16 },
};

static const struct shape {
	const char *name, *clear, *src, *dst;
	uint8_t mode;
} shapes[] = {
	{ "tunnel", "clear", "192.0.2.1", "192.0.2.2", SA_TUNNEL },
	{ "tunnel6", "clear", "2001:db8::1", "2001:db8::5", SA_TUNNEL },
	{ "options", "options", "10.1.1.2", "10.2.2.3", SA_TRANSPORT },
	{ "chain", "chain", "2001:db8::2", "2001:db8::3", SA_TRANSPORT },
};

static const struct esp_provider *provider;

static struct ts_val any_of(const char *range)
{
	struct ts_val ts = { .port_last = UINT16_MAX };

	assert_int_equal(addr_parse_range(range, &ts.addr), 0);
	return ts;
}

static int fill(struct sa_rt *rt, const struct shape *s, const struct alg *alg, uint8_t dir,
		uint8_t flags)
{
	struct sa_val val = { .spi = 0x01020304,
			      .proto = 51,
			      .mode = s->mode,
			      .flags = flags,
			      .dir = dir,
			      .window = 64,
			      .integ = alg->integ };
	struct sa_ts ts = { 2,
			    2,
			    { any_of("::/0"), any_of("0.0.0.0/0") },
			    { any_of("::/0"), any_of("0.0.0.0/0") } };
	struct sa_secret secret = { .auth_len = alg->key_len };

	memset(secret.auth, 0x5b, sizeof(secret.auth));
	assert_int_equal(addr_parse(s->src, &val.src), 0);
	assert_int_equal(addr_parse(s->dst, &val.dst), 0);
	return sa_rt_fill(rt, provider, &val, &ts, &secret);
}

static void make(struct pair *p, const struct shape *s, const struct alg *alg, uint8_t flags)
{
	memset(p, 0, sizeof(*p));
	assert_int_equal(fill(&p->out, s, alg, SA_OUT, flags), 0);
	assert_int_equal(fill(&p->in, s, alg, SA_IN, flags), 0);
	sa_rt_map(&p->out, &p->hot_out, &p->window, NULL);
	sa_rt_map(&p->in, &p->hot_in, &p->window, NULL);
}

static void put(struct pair *p, struct reader packet)
{
	memcpy(p->buf + HEADROOM + ETH_HDR_LEN, packet.at, rd_left(&packet));
	p->f = (struct frame){ .data = p->buf + HEADROOM,
			       .len = (uint32_t)(ETH_HDR_LEN + rd_left(&packet)),
			       .l3 = ETH_HDR_LEN };
}

/* As the gate hands it over. */
static enum worker_outcome take(struct pair *p)
{
	struct ip_info info;

	assert_true(ip_read(p->f.data + p->f.l3, p->f.len - p->f.l3, &info));
	p->f.esp = (uint16_t)(p->f.l3 + info.l4);
	return ah_in(provider, &p->f, &p->in);
}

static struct reader vector(const struct shape *s, const struct alg *alg)
{
	char name[32];

	snprintf(name, sizeof(name), "%s_%s", s->name, alg->word);
	return hex_file_field(VECTORS, name);
}

static struct reader now(const struct pair *p)
{
	return rd_from(p->f.data, p->f.len);
}

static void bytes_are_those_of_scapy(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4 * (ARRAY_SIZE(algs) - 1); i++) { /* scapy has no XCBC */
		const struct shape *s = &shapes[i % 4];
		struct reader clear = hex_file_field(VECTORS, s->clear);
		struct pair p;

		make(&p, s, &algs[i / 4], 0);
		put(&p, clear);
		assert_true(ah_out(provider, &p.f, &p.out, 1));
		assert_bytes(now(&p), vector(s, &algs[i / 4]));
		put(&p, vector(s, &algs[i / 4]));
		assert_int_equal(take(&p), FRAME_KEEP);
		assert_bytes(now(&p), clear);
		pair_fini(&p);
	}
}

static void arrive_again(struct pair *p)
{
	p->f.data -= ETH_HDR_LEN;
	p->f.len += ETH_HDR_LEN;
	p->f.l3 = ETH_HDR_LEN;
}

static void comes_out_as_it_went_in(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4 * ARRAY_SIZE(algs); i++) {
		const struct shape *s = &shapes[i % 4];
		struct reader clear = hex_file_field(VECTORS, s->clear);
		struct pair p;

		make(&p, s, &algs[i / 4], SA_ESN);
		put(&p, clear);
		p.hot_in.seq = 0xffffffff;
		assert_true(ah_out(provider, &p.f, &p.out, 0x100000001));
		assert_int_equal(
			p.f.len,
			esp_out_len(&p.out,
				    esp_out_kept(&p.out,
						 &(struct ip_info){ .split = (uint16_t)p.f.esp }),
				    (uint32_t)rd_left(&clear)));
		arrive_again(&p);
		struct frame same = p.f;
		uint8_t copy[FRAME_SIZE];
		memcpy(copy, p.buf, sizeof(copy));
		assert_int_equal(take(&p), FRAME_KEEP);
		assert_bytes(now(&p), clear);
		memcpy(p.buf, copy, sizeof(copy));
		p.f = same;
		assert_int_equal(take(&p), WORKER_DROP_REPLAY);
		pair_fini(&p);
	}
}

/* Another high half of the number: not the same packet. */
static void high_half_is_covered(void **state)
{
	struct pair p;

	(void)state;
	make(&p, &shapes[0], &algs[1], SA_ESN);
	put(&p, hex_file_field(VECTORS, "clear"));
	assert_true(ah_out(provider, &p.f, &p.out, 0x100000001));
	arrive_again(&p);
	assert_int_equal(take(&p), WORKER_DROP_ICV);
	pair_fini(&p);
}

static void truncated_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct reader whole = vector(&shapes[i], &algs[1]);
		struct pair p;

		make(&p, &shapes[i], &algs[1], 0);
		for (size_t n = 0; n < rd_left(&whole); n++) {
			struct reader part = exact_copy(whole, n);
			uint8_t *at = (uint8_t *)part.at;
			if (n >= 6 && *at >> 4 == 4)
				at[2] = (uint8_t)(n >> 8), at[3] = (uint8_t)n;
			else if (n >= 40)
				at[4] = (uint8_t)((n - 40) >> 8), at[5] = (uint8_t)(n - 40);
			p.f = (struct frame){ .data = at, .len = (uint32_t)n };
			struct ip_info info;
			if (ip_read(at, n, &info))
				p.f.esp = info.l4;
			enum worker_outcome o = ah_in(provider, &p.f, &p.in);
			assert_true(o == WORKER_DROP_RUNT || o == WORKER_DROP_ICV);
			free(at);
		}
		pair_fini(&p);
	}
}

static enum worker_outcome changed(const struct shape *s, size_t at, uint8_t bit)
{
	enum worker_outcome o;
	struct pair p;

	make(&p, s, &algs[1], 0);
	put(&p, vector(s, &algs[1]));
	uint8_t *packet = p.f.data + p.f.l3;
	packet[at] ^= bit;
	if (*packet >> 4 == 4)
		ip4_sum_write((struct ip4 *)packet);
	o = take(&p);
	pair_fini(&p);
	return o;
}

static void routers_change_what_they_may(void **state)
{
	/* TOS, DF, TTL, and of record route pointer and address; class, label, hop limit, an
	 * option. */
	static const struct {
		uint8_t shape, at, bit;
	} fine[] = { { 2, 1, 1 },  { 2, 6, 0x40 }, { 2, 8, 1 },	   { 2, 27, 4 },  { 2, 28, 1 },
		     { 2, 31, 1 }, { 3, 0, 1 },	   { 3, 1, 0x10 }, { 3, 2, 1 },	  { 3, 3, 0x80 },
		     { 3, 7, 1 },  { 3, 48, 1 },   { 3, 51, 1 },   { 0, 8, 0x10 } },
	  not [] = { { 2, 4, 1 },	   { 2, 12, 1 },      { 2, 19, 1 },	 { 2, 22, 1 },
		     { 2, 23, 1 },	   { 2, 32 + 0, 1 },  { 2, 32 + 3, 1 },	 { 2, 32 + 12, 1 },
		     { 2, 32 + 27, 0x80 }, { 2, 32 + 28, 1 }, { 2, 32 + 40, 1 }, { 3, 8, 1 },
		     { 3, 39, 1 },	   { 3, 44, 1 },      { 3, 75, 1 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fine); i++)
		assert_int_equal(changed(&shapes[fine[i].shape], fine[i].at, fine[i].bit),
				 FRAME_KEEP);
	for (size_t i = 0; i < ARRAY_SIZE(not ); i++)
		assert_int_equal(changed(&shapes[not [i].shape], not [i].at, not [i].bit),
				 WORKER_DROP_ICV);
}

/* Segments left: the packet is not at its destination yet. */
static void a_routing_header_is_used_up(void **state)
{
	uint8_t packet[IP6_HDR_LEN + 24] = { 0x60, [6] = PROTO_ROUTING, [IP6_HDR_LEN] = IPPROTO_NUM_AH, 2, 2 };

	(void)state;
	assert_true(ah_mutable_zero(packet, sizeof(packet)));
	packet[IP6_HDR_LEN + 3] = 1;
	assert_false(ah_mutable_zero(packet, sizeof(packet)));
}

static void longest_packet_fits(void **state)
{
	struct pair p;

	(void)state;
	for (size_t i = 0; i < 4 * ARRAY_SIZE(algs); i++) {
		make(&p, &shapes[i % 4], &algs[i / 4], 0);
		uint32_t kept = shapes[i % 4].mode == SA_TRANSPORT ? 40 : 0;
		uint16_t max = esp_out_clear_max(&p.out, kept, 1500);
		assert_int_equal(esp_out_len(&p.out, kept, max), 1500);
		pair_fini(&p);
	}
}

static void not_through_nat(void **state)
{
	struct sa_rt rt;

	(void)state;
	assert_int_equal(fill(&rt, &shapes[0], &algs[1], SA_OUT, SA_ENCAP), -ENOTSUP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_those_of_scapy),
		cmocka_unit_test(comes_out_as_it_went_in),
		cmocka_unit_test(high_half_is_covered),
		cmocka_unit_test(truncated_is_refused),
		cmocka_unit_test(routers_change_what_they_may),
		cmocka_unit_test(a_routing_header_is_used_up),
		cmocka_unit_test(longest_packet_fits),
		cmocka_unit_test(not_through_nat),
	};

	if (esp_provider_choose(NULL, &provider))
		return 1;
	return cmocka_run_group_tests_name("ah", tests, NULL, NULL);
}
