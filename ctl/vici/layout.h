/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the answers look like: strongSwan's keys (5.9) where it has them, so that Debian's
 * swanctl and the exporters that exist print our SAs, and our own beside them. One home for
 * each key: the shell fills a struct, these functions spell it. docs/vici.md lists the result.
 *
 * Pointers in the structs are borrowed for the call. NULL text: the key is left out, except
 * where said. Times are seconds; VICI_NO_TIME: left out.
 */
#ifndef VICI_LAYOUT_H
#define VICI_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>
#include "base/addr.h"
#include "vici/vici.h"

#define VICI_TS_TEXT 160 /* "2001:db8::1-2001:db8::ff[tcp/1024-65535]" and longer */
#define VICI_TS_MAX SA_TS_MAX
#define VICI_NO_TIME INT64_MAX

/* Transforms by IANA number (sekisho/ike_num.h); 0: none. Spelled as strongSwan does:
 * "AES_GCM_16", "HMAC_SHA2_256_128", "PRF_HMAC_SHA2_256", "CURVE_25519". */
#define VICI_ADDKE_MAX 7
struct vici_algs {
	uint16_t encr, encr_bits, integ, prf, ke;
	uint16_t addke[VICI_ADDKE_MAX]; /* RFC 9370; 0: none */
	bool is_esn;
};

struct vici_ts {
	size_t n;
	char text[VICI_TS_MAX][VICI_TS_TEXT]; /* "10.1.0.0/16", "10.1.0.0/16[tcp/80]" */
};

struct vici_child_sa {
	const char *name;  /* of the configured child */
	uint32_t unique_id;
	uint32_t slot;     /* of the child in the maps; ours, also strongSwan's reqid */
	const char *state; /* "INSTALLED", "REKEYING", ... */
	const char *mode;  /* "TUNNEL", "TRANSPORT" */
	bool is_ah, is_encap;
	uint32_t spi_in, spi_out; /* host order */
	uint32_t sa_in, sa_out;   /* indices into the maps sa, sa_hot, ...; ours */
	struct vici_algs algs;
	struct endpoint local, remote; /* outer addresses; ours */
	uint64_t bytes_in, packets_in, bytes_out, packets_out;
	int64_t use_in, use_out;       /* seconds since the last packet; VICI_NO_TIME: never */
	uint64_t seq_in, seq_out, replayed, bad_icv, mismatched; /* of sa_hot; ours */
	uint32_t replay_window;        /* packets; ours */
	int64_t rekey, life, installed; /* until, until, since */
	struct vici_ts local_ts, remote_ts;
};

struct vici_ike_sa {
	const char *name;  /* of the connection */
	uint32_t unique_id;
	const char *state; /* "CONNECTING", "ESTABLISHED", ... */
	struct endpoint local, remote;
	const char *local_id, *remote_id;
	bool is_initiator, is_nat_local, is_nat_remote;
	uint64_t spi_i, spi_r;
	struct vici_algs algs;
	int64_t established, rekey, reauth;
	const struct ip_addr *local_vips, *remote_vips; /* arrays: virtual addresses */
	size_t n_local_vips, n_remote_vips;
};

/*
 * Event "list-sa": one IKE SA with its children.
 *
 *     struct vici_msg m = {};
 *     vici_ike_sa_open(&m, &ike_sa);
 *     for each child: vici_child_sa_put(&m, &child_sa);
 *     vici_ike_sa_close(&m);
 *     vici_stream(req, "list-sa", &m);
 *     vici_msg_fini(&m);
 */
void vici_ike_sa_open(struct vici_msg *m, const struct vici_ike_sa *sa);
void vici_child_sa_put(struct vici_msg *m, const struct vici_child_sa *sa);
void vici_ike_sa_close(struct vici_msg *m);
/* Events "ike-updown" and "child-updown" begin with this, then the IKE SA as above. */
void vici_updown_put(struct vici_msg *m, bool is_up);

/* Event "list-policy" (swanctl --list-pols), and "policy" (ours: `sekisho policies`). */
struct vici_policy {
	uint32_t order;     /* position in the SPD in force, from 0; ours */
	const char *action; /* "bypass", "discard", "protect"; ours */
	const char *conn, *child; /* names; NULL: not of a child */
	const char *mode;   /* "TUNNEL", "PASS", "DROP" */
	uint32_t slot;      /* of the child; ours */
	uint32_t sa_out;    /* child_out of the slot, 0: none yet; ours */
	const char *state;  /* of the Child SA: "INSTALLED", "NONE" (acquire on a packet); ours */
	struct vici_ts local_ts, remote_ts;
	const char *interface, *direction; /* "in", "out"; NULL: any, both; ours */
	bool is_answered; /* ours */
};
void vici_list_policy_put(struct vici_msg *m, const struct vici_policy *p);
void vici_policy_put(struct vici_msg *m, const struct vici_policy *p);

/* Event "list-conn". */
struct vici_conn_child {
	const char *name;
	const char *mode; /* "TUNNEL", "TRANSPORT", "PASS", "DROP" */
	uint32_t rekey_s;
	uint64_t rekey_packets;
	const char *dpd_action, *close_action; /* "clear", "trap", "start"; "none" */
	struct vici_ts local_ts, remote_ts;
};
struct vici_conn {
	const char *name;
	const struct ip_addr *local, *remote; /* arrays; an unset address is printed as %any */
	size_t n_local, n_remote;
	uint32_t rekey_s, reauth_s, dpd_delay_s;
	const char *local_id, *remote_id; /* NULL: %any */
	const char *local_class, *remote_class; /* "pre-shared key" */
	const char *unique; /* "UNIQUE_NO" */
};
void vici_conn_open(struct vici_msg *m, const struct vici_conn *c);
void vici_conn_child_put(struct vici_msg *m, const struct vici_conn_child *c);
void vici_conn_close(struct vici_msg *m);

/* Response of "version". */
void vici_version_put(struct vici_msg *m, const char *version);

/* Response of "stats". */
struct vici_stats {
	int64_t uptime_s;
	unsigned threads, idle, jobs_queued, timers;
	unsigned ike_sas, half_open;
};
void vici_stats_put(struct vici_msg *m, const struct vici_stats *s);

/* Response of "counters" (ours): a section "gate", then a section "worker". */
void vici_counters_open(struct vici_msg *m, const char *section);
void vici_counter_put(struct vici_msg *m, const char *name, const char *text, uint64_t value);
void vici_counters_close(struct vici_msg *m);

/* Response of "status" (ours). */
struct vici_status {
	const char *version, *instance; /* instance "": the default one */
	const char *config;             /* path of the file in force */
	uint32_t pid;
	int64_t uptime_s;
	bool is_worker_alive;
	uint32_t worker_ports;          /* interfaces that the worker serves */
	const char *default_action;     /* "bypass", "discard" */
	uint32_t policies, sas;         /* in the maps */
};
struct vici_status_conn {
	const char *name;
	const char *state; /* of its newest IKE SA, "NONE" without one */
	struct endpoint remote;
	const char *last_error; /* NULL: none */
	int64_t last_error_s;   /* so long ago */
};
struct vici_status_child {
	const char *name;
	const char *state; /* of its newest Child SA, "NONE" without one, "SHUNT" */
	const char *start; /* "none", "trap", "start" */
};
/* vici_status_put(); for each connection: conn_open, child_put for each child, conn_close; then
 * vici_status_close(). */
void vici_status_put(struct vici_msg *m, const struct vici_status *s);
void vici_status_conn_open(struct vici_msg *m, const struct vici_status_conn *c);
void vici_status_child_put(struct vici_msg *m, const struct vici_status_child *c);
void vici_status_conn_close(struct vici_msg *m);
void vici_status_close(struct vici_msg *m);

/* Response of "reload-settings" and "check": one line of the configuration's mistakes, inside a
 * list that vici_list(m, "errors") opens. Then vici_fail() or vici_succeed(). */
#define VICI_ERRORS "errors"

#endif
