/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What two peers agree on for a Child SA (RFC 7296 2.7, 2.9): algorithms, selectors, mode, SPIs.
 * The same for IKE_AUTH, where no key exchange belongs to it, and for CREATE_CHILD_SA.
 */
#ifndef IKE_DEAL_H
#define IKE_DEAL_H

#include "ike/exchange.h"
#include "ike/explain.h"

struct deal {
	const struct conn_child *conn_child;
	struct proposal chosen;
	uint32_t spi_in, spi_out;
	uint8_t mode;  /* enum sa_mode */
	bool is_tfc_refused;
	bool is_taken; /* transport mode: by another peer, see transport_is_taken() */
	struct ts_val local_ts[CONN_TS_MAX], remote_ts[CONN_TS_MAX];
	size_t n_local_ts, n_remote_ts;
};

/* Our own offer: SA, [the caller's Ni and KE between], TSi, TSr, notifies. group: KE_NONE in
 * IKE_AUTH, which leaves key exchanges out of the proposals. */
void deal_offer_sa(struct turn *t, const struct conn_child *cc, bool has_ke, uint32_t spi_in);
void deal_offer_ts(struct turn *t, const struct conn_child *cc);
/* RFC 4302 3.3.3.1.1: the ICV is over the addresses that a NAT changes, and no UDP goes around AH. */
bool deal_is_cut(const struct ike_sa *sa, const struct conn_child *cc);
#define DEAL_CUT_TEXT "AH does not pass a NAT, and there is one between us and the peer"
/* Then it is not even asked for: one line, and what the configuration wants next. */
void deal_cut(struct ike_sa *sa, const struct conn_child *cc);
/* Initiator: is the answer within the offer? 0, or the notify that says what is wrong. */
uint16_t deal_check(const struct turn *t, const struct conn_child *cc, bool has_ke,
		    struct deal *ret_deal) MUST_USE;

/* Responder: the best child of the connection (only: the one it must be, or NULL) for this
 * request. 0, or the notify to refuse with. */
uint16_t deal_find(const struct turn *t, const struct conn_child *only, bool has_ke,
		   struct deal *ret_deal) MUST_USE;
void deal_answer_sa(struct turn *t, const struct deal *deal);
void deal_answer_ts(struct turn *t, const struct deal *deal);

/* A fresh inbound SPI. */
uint32_t deal_spi(struct ike *ike);
/* The group of the first key exchange in its proposals; KE_NONE: no PFS. */
uint16_t deal_group(const struct conn_child *cc);

struct deal_secrets {
	struct reader shared, ni, nr; /* shared: empty without key exchange */
	struct reader more;           /* of additional ones, SK(1) | ... | SK(n), or empty */
	bool is_initiator;            /* of the exchange */
};
/* Keys, lifetimes, FX_SA_ADD. replaces: inbound SPI of the Child SA that it rekeys, or 0. NULL:
 * CHILDREN_MAX is reached, or no keys for these algorithms. */
struct child *deal_install(struct ike_sa *sa, const struct deal *deal,
			   const struct deal_secrets *secrets, uint32_t replaces);
/* SINGLE_PAIR_REQUIRED (2.9): ask once more for the packet's own pair. False: no use. */
bool deal_single_pair(struct turn *t, const struct conn_child *cc, uint16_t why);
/* The notify in words, with our offer and theirs side by side where that helps. `only` as in
 * deal_find(). Returns buf. */
const char *deal_explain(const struct turn *t, const struct conn_child *only, bool has_ke,
			 uint16_t why, char *buf, size_t size);
/* ", we offer ..." for a child that the peer refuses; "" where that says nothing. Returns buf. */
const char *deal_offered(const struct turn *t, const struct conn_child *cc, uint16_t why, char *buf,
			 size_t size);
/* The initiator's side of a refusal: one line, and what the configuration wants next. */
void deal_failed(struct turn *t, const struct conn_child *cc, uint16_t notify);

#endif
