/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two IKEv2 cores in one process: a fake clock, a deterministic generator, a network that is a
 * list of datagrams in flight, and a data plane that knows SPIs and keys only. No sockets.
 *
 *	pair_init(); pair_up(); ... pair_run() until something is true; pair_fini()
 *
 * The network loses, doubles and delays by a seed. Data packets (pair_flow) take the same
 * network: what arrives on an SPI that is not installed, or with another key, is counted lost.
 */
#ifndef TESTS_PAIR_H
#define TESTS_PAIR_H

#include "ike/ike.h"
#include "ike/message.h"

#define PAIR_SAS 128
#define PAIR_SLOT 7 /* of the first child; the next ones follow */

struct aaa_job;

struct pair_sa {
	bool is_used;
	struct child_sa sa;
	uint64_t last_in_ms;
};

struct side {
	struct pair *pair;
	char name;
	struct ike *ike;
	struct endpoint home; /* where datagrams reach it, and its source address */
	bool is_homeless;     /* no route to anybody */
	struct ip_addr second; /* it is reached there, too; any: nowhere */
	struct conn conns[3];
	struct conn_child children[3][4];
	struct pair_sa sas[PAIR_SAS];
	uint32_t out[64]; /* by slot: inbound SPI of the SA whose outbound half is used; 0: none */
	uint64_t timer_ms, rng;
	unsigned n_up, n_down, n_failed, n_sent, n_added, n_deleted, n_switched, n_moved;
	unsigned n_keepalives;
	char resolving[256]; /* the last name that it asked for */
	struct ip_addr resolved; /* what the resolver says; any: nothing */
	struct ip_addr vip, vip6; /* the last ones that the peer gave; any: none */
	char last_error[1024], trace[65536]; /* effects in order: "ADD SEND SWITCH ..." */
	char log[131072];
};

struct flight {
	struct flight *next;
	uint64_t at_ms;
	struct endpoint from, to;
	uint32_t spi;                    /* data packet, not IKE */
	uint8_t key[SA_SECRET_MAX];
	uint8_t *bytes;
	size_t len;
};

/* A job under way. */
struct work {
	struct work *next;
	uint64_t at_ms;
	struct side *side;
	struct ike_job *job;
};

struct pair {
	struct side a, b;
	uint64_t now_ms, rng;
	struct flight *flights; /* by time, then in order of sending */
	struct work *works;     /* jobs under way, likewise */
	uint64_t latency_ms, jitter_ms, job_ms;
	unsigned loss, twice; /* per cent */
	bool is_cut;          /* nothing arrives */
	uint64_t flow_ms;     /* a data packet in both directions so often; 0: none */
	uint64_t flow_next_ms;
	unsigned n_data, n_data_lost, n_data_unsent;
	/* A NAT before a: what b sees instead of a's address. Port 0: none. */
	struct endpoint nat_500, nat_4500;
	/* Sees and may change or swallow (false) each IKE datagram. */
	bool (*on_wire)(struct pair *p, struct flight *f, void *arg);
	/* Answers what an AAA server is asked. */
	void (*on_ask)(struct pair *p, struct aaa_job *question);
	/* Fetches what the check of a certificate misses; NULL: none of it can be had. */
	void (*on_fetch)(struct pair *p, struct fetch *what);
	unsigned n_fetched;
	void *arg;
};

/* An on_wire: the next CREATE_CHILD_SA messages of b are lost, as many as arg, an unsigned, says. */
bool pair_swallow_answers(struct pair *p, struct flight *f, void *arg);

/* More of struct ike_host, for cores that are made from now on. */
struct pair_hooks {
	uint32_t (*instance)(void *arg, const struct conn *conn, const struct conn_child *child);
	int (*lease_take)(void *arg, const struct lease_request *request, struct ip_addr *ret_addr);
	void (*lease_give)(void *arg, const struct ike_id *id, const struct ip_addr *addr);
};
extern struct pair_hooks pair_hooks;

/* Two sides with one connection "gw-gw" with one child "net": PSK, ike and esp keywords. */
void pair_init(struct pair *p, uint64_t seed, const char *ike, const char *esp);
/* Tests change p->a.conns etc. between init and configure. */
void pair_configure(struct pair *p);
/* As if the process was killed and started again: nothing is remembered. With has_maps the SAs
 * in the maps live on (DESIGN rule 4), as orphans that nobody removes here. */
void side_restart(struct side *s, bool has_maps);
void pair_fini(struct pair *p);
void pair_proposal(uint8_t protocol, const char *keywords, struct proposal *ret_proposals,
		   size_t *ret_n); /* several ones separated by ',' */
struct ts_val pair_ts(const char *text);
void side_psk(struct side *s, const char *psk);
void side_ppk(struct side *s, const char *name, const char *secret, bool is_required);

/* Carries out what the core wants, until it wants nothing more at this moment. */
void side_effects(struct side *s);
/* Next event: a datagram, a job or a timer. False: nothing is left to happen. */
bool pair_step(struct pair *p);
/* Until now + ms, or nothing is left. */
void pair_run(struct pair *p, uint64_t ms);
/* Until done(p), at most ms. */
bool pair_run_until(struct pair *p, bool (*done)(struct pair *), uint64_t ms);
bool pair_is_up(struct pair *p);   /* slot PAIR_SLOT has an SA in use on both sides */
bool pair_fits(struct pair *p);    /* and each side's outbound is the other's inbound, same key */
/* Initiates "gw-gw" from a and runs until up; asserts. */
void pair_up(struct pair *p);
unsigned side_n_sas(const struct side *s);  /* Child SAs installed */
unsigned side_n_ike(struct side *s);        /* IKE SAs in state ESTABLISHED */
const char *side_state(struct side *s);     /* of the newest IKE SA, "" without */
struct pair_sa *side_in_use(struct side *s); /* of PAIR_SLOT; NULL: none */
bool side_logged(const struct side *s, const char *text);

/* A protected message of the end that sa is, into buf: the caller adds payloads and finishes it. */
struct ike_sa;
struct payload_writer side_writes(struct ike_sa *sa, uint8_t exchange, uint32_t id,
				  bool is_response, uint8_t *buf, size_t size);

/* Between pair.c and pair_run.c. */
uint64_t pair_rng(uint64_t *state);
struct pair_sa *side_sa(struct side *s, uint32_t spi_in); /* installed; NULL: it is not */
void flight_free(struct flight *f);

#endif
