/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reauthentication (RFC 7296 2.8.3), make before break: a new IKE SA from scratch with the same
 * children comes up beside the old one, then the old one is deleted. When the new one does not
 * come up, the old one lives on and it is tried again, until the hard lifetime.
 */
#ifndef IKE_REAUTH_H
#define IKE_REAUTH_H

#include "ike/ike_sa.h"

/* Only the side that initiated the IKE SA can. False: it is not up, or it is under way. */
bool reauth_begin(struct ike_sa *old);
/* The same towards an IKE SA that was made for it (RFC 5685): its children are asked for. */
void reauth_take_over(struct ike_sa *fresh, const struct ike_sa *old);
bool reauth_is_under_way(const struct ike_sa *old);
bool reauth_has_children(const struct ike_sa *sa); /* without any there is nothing to take over */
/* Is a new one complete? Then what it replaces goes. */
void reauth_settle(struct ike_sa *fresh);

#endif
