/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many exchanges are under way at once (RFC 7296 2.3), in each direction on its own.
 *
 * Ours: as many as the peer has allowed by SET_WINDOW_SIZE, each with its own timer. A message ID
 * is given out when a request is written, so that none is left out. What changes the IKE SA itself
 * waits until it is alone, and then nothing else begins.
 *
 * The peer's: as many as we have told it. They are processed as they come; what is answered is
 * kept while the peer may ask for it again, which is not longer than until it sends a request that
 * many message IDs later.
 */
#ifndef IKE_WINDOW_H
#define IKE_WINDOW_H

#include "ike/exchange.h"

/* ---- Ours ------------------------------------------------------------------------- */

/* The next one that may begin now, from the tasks or one that begins anew; NULL: none. */
struct ours *ours_next(struct ike_sa *sa);
void ours_free(struct ours *ours); /* with its task */
/* Under way: on the wire by its message ID; of one kind; of any other kind. NULL: none. */
struct ours *ours_by_id(const struct ike_sa *sa, uint32_t id);
struct ours *ours_of(const struct ike_sa *sa, enum task_kind kind);
struct ours *ours_but(const struct ike_sa *sa, enum task_kind kind);
/* That waits for this job. */
struct ours *ours_by_job(const struct ike_sa *sa, const struct ike_job *job);

/* ---- The peer's ------------------------------------------------------------------- */

struct theirs *theirs_at(struct ike_sa *sa, uint32_t id);
bool theirs_is_copy(struct ike_sa *sa, const struct ike_header *h);
bool theirs_is_answered(struct ike_sa *sa, uint32_t id);
/* New, and inside of the window. */
bool theirs_is_due(struct ike_sa *sa, uint32_t id);
/* It waits for a job, with `in`. */
void theirs_keep(struct ike_sa *sa, uint32_t id, const struct step *step, struct inbound *in);
/* Its answer is there: the window moves, and what is behind it is forgotten. */
void theirs_answered(struct ike_sa *sa, uint32_t id);
/* A lower one is missing, or another one waits for a job. */
bool theirs_are_open(struct ike_sa *sa, uint32_t id);
/* Who sends `id` has all answers to what is before this one. */
uint32_t theirs_known(const struct ike_sa *sa, uint32_t id);

/* ---- SET_WINDOW_SIZE --------------------------------------------------------------- */

/* Into what is being written, unless the peer knows it. */
void window_emit(struct turn *t);
void window_note(struct ike_sa *sa, const struct message *m);
/* 2.3: a request outside of the window. Tells the peer, now and then, if it is authentic. */
void window_overrun(struct ike_sa *sa, struct inbound *in);

#endif
