/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The IKEv2 core (RFC 7296), sans I/O: bytes, time and random numbers go in, effects come out.
 * No socket, clock, thread, libuv or libbpf behind this header. The shell calls one function at
 * a time, then takes the effects one by one with ike_effect() and carries them out in order.
 *
 * Diffie-Hellman and other slow work leaves as FX_JOB: the shell runs job_run() on any thread
 * (it touches only the job) and gives the job back with ike_job_done() on the core's thread.
 */
#ifndef IKE_IKE_H
#define IKE_IKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/addr.h"
#include "ike/conn.h"
#include "ike/settings.h"

struct ike;     /* all IKE SAs of one gateway */
struct ike_job; /* a slow computation, self-contained */

#define DATAGRAM_MAX 65535

/* A UDP datagram without the non-ESP marker (RFC 3948 2.2): the shell adds and strips it on
 * port 4500. The core owns `data` of what it sends, until the next call into the core. */
struct datagram {
	struct endpoint local, remote;
	const uint8_t *data;
	size_t len;
};

enum ike_effect_type {
	FX_SEND = 1,    /* send .datagram */
	FX_TIMER,       /* call ike_expire() at .at_ms (the earliest of all; 0: no timer) */
	FX_JOB,         /* run .job on a worker thread */
	FX_ASK,         /* ask an AAA server what .job->aaa says, and give .job back (aaa.h) */
	FX_SA_ADD,      /* install the inbound and the outbound SA of .sa, do not switch yet.
			 * When that fails: ike_hard_limit() with its spi_in, and it is given up */
	FX_SA_SWITCH,   /* policies of .sa->child use its outbound SA from now on */
	FX_SA_DELETE,   /* remove both SAs of .sa (their counters are lost then) */
	FX_LOG,         /* one line for people: .text, with .is_error */
	FX_CHILD_UP,    /* .sa is usable (is_rekey: and was before): `up` waits for it, held packets */
	FX_CHILD_DOWN,  /* .conn_child has no Child SA any more (deleted, failed) */
	FX_CONN_FAILED, /* an initiation failed: .text says why. conn_child NULL: all of .conn.
			 * With keyingtries left, the core tries again by itself */
	FX_SA_MOVE,     /* .sa has new outer addresses or ports (the peer's NAT changed) */
	FX_VIP_ADD,     /* .addr is ours: the virtual address that the peer gave us */
	FX_VIP_DEL,     /* .addr is ours no more */
	FX_RESOLVE,     /* find the addresses of the host .text: ike_resolved() with .id, always */
	FX_KEEPALIVE,   /* send .datagram (one byte 0xff, RFC 3948 2.3) without non-ESP marker */
};

/* One Child SA (RFC 7296 2.17): a pair of SAs. In effects a copy that is valid until the next
 * call; spi_in names it (unique in this gateway). Keys are in that of FX_SA_ADD only. */
struct child_sa {
	const struct conn *conn;
	const struct conn_child *conn_child;
	uint32_t child;              /* slot */
	uint32_t unique_id;
	uint32_t spi_in, spi_out;    /* host order */
	struct endpoint local, remote; /* outer; ports matter with is_encap */
	struct proposal chosen;      /* one transform of each type; .protocol: ESP or AH */
	uint8_t mode;                /* enum sa_mode */
	bool is_encap, is_esn;
	bool is_tfc_refused;         /* the peer takes no padding (RFC 7296 1.3.1) */
	bool is_rekey;               /* replaces an older Child SA of the same slot */
	struct ts_val local_ts[CONN_TS_MAX], remote_ts[CONN_TS_MAX];
	size_t n_local_ts, n_remote_ts;
	uint8_t key_in[SA_SECRET_MAX], key_out[SA_SECRET_MAX];     /* encryption key and salt */
	uint8_t auth_in[SA_SECRET_MAX], auth_out[SA_SECRET_MAX];   /* integrity keys */
	size_t key_len, auth_len;
	uint64_t established_ms;
};

struct ike_effect {
	enum ike_effect_type type;
	struct datagram datagram;
	uint64_t at_ms;
	struct ike_job *job;
	const struct child_sa *sa;
	const struct conn *conn;
	const struct conn_child *conn_child;
	bool is_error;
	const char *text;
	struct ip_addr addr;
	uint32_t id;
};

/* A peer asks for a virtual address of the pools of its connection. */
struct lease_request {
	const struct conn *conn;
	const struct ike_id *id;      /* authenticated */
	bool is_v4;                   /* of this family */
	const struct ip_addr *wanted; /* NULL: any */
	bool is_fixed;                /* that one, or none */
	bool is_alone;                /* INITIAL_CONTACT: it has no other one in use */
};

/* What the shell lends. random: cryptographic bytes (0 or -errno). spi: a fresh inbound SPI that
 * the SAD does not use, never below 256. All called synchronously from the core. */
struct ike_host {
	int (*random)(void *arg, void *buf, size_t len);
	uint32_t (*spi)(void *arg);
	/* CLOCK_MONOTONIC-like ms of the last inbound ESP packet of a Child SA; 0: never. For DPD
	 * and for the switch of a rekey: the clock of now_ms. */
	uint64_t (*last_inbound_ms)(void *arg, uint32_t spi_in);
	/* The same of packets in either direction: for the end of an idle Child SA. */
	uint64_t (*last_use_ms)(void *arg, uint32_t spi_in);
	/* The source address that the kernel would use towards `remote`, for connections whose
	 * local address is %any. May be NULL. 0 or -errno. */
	int (*source)(void *arg, const struct ip_addr *remote, struct ip_addr *ret_local);
	/* A fresh slot for a Child SA of a connection with several peers (conn_has_peers): each IKE
	 * SA has its own, so that each peer has its own policies. Given back after FX_SA_DELETE of
	 * the last SA in it. 0: no room. NULL: they all share conn_child->child. */
	uint32_t (*instance)(void *arg, const struct conn *conn, const struct conn_child *child);
	/* A virtual address, 0 or -errno (none is left); the same one for the same identity as
	 * long as possible. Each that was taken is given back once. NULL: there are none. */
	int (*lease_take)(void *arg, const struct lease_request *request, struct ip_addr *ret_addr);
	void (*lease_give)(void *arg, const struct ike_id *id, const struct ip_addr *addr);
	void *arg;
};

int ike_new(const struct ike_host *host, struct ike **ret_ike) MUST_USE;
/* Wipes and frees; sends nothing, deletes nothing: SAs in the maps live on (DESIGN rule 4). */
void ike_free(struct ike *ike);

/* The connections in force. The core borrows them (not the array of pointers) until the effects
 * of the next call of this function are taken; IKE SAs of connections that are gone are deleted
 * (effects follow). Matched by name. What is new and has start_action = start is initiated. */
int ike_configure(struct ike *ike, const struct conn *const *conns, size_t n,
		  uint64_t now_ms) MUST_USE;

/* Takes effect from the next message on. Before the first call: ike_settings_default(). */
void ike_tune(struct ike *ike, const struct ike_settings *settings);

/* All addresses of this host that may be used, whenever they or the routes have changed: for
 * MOBIKE (RFC 4555). host.source says which one leads to a peer. */
void ike_addresses(struct ike *ike, const struct ip_addr *addrs, size_t n, uint64_t now_ms);

void ike_input(struct ike *ike, const struct datagram *in, uint64_t now_ms);
void ike_expire(struct ike *ike, uint64_t now_ms);
/* The answer to FX_RESOLVE, in the order to try; n 0: there are none. */
void ike_resolved(struct ike *ike, uint32_t id, const struct ip_addr *addrs, size_t n,
		  uint64_t now_ms);
void ike_job_done(struct ike *ike, struct ike_job *job, uint64_t now_ms);
void job_run(struct ike_job *job);
/* What job_run() found missing (crypto/revocation.h): fetch it, then run the job again. NULL: the
 * job is done. What is not fetched in time counts as not to be had. */
struct fetch;
struct fetch *job_fetch(struct ike_job *job);
/* For a job that comes back after ike_free(). Wipes it. */
void job_free(struct ike_job *job);

/* child NULL: the IKE SA and all its children. -ENOENT: no such name; -EALREADY: it is up or
 * under way; -EDESTADDRREQ: no peer address is configured; -ENOBUFS: too many IKE SAs. */
int ike_initiate(struct ike *ike, const char *conn, const char *child,
		 uint64_t now_ms) MUST_USE;
int ike_terminate(struct ike *ike, const char *conn, const char *child,
		  uint64_t now_ms) MUST_USE;
int ike_rekey_child(struct ike *ike, const char *conn, const char *child,
		    uint64_t now_ms) MUST_USE;
int ike_rekey(struct ike *ike, const char *conn, uint64_t now_ms) MUST_USE; /* the IKE SA */
/* A new IKE SA in place of the old one (RFC 7296 2.8.3). Of those that we initiated. */
int ike_reauth(struct ike *ike, const char *conn, uint64_t now_ms) MUST_USE;
/* As a gateway: send clients to another one (RFC 5685). Of all that is named here, those IKE SAs that
 * the peer initiated, that are up, and whose peer follows redirects. Returns how many. */
struct ike_redirect {
	const char *conn;               /* NULL: any */
	uint32_t unique_id;             /* 0: any */
	const struct addr_range *peers; /* NULL: any */
	const struct ike_id *peer_id;   /* a pattern; NULL: any */
	struct gateway to;
};
unsigned ike_redirect(struct ike *ike, const struct ike_redirect *what, uint64_t now_ms);
/* EVENT_ACQUIRE of the maps: bring up the child of this slot unless it is under way. Obeyed for
 * children with start_action trap or start, or dpd_action or close_action trap. */
void ike_acquire(struct ike *ike, uint32_t child, uint64_t now_ms);
/* The same with the addresses and ports of that packet, as single selectors: they go first into our
 * TSi and TSr (RFC 7296 2.9), and alone where the peer says SINGLE_PAIR_REQUIRED. */
void ike_acquire_packet(struct ike *ike, uint32_t child, const struct ts_val *local,
			const struct ts_val *remote, uint64_t now_ms);
/* EVENT_SOFT: rekey the Child SA with this inbound SPI. EVENT_HARD: it is dead. */
void ike_soft_limit(struct ike *ike, uint32_t spi_in, uint64_t now_ms);
void ike_hard_limit(struct ike *ike, uint32_t spi_in, uint64_t now_ms);

/* Next effect of the last calls, in order; false: none left. */
bool ike_effect(struct ike *ike, struct ike_effect *ret_fx);

/* What happened to messages that led to nothing: every one is counted once. */
#define IKE_COUNTS(X)                                                                    \
	X(RECEIVED, "messages received")                                                 \
	X(SENT, "messages sent, retransmissions too")                                    \
	X(RETRANSMITTED, "requests sent again")                                          \
	X(ANSWERED_AGAIN, "duplicate requests answered from the stored response")        \
	X(BAD_HEADER, "not IKEv2, or cut")                                               \
	X(BAD_VERSION, "of another major version")                                       \
	X(UNKNOWN_SPI, "for no IKE SA of ours")                                          \
	X(BAD_SYNTAX, "payloads that do not parse")                                      \
	X(CRITICAL, "a critical payload that is not known here")                         \
	X(NOT_AUTHENTIC, "integrity check failed, or not encrypted")                     \
	X(MESSAGE_ID, "outside the window, or an old response")                          \
	X(BUSY, "while a computation for an earlier message runs")                       \
	X(UNEXPECTED, "no row of the state machine takes it")                            \
	X(REFUSED, "well-formed, and not acceptable")                                    \
	X(NO_CONNECTION, "from or to addresses that no connection names")                \
	X(TOO_MANY, "a limit of IKE SAs, half-open ones or tasks is reached")            \
	X(COOKIE_ASKED, "IKE_SA_INIT answered with a cookie")                            \
	X(TOO_LONG, "longer than its exchange may be")
enum ike_count {
#define X(name, text) IKE_COUNT_##name,
	IKE_COUNTS(X)
#undef X
	IKE_COUNT_MAX
};
const uint64_t *ike_counts(const struct ike *ike); /* IKE_COUNT_MAX of them */
const char *ike_count_name(enum ike_count c);      /* "BAD_HEADER" */
const char *ike_count_text(enum ike_count c);

/* ---- For status: a consistent view between calls ---------------------------------- */
struct ike_sa_info {
	const struct conn *conn; /* NULL before the connection is known */
	uint32_t unique_id;
	uint64_t spi_i, spi_r;
	struct endpoint local, remote;
	struct ike_id local_id, remote_id;
	const char *state; /* "CONNECTING", "ESTABLISHED", "DELETING", ... as strongSwan says */
	bool is_initiator, is_nat_local, is_nat_remote;
	struct proposal chosen; /* n_transforms 0 until chosen */
	uint64_t established_ms, rekey_ms, reauth_ms; /* absolute; 0: none */
	const struct ip_addr *our_vips, *their_vips;  /* virtual addresses */
	size_t n_our_vips, n_their_vips;
};
void ike_each_sa(struct ike *ike, void (*each)(const struct ike_sa_info *, void *arg), void *arg);
/* Children of one IKE SA; state "INSTALLED", "REKEYING", "REKEYED", "DELETING". */
void ike_each_child(struct ike *ike, uint32_t ike_unique_id,
		    void (*each)(const struct child_sa *, const char *state, uint64_t rekey_ms,
				 uint64_t life_ms, void *arg),
		    void *arg);

#endif
