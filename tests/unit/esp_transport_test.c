/* SPDX-License-Identifier: BSD-2-Clause */
/* ESP in transport mode: what stays in clear, and what a hostile peer or road may do to it. */
#include "esp_pair.h"
#include "worker/l4_sum.h"

/* The clear packet gets `options` bytes of IP options, which say nothing (NOP). */
static struct ip4 *clear_with_options(struct pair *p, uint16_t len, unsigned options)
{
	struct ip4 *ip = clear_frame(p, len);

	memmove((uint8_t *)ip + IP4_HDR_LEN + options, ip + 1, len - IP4_HDR_LEN);
	memset(ip + 1, 1, options);
	ip->ver_ihl = (uint8_t)(0x45 + options / 4);
	ip->len = htons((uint16_t)(len + options));
	ip4_sum_write(ip);
	p->f.len += options;
	return ip;
}

/* As arrive(), behind an IP header of any length. */
static void arrive_transport(struct pair *p)
{
	unsigned hdr_len = ip4_hdr_len((const struct ip4 *)p->f.data);

	arrive(p);
	p->f.esp = (uint16_t)(ETH_HDR_LEN + hdr_len + p->out.outer.added - ESP_HDR_LEN);
}

static void transport_keeps_the_header(void **state)
{
	static const uint8_t flags[] = { 0, SA_ESN, SA_ENCAP };
	static uint8_t before[FRAME_SIZE];
	struct pair p;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		for (unsigned options = 0; options <= 40; options += 4) {
			pair_init_mode(&p, 128, flags[i], SA_TRANSPORT);
			for (uint16_t len = 28; len < 1400; len += 7) {
				struct ip4 *ip = clear_with_options(&p, len, options);
				uint16_t clear_len = ntohs(ip->len);

				memcpy(before, ip, clear_len);
				seal(&p, len);
				ip = (struct ip4 *)p.f.data;
				assert_int_equal(p.f.len,
						 esp_out_len(&p.out, 20 + options, clear_len));
				assert_int_equal(ntohs(ip->len), p.f.len);
				assert_int_equal(ip->proto, flags[i] == SA_ENCAP ? 17 : 50);
				assert_true(ip4_sum_ok(ip));
				assert_int_equal(ip->src, htonl(SRC));
				assert_memory_equal(ip + 1, before + 20, options);
				arrive_transport(&p);
				assert_int_equal(unseal(&p), FRAME_KEEP);
				assert_int_equal(p.f.len, clear_len);
				assert_memory_equal(p.f.data, before, clear_len);
			}
			pair_fini(&p);
		}
}

/* Whole blocks behind headers of any length: 16 bytes of CBC, 4 of the counter modes. */
static void transport_fits_the_mtu(void **state)
{
	static const struct aead_alg algs[] = {
		{ .encr = ENCR_AES_GCM_16, .key_bits = 128 },
		{ .encr = ENCR_AES_CBC, .key_bits = 128, .integ = INTEG_HMAC_SHA2_256_128 },
	};
	const struct esp_provider *provider;
	struct pair p;

	(void)state;
	provider_set(&provider);
	for (size_t i = 0; i < ARRAY_SIZE(algs); i++) {
		pair_init_alg(&p, provider, algs[i], SA_ENCAP, SA_TRANSPORT);
		for (uint32_t kept = 20; kept <= 60; kept += 4)
			for (uint16_t mtu = 160; mtu < 1600; mtu++) {
				uint16_t max = esp_out_clear_max(&p.out, kept, mtu);
				assert_true(esp_out_len(&p.out, kept, max) <= mtu);
				assert_true(esp_out_len(&p.out, kept, max + 1u) > mtu);
			}
		pair_fini(&p);
	}
}

static void next_tcp(uint8_t *text, uint32_t len)
{
	text[len - 1] = 6;
}
static void next_ipv4(uint8_t *text, uint32_t len)
{
	text[len - 1] = ESP_NEXT_IPV4;
}
static void all_padding(uint8_t *text, uint32_t len)
{
	for (uint32_t i = 0; i < len - 2; i++)
		text[i] = (uint8_t)(i + 1);
	text[len - 2] = (uint8_t)(len - 2);
}
static void other_ports(uint8_t *text, uint32_t len)
{
	(void)len;
	text[0] = text[2] = 0xff;
}

/* What stands in the outer header when it arrives: nobody has vouched for it. */
static void outer_bad_sum(struct ip4 *ip)
{
	ip->check ^= 1;
}
static void outer_fragment(struct ip4 *ip)
{
	ip->frag = htons(IP4_MF);
	ip4_sum_write(ip);
}
static void outer_later_fragment(struct ip4 *ip)
{
	ip->frag = htons(100);
	ip4_sum_write(ip);
}
static void outer_other_source(struct ip4 *ip)
{
	ip->src = htonl(0x0b000001);
	ip4_sum_write(ip);
}
static void outer_other_destination(struct ip4 *ip)
{
	ip->dst = htonl(0x0b000001);
	ip4_sum_write(ip);
}

/* The inbound SA takes UDP from port 1000 to port 2000 only. */
static void transport_packets_are_judged(void **state)
{
	static const struct {
		const char *name;
		void (*text)(uint8_t *text, uint32_t len);
		void (*outer)(struct ip4 *ip);
		enum worker_outcome outcome;
	} rows[] = {
		{ "fine", NULL, NULL, FRAME_KEEP },
		{ "another protocol", next_tcp, NULL, WORKER_DROP_SELECTOR },
		{ "a whole packet inside", next_ipv4, NULL, WORKER_DROP_SELECTOR },
		{ "other ports", other_ports, NULL, WORKER_DROP_SELECTOR },
		{ "dummy", dummy, NULL, WORKER_DROP_DUMMY },
		{ "padding bytes", wrong_pad, NULL, WORKER_DROP_PADDING },
		{ "pad length", endless_pad, NULL, WORKER_DROP_PADDING },
		{ "nothing but padding", all_padding, NULL, WORKER_DROP_PADDING },
		{ "outer checksum", NULL, outer_bad_sum, WORKER_DROP_INNER },
		{ "first fragment", NULL, outer_fragment, WORKER_DROP_INNER },
		{ "later fragment", NULL, outer_later_fragment, WORKER_DROP_INNER },
		{ "from elsewhere", NULL, outer_other_source, WORKER_DROP_SELECTOR },
		{ "to elsewhere", NULL, outer_other_destination, WORKER_DROP_SELECTOR },
	};
	struct pair p;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		pair_init_mode(&p, 128, 0, SA_TRANSPORT);
		p.in.ts.remote[0].proto = p.in.ts.local[0].proto = 17;
		p.in.ts.remote[0].port_first = p.in.ts.remote[0].port_last = 1000;
		p.in.ts.local[0].port_first = p.in.ts.local[0].port_last = 2000;
		clear_frame(&p, 99);
		assert_true(esp_out_write(&p.f, &p.out, 1, &p.job));
		if (rows[i].text)
			rows[i].text(p.job.text, p.job.text_len);
		p.out.key->provider->seal(&p.job, 1);
		if (rows[i].outer)
			rows[i].outer((struct ip4 *)p.f.data);
		arrive_transport(&p);
		enum worker_outcome got = unseal(&p);
		if (got != rows[i].outcome)
			fail_msg("%s: outcome %d", rows[i].name, got);
		pair_fini(&p);
	}
}

static void every_truncation_in_transport_mode(void **state)
{
	struct pair p;

	(void)state;
	pair_init_mode(&p, 128, SA_ENCAP, SA_TRANSPORT);
	for (unsigned cut = 0;; cut++) {
		clear_with_options(&p, 61, 8);
		seal(&p, 1);
		arrive_transport(&p);
		if (cut == p.f.len)
			break;
		uint8_t *exact = malloc(cut ? cut : 1);
		memcpy(exact, p.f.data, cut);
		if (cut >= 14 + 28 + 8) {
			struct ip4 *ip = (struct ip4 *)(exact + 14);
			ip->len = htons((uint16_t)(cut - 14));
			ip4_sum_write(ip);
			((struct udp *)(exact + 14 + 28))->len = htons((uint16_t)(cut - 42));
		}
		p.f.data = exact;
		p.f.len = cut;
		assert_true(unseal(&p) != FRAME_KEEP);
		free(exact);
	}
	assert_int_equal(p.hot_in.seq, 0);
	pair_fini(&p);
}

/* The checksum that a receiver computes: 0 when it is right. */
static uint16_t l4_sum(const struct ip4 *ip, uint32_t len)
{
	const uint8_t *l4 = (const uint8_t *)ip + ip4_hdr_len(ip);
	uint8_t pseudo[12] = { 0 };

	memcpy(pseudo, &ip->src, 8);
	pseudo[9] = ip->proto;
	pseudo[10] = (uint8_t)(len >> 8);
	pseudo[11] = (uint8_t)len;
	return (uint16_t)sum_fold(sum16(l4, len, sum16(pseudo, sizeof(pseudo), 0)));
}

/* A NAT gives the packet another source: the checksum of TCP and UDP is made anew (RFC 3948
 * 3.1.2), but only where it came in UDP; one that is not there stays away. */
static void checksums_behind_a_nat(void **state)
{
	static const struct {
		uint8_t proto, flags;
		bool is_none, is_right;
	} rows[] = {
		{ 6, SA_ENCAP, false, true },
		{ 17, SA_ENCAP, false, true },
		{ 17, SA_ENCAP, true, false },
		{ 6, 0, false, false },
	};
	struct pair p;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		pair_init_mode(&p, 128, rows[i].flags, SA_TRANSPORT);
		struct ip4 *ip = clear_frame(&p, 99);
		uint8_t *check = (uint8_t *)ip + 20 + (rows[i].proto == 6 ? 16 : 6);
		__be16 sum = 0;

		ip->proto = rows[i].proto;
		ip4_sum_write(ip);
		memcpy(check, &sum, 2);
		sum = rows[i].is_none ? 0 : (__be16)l4_sum(ip, 79);
		memcpy(check, &sum, 2);
		seal(&p, 1);
		ip = (struct ip4 *)p.f.data;
		ip->src = htonl(SRC + 1);
		ip4_sum_write(ip);
		arrive_transport(&p);
		assert_int_equal(unseal(&p), FRAME_KEEP);
		ip = (struct ip4 *)p.f.data;
		assert_int_equal(ip->src, htonl(SRC + 1));
		assert_true(ip4_sum_ok(ip));
		assert_int_equal(l4_sum(ip, 79) == 0, rows[i].is_right);
		if (rows[i].is_none)
			assert_memory_equal(p.f.data + 26, &(uint16_t){ 0 }, 2);
		pair_fini(&p);
	}
}

/* The checksum of ICMPv6 has the addresses in it, too (RFC 4443 2.3); that of ICMP has not. */
static void icmpv6_is_summed_anew(void **state)
{
	uint8_t packet[IP6_HDR_LEN + 9] = { 0x60, 0, 0, 0, 0, 9, PROTO_ICMPV6, 64, [23] = 1, [39] = 2,
					    [40] = 128, [42] = 0x12, [43] = 0x34, [48] = 0x55 };
	struct ip_info info;

	(void)state;
	assert_true(ip_read(packet, sizeof(packet), &info));
	l4_sum_write(packet, &info);
	/* ::1, ::2, length 9, 58; 0x8000, 0x5500 */
	uint16_t want = (uint16_t)~(1 + 2 + 9 + 58 + 0x8000 + 0x5500);
	assert_int_equal(packet[42] << 8 | packet[43], want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(transport_keeps_the_header),
		cmocka_unit_test(transport_fits_the_mtu),
		cmocka_unit_test(transport_packets_are_judged),
		cmocka_unit_test(every_truncation_in_transport_mode),
		cmocka_unit_test(checksums_behind_a_nat),
		cmocka_unit_test(icmpv6_is_summed_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
