/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The engine of the state machine. Each exchange keeps its rows beside its processors (ex_*.c);
 * the engine picks the row that fits role, state and payloads, runs it, and does all the rest:
 * changes the state, writes and sends the message, keeps it for retransmission, arms timers.
 *
 * A row that needs a computation returns STEP_WAIT after fx_job(); its `resume` goes on with the
 * same message when the job is back. Until then that message is dropped when it comes again.
 */
#ifndef IKE_EXCHANGE_H
#define IKE_EXCHANGE_H

#include "ike/ike_sa.h"

/* The shape of a message: struct message's payload bits, and above them what the rows must tell
 * apart besides. In START, RESPONSE and TIMEOUT also what our own task is. */
#define HAS(n) (1ull << (32 + (n)))
#define HAS_ERROR HAS(0)        /* an error notify */
#define HAS_AUTH_FAILED HAS(1)  /* AUTHENTICATION_FAILED or INVALID_SYNTAX in INFORMATIONAL */
#define HAS_REKEY HAS(2)        /* REKEY_SA */
#define HAS_AGAIN HAS(3)        /* INVALID_KE_PAYLOAD, or COOKIE in IKE_SA_INIT: begin anew */
#define HAS_DELETE_IKE HAS(4)   /* a delete payload for the IKE SA */
#define HAS_REDIRECT HAS(5)     /* REDIRECT */
/* Notifies and what they mean besides, where they change nothing. */
#define ANY_NOTIFY \
	(P_NOTIFY | P_VENDOR | HAS_ERROR | HAS_AUTH_FAILED | HAS_REKEY | HAS_AGAIN | HAS_REDIRECT)
#define ON(kind) HAS(8 + (kind)) /* our task, enum task_kind */
#define ON_ANY (((1ull << TASK_COUNT) - 1) << 40)

enum step_role {
	STEP_START,    /* our exchange begins: write the request */
	STEP_REQUEST,  /* the peer's request: write the answer */
	STEP_RESPONSE, /* the answer to our request */
	STEP_TIMEOUT,  /* no answer, or the state's time is over */
	STEP_ROLE_COUNT
};

enum step_result {
	STEP_NEXT,   /* done: state `to`; START, REQUEST: send what was written */
	STEP_STAY,   /* as NEXT, but the state stays */
	STEP_WAIT,   /* a job was given out; `resume` goes on */
	STEP_AGAIN,  /* RESPONSE: our task begins anew, with its START row */
	STEP_NOTIFY, /* REQUEST: answer with turn.why alone, the state stays. START, RESPONSE: our
		      * task is over, the state stays */
	STEP_DROP,   /* as if it had not come */
	STEP_FAIL,   /* the IKE SA is over. REQUEST: after answering with turn.why; RESPONSE: after
		      * telling the peer turn.why in an INFORMATIONAL exchange, unless it is 0.
		      * TIMEOUT: the peer refused, which is another end than NEXT's */
};

enum step_timer {
	TM_NONE,
	TM_RETRANSMIT, /* our request again, then TIMEOUT */
	TM_HALF_OPEN,  /* HALF_OPEN_MS in the new state */
	TM_CLOSED,     /* CLOSED_MS, then it is freed */
	TM_REKEYED,    /* REKEYED_MS for the delete to come */
};

/* What a processor sees and fills. */
struct turn {
	struct ike *ike;
	struct ike_sa *sa;
	const struct step *step;
	struct ours *ours;          /* NULL in REQUEST, and in TIMEOUT when the state's time is over */
	struct task *task;          /* of it */
	const struct message *in;   /* REQUEST, RESPONSE */
	const struct inbound *from; /* the same with its addresses */
	struct payload_writer *out; /* START, REQUEST */
	struct ike_job *job;        /* in resume; the engine frees it */
	uint16_t why;               /* with NOTIFY and FAIL: enum notify_type */
	uint8_t why_data[GATEWAY_LEN_MAX + NONCE_MAX]; /* the longest: REDIRECT */
	size_t why_len;
	uint32_t why_spi;           /* of a Child SA: SPI of the notify, 0: none */
	uint8_t why_protocol;       /* of that one */
	struct reader why_eap; /* REQUEST: instead of a notify, an EAP-Failure (2.16) */
};

typedef enum step_result (*step_fn)(struct turn *t);

struct step {
	enum step_role role;
	uint32_t from;      /* states, as bits IN(x) */
	enum ike_state to;  /* ST_COUNT: the state stays */
	uint64_t need, may; /* shape: all of need, nothing besides need and may */
	step_fn run, resume;
	enum step_timer timer;
	const char *story;
};

#define IN(state) (1u << ST_##state)
#define ST_SAME ST_COUNT

struct exchange {
	uint8_t type; /* enum exchange_type */
	const char *name;
	const struct step *steps;
	size_t n_steps;
};

extern const struct exchange ex_sa_init, ex_intermediate, ex_auth, ex_child, ex_followup, ex_info;
extern const struct exchange *const exchanges[];
extern const size_t n_exchanges;

const struct exchange *exchange_by_type(uint8_t type);
/* Does the row take this? The whole rule, for the engine and for the test that walks the rows. */
bool step_fits(const struct step *step, enum step_role role, enum ike_state state, uint64_t shape);
const struct step *step_find(const struct exchange *ex, enum step_role role, enum ike_state state,
			     uint64_t shape);
/* The START row for a task in the state of the IKE SA, and its exchange; NULL: it has to wait. */
const struct step *step_find_start(const struct ike_sa *sa, enum task_kind kind,
				   const struct exchange **ret_ex);
uint64_t exchange_shape(const struct message *m);

/* An authentic (or IKE_SA_INIT) message of a due ID. Takes over `in`. */
void exchange_request(struct ike_sa *sa, struct inbound *in);
void exchange_response(struct ike_sa *sa, struct inbound *in);
/* An authentic message that does not parse, or is not supported: RFC 7296 2.21.3, 2.5. */
void exchange_bad(struct ike_sa *sa, struct inbound *in, enum message_result what);
/* Begins what waits and may begin. */
void exchange_start(struct ike_sa *sa);
/* Takes over the job. */
void exchange_job(struct ike_sa *sa, struct ike_job *job);
/* Retransmits, or gives up; ends states whose time is over. */
void exchange_expire(struct ike_sa *sa);
uint64_t exchange_deadline(const struct ike_sa *sa); /* 0: none */
/* The IKE SA is over, without an exchange: `end` says what follows for its children. */
void exchange_close(struct ike_sa *sa, enum ike_end end);
/* Our last exchange, if it is not under way: delete the IKE SA. */
void exchange_delete(struct ike_sa *sa);
/* A Child SA rekeyed into the new IKE SA: it is up from the start. */
void exchange_established(struct ike_sa *sa);

/* For processors: give out the computation this step waits for. */
enum step_result turn_wait(struct turn *t, uint16_t group, struct ke_pair *pair,
			   struct reader their_public);
/* The same for any other one. Takes over the job. */
enum step_result turn_wait_job(struct turn *t, struct ike_job *job);
/* For processors: refuse with a notify, and say why in the log line. */
enum step_result turn_refuse(struct turn *t, enum step_result how, uint16_t notify,
			     const char *format, ...) __attribute__((format(printf, 4, 5)));
/* One more word about an IKE_SA_INIT that is not served: is there a line for it? It may come from
 * anybody, in any number; the counters have them all. Others always have one. */
bool turn_has_line(struct turn *t);
bool ike_has_line(struct ike *ike); /* the same before there is a turn */

#endif
