/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages on their way out (RFC 7296 2.1, 2.2, 2.4): written, kept for retransmission, sent
 * again octet by octet. Knows no states and no exchanges.
 */
#ifndef IKE_TRANSMIT_H
#define IKE_TRANSMIT_H

#include "ike/ike_sa.h"

/* Begin a message of this IKE SA in ike->out; all but IKE_SA_INIT is encrypted. */
void transmit_begin(struct ike_sa *sa, struct payload_writer *pw, uint8_t exchange, uint32_t id,
		    bool is_response);
/* Finish, keep and send it. False: it could not be written. Of a request: its
 * message ID is used then. */
bool transmit_request(struct ike_sa *sa, struct ours *ours, struct payload_writer *pw) MUST_USE;
bool transmit_response(struct ike_sa *sa, uint32_t id, struct payload_writer *pw) MUST_USE;
/* Our request once more, the same octets. False: the tries are used up. */
bool transmit_again(struct ike_sa *sa, struct ours *ours) MUST_USE;
/* So long until the next try. */
void transmit_later(struct ike_sa *sa, struct ours *ours, uint64_t gap_ms);
/* The stored answer, to where the duplicate request came from. */
void transmit_answer_again(struct ike_sa *sa, const struct inbound *in);
/* Without an IKE SA: a request in clear is answered with one notify in clear. */
void transmit_stateless(struct ike *ike, const struct inbound *in, uint16_t notify,
			struct reader data);

#endif
