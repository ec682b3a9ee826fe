/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A question to an AAA server (RFC 7296 2.16, RFC 3579): what does it say to this EAP packet of the
 * peer? A job, but not a computation: the shell asks over the network and gives the job back
 * with the answer, or with the reason why there is none. Which protocol it speaks is its own business.
 */
#ifndef IKE_AAA_H
#define IKE_AAA_H

#include "base/addr.h"
#include "ike/conn.h"

#define AAA_NAME_MAX 64
#define AAA_USER_MAX 253   /* of RADIUS: bytes of one attribute */
#define AAA_STATE_MAX 253
#define AAA_PACKET_MAX 3072 /* bytes of one EAP packet */
#define AAA_MSK_LEN 64
#define AAA_WHY_MAX 240

enum aaa_result {
	AAA_FAILED,   /* there is no answer: .why */
	AAA_GO_ON,    /* .packet is the server's next one */
	AAA_ACCEPTED, /* .packet is EAP-Success */
	AAA_REJECTED, /* .why may say more */
};

/* What the next question of the same conversation has to bring along. */
struct aaa_session {
	char server[AAA_NAME_MAX]; /* "": none has answered yet */
	uint8_t state[AAA_STATE_MAX];
	size_t state_len;
};

struct aaa_job {
	char conn[CONN_NAME_MAX];
	uint32_t ike_id; /* number of the IKE SA */
	struct endpoint local, remote;
	char user[AAA_USER_MAX + 1];   /* as the peer said; of an acceptance: as the server says */
	struct aaa_session session;    /* in and out */
	uint8_t packet[AAA_PACKET_MAX]; /* in: the peer's; out: the server's */
	size_t packet_len;
	enum aaa_result result;
	uint8_t msk[AAA_MSK_LEN];
	bool has_msk;
	struct ip_addr framed;         /* which virtual address the peer shall have; any: not said */
	uint32_t session_s;            /* how long it may stay; 0: no limit */
	char why[AAA_WHY_MAX];
};

void aaa_job_free(struct aaa_job *job); /* wipes; NULL is fine */

#endif
