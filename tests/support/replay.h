/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUPPORT_REPLAY_H
#define SUPPORT_REPLAY_H

#include "ike/message.h"

/* Emits the payloads of a message again, in their order. Payloads that are of unknown type or past
 * a limit of struct message are left out. */
void message_replay(struct payload_writer *pw, const struct message *m);

#endif
