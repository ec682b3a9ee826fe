/* SPDX-License-Identifier: BSD-2-Clause */
/* For people: why two sides do not come together, on one line. */
#ifndef IKE_EXPLAIN_H
#define IKE_EXPLAIN_H

#include "ike/conn.h"

#define EXPLAIN_MAX 512

/* "ours: A, B; theirs: C; first difference: encryption, we want aes256gcm16, they aes128". The
 * difference is that of the two proposals that agree longest. Returns buf. */
const char *explain_proposals(const struct proposal *ours, size_t n_ours,
			      const struct proposal *theirs, size_t n_theirs, char *buf,
			      size_t size);

/* "A, B". Returns buf. */
const char *explain_offer(const struct proposal *p, size_t n, char *buf, size_t size);

/* One side's selectors next to the other's. */
struct explain_ts {
	const struct ts_val *local, *remote;
	size_t n_local, n_remote;
};
/* "ours: 10.1.0.0/16 === 10.2.0.0/16; theirs: ...; first difference: remote selectors" as we see it.
 * is_answer: theirs should be within ours. Returns buf. */
const char *explain_ts(struct explain_ts ours, struct explain_ts theirs, bool is_answer, char *buf,
		       size_t size);
/* "10.1.0.0/16 === 10.2.0.0/16". Returns buf. */
const char *explain_side(struct explain_ts side, char *buf, size_t size);

#endif
