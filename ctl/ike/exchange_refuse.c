/* SPDX-License-Identifier: BSD-2-Clause */
/* Refusals: what no row takes, and the line that says why. */
#include <stdio.h>
#include "ike/engine.h"

static enum step_result say_invalid_syntax(struct turn *t)
{
	ike_count(t->ike, IKE_COUNT_UNEXPECTED);
	return turn_refuse(t, STEP_FAIL, N_INVALID_SYNTAX,
			   "peer sent a message that does not fit: INVALID_SYNTAX");
}

static enum step_result say_critical(struct turn *t)
{
	ike_count(t->ike, IKE_COUNT_CRITICAL);
	t->why_data[0] = t->in->critical; /* 3.10.1: the payload type */
	t->why_len = 1;
	return turn_refuse(t, t->step->role == STEP_RESPONSE ? STEP_FAIL : STEP_NOTIFY,
			   N_UNSUPPORTED_CRITICAL_PAYLOAD,
			   "peer insists on payload %u, which is not known here", t->in->critical);
}

static enum step_result say_temporary(struct turn *t)
{
	return turn_refuse(t, STEP_NOTIFY, N_TEMPORARY_FAILURE,
			   "request of the peer was overtaken: TEMPORARY_FAILURE");
}

const struct step engine_stale = { .role = STEP_REQUEST, .to = ST_SAME, .run = say_temporary };
const struct step engine_bad_request = { .role = STEP_REQUEST,
					 .to = ST_SAME,
					 .run = say_invalid_syntax };
const struct step engine_bad_response = { .role = STEP_RESPONSE,
					  .to = ST_SAME,
					  .run = say_invalid_syntax };
const struct step engine_critical_request = { .role = STEP_REQUEST,
					      .to = ST_SAME,
					      .run = say_critical };
const struct step engine_critical_response = { .role = STEP_RESPONSE,
					       .to = ST_SAME,
					       .run = say_critical };

bool ike_has_line(struct ike *ike)
{
	if (ike->now_ms - ike->strangers_ms >= STRANGER_MS) {
		ike->strangers_ms = ike->now_ms;
		ike->n_strangers = 0;
	}
	if (++ike->n_strangers == STRANGER_LINES)
		ike_log(ike, true, "many refused IKE_SA_INIT: no more lines on them for %u s",
			STRANGER_MS / 1000);
	return ike->n_strangers < STRANGER_LINES;
}

bool turn_has_line(struct turn *t)
{
	return t->step->role != STEP_REQUEST || t->sa->state != ST_NONE || ike_has_line(t->ike);
}

enum step_result turn_refuse(struct turn *t, enum step_result how, uint16_t notify,
			     const char *format, ...)
{
	va_list args;

	t->why = notify;
	if (t->sa->is_lost)
		return how;
	va_start(args, format);
	vsnprintf(t->sa->why, sizeof(t->sa->why), format, args);
	va_end(args);
	if (turn_has_line(t))
		sa_error(t->sa, "%s", t->sa->why);
	return how;
}
