/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Redirect (RFC 5685): a gateway sends a client, who is the one that initiated, to another one.
 *
 *	IKE_SA_INIT   the answer is REDIRECT with our nonce: nothing was made, we begin anew there
 *	IKE_AUTH      the gateway proves itself and says REDIRECT in place of a Child SA; the IKE SA
 *	              is deleted, its children are asked for at the other gateway
 *	later         REDIRECT in INFORMATIONAL: a new IKE SA takes over, as in reauthentication
 *
 * The new IKE SA begins with REDIRECTED_FROM. Where the other gateway is known by its name, the
 * IKE SA waits in state NONE until the shell has resolved it (FX_RESOLVE).
 */
#ifndef IKE_REDIRECT_H
#define IKE_REDIRECT_H

#include "ike/exchange.h"

/* What redirects leave in an IKE SA. */
struct redirect {
	struct gateway from;	       /* client: who sent us here, until we are here */
	struct gateway to;	       /* gateway: where TASK_REDIRECT sends the client */
	uint64_t at_ms[REDIRECTS_MAX]; /* client: the last ones */
	size_t n;
};

/* ---- Client --------------------------------------------------------------------- */

/* IKE_SA_INIT: REDIRECT_SUPPORTED, or REDIRECTED_FROM which says the same. */
void redirect_offer(struct turn *t);
/* The gateway sends us away, by each of the three ways. */
enum step_result redirect_init(struct turn *t);
enum step_result redirect_auth(struct turn *t);
void redirect_asked(struct turn *t);
/* FX_RESOLVE is done: the first address that we can reach. */
void redirect_resolved(struct ike_sa *sa, const struct ip_addr *addrs, size_t n);
/* A reauthentication goes to where the old IKE SA was sent, not to where the connection says.
 * NULL: it was not sent anywhere. */
const struct ip_addr *redirect_gateway(const struct ike_sa *sa);
/* A rekeyed or reauthenticated IKE SA: what the peer can; the loop protection goes on. */
void redirect_inherit(struct ike_sa *fresh, const struct ike_sa *old);

/* ---- Gateway -------------------------------------------------------------------- */

/* IKE_SA_INIT request: may the client be sent away, and who sent it here? */
void redirect_note(struct turn *t);
/* STEP_NEXT: serve it. STEP_NOTIFY: send it away. */
enum step_result redirect_at_init(struct turn *t, const struct conn *conn);
/* IKE_AUTH, the client is authentic. True: REDIRECT takes the place of its Child SA. */
bool redirect_at_auth(struct turn *t);
/* An IKE SA that is up: TASK_REDIRECT. False: not a client that could follow. */
bool redirect_send(struct ike_sa *sa, const struct gateway *to);
enum step_result redirect_start(struct turn *t);

#endif
