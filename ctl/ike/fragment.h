/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IKE fragmentation (RFC 7383): a message that is too long for one datagram travels as several
 * SKF messages of the same ID. Each is sealed for itself, so a forged one harms nobody.
 */
#ifndef IKE_FRAGMENT_H
#define IKE_FRAGMENT_H

#include "ike/ike_sa.h"

/* Bytes of IKE message per datagram towards this peer; 0: do not fragment. */
size_t fragment_max(const struct ike_sa *sa);
/* The message being written in pw as SKF messages of at most `max` bytes, one after the other in
 * new memory: each header tells the length of its message (fragment_next). -EMSGSIZE: more than
 * FRAGMENTS_MAX; -ENOSPC, -EIO, -EOVERFLOW as message_finish(). Wipes what pw has written. */
int fragment_finish(struct payload_writer *pw, size_t max, uint8_t **ret_train,
		    size_t *ret_len) MUST_USE;
/* Next message of a train; false: none left. */
bool fragment_next(struct reader *train, struct reader *ret_message);

/* A message with SKF: verify, decrypt, keep. MSG_OK: it was the last one missing, and `in` holds
 * the whole message now, open. MSG_DROP: not authentic, or others are missing yet (*ret_is_kept).
 * Else as message_open(). */
enum message_result fragment_take(struct ike_sa *sa, struct inbound *in, bool *ret_is_kept) MUST_USE;
/* Fragments whose message does not get complete. */
void fragment_expire(struct ike_sa *sa);
uint64_t fragment_deadline(const struct ike_sa *sa); /* 0: none */
void fragment_free(struct ike_sa *sa);
/* RFC 7383 2.6.1: a stored answer goes out again for fragment number 1 only, not once for each. */
bool fragment_is_first(const struct inbound *in);

#endif
