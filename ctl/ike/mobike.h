/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MOBIKE (RFC 4555): addresses change, the SAs stay. The initiator decides which pair of addresses
 * is used and says so with UPDATE_SA_ADDRESSES; the responder says which others it has. Where
 * both sides know MOBIKE, the peer's address is never taken from a packet alone (nat_follow).
 *
 *	our address goes away, we initiated:  use another one, UPDATE_SA_ADDRESSES; on the answer
 *	                                      the Child SAs move
 *	... we did not:                       ADDITIONAL_IP4_ADDRESS from another one; the initiator
 *	                                      takes us at our new word and updates
 *	the peer updates:                     the Child SAs move, then a COOKIE2 has to come back
 *	                                      from the new address (return routability, 3.7)
 */
#ifndef IKE_MOBIKE_H
#define IKE_MOBIKE_H

#include "ike/exchange.h"

/* IKE_AUTH: MOBIKE_SUPPORTED and our other addresses; what the peer says of itself. */
void mobike_emit(struct turn *t);
void mobike_check(struct turn *t);
/* Addresses or routes of this host have changed; is_list: the list ike->addrs, too. */
void mobike_roam(struct ike_sa *sa, bool is_list);
/* An INFORMATIONAL request: what concerns addresses in it, and what the answer has to say. */
enum step_result mobike_asked(struct turn *t);
/* Our own exchanges and their answers. */
enum step_result mobike_move_start(struct turn *t);
enum step_result mobike_move_answered(struct turn *t);
enum step_result mobike_tell_start(struct turn *t);
enum step_result mobike_check_start(struct turn *t);
enum step_result mobike_check_answered(struct turn *t);
/* Behind a NAT, DPD also asks what the peer sees of us (3.8). */
void mobike_dpd_emit(struct turn *t);
void mobike_dpd_answered(struct turn *t);
/* No answer: is there another address of the peer to try? Then the request goes there. */
bool mobike_try_other(struct ike_sa *sa);

#endif
