/* SPDX-License-Identifier: BSD-2-Clause */
/* An inbound SA for the targets that play the worker: a byte says what it is like. */
#ifndef FUZZ_SA_H
#define FUZZ_SA_H

#include <string.h>
#include "base/addr.h"
#include "fuzz/fuzz.h"
#include "worker/sa_cache.h"

#define FUZZ_KEYS 4

/* Nothing was received in it yet. */
static inline void fuzz_sa(struct sa_rt *sa, struct esp_key keys[FUZZ_KEYS], uint8_t flags)
{
	static struct sa_hot hot;
	static struct sa_window window;
	const struct ts_side any4 = { .addr = { { 0, 0xffff00000000 }, { 0, 0xffffffffffff } },
				      .port_last = UINT16_MAX,
				      .is_v4 = true },
			     any6 = { .addr.last = { UINT64_MAX, UINT64_MAX },
				      .port_last = UINT16_MAX };

	*sa = (struct sa_rt){ .key = &keys[flags >> 4 & (FUZZ_KEYS - 1)],
			      .spi = 0x01020304,
			      .replay.window = flags & 0x80 ? 64 : 0,
			      .mode = flags & 0x40 ? SA_TRANSPORT : SA_TUNNEL,
			      .flags = flags & (SA_ESN | SA_ENCAP) };
	sa->ts.n_local = sa->ts.n_remote = 2;
	sa->ts.local[0] = sa->ts.remote[0] = any4;
	sa->ts.local[1] = sa->ts.remote[1] = any6;
	memset(&hot, 0, sizeof(hot));
	memset(&window, 0, sizeof(window));
	sa_rt_map(sa, &hot, &window, NULL);
}

#endif
