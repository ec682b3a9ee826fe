/* SPDX-License-Identifier: BSD-2-Clause */
/* What several threads do to one SA at once. `make tsan` runs this under ThreadSanitizer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include "base/must.h"
#include "worker/hot.h"
#include "worker/pass.h"
#include "worker/replay.h"

#define THREADS 4u
#define NUMBERS 200000u
#define WINDOW 1024u
#define BLOCK (WINDOW / 2) /* the threads are never further apart than that */

static struct sa_hot hot;
static uint64_t words[SA_WINDOW_WORDS];
static struct replay_lock lock;
static pthread_barrier_t barrier;
static uint8_t taken[NUMBERS + 1];

static void in_threads(void *(*what)(void *))
{
	pthread_t threads[THREADS];

	memset(&hot, 0, sizeof(hot));
	memset(words, 0, sizeof(words));
	memset(taken, 0, sizeof(taken));
	assert_int_equal(pthread_barrier_init(&barrier, NULL, THREADS), 0);
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, what, (void *)i), 0);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&barrier);
}

static void take(uint64_t number)
{
	__atomic_fetch_add(&taken[number], 1, __ATOMIC_RELAXED);
}

static void all_taken_once(void)
{
	for (uint32_t i = 1; i <= NUMBERS; i++)
		if (taken[i] != 1)
			fail_msg("number %u: %u times", i, taken[i]);
}

/* ---- out ------------------------------------------------------------------------------- */

static void *take_numbers(void *arg)
{
	uint32_t wanted = 1 + (uint32_t)(uintptr_t)arg;
	struct numbers n;

	pthread_barrier_wait(&barrier);
	do {
		n = hot_take_numbers(&hot, wanted, NUMBERS);
		for (uint64_t i = n.next; i < n.end; i++)
			take(i);
		wanted = wanted % 64 + 1;
	} while (n.next < n.end);
	return NULL;
}

static void numbers_go_to_one_thread_each(void **state)
{
	(void)state;
	for (int round = 0; round < 10; round++) {
		in_threads(take_numbers);
		all_taken_once();
		assert_true(hot.seq < NUMBERS + THREADS * 64);
	}
}

static void *report(void *arg)
{
	(void)arg;
	pthread_barrier_wait(&barrier);
	for (uint32_t bit = 0; bit < 31; bit++)
		if (hot_report(&hot, 1u << bit))
			take(bit);
	hot_add(&hot.packets, 3);
	return NULL;
}

static void limits_are_reported_once(void **state)
{
	(void)state;
	for (int round = 0; round < 200; round++) {
		in_threads(report);
		for (uint32_t bit = 0; bit < 31; bit++)
			assert_int_equal(taken[bit], 1);
		assert_int_equal(hot.packets, 3 * THREADS);
	}
}

/* ---- in -------------------------------------------------------------------------------- */

static void receive(struct replay *r, uint64_t seq)
{
	if (replay_check(r, seq) && replay_commit(r, seq))
		take(seq);
}

static struct replay the_window(void)
{
	return replay_make(&hot, words, WINDOW, &lock);
}

/* Every number comes to every thread, in another order to each. */
static void *receive_all(void *arg)
{
	uint32_t me = (uint32_t)(uintptr_t)arg;
	struct replay r = the_window();

	for (uint32_t base = 1; base + BLOCK <= NUMBERS + 1; base += BLOCK) {
		pthread_barrier_wait(&barrier);
		for (uint32_t i = 0; i < BLOCK; i++)
			receive(&r, base + (i * 7 + me * BLOCK / THREADS) % BLOCK);
	}
	return NULL;
}

/* Every number comes to one thread alone; nothing may take it for an old one. */
static void *receive_share(void *arg)
{
	uint32_t me = (uint32_t)(uintptr_t)arg;
	struct replay r = the_window();

	for (uint32_t base = 1; base + BLOCK <= NUMBERS + 1; base += BLOCK) {
		pthread_barrier_wait(&barrier);
		for (uint32_t i = me; i < BLOCK; i += THREADS)
			receive(&r, base + i);
	}
	return NULL;
}

static void all_received_once(void *(*how)(void *))
{
	const uint32_t last = NUMBERS / BLOCK * BLOCK;

	in_threads(how);
	for (uint32_t i = last + 1; i <= NUMBERS; i++)
		take(i);
	all_taken_once();
	assert_int_equal(hot.seq, last);
}

static void twins_are_accepted_once(void **state)
{
	(void)state;
	all_received_once(receive_all);
}

static void good_packets_are_not_refused(void **state)
{
	(void)state;
	all_received_once(receive_share);
}

/* ---- between workers --------------------------------------------------------------------- */

#define PASSED (20 * PASS_RING)

static struct pass_ring ring;

/* One thread gives, one takes; the others look on. */
static void *pass(void *arg)
{
	uint32_t me = (uint32_t)(uintptr_t)arg;
	struct passed p = { 0 };

	pthread_barrier_wait(&barrier);
	for (uint32_t i = 0; me == 0 && i < PASSED;) {
		p.len = i;
		ring.free = __atomic_load_n(&ring.tail, __ATOMIC_ACQUIRE);
		if (pass_ring_put(&ring, &p))
			i++;
		else
			sched_yield();
	}
	for (uint32_t i = 0; me == 1 && i < PASSED;) {
		if (!pass_ring_peek(&ring, &p)) {
			sched_yield();
			continue;
		}
		if (p.len == i++)
			take(i);
		pass_ring_next(&ring);
	}
	return NULL;
}

static void frames_pass_in_order(void **state)
{
	(void)state;
	in_threads(pass);
	for (uint32_t i = 1; i <= PASSED; i++)
		assert_int_equal(taken[i], 1);
	assert_int_equal(ring.head, PASSED);
	assert_int_equal(ring.tail, PASSED);
}

static void a_full_ring_says_so(void **state)
{
	struct passed p = { 0 };

	(void)state;
	memset(&ring, 0, sizeof(ring));
	assert_false(pass_ring_peek(&ring, &p));
	for (uint32_t i = 0; i < PASS_RING; i++)
		assert_true(pass_ring_put(&ring, &p));
	assert_false(pass_ring_put(&ring, &p));
	pass_ring_next(&ring);
	assert_false(pass_ring_put(&ring, &p)); /* before the giver has its frame back */
	ring.free++;
	assert_true(pass_ring_put(&ring, &p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_go_to_one_thread_each),
		cmocka_unit_test(limits_are_reported_once),
		cmocka_unit_test(twins_are_accepted_once),
		cmocka_unit_test(good_packets_are_not_refused),
		cmocka_unit_test(frames_pass_in_order),
		cmocka_unit_test(a_full_ring_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
