/* SPDX-License-Identifier: BSD-2-Clause */
/* Fragments before encryption: they fit, they add up, options go where they belong, and every
 * frame is accounted for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "worker/fragment.h"
#include "worker/worker.h"

static struct worker worker;

static int start(void **state)
{
	memset(&worker, 0, sizeof(worker));
	*state = &worker;
	return umem_init(&worker.umem);
}

static int finish(void **state)
{
	struct worker *w = *state;

	umem_fini(&w->umem);
	return 0;
}

/* A packet of len bytes in a frame of the worker's, with hdr_len bytes of header. */
static struct frame packet(struct worker *w, uint16_t len, unsigned hdr_len, uint16_t frag)
{
	uint64_t addr;

	assert_int_equal(umem_take(&w->umem, &addr), 0);
	struct frame f = { .data = w->umem.area + addr + 300, .l3 = 14, .len = len + 14u };
	struct ip4 *ip = (struct ip4 *)(f.data + f.l3);
	memset(ip, 0, hdr_len);
	*ip = (struct ip4){ .ver_ihl = (uint8_t)(0x40 | hdr_len / 4),
			    .len = htons(len),
			    .id = 7,
			    .frag = htons(frag),
			    .ttl = 9,
			    .proto = 17,
			    .src = 1,
			    .dst = 2 };
	for (unsigned i = hdr_len; i < len; i++)
		((uint8_t *)ip)[i] = (uint8_t)(i * 7);
	return f;
}

static void give_back(struct worker *w, const struct frame *f)
{
	umem_give(&w->umem, umem_addr(&w->umem, f->data), OWNER_WORKER);
	while (w->burst.n)
		umem_give(&w->umem, umem_addr(&w->umem, w->burst.frame[--w->burst.n].data),
			  OWNER_WORKER);
	assert_int_equal(w->umem.n_free, FRAME_COUNT);
}

static void check_pieces(struct worker *w, const struct frame *f, uint16_t max, unsigned frag)
{
	const struct ip4 *whole = (const struct ip4 *)(f->data + f->l3);
	unsigned at = ip4_hdr_len(whole), end = ntohs(whole->len), offset = frag & IP4_OFFSET;

	for (uint32_t i = 0; i < w->burst.n; i++) {
		const struct frame *p = &w->burst.frame[i];
		const struct ip4 *ip = (const struct ip4 *)(p->data + p->l3);
		unsigned n = p->len - ip4_hdr_len(ip);
		bool last = i + 1 == w->burst.n;

		assert_true(p->len <= max && ntohs(ip->len) == p->len && p->inner_len == p->len);
		assert_true(ip4_sum_ok(ip) && ip->id == whole->id && ip->ttl == 9);
		assert_int_equal(ip4_frag(ip) & IP4_OFFSET, offset);
		assert_int_equal(!!(ip4_frag(ip) & IP4_MF), !last || (frag & IP4_MF));
		assert_memory_equal((const uint8_t *)ip + ip4_hdr_len(ip),
				    (const uint8_t *)whole + at, n);
		assert_true(last || n % 8 == 0);
		offset += n / 8;
		at += n;
	}
	assert_int_equal(at, end);
}

static void pieces_add_up(void **state)
{
	struct worker *w = *state;
	static const uint16_t frags[] = { 0, IP4_MF | 10, 185 };

	for (uint16_t len = 1447; len < 3000; len += 101)
		for (uint16_t max = 68; max < 1447; max += 77)
			for (unsigned k = 0; k < ARRAY_SIZE(frags); k++) {
				struct frame f = packet(w, len, 20, frags[k]);

				assert_true(fragment_cut(w, &w->burst, &f, max));
				check_pieces(w, &f, max, frags[k]);
				give_back(w, &f);
			}
}

static void options_without_copied_flag_stay_in_the_first(void **state)
{
	struct worker *w = *state;
	/* record route (7, not copied), strict source route (137, copied), end */
	static const uint8_t options[12] = { 7, 5, 4, 0, 0, 137, 5, 4, 0, 0, 0, 0 };
	static const uint8_t later[12] = { 1, 1, 1, 1, 1, 137, 5, 4, 0, 0, 0, 0 };
	struct frame f = packet(w, 2000, 32, 0);

	memcpy(f.data + f.l3 + 20, options, sizeof(options));
	assert_true(fragment_cut(w, &w->burst, &f, 1000));
	check_pieces(w, &f, 1000, 0);
	assert_memory_equal(w->burst.frame[0].data + 20, options, sizeof(options));
	assert_memory_equal(w->burst.frame[1].data + 20, later, sizeof(later));
	give_back(w, &f);
}

static void lying_options_stay_inside_the_header(void **state)
{
	struct worker *w = *state;
	static const uint8_t liars[][4] = {
		{ 7, 0, 9, 9 }, { 7, 1, 9, 9 }, { 7, 255, 9, 9 }, { 1, 1, 1, 7 }
	};

	for (unsigned i = 0; i < ARRAY_SIZE(liars); i++) {
		struct frame f = packet(w, 2000, 24, 0);

		memcpy(f.data + f.l3 + 20, liars[i], 4);
		assert_true(fragment_cut(w, &w->burst, &f, 1000));
		check_pieces(w, &f, 1000, 0);
		give_back(w, &f);
	}
}

static void all_or_nothing(void **state)
{
	struct worker *w = *state;
	struct frame f = packet(w, 3000, 20, 0);

	assert_false(fragment_cut(w, &w->burst, &f, 27)); /* not even eight bytes */
	w->burst.n = BURST_MAX - 2;
	assert_false(fragment_cut(w, &w->burst, &f, 1000)); /* three pieces, two places */
	assert_int_equal(w->burst.n, BURST_MAX - 2);
	assert_int_equal(w->umem.n_free, FRAME_COUNT - 1);
	w->burst.n = 0;
	give_back(w, &f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_add_up),
		cmocka_unit_test(options_without_copied_flag_stay_in_the_first),
		cmocka_unit_test(lying_options_stay_inside_the_header),
		cmocka_unit_test(all_or_nothing),
	};

	return cmocka_run_group_tests(tests, start, finish);
}
