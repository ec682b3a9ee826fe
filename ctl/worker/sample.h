/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WORKER_SAMPLE_H
#define WORKER_SAMPLE_H

#include "worker/worker.h"

/* While somebody watches what is dropped: a frame that is, whose bytes are at data. */
void sample_drop(struct worker *w, const struct frame *f, const uint8_t *data);

#endif
