/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/hold.h"

#include "worker/control.h"

#define NS_PER_MS 1000000ull

static uint32_t setting(const __u32 *of)
{
	return __atomic_load_n(of, __ATOMIC_RELAXED);
}

void hold_keep(struct worker *w, struct frame *f)
{
	struct hold *h = &w->hold;
	uint32_t of_child = 0;

	for (uint32_t i = 0; i < h->n; i++)
		of_child += h->held[i].frame.child == f->child;
	if (h->n == HOLD_MAX || of_child >= setting(&w->control->spd_state->hold_packets)) {
		f->drop = WORKER_DROP_HOLD_FULL;
		return;
	}
	umem_move(&w->umem, umem_addr(&w->umem, f->data), OWNER_WORKER, OWNER_HELD);
	h->held[h->n++] = (struct held){ .frame = *f, .since_ns = w->now_ns };
	count_add(w, WORKER_HELD, 1);
	f->data = NULL; /* no longer of this burst */
}

/* Back to the worker. False: no room in this burst, it waits on. */
static bool release(struct worker *w, struct held *held, uint32_t sa)
{
	bool expired =
		w->now_ns - held->since_ns > setting(&w->control->spd_state->hold_ms) * NS_PER_MS;

	if (!sa && !expired)
		return false;
	struct frame *f = burst_add(&w->burst);
	if (!f)
		return false;
	*f = held->frame;
	umem_move(&w->umem, umem_addr(&w->umem, f->data), OWNER_HELD, OWNER_WORKER);
	f->kind = META_OUT;
	f->sa_index = sa;
	if (sa)
		count_add(w, WORKER_RELEASED, 1);
	else
		f->drop = WORKER_DROP_HOLD_TIME;
	return true;
}

void hold_release(struct worker *w)
{
	struct hold *h = &w->hold;
	uint32_t left = 0;

	for (uint32_t i = 0; i < h->n; i++)
		if (!release(w, &h->held[i], turn_child_sa(w, h->held[i].frame.child)))
			h->held[left++] = h->held[i];
	h->n = left;
}

void hold_forget(struct worker *w, const struct port *port)
{
	struct hold *h = &w->hold;
	uint32_t left = 0;

	for (uint32_t i = 0; i < h->n; i++)
		if (h->held[i].frame.in->port != port) {
			h->held[left++] = h->held[i];
		} else {
			umem_give(&w->umem, umem_addr(&w->umem, h->held[i].frame.data), OWNER_HELD);
			count_add(w, WORKER_DROP_NO_SA, 1);
		}
	h->n = left;
}
