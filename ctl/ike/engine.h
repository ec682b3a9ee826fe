/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the engine (exchange*.c) share. Processors have exchange.h. */
#ifndef IKE_ENGINE_H
#define IKE_ENGINE_H

#include "ike/window.h"

/* ---- exchange.c: running a row ----------------------------------------------------- */

/* The START row of its task. */
void engine_start(struct ike_sa *sa, struct ours *ours, struct ike_job *job);
/* These take over `in`; with a job they go on where it was given out. */
void engine_request(struct ike_sa *sa, const struct step *step, struct inbound *in,
		    struct ike_job *job);
void engine_response(struct ike_sa *sa, struct ours *ours, const struct step *step,
		     struct inbound *in, struct ike_job *job);

/* ---- exchange_end.c ---------------------------------------------------------------- */

/* Our exchange is over. */
void engine_forget(struct ike_sa *sa, struct ours *ours);
void engine_enter(struct ike_sa *sa, enum ike_state to, enum step_timer timer);
/* The row's `to`. */
void engine_follow(struct turn *t);
enum ike_end engine_end_of(const struct turn *t, enum ike_state from);
/* A response of the peer ended the IKE SA: tell it why, unless notify is 0. */
void engine_tell_and_close(struct ike_sa *sa, uint16_t notify, enum ike_end end);

/* ---- exchange_refuse.c ------------------------------------------------------------- */

/* For a request whose computation took so long that the state is another one now. */
extern const struct step engine_stale;
/* For what no row takes: INVALID_SYNTAX is the end of the IKE SA for both sides (2.21.2). */
extern const struct step engine_bad_request, engine_bad_response;
extern const struct step engine_critical_request, engine_critical_response;

#endif
