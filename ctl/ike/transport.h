/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Transport mode in the negotiation of a Child SA (RFC 7296 1.3.1, 2.23.1). It is for the packets
 * between the two hosts of the IKE SA. Where a NAT stands between them each host knows itself by
 * another address than the other one does: what is agreed upon and installed has the addresses
 * that packets have here, what is sent has those that the initiator knows.
 */
#ifndef IKE_TRANSPORT_H
#define IKE_TRANSPORT_H

#include "ike/ike_sa.h"
#include "ike/message.h"

/* The selectors are of the two hosts of the IKE SA, and of nothing else. */
bool transport_fits(const struct ike_sa *sa, const struct ts_val *local, size_t n_local,
		    const struct ts_val *remote, size_t n_remote);
/* The peer's selectors of our side and of its own, as packets have them here. */
void transport_ts_seen(const struct ike_sa *sa, struct ts_list *local, struct ts_list *remote);
/* Responder: back to the addresses of the request. */
void transport_ts_told(const struct ike_sa *sa, const struct message *request,
		       struct ts_val *local, size_t n_local, struct ts_val *remote,
		       size_t n_remote);

/* RFC 3948 5.2: another peer has transport mode with the same selectors, from behind the same NAT;
 * what this host sends could not be told apart. */
bool transport_is_taken(const struct ike_sa *sa, const struct ts_val *local, size_t n_local,
			const struct ts_val *remote, size_t n_remote);
/* The IKE SA is between other addresses now. An SA in transport mode is for those that it was made
 * for (RFC 4555 moves tunnels only): it ends, and where we initiated, another one follows. True:
 * it was one. */
bool transport_moved(struct ike_sa *sa, const struct child *child);

#endif
