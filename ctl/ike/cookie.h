/* SPDX-License-Identifier: BSD-2-Clause */
/* Cookies of a responder under load, RFC 7296 2.6: nothing is kept until one comes back. */
#ifndef IKE_COOKIE_H
#define IKE_COOKIE_H

#include "ike/ike_sa.h"

/* So many half-open IKE SAs, in all or with this address, that a cookie is asked for. */
bool cookie_is_wanted(struct ike *ike, const struct ip_addr *from);
/* The cookie for this IKE_SA_INIT, of the secret in force. 0 or -errno. */
int cookie_make(struct ike *ike, const struct inbound *in, uint8_t ret_cookie[COOKIE_LEN]) MUST_USE;
/* Does the message carry one that we made, with this secret or the last? */
bool cookie_is_good(struct ike *ike, const struct inbound *in);

#endif
