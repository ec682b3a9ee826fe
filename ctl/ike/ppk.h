/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Postquantum preshared keys (RFC 8784): a secret that both sides have is stirred into SK_d, SK_pi
 * and SK_pr, so that who breaks the key exchange later still has no keys of Child SAs.
 *
 *	IKE_SA_INIT   N(USE_PPK) both ways: both could
 *	IKE_AUTH      --> N(PPK_IDENTITY)  [N(NO_PPK_AUTH): AUTH as if without, if it need not be]
 *	              <-- N(PPK_IDENTITY), when it is used
 *
 * With EAP these notifies are beside the AUTH payloads that come after it: the responder, which proves
 * itself first, does not know then which PPK it is.
 */
#ifndef IKE_PPK_H
#define IKE_PPK_H

#include "ike/exchange.h"

/* ---- In IKE_SA_INIT ---------------------------------------------------------------- */

void ppk_offer(struct turn *t);
/* The initiator, of the answer. STEP_FAIL: it has to be, and the peer does not know how. */
enum step_result ppk_answered(struct turn *t) MUST_USE;
/* The responder: says so if any connection with these addresses has one. */
void ppk_answer(struct turn *t);

/* ---- In IKE_AUTH ------------------------------------------------------------------- */

/* The initiator, before AUTH: derives the keys that it would make. */
int ppk_prepare(struct ike_sa *sa) MUST_USE;
/* The initiator: names it, after AUTH. */
void ppk_identity_emit(struct turn *t);
/* The initiator, before it checks the responder's AUTH; the responder, before it checks the
 * initiator's: is it used? Then the keys of the IKE SA change here. STEP_FAIL: it has to be. */
enum step_result ppk_settle(struct turn *t) MUST_USE;
/* The responder: it is used. */
void ppk_confirm(struct turn *t);

#endif
