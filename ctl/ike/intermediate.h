/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Additional key exchanges before IKE_AUTH (RFC 9370) in IKE_INTERMEDIATE (RFC 9242): what the
 * other exchanges need to know of it. The exchange itself is ex_intermediate.c.
 */
#ifndef IKE_INTERMEDIATE_H
#define IKE_INTERMEDIATE_H

#include "ike/exchange.h"

/* N(INTERMEDIATE_EXCHANGE_SUPPORTED) where these proposals contain additional key exchanges. */
void inter_emit(struct payload_writer *pw, const struct proposal *proposals, size_t n);
/* Does this IKE_SA_INIT message allow what was chosen? RFC 9370 2.2.1. */
bool inter_is_allowed(const struct message *m, const struct proposal *chosen);
/* Initiator, has keys: one exchange for each additional key exchange, before IKE_AUTH. */
void inter_plan(struct ike_sa *sa);
/* One of the chosen key exchanges has not been made yet. */
bool inter_is_open(const struct ike_sa *sa);
/* A response is sent: the keys that it made are in force (RFC 9370 2.2.2). */
void inter_sent(struct ike_sa *sa);
/* IntAuth = IntAuth_i | IntAuth_r | message ID of IKE_AUTH (RFC 9242 3.3.1), the end of what both
 * sides sign; empty without such exchanges. buf: INT_AUTH_MAX bytes. */
struct reader inter_auth(const struct ike_sa *sa, uint8_t buf[INT_AUTH_MAX]);

#endif
