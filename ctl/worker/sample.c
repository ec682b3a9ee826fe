/* SPDX-License-Identifier: BSD-2-Clause */
/* Samples of dropped frames (map_abi.h), by the program `drop`: a system call each, so only within
 * their rate. */
#include "worker/sample.h"

#include <string.h>

#include "worker/control.h"
#include "worker/xsk.h"

/* Behind the ESP header of a forged packet is what our key made of it: that is for nobody. */
static uint32_t head_size(const struct frame *f)
{
	uint32_t n = f->drop == WORKER_DROP_ICV ? f->esp + ESP_HDR_LEN : SAMPLE_HEAD;

	n = n < SAMPLE_HEAD ? n : SAMPLE_HEAD;
	return n < f->len ? n : f->len;
}

void sample_drop(struct worker *w, const struct frame *f, const uint8_t *data)
{
	struct sample_state *st = dp_sample_state(w->control->dp);
	uint32_t n = head_size(f);

	if (!st->until_ns || !sample_take(st, w->now_ns))
		return;
	struct drop_sample s = { .ns = w->now_ns,
				 .ifindex = f->in ? f->in->port->ifindex : 0,
				 .len = f->len,
				 .head_len = (uint8_t)n,
				 .sa = f->sa_index,
				 .where = SAMPLE_WORKER,
				 .outcome = f->drop,
				 .l3 = f->l3 < n ? (uint8_t)f->l3 : 0 };

	memcpy(s.head, data, n);
	if (dp_sample(w->control->dp, &s))
		__atomic_fetch_add(&st->missed, 1, __ATOMIC_RELAXED);
}
