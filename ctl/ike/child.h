/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Child SAs inside the core (RFC 7296 2.8, 2.17): a second, smaller state machine. Its table is
 * in child.c; child_move() is the only function that changes child->state, and emits the effects.
 *
 *	             rekeyed by either side
 *	  INSTALLED ------------------------> REKEYED --+  deleted by the rekey's initiator
 *	   |  ^  |                              ^       v
 *	   |  |  +--> REKEYING (our request) ---+    LINGERING --(5 s)--> GONE
 *	   |  +--------- refused ---+
 *	   +--> DELETING (our request) --> GONE
 *
 * When does the policy use a new outbound SA (2.8)? The initiator of the rekey has installed both
 * SAs before the answer reached it, so it switches at once: the peer installed its inbound SA
 * before it answered. The responder may not: its answer may be lost or still under way, and the
 * initiator, which installs on the answer, would drop what comes on an unknown SPI. It goes on
 * sending on the old SA until the initiator deletes that (so it has the new one), or until a
 * packet has come in on the new one (only who has it sends on it), or until SWITCH_WAIT_MS.
 * Both sides keep the old inbound SA CHILD_LINGER_MS longer than the delete: packets under way.
 */
#ifndef IKE_CHILD_H
#define IKE_CHILD_H

#include "ike/ike.h"
#include "ike/payload.h"

struct ike_sa;

#define CHILD_STATES(X)                                                                            \
	X(NEW, "CREATED")                                                                          \
	X(INSTALLED, "INSTALLED")                                                                  \
	X(REKEYING, "REKEYING")                                                                    \
	X(REKEYED, "REKEYED")                                                                      \
	X(DELETING, "DELETING")                                                                    \
	X(LINGERING, "DELETED")                                                                    \
	X(GONE, "DESTROYING")
enum child_state {
#define X(name, text) CHILD_##name,
	CHILD_STATES(X)
#undef X
		CHILD_STATE_COUNT
};

#define CHILD_EVENTS(X)                                                                            \
	X(INSTALL, "both SAs are negotiated")                                                      \
	X(REKEY, "we ask to rekey it")                                                             \
	X(KEEP, "our rekey was refused, or lost against the peer's")                               \
	X(REPLACE, "another one has taken its place")                                              \
	X(DELETE, "we ask to delete it")                                                           \
	X(DELETED, "both sides know that it is deleted")                                           \
	X(LINGERED, "late packets had their time")                                                 \
	X(DROP, "it goes at once: the IKE SA is over, or a hard limit")
enum child_event {
#define X(name, text) CHILD_ON_##name,
	CHILD_EVENTS(X)
#undef X
		CHILD_EVENT_COUNT
};

struct child {
	struct child *next;
	struct child_sa sa;
	char name[CONN_NAME_MAX];
	enum child_state state;
	bool is_outbound;   /* the policies of its slot use it */
	bool is_switch_due; /* they shall, once the answer that made it is on its way */
	bool is_theirs;	    /* made by an exchange of the peer */
	bool is_taken;	    /* the peer has rekeyed it: what becomes of a rekey of ours or not */
	uint32_t made_id;   /* its message ID, with sure_ms */
	uint64_t sure_ms;   /* the peer may not know it yet: our answer may be lost. 0: it does */
	uint32_t replaces;  /* inbound SPI of what it replaces, 0: nothing */
	struct low_nonce {
		uint8_t bytes[NONCE_MAX];
		size_t len;
	} low, line; /* the lower of the two that made it (2.8.1), or made the first of its rekeys
		      */
	uint64_t rekey_ms, life_ms; /* 0: never */
	bool is_redundant;	    /* and its delete waits for its turn */
	bool is_unwanted;	    /* to be deleted, and so is what a rekey makes of it */
	uint64_t linger_ms;	    /* LINGERING ends */
	uint64_t redundant_ms;	    /* then we delete it: both sides made one (collision.h) */
	uint64_t idle_ms;	    /* look for packets of late, 0: never */
	uint64_t poll_ms, wait_ms;  /* look for inbound packets; wait no longer */
};

/* The row for this event in this state: -EPROTO: none. For the engine and its test. */
int child_next_state(enum child_state from, enum child_event event,
		     enum child_state *ret_to) MUST_USE;
/* Takes the event. What does not fit the state is ignored. Frees nothing: see child_reap(). */
void child_move(struct ike_sa *sa, struct child *child, enum child_event event);

/* A new one in `sa`, in state NEW; the caller fills .sa. NULL: CHILDREN_MAX is reached,
 * or there is no slot for it. */
struct child *child_new(struct ike_sa *sa, const struct conn_child *conn_child);
/* Frees those that are GONE; wipes. */
void child_reap(struct ike_sa *sa);
void child_free_all(struct ike_sa *sa);
struct child *child_by_spi(const struct ike_sa *sa, uint32_t spi, bool is_inbound);
/* The one that the peer names in its messages, by the SPI of its own inbound SA. */
struct child *child_of_peer(const struct ike_sa *sa, uint8_t protocol, uint32_t spi);
/* One that carries traffic, or will; NULL: none. */
struct child *child_of(const struct ike_sa *sa, const struct conn_child *conn_child);
bool child_is_live(const struct child *child); /* INSTALLED, REKEYING */
const char *child_state_text(enum child_state state);

/* The policies of its slot use it from now on. */
void child_switch(struct ike_sa *sa, struct child *child);
/* The peer has made it: the policies use it once the answer is on its way, or, where another one
 * carries the traffic so far, when the peer uses it, at the latest after wait_ms. */
void child_await(struct ike_sa *sa, struct child *child, uint64_t wait_ms);
/* The IKE SA is over, so are its Child SAs: at once, or where the slot lives on in another IKE SA
 * (both initiated; the peer began anew) after late packets had their time there. */
void child_end(struct ike_sa *sa, struct child *child);
/* The peer's request `id` made it, in CREATE_CHILD_SA: until it shows that it has the answer, by
 * its next request or by ESP, or has no tries left (UNSURE_MS), we ask nothing about this Child SA:
 * CHILD_SA_NOT_FOUND would be the truth, and a moment later not. */
void child_unsure(struct ike_sa *sa, struct child *child, uint32_t id);
bool child_is_unsure(const struct ike_sa *sa, const struct child *child);
/* The peer sends request `id`, so it has the answers to all before. */
void child_sure(struct ike_sa *sa, uint32_t id);
/* Switches that were due after the answer. */
void child_settle(struct ike_sa *sa);
/* It may carry nothing any more: it is deleted at once, the peer is told. */
void child_hard_limit(struct ike_sa *sa, struct child *child);
/* Deadlines that have passed: soft, hard, lingering, polls. */
void child_expire(struct ike_sa *sa, uint64_t now_ms);
uint64_t child_deadline(const struct ike_sa *sa); /* 0: none */

#endif
