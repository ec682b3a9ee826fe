/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP's MSS option: found wherever it is, lowered, never raised, and the checksum stays right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/addr.h"
#include "base/must.h"
#include "worker/mss.h"

#define TCP_LEN(n) (20u + (n))

struct packet {
	uint8_t bytes[200];
	struct ip_info info;
};

/* A segment of IPv4 or IPv6 with those options (a multiple of four bytes) and flags. */
static void make(struct packet *p, bool is_v6, const uint8_t *options, uint8_t len, uint8_t flags)
{
	uint8_t hdr = is_v6 ? IP6_HDR_LEN : IP4_HDR_LEN, *tcp = p->bytes + hdr;
	struct ip4 v4 = { .ver_ihl = 0x45,
			  .len = htons((uint16_t)(hdr + TCP_LEN(len))),
			  .proto = 6,
			  .src = 1,
			  .dst = 2 };
	struct ip6 v6 = { .flow = htonl(6u << 28),
			  .len = htons((uint16_t)TCP_LEN(len)),
			  .next = 6,
			  .src.b = { 0xfd },
			  .dst.b = { 0xfe } };

	memset(p, 0x5a, sizeof(*p));
	memcpy(p->bytes, is_v6 ? (void *)&v6 : (void *)&v4, hdr);
	tcp[12] = (uint8_t)((TCP_LEN(len) / 4) << 4);
	tcp[13] = flags;
	memcpy(tcp + 20, options, len);
	memset(tcp + 16, 0, 2);
	__be16 sum = sum_fold(sum16(tcp, TCP_LEN(len), ip_pseudo_sum(p->bytes, 6, TCP_LEN(len))));
	memcpy(tcp + 16, &sum, 2);
	assert_true(ip_read(p->bytes, sizeof(p->bytes), &p->info));
}

static bool sum_is_right(const struct packet *p)
{
	uint32_t len = p->info.len - p->info.l4;

	return sum_fold(sum16(p->bytes + p->info.l4, len, ip_pseudo_sum(p->bytes, 6, len))) == 0;
}

static void the_option_is_lowered_wherever_it_is(void **state)
{
	static const struct {
		uint8_t options[12], len, at;
	} rows[] = {
		{ { 2, 4, 5, 0xb4 }, 4, 2 },
		{ { 1, 1, 2, 4, 5, 0xb4, 1, 1 }, 8, 4 },
		{ { 1, 2, 4, 5, 0xb4, 1, 1, 1 }, 8, 3 }, /* at an odd place */
		{ { 3, 3, 7, 2, 4, 5, 0xb4, 1 }, 8, 5 },
		{ { 4, 2, 8, 2, 2, 4, 5, 0xb4, 0, 2, 4, 1 }, 12, 6 },
	};
	struct packet p;

	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++)
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
			for (uint16_t mtu = 200; mtu < 1600; mtu += 7) {
				unsigned hdrs = v6 ? 60 : 40, max = mtu - hdrs;
				make(&p, v6, rows[i].options, rows[i].len, 2);
				mss_clamp(p.bytes, &p.info, mtu);
				const uint8_t *mss = p.bytes + p.info.l4 + 20 + rows[i].at;
				assert_int_equal(mss[0] << 8 | mss[1], max < 1460 ? max : 1460);
				assert_true(sum_is_right(&p));
			}
}

static void everything_else_is_left_alone(void **state)
{
	static const struct {
		uint8_t options[8], len, flags;
	} rows[] = {
		{ { 2, 4, 5, 0xb4 }, 4, 0x10 },		  /* no SYN */
		{ { 1, 1, 1, 1 }, 4, 2 },		  /* no option */
		{ { 0, 0, 0, 0, 2, 4, 5, 0xb4 }, 8, 2 },  /* behind the end */
		{ { 3, 1, 2, 4, 5, 0xb4, 1, 1 }, 8, 2 },  /* an option of length 1 */
		{ { 1, 1, 1, 2 }, 4, 2 },		  /* cut off */
		{ { 3, 40, 2, 4, 5, 0xb4, 1, 1 }, 8, 2 }, /* longer than the header */
		{ { 2, 3, 5, 1 }, 4, 2 },
	};
	struct packet p, before;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		make(&p, false, rows[i].options, rows[i].len, rows[i].flags);
		before = p;
		mss_clamp(p.bytes, &p.info, 500);
		assert_memory_equal(&p, &before, sizeof(p));
	}
	make(&p, false, (const uint8_t[]){ 2, 4, 5, 0xb4 }, 4, 2);
	before = p;
	mss_clamp(p.bytes, &p.info, 50); /* no path is like that */
	assert_memory_equal(&p, &before, sizeof(p));
	p.bytes[32] = 0xf0; /* a header longer than the packet */
	before = p;
	mss_clamp(p.bytes, &p.info, 500);
	assert_memory_equal(&p, &before, sizeof(p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_option_is_lowered_wherever_it_is),
		cmocka_unit_test(everything_else_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
