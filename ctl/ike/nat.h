/* SPDX-License-Identifier: BSD-2-Clause */
/* NAT traversal (RFC 7296 2.23): detection, the float to port 4500, a peer that moves. */
#ifndef IKE_NAT_H
#define IKE_NAT_H

#include "ike/ike_sa.h"

#define IKE_PORT 500
#define IKE_NAT_PORT 4500

/* Both NAT_DETECTION notifies. A forged source hash makes the peer believe in a NAT before us,
 * so that it agrees to UDP encapsulation (encap = yes). */
void nat_emit(struct payload_writer *pw, struct ike_sa *sa);
/* The same for a message between these, which may be others than those of the IKE SA (MOBIKE). */
void nat_emit_for(struct payload_writer *pw, struct ike_sa *sa, const struct endpoint *local,
		  const struct endpoint *remote);
/* Compare the peer's notifies with the addresses the message came with. */
void nat_check(struct ike_sa *sa, const struct inbound *in);
/* Initiator, before IKE_AUTH: with a NAT on the way everything goes on at port 4500. */
void nat_float(struct ike_sa *sa);
/* The Child SAs move to where the IKE SA is now; the keepalive follows. */
void nat_move(struct ike_sa *sa);
/* An authentic, fresh request or answer came from elsewhere: follow a peer behind a NAT. */
void nat_follow(struct ike_sa *sa, const struct inbound *in);
/* When the next one is due. */
void nat_keepalive(struct ike_sa *sa);
/* Sends the one byte when its time has come. */
void nat_expire(struct ike_sa *sa);

#endif
