/* SPDX-License-Identifier: BSD-2-Clause */
/* Attaching the gate: to the worker's own veth, and in place of an older gate. */
#ifndef WORKER_GATE_H
#define WORKER_GATE_H

#include <stdint.h>
#include "base/must.h"

struct control;

/* Natively, in place of whatever is there. 0 or -errno. */
int gate_attach(struct control *c, uint32_t ifindex) MUST_USE;
/* After an upgrade: interfaces that carry an older gate over our maps get the pinned one, in
 * one step, so that no packet passes without a gate. */
void gates_renew(struct control *c);

#endif
