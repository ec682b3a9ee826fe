/* SPDX-License-Identifier: BSD-2-Clause */
/* ESP with IPv6 inside, outside or both: round trips, extension headers, every truncation, and what
 * the headers of both versions say to each other. */
#include "esp_pair.h"

#define INSIDE "2001:db8:1::5"
#define BEYOND "2001:db8:2::5"

struct ipv6_sa {
	bool inner6, outer6;
	uint8_t flags, mode;
};

static struct ip_addr addr(const char *text)
{
	struct ip_addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static struct ts_val any_of(const char *range)
{
	struct ts_val ts = { .port_last = UINT16_MAX };

	assert_int_equal(addr_parse_range(range, &ts.addr), 0);
	return ts;
}

static struct sa_val values(const struct ipv6_sa *s)
{
	bool is_tunnel = s->mode == SA_TUNNEL;

	return (struct sa_val){ .spi = 7,
				.proto = 50,
				.mode = s->mode,
				.window = 64,
				.encr = ENCR_AES_GCM_16,
				.key_bits = 128,
				.flags = s->flags,
				.encap_sport = 4500,
				.encap_dport = 4500,
				.src = addr(!is_tunnel	? INSIDE
					    : s->outer6 ? "2001:db8::1"
							: "192.0.2.1"),
				.dst = addr(!is_tunnel	? BEYOND
					    : s->outer6 ? "2001:db8::2"
							: "192.0.2.2") };
}

static void pair_make(struct pair *p, const struct ipv6_sa *s)
{
	struct sa_ts ts = { 2,
			    2,
			    { any_of("::/0"), any_of("0.0.0.0/0") },
			    { any_of("::/0"), any_of("0.0.0.0/0") } };
	struct sa_secret secret = { .enc_len = 20, .enc = "a key of no value..." };
	const struct esp_provider *provider;
	struct sa_val val = values(s);

	memset(p, 0, sizeof(*p));
	provider_set(&provider);
	val.dir = SA_OUT;
	assert_int_equal(sa_rt_fill(&p->out, provider, &val, &ts, &secret), 0);
	val.dir = SA_IN;
	assert_int_equal(sa_rt_fill(&p->in, provider, &val, &ts, &secret), 0);
	sa_rt_map(&p->out, &p->hot_out, &p->window, NULL);
	sa_rt_map(&p->in, &p->hot_in, &p->window, NULL);
}

/* A UDP packet of `len` bytes behind its headers, with n extension headers of those types. */
static uint8_t *clear6(struct pair *p, uint16_t len, const uint8_t *ext, unsigned n)
{
	struct ip6 *ip = (struct ip6 *)(p->buf + HEADROOM + ETH_HDR_LEN);
	uint8_t *at = (uint8_t *)(ip + 1);

	memset(p->buf, 0xee, sizeof(p->buf));
	*ip = (struct ip6){ .flow = htonl(6u << 28 | 0xb8u << 20 | 0x12345),
			    .len = htons((uint16_t)(len + 8 * n)),
			    .next = n ? ext[0] : 17,
			    .hops = 9,
			    .src = addr(INSIDE),
			    .dst = addr(BEYOND) };
	for (unsigned i = 0; i < n; i++, at += 8) {
		memset(at, 0, 8);
		at[0] = i + 1 < n ? ext[i + 1] : 17;
	}
	for (unsigned i = 0; i < len; i++)
		at[i] = i < 4 || i > 7 ? (uint8_t)i : 0; /* no checksum of UDP to mend */
	p->f = (struct frame){ .data = p->buf + HEADROOM,
			       .l3 = ETH_HDR_LEN,
			       .len = ETH_HDR_LEN + 40u + 8 * n + len };
	return (uint8_t *)ip;
}

/* As the gate hands it over, whatever its headers are. */
static void arrive_at(struct pair *p)
{
	uint16_t esp = p->f.esp;

	arrive(p);
	p->f.esp = (uint16_t)(ETH_HDR_LEN + esp);
}

static const struct ipv6_sa all[] = {
	{ true, false, 0, SA_TUNNEL },	      { true, true, 0, SA_TUNNEL },
	{ false, true, 0, SA_TUNNEL },	      { true, false, SA_ENCAP, SA_TUNNEL },
	{ true, true, SA_ENCAP, SA_TUNNEL },  { false, true, SA_ENCAP | SA_ESN, SA_TUNNEL },
	{ true, true, SA_ESN, SA_TRANSPORT }, { true, true, SA_ENCAP, SA_TRANSPORT },
};

static void both_versions_come_back(void **state)
{
	static uint8_t before[FRAME_SIZE];
	struct pair p;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		pair_make(&p, &all[i]);
		for (uint16_t len = 28; len < 1400; len++) {
			uint8_t *ip = all[i].inner6 ? clear6(&p, len, NULL, 0)
						    : (uint8_t *)clear_frame(&p, len);
			uint32_t clear = p.f.len - ETH_HDR_LEN;
			memcpy(before, ip, clear);
			seal(&p, len);
			assert_int_equal(ip_version(p.f.data), all[i].outer6 ? 6 : 4);
			assert_int_equal(ip_packet_len(p.f.data, p.f.len), p.f.len);
			assert_int_equal(ip_tos(p.f.data), 0xb8);
			assert_int_equal(
				p.f.len,
				esp_out_len(&p.out, all[i].mode == SA_TRANSPORT ? 40 : 0, clear));
			arrive_at(&p);
			assert_int_equal(unseal(&p), FRAME_KEEP);
			assert_int_equal(p.f.len, clear);
			assert_memory_equal(p.f.data, before, clear);
		}
		pair_fini(&p);
	}
}

static void the_outer_header_says_what_the_inner_one_does(void **state)
{
	struct pair p;

	(void)state;
	pair_make(&p, &all[0]); /* IPv6 in IPv4 */
	clear6(&p, 100, NULL, 0);
	seal(&p, 1);
	assert_true(ip_df(p.f.data));
	pair_fini(&p);
	pair_make(&p, &all[1]); /* IPv6 in IPv6 */
	clear6(&p, 100, NULL, 0);
	seal(&p, 1);
	assert_int_equal(ip6_flow_label(p.f.data), 0x12345);
	assert_int_equal(ip_ttl(p.f.data), IP6_HOPS);
	assert_int_equal(p.f.data[6], 50);
	pair_fini(&p);
	pair_make(&p, &all[2]); /* IPv4 in IPv6 */
	clear_frame(&p, 100);
	seal(&p, 1);
	assert_int_equal(ip6_flow_label(p.f.data), 0);
	pair_fini(&p);
}

/* RFC 8200 8.1: a UDP packet of IPv6 has a checksum. */
static void udp_over_ipv6_is_summed(void **state)
{
	struct pair p;

	(void)state;
	pair_make(&p, &all[4]);
	for (uint16_t len = 28; len < 300; len++) {
		clear6(&p, len, NULL, 0);
		seal(&p, len);
		outer_sum_udp(p.f.data, p.f.esp, p.f.len);
		uint32_t udp_len = p.f.len - 40;
		uint32_t sum = ip_pseudo_sum(p.f.data, 17, udp_len);
		assert_int_equal(sum_fold(sum16(p.f.data + 40, udp_len, sum)), 0);
	}
	pair_fini(&p);
}

/* RFC 4303 3.1.1: hop-by-hop, routing and fragment headers stay in front of ESP, and destination
 * options that nobody on the road reads go behind it. */
static void transport_mode_splits_extension_headers(void **state)
{
	static const struct {
		uint8_t ext[3];
		unsigned n, kept, first_next, last_next;
	} rows[] = {
		{ { 0 }, 1, 48, 0, 17 },	 { { 60 }, 1, 40, 50, 60 },
		{ { 0, 60 }, 2, 48, 0, 60 },	 { { 60, 43 }, 2, 56, 60, 17 },
		{ { 0, 43, 60 }, 3, 56, 0, 60 }, { { 43, 60 }, 2, 48, 43, 60 },
	};
	static uint8_t before[FRAME_SIZE];
	struct pair p;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		pair_make(&p, &all[6]);
		uint8_t *ip = clear6(&p, 64, rows[i].ext, rows[i].n);
		uint32_t clear = p.f.len - ETH_HDR_LEN;
		memcpy(before, ip, clear);
		assert_true(esp_out_write(&p.f, &p.out, 1, &p.job));
		assert_int_equal(p.f.esp, rows[i].kept);
		assert_int_equal(p.f.data[6], rows[i].first_next);
		assert_int_equal(p.job.text[p.job.text_len - 1], rows[i].last_next);
		p.out.key->provider->seal(&p.job, 1);
		arrive_at(&p);
		assert_int_equal(unseal(&p), FRAME_KEEP);
		assert_int_equal(p.f.len, clear);
		assert_memory_equal(p.f.data, before, clear);
		pair_fini(&p);
	}
}

static void every_truncation_is_dropped(void **state)
{
	static const uint8_t ext[] = { 0, 43, 60 };
	struct ip_info info;
	struct pair p;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		pair_make(&p, &all[i]);
		for (unsigned cut = 1; cut < 120; cut++) {
			if (all[i].inner6)
				clear6(&p, 60, NULL, 0);
			else
				clear_frame(&p, 60);
			seal(&p, 1);
			arrive_at(&p);
			p.f.len -= cut;
			assert_int_equal(esp_in_check(&p.f, &p.in, &p.job), WORKER_DROP_RUNT);
		}
		pair_fini(&p);
	}
	pair_make(&p, &all[1]);
	uint8_t *ip = clear6(&p, 20, ext, 3);
	for (unsigned len = 0; len < 40 + 24 + 20; len++)
		assert_false(ip_read(ip, len, &info));
	assert_true(ip_read(ip, 40 + 24 + 20, &info));
	assert_int_equal(info.l4, 64);
	assert_int_equal(info.sport, 0x0001);
	pair_fini(&p);
}

static void headers_that_lie_are_refused(void **state)
{
	static const uint8_t nine[] = { 60, 60, 60, 60, 60, 60, 60, 60, 60 };
	static const uint8_t fragment[] = { 44 };
	struct ip_info info;
	struct pair p;

	(void)state;
	pair_make(&p, &all[1]);
	uint8_t *ip = clear6(&p, 20, nine, 8);
	assert_true(ip_read(ip, 124, &info));
	ip = clear6(&p, 20, nine, 9);
	assert_false(ip_read(ip, 132, &info));
	ip = clear6(&p, 20, nine, 1);
	ip[41] = 3; /* longer than the packet */
	assert_false(ip_read(ip, 68, &info));
	ip = clear6(&p, 20, NULL, 0);
	((struct ip6 *)ip)->src = addr_from_v4(0x0a000001);
	assert_false(ip_read(ip, 60, &info));
	ip = clear6(&p, 20, fragment, 1);
	ip[43] = 8; /* offset 1: no ports */
	assert_true(ip_read(ip, 68, &info));
	assert_true(info.is_later && !info.ports_known && info.sport == 0);
	pair_fini(&p);
}

/* RFC 6040 4.2 with every pair of versions. */
static void congestion_is_handed_inwards(void **state)
{
	struct pair p;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		pair_make(&p, &all[i]);
		uint8_t *ip =
			all[i].inner6 ? clear6(&p, 100, NULL, 0) : (uint8_t *)clear_frame(&p, 100);
		ip_set_tos(ip, 0xba); /* ECT(0) */
		seal(&p, 1);
		ip_set_tos(p.f.data, 0xbb); /* CE */
		arrive_at(&p);
		assert_int_equal(unseal(&p), FRAME_KEEP);
		assert_int_equal(ip_tos(p.f.data), 0xbb);
		pair_fini(&p);
	}
}

static void ipv6_is_not_an_ipv4_range(void **state)
{
	struct sa_ts ts = { 1, 1, { any_of("::/0") }, { any_of("::/0") } };
	struct ts_flow flow = { .local = addr_num_v4(htonl(SRC)),
				.remote = addr_num_v4(htonl(DST)) };
	struct ts_set set;

	(void)state;
	ts_set_read(&set, &ts);
	assert_false(ts_set_match(&set, &flow));
	assert_false(ts_set_is_local(&set, flow.local));
	struct ip_addr a = addr(INSIDE);
	flow.local = flow.remote = addr_to_num(&a);
	assert_true(ts_set_match(&set, &flow));
	assert_true(ts_set_is_local(&set, flow.local));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_versions_come_back),
		cmocka_unit_test(the_outer_header_says_what_the_inner_one_does),
		cmocka_unit_test(udp_over_ipv6_is_summed),
		cmocka_unit_test(transport_mode_splits_extension_headers),
		cmocka_unit_test(every_truncation_is_dropped),
		cmocka_unit_test(headers_that_lie_are_refused),
		cmocka_unit_test(congestion_is_handed_inwards),
		cmocka_unit_test(ipv6_is_not_an_ipv4_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
