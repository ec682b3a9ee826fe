/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The queue of effects between two calls of the shell. Every effect owns what it points at
 * (bytes, text, a snapshot of the Child SA with its keys), so the core may change or free its
 * own objects at once. Taken effects are wiped and freed when the shell calls in again.
 */
#ifndef IKE_EFFECTS_H
#define IKE_EFFECTS_H

#include "base/cursor.h"
#include "ike/ike.h"

struct fx_node;

struct effects {
	struct fx_node *first, *last; /* not taken yet, in order */
	struct fx_node *taken;        /* the shell may still look at these */
	uint64_t timer_at_ms;         /* what the shell was told last; 0: no timer */
	bool is_timer_due;            /* it has to be told */
};

void effects_fini(struct effects *fx);
/* The shell called in again: what it had taken is not looked at any more. */
void effects_settle(struct effects *fx);
/* The Child SA is given up before the shell has heard of its use: it never hears of it. */
void effects_forget(struct effects *fx, uint32_t spi_in);
bool effects_take(struct effects *fx, struct ike_effect *ret_fx);

void fx_send(struct effects *fx, const struct endpoint *local, const struct endpoint *remote,
	     struct reader bytes);
void fx_keepalive(struct effects *fx, const struct endpoint *local, const struct endpoint *remote,
		  struct reader bytes);
/* The earliest deadline is at_ms; 0: none. Told once per change, after all else. */
void fx_timer(struct effects *fx, uint64_t at_ms);
/* The job is the shell's until ike_job_done(). */
void fx_job(struct effects *fx, struct ike_job *job);
/* type: FX_SA_ADD, FX_SA_SWITCH, FX_SA_DELETE, FX_SA_MOVE, FX_CHILD_UP. Only FX_SA_ADD carries keys. */
void fx_child(struct effects *fx, enum ike_effect_type type, const struct child_sa *sa);
/* type: FX_CHILD_DOWN, FX_CONN_FAILED (with text), for one child. */
void fx_conn(struct effects *fx, enum ike_effect_type type, const struct conn *conn,
	     const struct conn_child *conn_child, const char *text);
/* type: FX_VIP_ADD, FX_VIP_DEL. */
void fx_addr(struct effects *fx, enum ike_effect_type type, const struct ip_addr *addr);
/* FX_RESOLVE */
void fx_resolve(struct effects *fx, uint32_t id, const char *name);
void fx_log(struct effects *fx, bool is_error, const struct conn *conn, const char *text);

#endif
