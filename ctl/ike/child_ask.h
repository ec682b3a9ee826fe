/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How it ends to ask for a Child SA, and to be asked: in CREATE_CHILD_SA, or after the last of its
 * IKE_FOLLOWUP_KE exchanges (RFC 7296 1.3.1, 1.3.3, 2.8, 2.25; RFC 9370 2.2.4).
 */
#ifndef IKE_CHILD_ASK_H
#define IKE_CHILD_ASK_H

#include "ike/deal.h"

/* Ours. */
struct child_ask {
	const struct conn_child *conn_child; /* NULL: it is not wanted any more */
	uint32_t replaces;		     /* inbound SPI of what is rekeyed, 0: a new one */
	uint32_t spi_in;
	uint8_t protocol; /* AH or ESP */
	struct low_nonce twin; /* of what the peer has made in its place meanwhile */
};

/* The peer agrees: install and use it. */
void child_ask_done(struct turn *t, const struct child_ask *ask, const struct deal *deal,
		    const struct deal_secrets *secrets);
/* What the peer set up and we cannot use is deleted again; the old one stays. */
void child_ask_spoilt(struct turn *t, const struct child_ask *ask, uint16_t why);
/* The peer refuses: again later, or not. */
void child_ask_refused(struct turn *t, const struct child_ask *ask, uint16_t why);
/* The old one stays; its rekey comes again after wait_ms, or not if the peer rekeyed it. */
void child_ask_later(struct ike_sa *sa, struct child *old, uint64_t wait_ms);

/* The peer's. Is it a time for it (2.25)? old NULL: a new one. 0, or the notify. */
uint16_t child_answer_check(const struct turn *t, const struct child *old);
/* NULL: there is no room. */
struct child *child_answer_done(struct turn *t, const struct deal *deal,
				const struct deal_secrets *secrets, struct child *old);

#endif
