/* SPDX-License-Identifier: BSD-2-Clause */
/* Every number of the IKEv2 core that is a choice, with its unit and where it comes from. */
#ifndef IKE_LIMITS_H
#define IKE_LIMITS_H

/* Retransmission: strongSwan's defaults (strongswan.conf(5), retransmit_*): 4 s, then 1.8 times
 * longer each time, 5 times: 4, 7.2, 13, 23.3, 42 s, and after another 75.6 s the peer counts
 * as dead: 165 s in all. RFC 7296 2.4 asks for "at least a dozen times over several minutes"
 * only as an example. In thousandths, so that no floating point is needed. */
#define RETRANSMIT_BASE_MS 4000
#define RETRANSMIT_BASE_THOUSANDTHS 1800
#define RETRANSMIT_TRIES 5
#define RETRANSMIT_GAP_MAX_MS 3600000 /* whatever is configured */

/* An error in answer to IKE_SA_INIT is nobody's in particular (RFC 7296 2.21.1): so long the true
 * answer may still come. */
#define REFUSED_MS 2000

#define HALF_OPEN_MS 30000 /* strongSwan's half_open_timeout: from IKE_SA_INIT to IKE_AUTH */
/* A closed IKE SA answers retransmissions of the last request for so long: our own peers send
 * the first two again 4 and 11.2 s after the first. */
#define CLOSED_MS 15000
#define REKEYED_MS 60000 /* a rekeyed IKE SA waits for the peer's delete; then it goes unasked */
/* A replaced Child SA decrypts late packets for so long: strongSwan's delete_rekeyed_delay. */
#define CHILD_LINGER_MS 5000
/* While it waits to switch to a Child SA that the peer rekeyed, how often we look whether the
 * peer uses it, and when we no longer wait (RFC 7296 2.8 "or a timeout"). */
#define SWITCH_POLL_MS 200
#define SWITCH_WAIT_MS 30000
/* So long the peer may not know what its request has made: all of its retransmissions by
 * strongSwan's defaults, 4 s * (1.8^6 - 1) / 0.8. */
#define UNSURE_MS 165000
#define REDUNDANT_MS 2000 /* from finding two IKE SAs to deleting one: both sides are ready then */
/* The same when it is the peer's turn, and until the next look: past its first retransmissions. */
#define REDUNDANT_PEER_MS 10000
/* The same for a Child SA of a new IKE SA whose peer may have forgotten the old one: not long. */
#define TAKEOVER_MS 1000
#define KEEPALIVE_MS 20000       /* RFC 3948 4: default of the NAT-keepalive interval */
#define TEMPORARY_RETRY_MS 5000  /* after TEMPORARY_FAILURE, plus as much jitter */
#define REKEY_RETRY_MS 30000     /* after a rekey was refused otherwise */
#define REAUTH_AGAIN_MS 30000    /* looks so often whether reauthentication has failed */
#define INITIATE_RETRY_MS 10000  /* after an initiation was refused, with keyingtries left */
#define COOKIE_SECRET_MS 60000   /* RFC 7296 2.6: change it often; the last one stays valid */
#define STEP_AGAIN_MAX 4         /* IKE_SA_INIT or CREATE_CHILD_SA repeated for cookie or group */

#define AUTH_TRIES_MAX 8 /* connections that one peer is compared with, each a signature to check */

/* What peers can make grow. An IKE SA with one Child SA takes about 8 KiB. */
#define IKE_SAS_MAX 4096
#define IKE_HALF_OPEN_MAX 512 /* as responder: more are dropped */
#define IKE_HALF_OPEN_OF_ONE 5 /* with one address: strongSwan's block_threshold */
#define COOKIE_FROM_ONE 3     /* from so many of one address on, cookies: strongSwan's cookie_threshold_ip */
#define COOKIE_CALM_MS 10000  /* and for so long after they were many: strongSwan's, too */
#define IKE_COOKIE_FROM 30    /* from so many half-open on, cookies: strongSwan's default */
/* Refused IKE_SA_INIT may come from anybody, in any number: so many lines in so long a time. */
#define STRANGER_LINES 20
#define STRANGER_MS 10000
#define CHILDREN_MAX 64       /* Child SAs of one IKE SA, lingering ones too */
#define WINDOW_MAX 8          /* exchanges under way at once, per direction and IKE SA */
#define WINDOW_SIZE 4         /* what the peer is told, unless configured */
#define OVERRUN_MS 10000      /* at most one INVALID_MESSAGE_ID so often (2.3 wants a limit) */
#define TASKS_MAX 128         /* exchanges of ours that wait for their turn, per IKE SA */
#define INIT_LEN_MAX 8192     /* bytes of an IKE_SA_INIT message: they are kept for AUTH */
#define MESSAGE_LEN_MAX 65535 /* bytes of any message */
#define OUT_LEN_MAX 16384     /* bytes of a message of ours: 8 proposals and 16 selectors fit */

/* Fragments, RFC 7383. The size is strongSwan's default and what IPv6 guarantees (RFC 8200 5). */
#define FRAGMENT_SIZE 1280
#define FRAGMENTS_MAX 255   /* of one message: strongSwan's limit, too */
#define FRAGMENT_MS 60000   /* so long for the missing ones: 2.6.1 wants the retransmissions' time */

#define VERSION_LOG_MS 10000 /* at most one line so often: anybody can cause it */

/* Redirects that are followed in so long a time: RFC 5685 5, MAX_REDIRECTS and
 * REDIRECT_LOOP_DETECT_PERIOD. A client that is redirected in IKE_AUTH and does not delete the IKE SA
 * sees it deleted. */
#define REDIRECTS_MAX 5
#define REDIRECTS_MS 300000
#define REDIRECT_WAIT_MS 30000

/* A peer that asked has so long for its next IKE_FOLLOWUP_KE: as long as its retransmissions take. Each
 * takes about 20 KiB. */
#define FOLLOWUP_MS 165000
#define FOLLOWUPS_MAX 8 /* under way, of one IKE SA and direction */

#define PEER_ADDRS_MAX 8  /* additional addresses of a MOBIKE peer that are kept */
#define PEER_ADDR_TRIES 2 /* requests sent again to each of them: 24 s, and then the next one */
#define HOST_ADDRS_MAX 16 /* of ours that MOBIKE tells; the rest is not mentioned */
#define COOKIE2_LEN 16    /* RFC 4555 4.2.5: 8 to 64 octets */

#define NONCE_LEN 32 /* of ours; RFC 7296 2.10: at least half the PRF's key, 16..256 */
#define SPI_MIN 256  /* RFC 4303 2.1: 1..255 are reserved */

#endif
