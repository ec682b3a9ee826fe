/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/pass.h"

#include <string.h>
#include <sys/eventfd.h>
#include "worker/control.h"

bool pass_ring_put(struct pass_ring *r, const struct passed *what)
{
	if (r->head - r->free == PASS_RING)
		return false;
	r->at[r->head % PASS_RING] = *what;
	__atomic_store_n(&r->head, r->head + 1, __ATOMIC_RELEASE);
	return true;
}

bool pass_ring_peek(const struct pass_ring *r, struct passed *ret_what)
{
	if (__atomic_load_n(&r->head, __ATOMIC_ACQUIRE) == r->tail)
		return false;
	*ret_what = r->at[r->tail % PASS_RING];
	return true;
}

void pass_ring_next(struct pass_ring *r)
{
	__atomic_store_n(&r->tail, r->tail + 1, __ATOMIC_RELEASE);
}

void pass_wake(const struct worker *w)
{
	(void)!eventfd_write(w->wake_fd, 1);
}

void pass_wake_take(const struct worker *w)
{
	eventfd_t n;

	(void)!eventfd_read(w->wake_fd, &n);
}

static void ring_reclaim(struct worker *w, struct pass_ring *r)
{
	uint32_t tail = __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE);

	for (; r->free != tail; r->free++) {
		const struct passed *p = &r->at[r->free % PASS_RING];
		umem_give(&w->umem, umem_addr(&w->umem, p->data), OWNER_PASSED);
	}
}

bool pass_send(struct worker *w, struct xsk *x, uint64_t addr, uint32_t len)
{
	struct passed p = { .to = x, .data = w->umem.area + addr, .len = len };

	if (!pass_ring_put(&x->worker->inbox[w->index], &p))
		return false;
	umem_move(&w->umem, addr, OWNER_WORKER, OWNER_PASSED);
	w->to_wake |= 1u << x->worker->index;
	return true;
}

void pass_flush(struct worker *w)
{
	for (uint32_t i = 0; w->to_wake; i++, w->to_wake >>= 1)
		if (w->to_wake & 1)
			pass_wake(w->control->workers[i]);
}

void pass_reclaim(struct worker *w)
{
	if (!w->umem.owned[OWNER_PASSED])
		return;
	for (uint32_t i = 0; i < w->control->n_workers; i++)
		ring_reclaim(w, &w->control->workers[i]->inbox[w->index]);
}

static void send_copy(struct worker *w, const struct passed *p)
{
	uint64_t addr;

	if (p->len > FRAME_SIZE || umem_take(&w->umem, &addr)) {
		count_add(w, WORKER_DROP_NO_FRAME, 1);
		return;
	}
	memcpy(w->umem.area + addr, p->data, p->len);
	if (xsk_send(p->to, addr, p->len)) {
		count_add(w, WORKER_DROP_TX_FULL, 1);
		umem_give(&w->umem, addr, OWNER_WORKER);
	} else {
		count_add(w, WORKER_TX, 1);
	}
}

uint32_t pass_receive(struct worker *w)
{
	uint32_t n = 0;
	struct passed p;

	for (uint32_t i = 0; i < w->control->n_workers; i++)
		for (uint32_t k = 0; k < BURST_RX && pass_ring_peek(&w->inbox[i], &p); k++, n++) {
			send_copy(w, &p);
			pass_ring_next(&w->inbox[i]);
		}
	return n;
}
