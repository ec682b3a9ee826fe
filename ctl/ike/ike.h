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
	FX_SA_ADD,      /* install the inbound and the outbound SA of .sa, do not switch yet */
	FX_SA_SWITCH,   /* policies of .sa->child use its outbound SA from now on */
	FX_SA_DELETE,   /* remove both SAs of .sa (their counters are lost then) */
	FX_LOG,         /* one line for people: .text, with .is_error */
	FX_CHILD_UP,    /* .sa is usable: for `up` waiting, held packets, status */
	FX_CHILD_DOWN,  /* .conn_child has no Child SA any more (deleted, failed) */
	FX_CONN_FAILED, /* an initiation gave up: .text says why */
};

/* One Child SA (RFC 7296 2.17): a pair of SAs. Owned by the core; valid until the next call. */
struct child_sa {
	const struct conn *conn;
	const struct conn_child *conn_child;
	uint32_t child;              /* slot */
	uint32_t unique_id;
	uint32_t spi_in, spi_out;    /* host order */
	struct endpoint local, remote; /* outer; ports matter with is_encap */
	struct proposal esp;         /* chosen: one transform of each type */
	uint8_t mode;                /* enum sa_mode */
	bool is_encap, is_esn;
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
};

/* What the shell lends. random: cryptographic bytes (0 or -errno). spi: a fresh inbound SPI that
 * the SAD does not use, never below 256. All called synchronously from the core. */
struct ike_host {
	int (*random)(void *arg, void *buf, size_t len);
	uint32_t (*spi)(void *arg);
	/* CLOCK_MONOTONIC-like ms of the last inbound ESP packet of a Child SA; 0: never. For DPD. */
	uint64_t (*last_inbound_ms)(void *arg, uint32_t spi_in);
	void *arg;
};

int ike_new(const struct ike_host *host, struct ike **ret_ike) MUST_USE;
/* Wipes and frees; sends nothing, deletes nothing: SAs in the maps live on (DESIGN rule 4). */
void ike_free(struct ike *ike);

/* The connections in force. The core borrows the array until the next call of this function;
 * IKE SAs of connections that are gone are deleted (effects follow). Matched by name. */
int ike_configure(struct ike *ike, const struct conn *const *conns, size_t n,
		  uint64_t now_ms) MUST_USE;

void ike_input(struct ike *ike, const struct datagram *in, uint64_t now_ms);
void ike_expire(struct ike *ike, uint64_t now_ms);
void ike_job_done(struct ike *ike, struct ike_job *job, uint64_t now_ms);
void job_run(struct ike_job *job);

/* child NULL: the IKE SA and all its children. -ENOENT: no such name; -EALREADY: it is up. */
int ike_initiate(struct ike *ike, const char *conn, const char *child,
		 uint64_t now_ms) MUST_USE;
int ike_terminate(struct ike *ike, const char *conn, const char *child,
		  uint64_t now_ms) MUST_USE;
int ike_rekey_child(struct ike *ike, const char *child, uint64_t now_ms) MUST_USE;
/* EVENT_ACQUIRE of the maps: bring up the child of this slot unless it is under way. */
void ike_acquire(struct ike *ike, uint32_t child, uint64_t now_ms);
/* EVENT_SOFT: rekey the Child SA with this inbound or outbound SPI. EVENT_HARD: it is dead. */
void ike_soft_limit(struct ike *ike, uint32_t spi, bool is_inbound, uint64_t now_ms);
void ike_hard_limit(struct ike *ike, uint32_t spi, bool is_inbound, uint64_t now_ms);

/* Next effect of the last calls, in order; false: none left. */
bool ike_effect(struct ike *ike, struct ike_effect *ret_fx);

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
};
void ike_each_sa(struct ike *ike, void (*each)(const struct ike_sa_info *, void *arg), void *arg);
/* Children of one IKE SA; state "INSTALLED", "REKEYING", "REKEYED", "DELETING". */
void ike_each_child(struct ike *ike, uint32_t ike_unique_id,
		    void (*each)(const struct child_sa *, const char *state, uint64_t rekey_ms,
				 uint64_t life_ms, void *arg),
		    void *arg);

#endif
