/* SPDX-License-Identifier: BSD-2-Clause */
/* What fragment_cut() makes of a packet, reassemble() makes whole again, in every order; what does
 * not fit together is dropped, and every frame is accounted for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "base/addr.h"
#include "worker/fragment.h"
#include "worker/worker.h"

static struct worker worker;

static int start(void **state)
{
	(void)state;
	memset(&worker, 0, sizeof(worker));
	worker.now_ns = 1;
	return umem_init(&worker.umem);
}

/* Everything that still waits is given up; then nothing may be missing. */
static int finish(void **state)
{
	(void)state;
	worker.now_ns += REASSEMBLY_NS + 1;
	reassembly_expire(&worker);
	assert_int_equal(worker.reassembly.n_held, 0);
	assert_int_equal(worker.umem.n_free, FRAME_COUNT);
	umem_fini(&worker.umem);
	return 0;
}

/* An ESP packet of that many bytes of payload, as it comes: Ethernet in front. */
static struct frame packet(bool is_v6, uint16_t payload, uint32_t seq)
{
	struct ip4 v4 = { .ver_ihl = 0x45,
			  .len = htons((uint16_t)(20 + payload)),
			  .ttl = 9,
			  .proto = 50,
			  .id = htons((uint16_t)seq),
			  .src = 1,
			  .dst = 2 };
	struct ip6 v6 = { .flow = htonl(6u << 28),
			  .len = htons(payload),
			  .next = 50,
			  .hops = 9,
			  .src.b = { 0xfd },
			  .dst.b = { 0xfe } };
	uint32_t hdr = is_v6 ? IP6_HDR_LEN : IP4_HDR_LEN;
	uint64_t addr;

	assert_int_equal(umem_take(&worker.umem, &addr), 0);
	struct frame f = { .data = worker.umem.area + addr + 320,
			   .l3 = ETH_HDR_LEN,
			   .len = ETH_HDR_LEN + hdr + payload,
			   .kind = META_FRAGMENT,
			   .drop = FRAME_KEEP,
			   .seq = seq };
	f.esp = (uint16_t)(f.l3 + hdr);
	ip4_sum_write(&v4);
	memcpy(f.data + f.l3, is_v6 ? (void *)&v6 : (void *)&v4, hdr);
	for (unsigned i = 0; i < payload; i++)
		f.data[f.esp + i] = (uint8_t)(i * 31 + seq);
	return f;
}

static void give(struct frame *f)
{
	if (f->data)
		umem_give(&worker.umem, umem_addr(&worker.umem, f->data), OWNER_WORKER);
	f->data = NULL;
}

/* Cut, and the pieces as the road delivers them: behind an Ethernet header. Returns how many. */
static unsigned cut(struct frame *whole, uint16_t max)
{
	struct burst *b = &worker.burst;

	b->n = 0;
	assert_true(fragment_cut(&worker, b, whole, max));
	for (uint32_t i = 0; i < b->n; i++) {
		struct frame *f = &b->frame[i];
		assert_true(f->len <= max);
		assert_true(ip_packet_len(f->data, f->len) == f->len);
		f->data -= ETH_HDR_LEN;
		f->len += ETH_HDR_LEN;
		f->l3 = ETH_HDR_LEN;
		f->esp =
			i == 0 ? (uint16_t)(ETH_HDR_LEN + (ip_version(f->data + 14) == 4 ? 20 : 48))
			       : 0;
	}
	return b->n;
}

static void round_trip(bool is_v6, uint16_t payload, uint16_t max, bool is_backwards)
{
	static uint8_t before[8192];
	static uint32_t seq;
	struct frame whole = packet(is_v6, payload, ++seq), *done = NULL;
	uint32_t len = whole.len - whole.l3;

	memcpy(before, whole.data + whole.l3, len);
	unsigned n = cut(&whole, max);
	give(&whole);
	for (unsigned i = 0; i < n; i++) {
		struct frame *f = &worker.burst.frame[is_backwards ? n - 1 - i : i];
		reassemble(&worker, f);
		assert_true(i + 1 < n ? !f->data : f->data != NULL);
		done = f;
	}
	assert_int_equal(done->kind, META_IN);
	assert_int_equal(done->drop, FRAME_KEEP);
	assert_int_equal(done->len - done->l3, len);
	assert_memory_equal(done->data + done->l3, before, len);
	assert_int_equal(done->esp, done->l3 + (is_v6 ? 40 : 20));
	give(done);
	assert_int_equal(worker.reassembly.n_held, 0);
	assert_int_equal(worker.umem.n_free, FRAME_COUNT);
}

static void what_is_cut_comes_back(void **state)
{
	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++)
		for (uint16_t payload = 300; payload < 3500; payload += 97)
			for (uint16_t max = 296; max < payload; max += 203)
				if (payload / (max - 60u) < REASSEMBLY_PARTS - 1) {
					round_trip(v6, payload, max, false);
					round_trip(v6, payload, max, true);
				}
}

/* As the piece that has just come. */
static struct frame again(const struct frame *f)
{
	struct frame g = *f;
	uint64_t addr;

	assert_int_equal(umem_take(&worker.umem, &addr), 0);
	g.data = worker.umem.area + addr + 320;
	memcpy(g.data, f->data, f->len);
	return g;
}

static void twins_are_dropped_alone(void **state)
{
	(void)state;
	struct frame whole = packet(false, 1000, 77), twin;
	assert_int_equal(cut(&whole, 600), 2);
	give(&whole);
	twin = again(&worker.burst.frame[0]);
	reassemble(&worker, &worker.burst.frame[0]);
	reassemble(&worker, &twin);
	assert_int_equal(twin.drop, WORKER_DROP_REASSEMBLY);
	give(&twin);
	reassemble(&worker, &worker.burst.frame[1]);
	assert_int_equal(worker.burst.frame[1].drop, FRAME_KEEP);
	give(&worker.burst.frame[1]);
}

/* RFC 5722: nothing of a packet whose fragments overlap, nor of those that came before. */
static void overlaps_end_the_packet(void **state)
{
	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct frame whole = packet(v6, 1400, 78 + v6), late;
		assert_int_equal(cut(&whole, 600), 3);
		give(&whole);
		late = again(&worker.burst.frame[1]);
		uint8_t *frag = late.data + (v6 ? 14 + 42 : 14 + 6);
		frag[1] = (uint8_t)(frag[1] - (v6 ? 8 : 1)); /* eight bytes earlier */
		if (!v6)
			ip4_sum_write((struct ip4 *)(late.data + 14));
		reassemble(&worker, &worker.burst.frame[0]);
		reassemble(&worker, &late);
		assert_int_equal(late.drop, WORKER_DROP_REASSEMBLY);
		give(&late);
		assert_int_equal(worker.reassembly.n_held, 0);
		give(&worker.burst.frame[1]);
		give(&worker.burst.frame[2]);
	}
}

/* However many packets nobody completes: the oldest go. */
static void the_oldest_give_way(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3 * REASSEMBLY_MAX; i++) {
		struct frame whole = packet(false, 1000, i + 1);
		worker.now_ns++;
		assert_int_equal(cut(&whole, 600), 2);
		give(&whole);
		reassemble(&worker, &worker.burst.frame[0]);
		give(&worker.burst.frame[1]);
		assert_true(worker.reassembly.n_held <= REASSEMBLY_MAX);
	}
	assert_int_equal(worker.reassembly.n_held, REASSEMBLY_MAX);
	assert_int_equal(worker.count[WORKER_DROP_REASSEMBLY], 2 * REASSEMBLY_MAX);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, finish)
	const struct CMUnitTest tests[] = {
		TEST(what_is_cut_comes_back),
		TEST(twins_are_dropped_alone),
		TEST(overlaps_end_the_packet),
		TEST(the_oldest_give_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
