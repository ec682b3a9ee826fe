/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stages of several workers' turns at once, over both ends of one SA, each in a thread with
 * keys and frames of its own; and what a pause leaves between workers. `make tsan` runs this under
 * ThreadSanitizer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <sekisho/ike_num.h>
#include "worker/control.h"

#define WORKERS 4u
#define BURSTS 150u
#define BURST 32u
#define SHARE (BURSTS * BURST) /* packets that each worker seals */
#define ALL (WORKERS * SHARE)
#define INNER 84u
#define SEALED_MAX 200u
#define OUT 1u /* indices of the SAs */
#define IN 2u
#define CHILD 1u

static struct sealed {
	uint8_t bytes[SEALED_MAX];
	uint32_t len;
} wire[ALL];
static struct control control;
static struct port port;
static struct xsk xsks[WORKERS];
static struct sa_val vals[3];
static struct sa_hot hots[3];
static struct sa_window windows[2];
static struct replay_lock locks[3];
static uint64_t child_out[CHILD_MAX], counts[WORKER_OUTCOME_COUNT];
static struct spd_state spd;
static struct child_tunnel tunnels[CHILD_MAX];
static pthread_barrier_t barrier;

/* ---- a world without a kernel -------------------------------------------------------------- */

static struct ts_val net(uint32_t first)
{
	struct ip_addr a = addr_from_v4(first), b = addr_from_v4(first | 0xffff);

	return (struct ts_val){ .addr = { addr_to_num(&a), addr_to_num(&b) },
				.port_last = UINT16_MAX };
}

/* Keys belong to the thread that makes them: called in the worker's. */
static void sa_make(struct worker *w, uint32_t index, uint8_t dir)
{
	struct sa_rt *rt = aligned_alloc(64, (sizeof(*rt) + 63) & ~63ul);
	struct sa_secret secret = { .enc_len = 20, .enc = { 1, 2, 3 } };
	struct sa_ts ts = { 1, 1, { net(0x0a010000) }, { net(0x0a020000) } };
	struct sa_val val = { .spi = 0x01020304,
			      .proto = IPPROTO_NUM_ESP,
			      .mode = SA_TUNNEL,
			      .dir = dir,
			      .window = SA_WINDOW_WORDS * 64 / 2,
			      .child = CHILD,
			      .encr = ENCR_AES_GCM_16,
			      .key_bits = 128,
			      .src = addr_from_v4(0xc0000201),
			      .dst = addr_from_v4(0xc0000202) };

	if (dir == SA_IN)
		ts = (struct sa_ts){ 1, 1, { net(0x0a020000) }, { net(0x0a010000) } };
	assert_non_null(rt);
	assert_int_equal(sa_rt_fill(rt, control.provider, &val, &ts, &secret), 0);
	rt->index = index;
	sa_rt_map(rt, &hots[index], &windows[0], &locks[index]);
	rt->hop = (struct nexthop){ .generation = w->hops.generation,
				    .kind = HOP_PORT,
				    .mtu = 1500,
				    .port = &port,
				    .eth_len = ETH_HDR_LEN };
	w->sas.rt[index] = rt;
}

/* The one flow that there is has its next hop in whichever place it is looked for. */
static void flow_make(struct worker *w)
{
	struct ip_addr src = addr_from_v4(0x0a010102), dst = addr_from_v4(0x0a020203);
	struct flow_hop flow = { .key = { .src = addr_to_num(&src),
					  .dst = addr_to_num(&dst),
					  .sport = 1000,
					  .dport = 2000,
					  .proto = PROTO_UDP,
					  .ports_known = 1 },
				 .hop = w->sas.rt[OUT]->hop };

	for (uint32_t i = 0; i < FLOW_MAX; i++)
		w->hops.flows[i] = flow;
}

static struct worker *worker_alone(uint32_t index)
{
	struct worker *w = aligned_alloc(64, sizeof(*w));

	assert_non_null(w);
	memset(w, 0, sizeof(*w));
	w->control = &control;
	w->index = index;
	w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	w->sas.val = vals;
	assert_int_equal(umem_init(&w->umem), 0);
	assert_int_equal(hop_table_init(&w->hops), 0);
	xsks[index] = (struct xsk){ .worker = w, .umem = &w->umem, .port = &port, .queue = index };
	port.queues[index] = &xsks[index];
	return w;
}

static int start(void **state)
{
	(void)state;
	memset(hots, 0, sizeof(hots));
	memset(windows, 0, sizeof(windows));
	control = (struct control){ .child_out = child_out,
				    .child_tunnel = tunnels,
				    .spd_state = &spd,
				    .count_map = counts,
				    .n_workers = WORKERS };
	port.n_queues = port.n_send = WORKERS;
	child_out[CHILD] = OUT;
	for (uint32_t i = 0; i < WORKERS; i++)
		control.workers[i] = worker_alone(i);
	return esp_provider_choose(NULL, &control.provider);
}

static int finish(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < WORKERS; i++)
		worker_free(control.workers[i]);
	return 0;
}

/* ---- turns --------------------------------------------------------------------------------- */

static struct frame *frame_new(struct worker *w, const uint8_t *bytes, uint32_t len)
{
	struct frame *f = burst_add(&w->burst);
	uint64_t addr;

	if (!f || umem_take(&w->umem, &addr))
		abort();
	*f = (struct frame){ .data = w->umem.area + addr + 320, .len = len, .l3 = ETH_HDR_LEN };
	f->in = &xsks[w->index];
	memcpy(f->data, bytes, len);
	return f;
}

static void clear_packet(uint8_t packet[ETH_HDR_LEN + INNER])
{
	struct ip4 ip = { .ver_ihl = 0x45,
			  .len = htons(INNER),
			  .ttl = 9,
			  .proto = PROTO_UDP,
			  .src = htonl(0x0a010102),
			  .dst = htonl(0x0a020203) };
	struct udp udp = { htons(1000), htons(2000), htons(INNER - 20), 0 };

	memset(packet, 0, ETH_HDR_LEN + INNER);
	ip4_sum_write(&ip);
	memcpy(packet + ETH_HDR_LEN, &ip, sizeof(ip));
	memcpy(packet + ETH_HDR_LEN + sizeof(ip), &udp, sizeof(udp));
}

/* Ends the burst; what is sent goes to `to`, one place for each frame. Returns how many that were.
 */
static uint32_t burst_end(struct worker *w, struct sealed *to)
{
	struct burst *b = &w->burst;
	uint32_t sent = 0;

	for (struct frame *f = b->frame; f < b->frame + b->n; f++) {
		if (f->drop == FRAME_KEEP && f->out == &xsks[w->index] && to) {
			to[sent].len = f->len;
			memcpy(to[sent].bytes, f->data, f->len);
		}
		sent += f->drop == FRAME_KEEP && f->out == &xsks[w->index];
		umem_give(&w->umem, umem_addr(&w->umem, f->data), OWNER_WORKER);
	}
	for (uint32_t i = 0; i < b->n_touched; i++)
		b->touched[i]->touched = false;
	b->n = b->n_touched = 0;
	return sent;
}

static void seal_share(struct worker *w)
{
	uint8_t packet[ETH_HDR_LEN + INNER];
	struct sealed *to = &wire[w->index * SHARE];

	clear_packet(packet);
	for (uint32_t i = 0; i < BURSTS; i++, to += BURST) {
		for (uint32_t k = 0; k < BURST; k++) {
			struct frame *f = frame_new(w, packet, sizeof(packet));
			f->kind = META_OUT;
			f->sa_index = OUT;
			f->child = CHILD;
		}
		turn_out(w, &w->burst);
		if (burst_end(w, to) != BURST)
			abort();
	}
}

static uint32_t number_of(const struct sealed *s)
{
	uint32_t seq;

	memcpy(&seq, s->bytes + ETH_HDR_LEN + 24, sizeof(seq));
	return ntohl(seq);
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = number_of(a), y = number_of(b);

	return x < y ? -1 : x > y;
}

/* Every worker gets every packet, all about the same time, so that each has its twins. */
static uint32_t open_all(struct worker *w)
{
	uint32_t accepted = 0;

	for (uint32_t at = 0; at < ALL; at += BURST) {
		pthread_barrier_wait(&barrier);
		for (uint32_t k = 0; k < BURST; k++) {
			const struct sealed *s = &wire[at + (k + w->index * 7) % BURST];
			struct frame *f = frame_new(w, s->bytes, s->len);
			f->kind = META_IN;
			f->sa_index = IN;
			f->esp = ETH_HDR_LEN + 20;
		}
		turn_in(w, &w->burst);
		accepted += burst_end(w, NULL);
	}
	return accepted;
}

static void *turns(void *arg)
{
	struct worker *w = arg;

	sa_make(w, OUT, SA_OUT);
	sa_make(w, IN, SA_IN);
	flow_make(w);
	pthread_barrier_wait(&barrier);
	seal_share(w);
	if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
		qsort(wire, ALL, sizeof(wire[0]), by_number);
	pthread_barrier_wait(&barrier);
	uintptr_t accepted = open_all(w);
	sa_cache_fini(&w->sas);
	control.provider->thread_end();
	return (void *)accepted;
}

static void one_sa_in_all_workers(void **state)
{
	pthread_t threads[WORKERS];
	uint32_t accepted = 0;
	void *share;

	(void)state;
	assert_int_equal(pthread_barrier_init(&barrier, NULL, WORKERS), 0);
	for (uint32_t i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, turns, control.workers[i]), 0);
	for (uint32_t i = 0; i < WORKERS; i++) {
		pthread_join(threads[i], &share);
		accepted += (uint32_t)(uintptr_t)share;
	}
	pthread_barrier_destroy(&barrier);
	for (uint32_t i = 0; i < ALL; i++)
		assert_int_equal(number_of(&wire[i]), i + 1);
	assert_int_equal(accepted, ALL);
	assert_int_equal(hots[IN].seq, ALL);
	for (uint32_t i = 0; i < WORKERS; i++)
		assert_int_equal(control.workers[i]->umem.n_free, FRAME_COUNT);
}

/* ---- a pause ------------------------------------------------------------------------------- */

static uint32_t tx_producer, tx_consumer;
static struct xdp_desc tx_ring[XSK_RING];

/* Its port may be closed before the workers go on: nothing may still be on its way to it. */
static void a_pause_leaves_no_frame_between_workers(void **state)
{
	struct worker *w = control.workers[0];
	struct xsk *x = &xsks[1];
	uint64_t addr;

	(void)state;
	x->tx = (struct xsk_ring_prod){ .cached_cons = XSK_RING,
					.mask = XSK_RING - 1,
					.size = XSK_RING,
					.producer = &tx_producer,
					.consumer = &tx_consumer,
					.ring = tx_ring };
	for (uint32_t i = 0; i < PASS_RING; i++) {
		assert_int_equal(umem_take(&w->umem, &addr), 0);
		assert_true(pass_send(w, x, addr, 60));
	}
	assert_int_equal(pthread_mutex_init(&control.threads.lock, NULL), 0);
	control.threads.n = WORKERS; /* which all rest already */
	threads_pause(&control);
	assert_int_equal(x->n_tx, PASS_RING);
	assert_int_equal(w->umem.owned[OWNER_PASSED], 0);
	assert_int_equal(w->umem.n_free, FRAME_COUNT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_sa_in_all_workers, start, finish),
		cmocka_unit_test_setup_teardown(a_pause_leaves_no_frame_between_workers, start,
						finish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
