/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Additional key exchanges after CREATE_CHILD_SA (RFC 9370 2.2.4): that exchange makes the first
 * one, then comes IKE_FOLLOWUP_KE for each of the others, and only then the new IKE SA or Child SA
 * is made. What has to be remembered in between; the link that the responder gave finds it again.
 */
#ifndef IKE_FOLLOWUP_H
#define IKE_FOLLOWUP_H

#include "ike/deal.h"

#define FOLLOWUP_LINK_MAX 64 /* bytes of the peer's link: it is free in that */
#define FOLLOWUP_KES_MAX 7

struct followup {
	struct followup *next;
	bool is_ours;	       /* we asked */
	bool is_child;	       /* else the IKE SA is rekeyed */
	uint32_t id;	       /* ours: .spi of the TASK_FOLLOWUP that goes on with it */
	struct deal deal;      /* of an IKE SA only what is chosen, with the peer's SPI */
	uint64_t our_spi;      /* of the IKE SA */
	uint32_t replaces;     /* inbound SPI of the Child SA that is rekeyed, 0: none */
	struct low_nonce twin; /* ours: see struct nego */
	size_t n_done;	       /* of the additional ones */
	uint8_t ni[NONCE_MAX], nr[NONCE_MAX];
	size_t ni_len, nr_len;
	uint8_t shared[KE_SECRET_MAX]; /* SK(0) */
	size_t shared_len;
	uint8_t more[FOLLOWUP_KES_MAX * KE_SECRET_MAX]; /* SK(1) | ... | SK(n) */
	size_t more_len;
	uint8_t link[FOLLOWUP_LINK_MAX];
	size_t link_len;
	uint64_t until_ms; /* theirs: so long for their next one */
};

/* After the first key exchange: keeps what t->job found. In a rekey of the IKE SA it replaces an
 * earlier one. NULL: FOLLOWUPS_MAX is reached. */
struct followup *followup_begin(struct turn *t, bool is_child, const struct deal *deal,
				struct reader ni, struct reader nr);
/* Wipes. */
void followup_end(struct ike_sa *sa, struct followup *f);
void followup_end_all(struct ike_sa *sa);
/* The key exchange to come; NULL: none is left. */
const struct transform *followup_ke(const struct followup *f);
/* One more is made: t->job's. */
void followup_absorb(struct turn *t, struct followup *f);
struct deal_secrets followup_secrets(const struct followup *f);

/* Initiator: the link from the response, and the task for the next one. False: there is no link. */
bool followup_next(struct turn *t, struct followup *f);
struct followup *followup_ours(const struct ike_sa *sa, uint32_t id);
/* Responder: N(ADDITIONAL_KEY_EXCHANGE) with a fresh link; and by that of a request. */
void followup_emit(struct turn *t, struct followup *f);
struct followup *followup_theirs(const struct ike_sa *sa, const struct message *m);
/* N(ADDITIONAL_KEY_EXCHANGE) with the link that there is. */
void followup_link_emit(struct payload_writer *pw, const struct followup *f);

/* The peer deletes what it has asked for with this SPI of its own. */
void followup_deleted(struct ike_sa *sa, uint8_t protocol, uint32_t spi_out);

/* Is one of ours under way for a new Child SA of this child? */
bool followup_makes(const struct ike_sa *sa, const struct conn_child *cc);
/* The rekey of the IKE SA that is under way; NULL: none is. */
struct followup *followup_of_ike(const struct ike_sa *sa, bool is_ours);
/* The peer has made a Child SA in place of that one, too. */
void followup_twin(struct ike_sa *sa, uint32_t replaces, const struct low_nonce *low);

void followup_expire(struct ike_sa *sa);
uint64_t followup_deadline(const struct ike_sa *sa); /* 0: none */

#endif
