/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many IKE SAs there may be between the same two identities (RFC 7296 2.4, and `unique` of
 * swanctl.conf): no: as many as come, but INITIAL_CONTACT ends older ones; never: that does not
 * either; replace: a new one ends older ones; keep: an older one forbids a new one.
 */
#ifndef IKE_UNIQUE_H
#define IKE_UNIQUE_H

#include "ike/ike_sa.h"

/* The responder, once the peer has proved who it is. False: it is refused (keep). */
bool unique_admit(struct ike_sa *fresh, bool is_initial_contact);
/* Older ones whose time has come. */
void unique_expire(struct ike_sa *sa);

#endif
