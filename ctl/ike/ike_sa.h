/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The objects of the core: struct ike owns IKE SAs, an IKE SA owns its Child SAs and the tasks
 * that wait to become exchanges of ours. Internal to ctl/ike.
 *
 * At any moment an IKE SA has a few exchanges of ours under way (struct ours) and a few of the
 * peer's (struct theirs): see window.h. Only exchange_end.c changes sa->state.
 */
#ifndef IKE_IKE_SA_H
#define IKE_IKE_SA_H

#include <stdarg.h>
#include "ike/child.h"
#include "ike/effects.h"
#include "ike/ike.h"
#include "ike/job.h"
#include "ike/keymat.h"
#include "ike/limits.h"
#include "ike/message.h"
#include "ike/settings.h"

struct ike;
struct ike_sa;
struct auth_eap;
struct step;

/* name, word for people (strongSwan's). */
#define IKE_STATES(X)                                                                      \
	X(NONE, "CREATED")             /* nothing is exchanged yet */                      \
	X(INIT_SENT, "CONNECTING")     /* initiator: IKE_SA_INIT is on its way */          \
	X(KEYED, "CONNECTING")         /* initiator: has keys, will send IKE_AUTH */       \
	X(AUTH_SENT, "CONNECTING")     /* initiator: IKE_AUTH is on its way */             \
	X(INIT_REPLIED, "CONNECTING")  /* responder: half open */                          \
	X(EAP_READY, "CONNECTING")     /* initiator: will send the next EAP packet, or AUTH */ \
	X(EAP_SENT, "CONNECTING")      /* initiator: it is on its way */                   \
	X(EAP_ASKED, "CONNECTING")     /* responder: waits for the next one */             \
	X(ESTABLISHED, "ESTABLISHED")                                                      \
	X(REKEYED, "REKEYED")          /* another IKE SA has taken its children over */    \
	X(DELETING, "DELETING")        /* our last request is on its way */                \
	X(CLOSED, "DESTROYING")        /* over; answers retransmissions for a moment */    \
	X(GONE, "DESTROYING")          /* to be freed */

enum ike_state {
#define X(name, text) ST_##name,
	IKE_STATES(X)
#undef X
	ST_COUNT
};

/* A message with the memory that its views point into. Owned by whoever processes it: the
 * engine, or the exchange that waits for a job. */
struct inbound {
	struct message m;
	struct endpoint local, remote;
	size_t len, plain_len;
	uint8_t *bytes, *plain; /* plain: as long as bytes, or what fragments were joined to */
};

/* A message that comes in fragments (RFC 7383): their plaintexts, by number. Empty: parts NULL. */
struct fragments {
	struct fragment {
		uint8_t *bytes;
		size_t len;
	} *parts;
	uint32_t id;        /* message ID */
	uint16_t n, total;
	uint8_t first;      /* type of the first payload inside */
	size_t bytes;
	uint64_t until_ms;
};

/* An exchange of ours to come. The order of the list is the order on the wire. */
enum task_kind {
	TASK_IKE_INIT,
	TASK_IKE_AUTH,
	TASK_IKE_EAP, /* the further rounds of IKE_AUTH */
	TASK_CHILD_NEW,
	TASK_CHILD_REKEY,
	TASK_CHILD_DELETE,
	TASK_IKE_REKEY,
	TASK_IKE_DELETE,
	TASK_TELL, /* an INFORMATIONAL that carries an error which ends the IKE SA (2.21.2) */
	TASK_DPD,
	TASK_MOVE,      /* MOBIKE: UPDATE_SA_ADDRESSES */
	TASK_ADDRESSES, /* MOBIKE: our other addresses */
	TASK_CHECK,     /* MOBIKE: does the peer's new address answer? */
	TASK_FOLLOWUP, /* spi: .id of its struct followup */
	TASK_INTERMEDIATE, /* spi: which one, from 0 */
	TASK_BAD_ID, /* INVALID_MESSAGE_ID; spi: the message ID */
	TASK_REDIRECT, /* RFC 5685: sends the client to sa->redirect->to */
	TASK_COUNT
};

struct task {
	struct task *next;
	enum task_kind kind;
	const struct conn_child *conn_child; /* CHILD_NEW, IKE_AUTH; NULL: gone, or none */
	uint32_t spi;     /* CHILD_REKEY, CHILD_DELETE: inbound SPI of the Child SA */
	uint8_t protocol; /* CHILD_DELETE: of the Child SA, which may not be there any more */
	uint16_t notify;  /* TELL */
	uint64_t not_before_ms;
};

/* What we put into our own CREATE_CHILD_SA or IKE_AUTH request and need for the answer. */
struct nego {
	uint8_t nonce[NONCE_LEN];
	uint16_t group; /* KE_NONE: no key exchange */
	struct ke_pair pair;
	uint8_t secret[KE_SECRET_MAX];
	size_t secret_len;
	uint32_t spi_in;  /* of the Child SA */
	uint8_t protocol; /* of the Child SA: AH or ESP */
	uint32_t slot;    /* of the Child SA that is being rekeyed: it may end before the answer */
	struct low_nonce twin; /* of the peer's rekey of the same one, which may end before, too */
	uint64_t spi_ike; /* of the new IKE SA */
};

/* An exchange of ours. */
struct ours {
	struct ours *next;
	struct task *task;
	uint32_t serial;    /* for jobs: tells it from all others of the IKE SA */
	uint32_t id;        /* message ID, once there is a request */
	uint8_t type;       /* enum exchange_type */
	unsigned again;     /* how often it began anew */
	bool is_again;      /* and has to, when the window has room for it */
	uint8_t *request;   /* bytes; NULL while a job makes them */
	size_t len;
	unsigned tries;
	uint64_t next_ms;   /* send again; 0: not yet on the wire */
	uint64_t gap_ms;
	struct nego nego;
	const struct step *waits; /* for a job */
	struct inbound *in;       /* the response that waits with it */
};

/* An exchange of the peer. */
struct theirs {
	uint32_t id;       /* message ID */
	uint8_t *response; /* bytes of the answer; NULL: none yet, or not needed any more */
	size_t len;
	const struct step *waits; /* for a job */
	struct inbound *in;       /* the request that waits with it */
};

/* What IKE_SA_INIT leaves for IKE_AUTH (2.15): both messages, both nonces. Then it goes. */
struct init {
	uint8_t *message_i, *message_r;
	size_t len_i, len_r;
	uint8_t ni[NONCE_MAX], nr[NONCE_MAX];
	size_t ni_len, nr_len;
	uint8_t cookie[64]; /* 2.6: 1 to 64 octets */
	size_t cookie_len;
	bool is_odd;      /* an answer has come that does not fit, and was told */
	uint16_t refused; /* an error notify has come, of whomever; 0: none */
	uint16_t group; /* of the KE payload; KE_NONE: the first of our proposals */
	uint16_t their_hashes; /* RFC 7427 4: bits 1 << enum sign_hash; 0: the peer does not do it */
	bool is_cert_asked;    /* the peer sent a CERTREQ, for a certificate */
	bool is_raw_asked;     /* or for a raw public key */
	bool is_ppk, is_ppk_used; /* RFC 8784: both could; both do */
	struct ppk_keys ppk;
	const struct conn *tried[AUTH_TRIES_MAX]; /* their peer is another one; only compared */
	size_t n_tried;
	size_t n_inter; /* IKE_INTERMEDIATE exchanges that are over, RFC 9242 */
	uint8_t int_i[PRF_LEN_MAX], int_r[PRF_LEN_MAX]; /* IntAuth_i, IntAuth_r */
	struct ike_keys *next_keys; /* responder: in force as soon as the answer is sent */
	bool is_nat_known; /* the peer sent NAT_DETECTION_* */
};

struct followup;
struct redirect;

/* How it came to be, by IKE_SA_INIT; outlives rekeys. See collision.h. */
struct birth {
	bool is_ours; /* we initiated: RFC 4555's "initiator" (1.3) */
	uint64_t from_ms, to_ms;
	uint8_t low_nonce[NONCE_MAX]; /* of the two */
	size_t low_nonce_len;
};

/* Virtual addresses, one of a family. See cfg.h */
struct vips {
	struct ip_addr addr[VIPS_MAX];
	size_t n;
};

struct ike_sa {
	struct ike_sa *next, *bucket_next, *touched_next;
	struct ike *ike;
	const struct conn *conn; /* NULL: not known yet, or not in the configuration any more */
	char name[CONN_NAME_MAX]; /* of conn; "" before it is known */
	uint32_t unique_id;
	enum ike_state state;
	bool is_initiator; /* of this IKE SA, by its last rekey: flag and keys */
	bool is_touched;
	uint32_t rival_of; /* unique_id of the old one that we rekey, too, 0: none. See rival.h */
	bool is_overtaken; /* the peer's rekey of it has won; ours leads to nothing */
	struct low_nonce low; /* of a rival: the lower of the two that made it */
	uint32_t reauth_of; /* unique_id of the one whose place it shall take, 0: none */
	bool is_half_open; /* counts against IKE_HALF_OPEN_MAX */
	bool is_reborn;    /* its end is meant to bring it up again: reauthentication, too old */
	bool is_ending;    /* its Child SAs are going: none of them inherits anything */
	bool is_condemned; /* is to be deleted as soon as its task allows */
	uint64_t spi_i, spi_r;
	struct endpoint local, remote;
	bool is_nat_local, is_nat_remote, is_encap;
	bool is_fresh;         /* came up in this call (settle) */
	bool can_childless;    /* the peer has said so (RFC 6023) */
	bool is_mobike;        /* both sides know RFC 4555 */
	bool can_redirect;     /* the peer follows redirects (RFC 5685) */
	bool is_move_due;      /* addresses changed again while we told of a change */
	struct ip_addr peer_addrs[PEER_ADDRS_MAX]; /* its other ones */
	size_t n_peer_addrs, n_tried;
	uint8_t cookie2[COOKIE2_LEN];
	uint8_t seen_hash[NAT_HASH_LEN]; /* of our address as the peer sees it */
	bool has_seen_hash;
	bool is_nat_known;     /* the peer does NAT traversal */
	bool is_fragmenting;   /* both sides know RFC 7383 */
	bool is_their_first;   /* INITIAL_CONTACT was in theirs */
	bool is_first_contact; /* INITIAL_CONTACT belongs into our IKE_AUTH */
	struct ike_id our_id, their_id;
	struct vips our_vips, their_vips;
	struct proposal chosen;
	struct ike_keys keys;
	struct ours *ours; /* under way, in the order of their beginning */
	uint32_t next_id, last_serial; /* message ID of the next one */
	struct theirs theirs[WINDOW_MAX]; /* by message ID */
	uint32_t due_id; /* the lowest that has no answer yet */
	uint32_t window_out, window_in; /* so many at once: what the peer takes, what we take */
	uint64_t overrun_ms; /* no INVALID_MESSAGE_ID before */
	uint32_t moved_id; /* MOBIKE: past the peer's last UPDATE_SA_ADDRESSES */
	struct endpoint reply_local, reply_remote; /* where the request came to and from */
	struct fragments fragments[2][WINDOW_MAX]; /* of the peer's requests, of its responses */
	struct task *tasks;
	struct child *children;
	struct init *init;
	struct auth_eap *eap;  /* auth_eap.h; NULL: no EAP under way */
	struct inbound *first; /* with EAP the responder keeps the first IKE_AUTH request */
	struct followup *followups; /* additional key exchanges under way, RFC 9370 */
	struct redirect *redirect; /* redirect.h; NULL: none */
	struct birth birth;
	bool is_lost;  /* .why is said; what the peer makes of it is no news */
	char why[640]; /* reason of the end, for logs and FX_CONN_FAILED */
	/* Deadlines in ms, 0: none. */
	uint64_t created_ms, established_ms, heard_ms;
	uint64_t state_end_ms; /* half open, closed */
	uint64_t rekey_ms, over_ms, reauth_ms, keepalive_ms;
	uint64_t session_ms;   /* it ends then: the AAA server gave no more time. Outlives rekeys */
	uint64_t contact_ms;   /* older ones between the same identities go then */
	uint64_t redundant_ms; /* then we delete it: both sides had initiated */
};

/* Why an IKE SA or a Child SA ended: what follows depends on it. */
enum ike_end {
	END_OURS,      /* asked for: nothing follows */
	END_PEER,      /* deleted by the peer: close_action */
	END_DEAD,      /* no answer when it was up: dpd_action */
	END_REFUSED,   /* did not come up: keyingtries */
	END_NO_ANSWER, /* did not come up: keyingtries */
	END_AGAIN,     /* to come up again at once */
	END_SPOILT,    /* a Child SA ended when it had hardly begun: as END_EXPIRED, but not at once */
	END_EXPIRED,   /* a Child SA reached its hard limit: again if it is rekeyed, or start_action
			* is start */
};

/* The packet that asked for a child. */
struct packet_ts {
	bool is_known;
	bool is_alone; /* the peer said SINGLE_PAIR_REQUIRED: offer nothing else */
	struct ts_val local, remote;
};

/* What is wanted of one configured child, over the lives of its IKE SAs. */
struct want {
	const struct conn *conn;
	const struct conn_child *conn_child;
	bool is_wanted;    /* keep trying while keyingtries lasts */
	uint32_t tries;
	uint64_t retry_ms; /* 0: not waiting for another try */
	struct packet_ts packet; /* until the child is up */
};

#define SPI_BUCKETS 1024

struct ike {
	struct ike_host host;
	struct ike_settings settings;
	uint64_t now_ms;
	const struct conn **conns;
	size_t n_conns;
	struct want *wants;
	size_t n_wants;
	struct ike_sa *sas, *touched;
	struct ip_addr addrs[HOST_ADDRS_MAX]; /* of this host, as the shell told last */
	size_t n_addrs;
	struct ike_sa *by_spi[SPI_BUCKETS]; /* by our own SPI */
	size_t n_sas, n_half_open;
	uint32_t last_ike_id, last_child_id, last_followup_id;
	struct effects fx;
	uint64_t timer_ms; /* earliest deadline told to the shell; 0: none */
	uint64_t counts[IKE_COUNT_MAX];
	uint8_t cookie_secret[2][32];
	uint32_t cookie_version; /* odd and even ones have their own secret; 0: none yet */
	uint64_t cookie_ms;
	uint64_t cookies_until_ms; /* from everybody */
	uint64_t version_log_ms; /* no line about other versions before */
	uint64_t strangers_ms; /* since then so many refused IKE_SA_INIT */
	unsigned n_strangers;
	uint8_t out[OUT_LEN_MAX]; /* the message that is being written */
};

/* ---- ike_sa.c ------------------------------------------------------------------- */

/* A new one with its own SPI, in state NONE. NULL: IKE_SAS_MAX is reached, or no randomness. */
struct ike_sa *sa_new(struct ike *ike, bool is_initiator);
/* With an SPI of our choice, not 0 and not in use (a rekeyed one, RFC 7296 2.18). */
struct ike_sa *sa_new_with(struct ike *ike, bool is_initiator, uint64_t our_spi);
void sa_free(struct ike_sa *sa); /* sends nothing; unlinks, wipes */
struct ike_sa *sa_by_spi(const struct ike *ike, uint64_t our_spi);
struct ike_sa *sa_by_id(const struct ike *ike, uint32_t unique_id);
/* The IKE SA of a connection that is up or coming up and will stay; NULL: none. */
struct ike_sa *sa_by_conn(const struct ike *ike, const struct conn *conn);
void sa_set_conn(struct ike_sa *sa, const struct conn *conn);
/* At the end of this call into the core, look what it needs next. */
void sa_touch(struct ike_sa *sa);
/* As responder: our last answer, as it was sent. */
struct reader sa_last_answer(const struct ike_sa *sa);
bool sa_is_up(const struct ike_sa *sa); /* carries Child SAs */
uint64_t sa_our_spi(const struct ike_sa *sa);
struct aead_key *sa_key_out(struct ike_sa *sa);
const struct aead_key *sa_key_in(const struct ike_sa *sa);
void sa_set_half_open(struct ike_sa *sa, bool is_half_open);
size_t sa_n_half_open(const struct ike *ike, const struct ip_addr *from);
void init_free(struct ike_sa *sa);
void nego_wipe(struct nego *nego);
void inbound_free(struct inbound *in);

/* One line for people: "gw-gw[3] text". */
void sa_log(struct ike_sa *sa, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sa_error(struct ike_sa *sa, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Keep the reason of what is about to fail. Returns sa->why. */
const char *sa_why(struct ike_sa *sa, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void ike_log(struct ike *ike, bool is_error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void ike_count(struct ike *ike, enum ike_count c);
/* Random bytes of the host; the process cannot go on safely without: aborts. */
void ike_random(struct ike *ike, void *buf, size_t len);
/* 0..max-1, or 0 for max 0. Good enough for jitter. */
uint64_t ike_jitter(struct ike *ike, uint64_t max);

/* When a lifetime that begins now is to be renewed: up to rand_s sooner than life_s, unless that would
 * be at once (rand_s >= life_s). 0: never (life_s is 0). Seconds in, ike->now_ms out. */
uint64_t ike_renew_ms(struct ike *ike, uint32_t life_s, uint32_t rand_s);

/* ---- task.c --------------------------------------------------------------------- */

/* Appends, unless the same task (kind, conn_child, spi) waits or runs already. NULL: TASKS_MAX
 * is reached, or it is there. */
struct task *task_add(struct ike_sa *sa, enum task_kind kind, const struct conn_child *conn_child,
		      uint32_t spi);
/* TASK_CHILD_DELETE. False: it is there, or there is no room. */
bool task_delete_child(struct ike_sa *sa, uint8_t protocol, uint32_t spi_in);
/* Puts one in front of the others. */
struct task *task_push(struct ike_sa *sa, enum task_kind kind,
		       const struct conn_child *conn_child, uint32_t spi);
bool task_is_there(const struct ike_sa *sa, enum task_kind kind,
		   const struct conn_child *conn_child, uint32_t spi);
/* Not before; 0: at once. What is about a Child SA waits until the peer knows it, and all about
 * them until the peer is through with its rekey of the IKE SA. */
uint64_t task_due_ms(const struct ike_sa *sa, const struct task *task);
/* Where the first one is linked whose time has come; NULL: none. */
struct task **task_first(struct ike_sa *sa);
void tasks_free(struct ike_sa *sa);
const char *task_text(enum task_kind kind);

/* ---- want.c: what the configuration wants, and what follows an end ----------------- */

struct want *want_of(struct ike *ike, const struct conn_child *conn_child);
/* Bring one child up: on the IKE SA of its connection, or on a new one. As ike_initiate(). */
int want_start(struct ike *ike, struct want *want) MUST_USE;
/* A new IKE SA of ours whose IKE_SA_INIT waits to be sent (to NULL: to the peer of the connection);
 * the caller adds the task for IKE_AUTH.
 * -EDESTADDRREQ, -ENOBUFS, or what finding our own address gives. */
int sa_initiate(struct ike *ike, const struct conn *conn, const struct ip_addr *to,
		struct ike_sa **ret_sa) MUST_USE;
/* The two halves of it: one that goes nowhere yet (NULL: IKE_SAS_MAX), and its IKE_SA_INIT. */
struct ike_sa *sa_initiator_new(struct ike *ike, const struct conn *conn);
int sa_send_to(struct ike_sa *sa, const struct ip_addr *to) MUST_USE;
/* A Child SA is up. */
void want_met(struct ike *ike, const struct conn_child *conn_child);
/* The child of this end: restart, wait for a packet, or nothing. */
void want_child_ended(struct ike_sa *sa, const struct conn_child *conn_child, enum ike_end end);
/* Initiations whose time has come. */
void want_expire(struct ike *ike);
uint64_t want_deadline(const struct ike *ike); /* 0: none */
/* A Child SA of it is up, on whichever IKE SA. */
bool want_is_met(const struct ike *ike, const struct conn_child *conn_child);

/* ---- inbound.c: from a datagram to a row ------------------------------------------- */

void inbound_take(struct ike *ike, const struct datagram *datagram);

/* ---- life.c: what time and configuration do to IKE SAs ------------------------------ */

/* Deadlines of one IKE SA that have passed. */
void life_expire(struct ike_sa *sa);
uint64_t life_deadline(const struct ike_sa *sa); /* 0: none */
/* After every call: due switches, next exchanges, the dead are freed, timers. */
void life_settle(struct ike *ike);

#endif
