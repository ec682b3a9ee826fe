/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Both sides rekey the same SA at once (RFC 7296 2.8.1, 2.8.2): two new SAs come up. Of the
 * four nonces the lowest decides: the SA made with it is closed by who created it. The other
 * one's creator closes the old SA.
 */
#ifndef IKE_COLLISION_H
#define IKE_COLLISION_H

#include "base/cursor.h"
#include "ike/child.h"

/* Octet by octet; who ends first is the lower (2.8.1). <0, 0, >0. */
int nonce_cmp(struct reader a, struct reader b);
void low_nonce_keep(struct low_nonce *ret_low, struct reader ni, struct reader nr);
/* Keep the lower of both nonces that made it. */
void collision_remember(struct child *child, struct reader ni, struct reader nr);
/* The Child SA that the peer's rekey of the one with this inbound SPI has made; NULL: none. */
struct child *collision_twin(const struct ike_sa *sa, uint32_t old_spi);
/* Is the one with `a` to be closed? Not if there is no other. */
bool collision_loses(const struct low_nonce *a, const struct low_nonce *b);

/*
 * Both sides initiate at once: two IKE SAs with the same Child SAs come up. The RFC lets them be;
 * the same rule as for rekeys makes one of them go: its initiator deletes the one with the
 * lowest nonce, after REDUNDANT_MS. When it does not, since what is lost on the way can make the
 * two look apart to one side, the other does, after REDUNDANT_PEER_MS. Not before every Child SA
 * has an heir: until then it looks again.
 */
/* The same for two Child SAs of one IKE SA, with the same selectors: both sides asked for it. */
void collision_find_child(struct ike_sa *sa, struct child *fresh);
/* The one that stays when `child` goes; NULL: it would be the last. */
struct child *collision_stays(const struct ike_sa *sa, const struct child *child);
void collision_inherit_child(const struct ike_sa *sa, struct child *fresh); /* by a rekey */
void collision_born(struct ike_sa *sa);	   /* established; sa->init is still there */
void collision_find(struct ike_sa *fresh); /* it has come up */
void collision_inherit(struct ike_sa *fresh, struct ike_sa *old); /* it was rekeyed */
void collision_expire(struct ike_sa *sa);

#endif
