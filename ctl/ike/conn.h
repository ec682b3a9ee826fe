/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a configured connection is to the IKEv2 core. ctl/conf fills it from swanctl.conf's
 * syntax; the core reads it and never changes it. Fixed-size where a small bound is natural,
 * so that ownership is plain: conn_free() frees all of it and wipes the secrets.
 */
#ifndef IKE_CONN_H
#define IKE_CONN_H

#include <stdbool.h>
#include <stdint.h>
#include "base/addr.h"
#include "crypto/x509.h"
#include "ike/auth_method.h"
#include "ike/gateway.h"
#include "ike/proposal.h"

#define CONN_NAME_MAX 64
#define CONN_ADDRS_MAX 4
#define CONN_TS_MAX SA_TS_MAX
#define CONN_PROPOSALS_MAX 8
#define IKE_ID_MAX 256
#define PSK_MAX 256

/* An identity, RFC 7296 3.5. type 0: any ("%any"). */
struct ike_id {
	uint8_t type; /* enum id_type */
	uint16_t len;
	uint8_t data[IKE_ID_MAX];
};

/* The methods of EAP: name, type (IANA), row. Each is one file, eap_NAME.c (eap.h). A server offers
 * them in this order. */
#define EAP_METHODS(X)                                                                      \
	X(TLS, 13, eap_tls)                                                                 \
	X(MSCHAPV2, 26, eap_mschapv2)

enum {
#define X(name, type, row) EAP_INDEX_##name,
	EAP_METHODS(X)
#undef X
	EAP_METHOD_COUNT
};

/* Which of them, as bits. */
enum eap_can {
#define X(name, type, row) EAP_CAN_##name = 1 << EAP_INDEX_##name,
	EAP_METHODS(X)
#undef X
	EAP_CAN_ALL = (1 << EAP_METHOD_COUNT) - 1
};

enum conn_send_cert {
	SEND_CERT_IFASKED, /* when the peer sent a CERTREQ */
	SEND_CERT_ALWAYS,
	SEND_CERT_NEVER,
};

/* Our key and what vouches for it: the first certificate is of the key, the next ones are CAs up to
 * (not including) the root. None: a raw public key (RFC 7670). */
struct conn_own {
	struct key *key;
	struct x509 *certs[CHAIN_MAX];
	size_t n_certs;
	uint32_t schemes; /* scheme_bit(): with which we may sign */
};

enum conn_start {
	START_NONE,
	START_TRAP, /* on the first packet (acquire) */
	START_NOW,
};

enum conn_fragmentation {
	FRAGMENT_YES,    /* send fragments when the peer knows them */
	FRAGMENT_ACCEPT, /* say that we know them, send none */
	FRAGMENT_NO,
};

/* RFC 6023: an IKE SA without a Child SA in IKE_AUTH. */
enum conn_childless {
	CHILDLESS_ALLOW,  /* as responder only */
	CHILDLESS_NEVER,
	CHILDLESS_PREFER, /* as initiator, too, where the peer can */
	CHILDLESS_FORCE,  /* nothing else */
};

enum conn_unique {
	UNIQUE_NO,
	UNIQUE_NEVER,
	UNIQUE_KEEP,
	UNIQUE_REPLACE,
};

/* RFC 5685: when a client is sent to another gateway. */
enum conn_redirect {
	REDIRECT_AT_INIT, /* at once: it costs nothing */
	REDIRECT_AT_AUTH, /* when it is known who it is, and it knows who we are */
};

#define CONN_IF_NAME_MAX 16 /* IFNAMSIZ */

struct conn_child {
	char name[CONN_NAME_MAX];
	uint32_t child; /* slot in the maps, given by the shell; stable over reloads by name */
	struct ts_val local_ts[CONN_TS_MAX], remote_ts[CONN_TS_MAX];
	size_t n_local_ts, n_remote_ts;
	bool is_local_dynamic, is_remote_dynamic; /* "dynamic": the virtual address,
						   * else the IKE endpoint's own */
	struct proposal proposals[CONN_PROPOSALS_MAX]; /* all of ESP, or all of AH */
	size_t n_proposals;
	uint8_t mode;        /* enum sa_mode */
	uint8_t action;      /* enum spd_action: mode = pass | drop make shunts, no SA */
	uint8_t outer_flags; /* SA_DF_, SA_DSCP_, SA_ECN_, SA_MSS_ bits of map_abi.h */
	uint8_t outer_ttl, outer_dscp;
	bool is_dscp_copied; /* outwards, unless SA_DSCP_FIXED says what it is */
	uint16_t tfc;        /* pad packets to this length, or SA_TFC_MTU; 0: no padding */
	bool is_answered;    /* of action SPD_DISCARD, see SPD_ANSWER */
	enum spd_dir dir;    /* of shunts */
	uint32_t priority;   /* of its policies, the smallest first; 0: by their selectors */
	char interface[CONN_IF_NAME_MAX]; /* of its policies; "": any */
	char tunnel[CONN_IF_NAME_MAX];	  /* route-based: the interface that leads into it; "": policies do */
	uint32_t replay_window;
	uint32_t rekey_s;    /* soft limit; 0: never. The core jitters it (rand_s) */
	uint32_t life_s;     /* hard limit; 0: never */
	uint32_t rand_s;
	uint32_t inactivity_s; /* closed after as long without a packet; 0: never */
	/* 0: none. The soft limits are drawn anew for each SA, up to rand_ lower. */
	uint64_t rekey_packets, life_packets, rand_packets;
	uint64_t rekey_bytes, life_bytes, rand_bytes;
	enum conn_start start, dpd, close;    /* start_action, dpd_action, close_action */
	bool is_dpd_clear;   /* dpd_action = clear: tear down and forget */
};

#define EAP_NAME_MAX IKE_ID_MAX

/* secrets.eap<suffix>: a name and its password. */
struct eap_user {
	struct ike_id id; /* its bytes are the EAP identity */
	uint8_t secret[PSK_MAX];
	size_t secret_len;
};

#define CONN_POOLS_MAX 4
#define POOL_DNS_MAX 4
#define POOL_SUBNETS_MAX 8
#define POOL_DOMAINS_MAX 4
#define POOL_DOMAIN_LEN_MAX 253 /* RFC 1035 3.1, as text */
#define VIPS_MAX 2 /* virtual addresses of one peer: one of each family */

/* pools.<name>: what peers get in a configuration payload. */
struct conn_pool {
	char name[CONN_NAME_MAX];
	struct addr_range addrs; /* that may be given, without net and broadcast address */
	struct ip_addr dns[POOL_DNS_MAX];
	struct ts_val subnets[POOL_SUBNETS_MAX]; /* prefixes */
	char domains[POOL_DOMAINS_MAX][POOL_DOMAIN_LEN_MAX + 1]; /* that these DNS servers know */
	size_t n_dns, n_subnets, n_domains;
};

struct conn {
	char name[CONN_NAME_MAX];
	struct ip_addr local[CONN_ADDRS_MAX], remote[CONN_ADDRS_MAX]; /* 0.0.0.0: any of IPv4,
									* ::: any (%any) */
	size_t n_local, n_remote;
	uint16_t local_port, remote_port; /* 500 unless configured */
	struct ike_id local_id, remote_id;
	struct conn_pool pools[CONN_POOLS_MAX]; /* as responder: virtual addresses of peers */
	struct ip_addr vips[VIPS_MAX];          /* as initiator: ask for them, 0.0.0.0, ::: for any */
	size_t n_pools, n_vips;
	uint8_t psk[PSK_MAX];
	size_t psk_len;
	struct ike_id ppk_id; /* RFC 8784: type KEY_ID */
	uint8_t ppk[PSK_MAX];
	size_t ppk_len; /* 0: none */
	bool is_ppk_required;
	enum conn_auth local_auth, remote_auth;
	bool is_aaa; /* remote_auth EAP: an AAA server decides who may come (auth = eap-radius) */
	struct eap_user *eap_users; /* owned. remote_auth EAP: who may come; local_auth: us */
	size_t n_eap_users;
	uint8_t local_eap, remote_eap; /* enum eap_can, with CONN_AUTH_EAP; 0: EAP_CAN_MSCHAPV2 */
	struct ike_id eap_id;          /* local_auth EAP: who we are there; type 0: that of the user */
	struct ike_id their_eap_id;    /* remote_auth EAP: a pattern of whom it may prove; type 0: anybody */
	struct ike_id aaa_id;          /* whom the EAP server's certificate names; type 0: IDr */
	struct conn_own own;      /* with local_auth PUBKEY; owned */
	struct trust *trust;      /* with remote_auth PUBKEY; owned */
	uint32_t remote_schemes;  /* scheme_bit(): what the peer may sign with */
	enum conn_send_cert send_cert;
	bool is_certreq_sent;     /* send_certreq */
	struct proposal ike[CONN_PROPOSALS_MAX];
	size_t n_ike;
	uint32_t rekey_s, reauth_s, over_s, rand_s; /* IKE SA lifetimes */
	uint32_t dpd_delay_s;                        /* 0: no DPD */
	bool is_encap_forced;                        /* encap = yes */
	bool is_encap_forbidden;                     /* encap = never: no NAT traversal at all */
	enum conn_fragmentation fragmentation;       /* RFC 7383 */
	bool is_mobike;                              /* RFC 4555 */
	enum conn_childless childless;               /* RFC 6023 */
	struct gateway redirect_to;                  /* RFC 5685, as gateway */
	enum conn_redirect redirect_at;
	bool is_redirect_followed;                   /* as client */
	enum conn_unique unique;                     /* see unique.h */
	uint32_t keyingtries;                        /* 0: for ever */
	struct conn_child *children;
	size_t n_children;
};

void conn_free(struct conn *conn);

/* Does a message to `local` from `remote` concern this connection? 0: no; else the better the
 * larger: each side counts 2 when it names the address, 1 when it is %any. */
int conn_match_addr(const struct conn *conn, const struct ip_addr *local,
		    const struct ip_addr *remote);
/* From which of `local` to reach `remote`: of its family. An any one: the kernel chooses. NULL: from
 * none. */
const struct ip_addr *conn_local_for(const struct conn *conn, const struct ip_addr *remote);
/* Its peer is not one host: several may be up at once, each with Child SAs of its own. */
bool conn_has_peers(const struct conn *conn);
/* PROTO_ESP or PROTO_AH. */
uint8_t conn_child_protocol(const struct conn_child *child);
const struct conn_child *conn_child_by_name(const struct conn *conn, const char *name);

#endif
