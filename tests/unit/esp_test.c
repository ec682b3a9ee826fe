/* SPDX-License-Identifier: BSD-2-Clause */
/* ESP round trips of single packets, every truncation, twins, and what the inner packet may be. */
#include "esp_pair.h"
#include "worker/replay.h"

static void round_trip(struct pair *p, uint16_t inner_len, uint64_t seq)
{
	static uint8_t before[FRAME_SIZE];
	struct ip4 *ip = clear_frame(p, inner_len);

	memcpy(before, ip, inner_len);
	seal(p, seq);
	const struct ip4 *outer = (const struct ip4 *)p->f.data;
	assert_int_equal(p->f.len, esp_out_len(&p->out, 0, inner_len));
	assert_int_equal(ntohs(outer->len), p->f.len);
	assert_true(ip4_sum_ok(outer));
	assert_int_equal(outer->tos, 0xb8);
	assert_memory_not_equal(ip, before, 20);
	arrive(p);
	assert_int_equal(unseal(p), FRAME_KEEP);
	assert_int_equal(p->f.seq, seq);
	assert_int_equal(p->f.len, inner_len);
	assert_memory_equal(p->f.data, before, inner_len);
}

static void packets_come_back_as_they_went(void **state)
{
	static const uint8_t flags[] = { 0, SA_ESN, SA_ENCAP, SA_ESN | SA_ENCAP };
	struct pair p;

	(void)state;
	for (uint16_t bits = 128; bits <= 256; bits += 128)
		for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
			pair_init(&p, bits, flags[i]);
			for (uint16_t len = 20; len < 1500; len++)
				round_trip(&p, len, len);
			pair_fini(&p);
		}
}

static void esn_goes_over_the_wrap(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, 128, SA_ESN);
	p.hot_in.seq = 0xfffffffe;
	for (uint64_t seq = 0xffffffff; seq < 0x100000010; seq++)
		round_trip(&p, 100, seq);
	pair_fini(&p);
}

static void inner_max_is_the_longest_that_fits(void **state)
{
	struct pair p;

	(void)state;
	for (unsigned encap = 0; encap < 2; encap++) {
		pair_init(&p, 128, encap ? SA_ENCAP : 0);
		for (uint16_t mtu = 100; mtu < 1600; mtu++) {
			uint16_t max = esp_out_clear_max(&p.out, 0, mtu);
			assert_true(esp_out_len(&p.out, 0, max) <= mtu);
			assert_true(esp_out_len(&p.out, 0, max + 1u) > mtu);
		}
		assert_int_equal(esp_out_clear_max(&p.out, 0, 50), 0);
		pair_fini(&p);
	}
}

/* Every truncation, with the IP header told or not, has a reason, and reads nothing outside. */
static void every_truncation_is_dropped(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, 128, SA_ENCAP);
	for (unsigned told = 0; told < 2; told++)
		for (unsigned cut = 0;; cut++) {
			clear_frame(&p, 61);
			seal(&p, 1);
			arrive(&p);
			if (cut == p.f.len)
				break;
			uint8_t *exact = malloc(cut ? cut : 1);
			memcpy(exact, p.f.data, cut);
			if (told && cut >= 20 + 14) {
				struct ip4 *ip = (struct ip4 *)(exact + 14);
				ip->len = htons((uint16_t)(cut - 14));
				if (cut >= 14 + 28)
					((struct udp *)(ip + 1))->len = htons((uint16_t)(cut - 34));
			}
			p.f.data = exact;
			p.f.len = cut;
			assert_true(unseal(&p) != FRAME_KEEP);
			free(exact);
		}
	assert_int_equal(p.hot_in.seq, 0); /* nothing of that moved the window */
	pair_fini(&p);
}

static void twins_of_one_burst_count_once(void **state)
{
	static uint8_t copy[FRAME_SIZE];
	struct pair p;
	struct frame f[2];
	struct esp_job jobs[2];

	(void)state;
	pair_init(&p, 128, 0);
	clear_frame(&p, 100);
	seal(&p, 7);
	arrive(&p);
	memcpy(copy, p.buf, sizeof(copy));
	f[0] = f[1] = p.f;
	f[1].data = copy + (p.f.data - p.buf);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(esp_in_check(&f[i], &p.in, &jobs[i]), FRAME_KEEP);
	p.in.key->provider->open(jobs, 2);
	assert_int_equal(esp_in_accept(&f[0], &p.in, &jobs[0]), FRAME_KEEP);
	assert_int_equal(esp_in_accept(&f[1], &p.in, &jobs[1]), WORKER_DROP_REPLAY);
	assert_int_equal(p.hot_in.replayed, 1);
	pair_fini(&p);
}

static void forged_packets_do_not_move_the_window(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, 256, 0);
	clear_frame(&p, 100);
	seal(&p, 1000);
	arrive(&p);
	p.f.data[p.f.len - 1] ^= 1;
	assert_int_equal(unseal(&p), WORKER_DROP_ICV);
	assert_int_equal(p.hot_in.seq, 0);
	assert_int_equal(p.hot_in.bad_icv, 1);
	round_trip(&p, 100, 1);
	pair_fini(&p);
}

/* What the sender put inside, and what becomes of it. `edit` changes the clear packet, or the
 * text right before it is sealed. */
struct inside {
	const char *name;
	void (*edit)(struct ip4 *ip);
	void (*edit_text)(uint8_t *text, uint32_t len);
	enum worker_outcome outcome;
};

static void foreign_source(struct ip4 *ip)
{
	ip->src = htonl(0x0b000001);
	ip4_sum_write(ip);
}
static void bad_sum(struct ip4 *ip)
{
	ip->check ^= 1;
}
static void too_long(uint8_t *text, uint32_t len)
{
	struct ip4 *ip = (struct ip4 *)text;

	ip->len = htons((uint16_t)(len - 1)); /* one more than there is before the trailer */
	ip4_sum_write(ip);
}
static void tfc(uint8_t *text, uint32_t len)
{
	struct ip4 *ip = (struct ip4 *)text;

	(void)len;
	ip->len = htons(60);
	ip4_sum_write(ip);
}
static void six(uint8_t *text, uint32_t len)
{
	text[len - 1] = ESP_NEXT_IPV6;
}
static void tcp(uint8_t *text, uint32_t len)
{
	text[len - 1] = 6;
}
static void inner_packets_are_judged(void **state)
{
	static const struct inside rows[] = {
		{ "fine", NULL, NULL, FRAME_KEEP },
		{ "selector", foreign_source, NULL, WORKER_DROP_SELECTOR },
		{ "checksum", bad_sum, NULL, WORKER_DROP_INNER },
		{ "longer than the payload", NULL, too_long, WORKER_DROP_INNER },
		{ "traffic flow padding", NULL, tfc, FRAME_KEEP },
		{ "IPv4 called IPv6", NULL, six, WORKER_DROP_INNER },
		{ "no tunnel packet", NULL, tcp, WORKER_DROP_NEXT_HEADER },
		{ "dummy", NULL, dummy, WORKER_DROP_DUMMY },
		{ "padding bytes", NULL, wrong_pad, WORKER_DROP_PADDING },
		{ "pad length", NULL, endless_pad, WORKER_DROP_PADDING },
	};
	struct pair p;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		pair_init(&p, 128, 0);
		struct ip4 *ip = clear_frame(&p, 99);
		if (rows[i].edit)
			rows[i].edit(ip);
		assert_true(esp_out_write(&p.f, &p.out, 1, &p.job));
		if (rows[i].edit_text)
			rows[i].edit_text(p.job.text, p.job.text_len);
		p.out.key->provider->seal(&p.job, 1);
		arrive(&p);
		enum worker_outcome got = unseal(&p);
		if (got != rows[i].outcome)
			fail_msg("%s: outcome %d", rows[i].name, got);
		pair_fini(&p);
	}
}

/* RFC 6040 4.2 figure 4; -1: dropped. Codes: 0 Not-ECT, 1 ECT(1), 2 ECT(0), 3 CE. */
static void ecn_of_the_outer_header(void **state)
{
	static const int table[4][4] = {
		/* outer:  0  1  2   3 */
		{ 0, 0, 0, -1 },
		{ 1, 1, 1, 3 },
		{ 2, 1, 2, 3 },
		{ 3, 3, 3, 3 },
	};
	struct pair p;

	(void)state;
	for (uint8_t inner = 0; inner < 4; inner++)
		for (uint8_t outer = 0; outer < 4; outer++) {
			pair_init(&p, 128, 0);
			ip4_set_tos(clear_frame(&p, 99), (uint8_t)(0xb8 | inner));
			seal(&p, 1);
			struct ip4 *ip = (struct ip4 *)p.f.data;
			assert_int_equal(ip->tos, 0xb8 | inner);
			ip4_set_tos(ip, (uint8_t)(0xb8 | outer));
			assert_true(ip4_sum_ok(ip));
			arrive(&p);
			enum worker_outcome got = unseal(&p);
			if (table[inner][outer] < 0) {
				assert_int_equal(got, WORKER_DROP_ECN);
			} else {
				assert_int_equal(got, FRAME_KEEP);
				ip = (struct ip4 *)p.f.data;
				assert_int_equal(ip->tos, 0xb8 | table[inner][outer]);
				assert_true(ip4_sum_ok(ip));
			}
			pair_fini(&p);
		}
}

static void df_is_copied_from_the_inner_packet(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, 128, 0);
	for (unsigned df = 0; df < 2; df++) {
		struct ip4 *ip = clear_frame(&p, 99);
		ip->frag = htons(df ? IP4_DF : 0);
		ip4_sum_write(ip);
		seal(&p, 1 + df);
		assert_int_equal(ip4_frag((struct ip4 *)p.f.data), df ? IP4_DF : 0);
	}
	pair_fini(&p);
}

static void encapsulation_is_checked(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, 128, 0);
	p.in.flags = SA_ENCAP; /* our peer is behind a NAT: bare ESP is not his */
	clear_frame(&p, 99);
	seal(&p, 1);
	arrive(&p);
	assert_int_equal(unseal(&p), WORKER_DROP_ENCAP);
	pair_fini(&p);
	pair_init(&p, 128, SA_ENCAP);
	p.in.flags = 0; /* UDP without a NAT must be taken (RFC 7296 2.23) */
	clear_frame(&p, 99);
	seal(&p, 1);
	arrive(&p);
	assert_int_equal(unseal(&p), FRAME_KEEP);
	pair_fini(&p);
}

static void selectors_with_ports(void **state)
{
	struct ts_flow flow = { .local = addr_num_v4(htonl(SRC)),
				.remote = addr_num_v4(htonl(DST)),
				.local_port = 80,
				.remote_port = 9,
				.proto = 6,
				.ports_known = true };
	struct ts_val local = net(SRC, SRC), remote = net(DST, DST);
	struct sa_ts ts = { .n_local = 1, .n_remote = 1 };
	struct ts_set set;

	(void)state;
	local.port_first = local.port_last = 80;
	local.proto = 6;
	ts.local[0] = local;
	ts.remote[0] = remote;
	ts_set_read(&set, &ts);
	assert_true(ts_set_match(&set, &flow));
	flow.ports_known = false;
	assert_false(ts_set_match(&set, &flow));
	flow.ports_known = true;
	flow.proto = 17;
	assert_false(ts_set_match(&set, &flow));
	flow.proto = 6;
	flow.local_port = 81;
	assert_false(ts_set_match(&set, &flow));
	ts.n_local = 1000; /* a count that lies is cut */
	ts_set_read(&set, &ts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_come_back_as_they_went),
		cmocka_unit_test(esn_goes_over_the_wrap),
		cmocka_unit_test(inner_max_is_the_longest_that_fits),
		cmocka_unit_test(every_truncation_is_dropped),
		cmocka_unit_test(twins_of_one_burst_count_once),
		cmocka_unit_test(forged_packets_do_not_move_the_window),
		cmocka_unit_test(inner_packets_are_judged),
		cmocka_unit_test(ecn_of_the_outer_header),
		cmocka_unit_test(df_is_copied_from_the_inner_packet),
		cmocka_unit_test(encapsulation_is_checked),
		cmocka_unit_test(selectors_with_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
