/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the tree to struct conf, between keys.c (the table), takes.c (what each type of value
 * means), connection.c and secrets.c (what belongs together) and check.c (what does not).
 */
#ifndef CONF_BUILD_H
#define CONF_BUILD_H

#include "conf/tree.h"

/* The kinds of sections, each with its own keys. */
enum scope {
	SCOPE_TOP,       /* the file */
	SCOPE_CONN,      /* connections.<conn> */
	SCOPE_LOCAL,     /* connections.<conn>.local<suffix> */
	SCOPE_REMOTE,    /* connections.<conn>.remote<suffix> */
	SCOPE_CHILD,     /* connections.<conn>.children.<child> */
	SCOPE_SECRET,    /* secrets.ike<suffix> */
	SCOPE_SECRETS,   /* secrets */
	SCOPE_PPK,       /* secrets.ppk<suffix> */
	SCOPE_PRIVATE,   /* secrets.private<suffix>, rsa, ecdsa, pkcs8 */
	SCOPE_AUTHORITY, /* authorities.<name> */
	SCOPE_POOL,      /* pools.<pool> */
	SCOPE_DATAPLANE, /* dataplane */
	SCOPE_IKE,       /* ike */
	SCOPE_RADIUS,    /* radius */
	SCOPE_RADIUS_SERVER, /* radius.servers.<server> */
	SCOPE_COUNT
};

/* A number that has a default only when others are known. */
struct given {
	uint64_t n;
	bool is_set;
};

/* A secret and the identities that it belongs to; none: to all. */
struct secret {
	struct ike_id *owners;
	size_t n_owners;
	uint8_t psk[PSK_MAX];
	size_t psk_len;
};

/* Of the lists of files the key is kept: what is in them is read when the whole is known. */
struct auth_draft {
	struct ike_id id, eap_id, aaa_id;
	bool has_id, has_eap_id;
	enum conn_auth auth;
	struct auth_words words;
	enum revocation revocation;
	const struct node *certs, *cacerts, *pubkeys;
};

/* Section secrets.private<suffix>: the password of a file. */
struct private_draft {
	const struct node *file, *secret;
};

/* Section radius.servers.<server>. */
struct radius_draft {
	struct radius_server server; /* but for its secret */
	struct secret secret;
};

struct authority_draft {
	const struct node *cacert, *crl_uris, *ocsp_uris;
};

struct conn_draft {
	const struct node *at;
	struct conn conn;
	struct given rekey, reauth, over, rand;
	struct auth_draft local, remote;
	const struct node *local_at, *remote_at; /* their sections; NULL: none */
};

struct child_draft {
	const struct node *at;
	struct conn_child child;
	struct proposal ah[CONN_PROPOSALS_MAX]; /* instead of those of ESP */
	size_t n_ah;
	struct given rekey, life, rand;
	struct given rekey_packets, life_packets, rand_packets;
	struct given rekey_bytes, life_bytes, rand_bytes;
};

struct creds;

struct build {
	struct tree *tree;
	struct creds *creds; /* creds.h; NULL until a connection needs them */
	struct conf *conf;
	struct conn_pool *pools;
	size_t n_pools;
	struct secret *secrets, *ppks, *eaps;
	size_t n_secrets, n_ppks, n_eaps;
	bool is_out_of_memory;
};

struct row;
/* Every take_ function: understand `text` (never empty) of the key at `at`, put it at `to`, or tell
 * the mistake. This one puts nothing: the row says which values there may be. */
void take_only(struct build *b, const struct row *row, const struct node *at, const char *text,
	       void *to);

/* One key or section: the whole truth about it. */
struct row {
	enum scope scope;
	bool is_section;
	const char *name;      /* "id*": every key with this beginning */
	__typeof__(take_only) *take; /* NULL: not supported yet (with why), or a section */
	size_t offset;         /* of what take fills, in the draft of the scope */
	const char *otherwise; /* default, as text; NULL: none */
	const char *accept;    /* take_only: these values, separated by blanks; the rest is refused.
				* take_word, take_range: see there */
	const char *why;       /* not supported yet: ... */
};

const struct row *rows(size_t *ret_n);
const char *scope_name(enum scope s); /* "connections.<conn>" */
/* Take all keys of a section into its draft, and the defaults of those that are missing. Keys
 * that nobody knows, or not supported yet, are told. */
void scope_take(struct build *b, enum scope scope, const struct node *section, void *draft);
/* The row of a member, or NULL. */
const struct row *row_find(enum scope scope, const char *name, bool is_section);

__typeof__(take_only) take_ignored, take_time, take_given_time, take_given_count, take_window;
__typeof__(take_only) take_copy_df, take_copy_ecn, take_copy_dscp, take_outer_dscp;
__typeof__(take_only) take_outer_ttl, take_tfc, take_mss_clamp;
__typeof__(take_only) take_port, take_ike_port, take_tries, take_bool, take_version;
__typeof__(take_only) take_local_addrs, take_remote_addrs, take_local_ts, take_remote_ts;
__typeof__(take_only) take_ike_proposals, take_esp_proposals, take_ah_proposals, take_id, take_auth, take_mode;
__typeof__(take_only) take_start, take_dpd_action, take_close_action, take_default_action,
	take_forwarding;
__typeof__(take_only) take_owner, take_secret, take_files, take_password, take_revocation;
__typeof__(take_only) take_send_cert, take_ppk_id, take_ppk_owner;
__typeof__(take_only) take_word, take_range, take_thousandths, take_encap, take_interface;
__typeof__(take_only) take_tunnel;
__typeof__(take_only) take_vips, take_conn_pools, take_pool_addrs, take_pool_dns;
__typeof__(take_only) take_pool_subnets, take_pool_domains, take_eap_id, take_gateway,
	take_their_eap_id;
__typeof__(take_only) take_radius_address, take_radius_port, take_nas_identifier;

/* "1h" "30m" "10s" "2d" "90": seconds. -EINVAL. */
int value_time(const char *text, uint64_t *ret_s) MUST_USE;
/* Decimal digits only, at most max. -EINVAL. */
int value_number(const char *text, uint64_t max, uint64_t *ret_n) MUST_USE;
/* Next item of a comma-separated list, without blanks around it; false: no more. An item longer
 * than size - 1 is cut: no value is that long. */
bool value_next(const char **at, char *ret_item, size_t size);
/* One traffic selector. *ret_is_dynamic: "dynamic", ret_ts is untouched then. -EINVAL with the
 * reason in why. */
int value_ts(const char *text, struct ts_val *ret_ts, bool *ret_is_dynamic, char *why,
	     size_t why_size) MUST_USE;

void build_connections(struct build *b, const struct node *section);
/* The passwords that a connection needs. */
void conn_eap(struct build *b, struct conn_draft *d);
/* Before the connections, which copy what they name. */
void build_pools(struct build *b, const struct node *section);
void build_radius(struct build *b, const struct node *section);
void build_secrets(struct build *b, const struct node *section);
void secrets_fini(struct build *b);
/* The best secret for both identities, or NULL. */
const struct secret *secret_match(const struct build *b, const struct ike_id *local,
				  const struct ike_id *remote);
/* The PPK of this name, or NULL. */
const struct secret *ppk_match(const struct build *b, const struct ike_id *id);
/* What only the whole shows. */
void check_connections(struct build *b);
/* Tells a name that cannot be one of a connection or child. */
bool name_take(struct build *b, const struct node *at, char ret_name[CONN_NAME_MAX]);

void mistake(struct build *b, const struct node *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void warning(struct build *b, const struct node *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
