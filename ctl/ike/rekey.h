/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rekeying the IKE SA (RFC 7296 1.3.2, 2.8, 2.18): processors of CREATE_CHILD_SA rows, see
 * ex_child.c. Both at once: rival.h.
 */
#ifndef IKE_REKEY_H
#define IKE_REKEY_H

#include "ike/exchange.h"

/* What was agreed on. chosen: with the peer's SPI. */
struct rekeyed {
	const struct proposal *chosen;
	uint64_t our_spi;
	bool is_initiator;
	struct reader shared, ni, nr;
	struct reader more; /* secrets of additional key exchanges */
	bool is_rival;      /* the Child SAs stay with the old one for now */
};
/* One of ours is under way, in CREATE_CHILD_SA or in the rounds after it. */
bool rekey_is_ours(const struct ike_sa *sa);
/* The new IKE SA, up, with all children of the old one. NULL: too many, or no keys. */
struct ike_sa *rekey_make(struct ike_sa *old, const struct rekeyed *r);
/* The peer's rekey has won: all of the old one goes to what it has made. */
void rekey_give_way(struct ike_sa *rival, struct ike_sa *old);

enum step_result rekey_start(struct turn *t);
enum step_result rekey_started(struct turn *t);
enum step_result rekey_answered(struct turn *t);
enum step_result rekey_finish(struct turn *t);
/* Ours is there, after its last round: is it the one that stays? */
enum step_result rekey_done(struct turn *t, struct rekeyed *r);
enum step_result rekey_spoilt(struct turn *t);
/* The peer rekeys it, too: its new one is there, or in its rounds. */
bool rekey_is_theirs(const struct ike_sa *sa);
/* It has let go of ours. */
enum step_result rekey_dropped(struct turn *t);
/* INVALID_KE_PAYLOAD */
enum step_result rekey_again(struct turn *t);
enum step_result rekey_refused(struct turn *t);
/* 2.25.2: no children that are half made may be carried over, whoever asked for them. */
bool rekey_may_be_asked(const struct turn *t);
enum step_result rekey_asked(struct turn *t); /* also its resume */

#endif
