/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A rekey of the IKE SA with additional key exchanges: CREATE_CHILD_SA makes the first one, then
 * comes IKE_FOLLOWUP_KE for each of the others (RFC 9370 2.2.4), and only then the new IKE SA is
 * made. What has to be remembered in between; one for each direction at most.
 */
#ifndef IKE_FOLLOWUP_H
#define IKE_FOLLOWUP_H

#include "ike/exchange.h"

#define FOLLOWUP_LINK_MAX 64 /* bytes of the peer's link: it is free in that */
#define FOLLOWUPS_MAX 7

struct followup {
	struct proposal chosen; /* with the peer's SPI */
	uint64_t our_spi;
	size_t n_done; /* of the additional ones */
	uint8_t ni[NONCE_MAX], nr[NONCE_MAX];
	size_t ni_len, nr_len;
	uint8_t shared[KE_SECRET_MAX]; /* SK(0) */
	size_t shared_len;
	uint8_t more[FOLLOWUPS_MAX * KE_SECRET_MAX]; /* SK(1) | ... | SK(n) */
	size_t more_len;
	uint8_t link[FOLLOWUP_LINK_MAX];
	size_t link_len;
};

/* After the first key exchange: keeps what the job found. Replaces what is at *at. */
struct followup *followup_begin(struct followup **at, const struct proposal *chosen,
				uint64_t our_spi, struct reader ni, struct reader nr,
				const struct ike_job *job);
/* Initiator: the link from the response. False: there is none, or it is too long. */
bool followup_link(struct followup *f, const struct message *m);
/* Responder: N(ADDITIONAL_KEY_EXCHANGE) with a fresh link. */
void followup_emit(struct turn *t, struct followup *f);
void followup_free(struct followup **at); /* wipes; NULL inside is fine */

#endif
