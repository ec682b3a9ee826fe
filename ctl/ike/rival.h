/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Both sides rekey the IKE SA at once (RFC 7296 2.8.2, 2.25.2): each answers the other as usual,
 * and two new ones come up, of which the one with the lowest of the four nonces is closed by who
 * asked for it. Until our own request is answered, the peer's new one is a rival: the Child SAs
 * stay with the old one, and we begin nothing on it. It wins
 *  - when our answer comes, and our own one has the lowest nonce;
 *  - when our request is refused: the peer was through with its own before it came;
 *  - when the peer uses it, or deletes the old one.
 * Where a rekey takes IKE_FOLLOWUP_KE rounds (RFC 9370 2.2.4), its new IKE SA is there after the last
 * of them; the nonces are those of CREATE_CHILD_SA. Who is through with its own knows them all,
 * even when the other's is still in its rounds: if ours loses, the old one waits for that.
 */
#ifndef IKE_RIVAL_H
#define IKE_RIVAL_H

#include "ike/exchange.h"

/* The rival of what we are making of `old`; NULL: none. */
struct ike_sa *rival_of(const struct ike_sa *old);
/* Nothing may begin on it yet. */
bool rival_is_open(const struct ike_sa *sa);
/* The peer's request came on it, or it deletes the old one: does that decide? */
void rival_used(struct ike_sa *rival);
void rival_settle(struct ike_sa *old);

#endif
