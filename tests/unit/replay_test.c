/* SPDX-License-Identifier: BSD-2-Clause */
/* Anti-replay as a truth table: (number, accepted?) in order, RFC 4303 3.4.3 and A2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "base/must.h"
#include "worker/replay.h"

struct row {
	uint64_t seq;
	bool accepted;
};

/* A ring for the widest window, with nothing seen. */
static struct replay fresh(struct sa_hot *hot, uint32_t window)
{
	static uint64_t words[2 * SA_WINDOW_MAX / 64];

	memset(words, 0, sizeof(words));
	assert_true(sa_window_words(window) <= ARRAY_SIZE(words));
	return replay_make(hot, words, window, NULL);
}

static void walk(struct sa_hot *hot, uint32_t window, const struct row *rows, size_t n)
{
	struct replay r = fresh(hot, window);

	for (size_t i = 0; i < n; i++) {
		bool check = replay_check(&r, rows[i].seq);

		if (check != rows[i].accepted || replay_commit(&r, rows[i].seq) != rows[i].accepted)
			fail_msg("row %zu: number %llu", i, (unsigned long long)rows[i].seq);
	}
}

static void numbers_in_any_order_once_each(void **state)
{
	static const struct row rows[] = {
		{ 0, false }, { 1, true },  { 1, false }, { 3, true },	{ 2, true },
		{ 2, false }, { 3, false }, { 64, true }, { 63, true }, { 64, false },
		{ 65, true }, { 4, true },  { 4, false }, { 66, true }, { 1, false },
	};
	struct sa_hot hot = { 0 };

	(void)state;
	walk(&hot, 64, rows, ARRAY_SIZE(rows));
	assert_int_equal(hot.seq, 66);
}

static void window_edges(void **state)
{
	/* window 64, top 1000: 937 is the last inside, 936 the first outside */
	static const struct row rows[] = {
		{ 1000, true }, { 936, false }, { 937, true },	 { 937, false },
		{ 1001, true }, { 937, false }, { 938, true },	 { 1, false },
		{ 999, true },	{ 999, false }, { 1000, false },
	};
	struct sa_hot hot = { 0 };

	(void)state;
	walk(&hot, 64, rows, ARRAY_SIZE(rows));
}

static void widest_window_edges(void **state)
{
	const uint64_t top = 100000;
	const struct row rows[] = {
		{ top, true },
		{ top - SA_WINDOW_MAX, false },
		{ top - SA_WINDOW_MAX + 1, true },
		{ top - SA_WINDOW_MAX + 1, false },
		{ top + 64, true },
		{ top + 64 - SA_WINDOW_MAX, false },
		{ top + 65 - SA_WINDOW_MAX, true },
		{ top, false },
	};
	struct sa_hot hot = { 0 };

	(void)state;
	walk(&hot, SA_WINDOW_MAX, rows, ARRAY_SIZE(rows));
}

static void every_number_of_the_window_once(void **state)
{
	const uint32_t windows[] = { 1,    32,   63,	64,   65,    128,
				     1024, 1984, 1985, 4096, 65535, SA_WINDOW_MAX };

	(void)state;
	for (size_t w = 0; w < ARRAY_SIZE(windows); w++) {
		struct sa_hot hot = { 0 };
		struct replay r = fresh(&hot, windows[w]);
		const uint64_t top = 77777;

		assert_true(replay_commit(&r, top));
		for (uint64_t back = 1; back < windows[w] + 200u; back++) {
			bool inside = back < windows[w];
			assert_int_equal(replay_commit(&r, top - back), inside);
			assert_false(replay_commit(&r, top - back));
		}
	}
}

static void jumps_leave_nothing_of_the_old_ring(void **state)
{
	const uint64_t jumps[] = { 63, 64, 65, 1983, 1984, 2047, 2048, 2049, 100000, 1ull << 40 };
	const uint32_t windows[] = { 1984, SA_WINDOW_MAX };

	(void)state;
	for (size_t j = 0; j < 2 * ARRAY_SIZE(jumps); j++) {
		const uint32_t window = windows[j % 2], used = 2 * window;
		struct sa_hot hot = { 0 };
		struct replay r = fresh(&hot, window);
		uint64_t top = used + jumps[j / 2];

		for (uint64_t s = 1; s <= used; s++)
			assert_true(replay_commit(&r, s));
		assert_true(replay_commit(&r, top));
		/* fresh between the old top and the new one, used below it */
		for (uint64_t s = top - 1; s > top - window; s--)
			assert_int_equal(replay_commit(&r, s), s > used);
		assert_false(replay_commit(&r, 1));
	}
}

static void window_zero_switches_it_off(void **state)
{
	static const struct row rows[] = { { 5, true }, { 5, true }, { 1, true }, { 5, true } };
	struct sa_hot hot = { 0 };

	(void)state;
	walk(&hot, 0, rows, ARRAY_SIZE(rows));
	assert_int_equal(hot.seq, 5); /* still the highest, ESN and people read it */
}

static void end_of_the_64_bit_space(void **state)
{
	static const struct row rows[] = {
		{ UINT64_MAX - 1, true }, { UINT64_MAX, true }, { UINT64_MAX, false },
		{ UINT64_MAX - 2, true }, { 1, false },
	};
	struct sa_hot hot = { 0 };

	(void)state;
	walk(&hot, 64, rows, ARRAY_SIZE(rows));
}

/* RFC 4303 A2.2, window 64. */
static void esn_high_half(void **state)
{
	static const struct {
		uint64_t top;
		uint32_t low;
		bool fits;
		uint64_t seq;
	} rows[] = {
		{ 0, 1, true, 1 },
		{ 0, 0xffffffff, false, 0 }, /* would be number -1 */
		{ 0x10, 0xffffffff, false, 0 },
		{ 100, 37, true, 37 },		/* left edge */
		{ 100, 36, true, 0x100000024 }, /* left of it: the next subspace */
		{ 0xfffffff0, 0xffffffff, true, 0xffffffff },
		{ 0xfffffff0, 5, true, 0x100000005 }, /* wrapped */
		{ 0x100000000, 0xffffffff, true, 0xffffffff },
		{ 0x100000000, 0xffffffc1, true, 0xffffffc1 },
		{ 0x100000000, 0xffffffc0, true, 0x1ffffffc0 },
		{ 0x10000003e, 0xffffffff, true, 0xffffffff },	/* case B: spans two */
		{ 0x10000003f, 0xffffffff, true, 0x1ffffffff }, /* case A again: forward */
		{ 0x500000000, 3, true, 0x500000003 },
		{ 0x5ffffffff, 0, true, 0x600000000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sa_hot hot = { .seq = rows[i].top };
		struct replay r = fresh(&hot, 64);
		uint64_t seq = 0;

		if (replay_infer(&r, rows[i].low, true, &seq) != rows[i].fits ||
		    seq != rows[i].seq)
			fail_msg("row %zu: %#llx", i, (unsigned long long)seq);
	}
}

static void without_esn_the_low_half_is_all(void **state)
{
	struct sa_hot hot = { .seq = 0xfffffff0 };
	struct replay r = fresh(&hot, 64);
	uint64_t seq;

	(void)state;
	assert_true(replay_infer(&r, 5, false, &seq));
	assert_int_equal(seq, 5);
	assert_false(replay_check(&r, seq));
}

/* A stream over the 2^32 wrap, each packet late by up to 40, each delivered twice. */
static void esn_stream_over_the_wrap(void **state)
{
	struct sa_hot hot = { .seq = 0xfffffe00 };
	struct replay r = fresh(&hot, 64);
	uint64_t base = 0xfffffe01;

	(void)state;
	for (unsigned i = 0; i < 1000; i += 40)
		for (int j = 39; j >= 0; j--) {
			uint64_t want = base + i + (unsigned)j, seq;
			assert_true(replay_infer(&r, (uint32_t)want, true, &seq));
			assert_int_equal(seq, want);
			assert_true(replay_commit(&r, seq));
			assert_false(replay_commit(&r, seq));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_in_any_order_once_each),
		cmocka_unit_test(window_edges),
		cmocka_unit_test(widest_window_edges),
		cmocka_unit_test(every_number_of_the_window_once),
		cmocka_unit_test(jumps_leave_nothing_of_the_old_ring),
		cmocka_unit_test(window_zero_switches_it_off),
		cmocka_unit_test(end_of_the_64_bit_space),
		cmocka_unit_test(esn_high_half),
		cmocka_unit_test(without_esn_the_low_half_is_all),
		cmocka_unit_test(esn_stream_over_the_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
