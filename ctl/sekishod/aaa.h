/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The questions that RADIUS servers are asked for the core: sockets, retransmission, who is asked next.
 *
 * A conversation begins with the first server of the configuration; one that was silent lately comes
 * last. After AAA_SENDS_BEFORE_NEXT requests without an answer the next one is asked; the last
 * one gets all retransmissions. What follows goes to the server that has answered: nobody else
 * knows its State. Everything happens on the loop, nothing waits.
 */
#ifndef SEKISHOD_AAA_H
#define SEKISHOD_AAA_H

#include <uv.h>
#include "ike/aaa.h"
#include "radius/settings.h"

#define AAA_SOCKETS 4      /* each has 256 identifiers */
#define AAA_QUESTIONS_MAX (AAA_SOCKETS * 256)
#define AAA_SENDS_BEFORE_NEXT 2
#define AAA_SILENT_MS 60000 /* so long after it did not answer a server is asked last */

struct shell;
struct ike_job;
struct aaa_question;

struct aaa_socket {
	uv_udp_t udp;
	struct aaa *aaa;
};

struct aaa {
	struct shell *sh;
	struct radius_settings settings;
	uint64_t silent_until_ms[RADIUS_SERVERS_MAX]; /* 0: answers, as far as we know */
	struct aaa_socket sockets[AAA_SOCKETS];
	bool is_open, is_v4_only; /* a kernel without IPv6 */
	uv_timer_t timer;
	struct aaa_question *questions[AAA_QUESTIONS_MAX]; /* by socket and identifier */
	unsigned last; /* where the last one was put */
	uint8_t buf[RADIUS_PACKET_MAX];
};

void aaa_init(struct aaa *aaa, struct shell *sh);
/* Servers from now on. Who waits for an answer of other ones waits in vain, and is told. */
void aaa_configure(struct aaa *aaa, const struct radius_settings *settings);
/* job->aaa is the question. It comes back by ike_job_done(), perhaps at once. */
void aaa_ask(struct aaa *aaa, struct ike_job *job);
void aaa_fini(struct aaa *aaa); /* wipes; the loop runs no more */

#endif
