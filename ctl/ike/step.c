/* SPDX-License-Identifier: BSD-2-Clause */
/* Which row of which exchange takes a message. */
#include "ike/exchange.h"

const struct exchange *const exchanges[] = { &ex_sa_init, &ex_intermediate, &ex_auth, &ex_child, &ex_followup, &ex_info };
const size_t n_exchanges = ARRAY_SIZE(exchanges);

const struct exchange *exchange_by_type(uint8_t type)
{
	for (size_t i = 0; i < n_exchanges; i++)
		if (exchanges[i]->type == type)
			return exchanges[i];
	return NULL;
}

bool step_fits(const struct step *step, enum step_role role, enum ike_state state, uint64_t shape)
{
	return step->role == role && (step->from & (1u << state)) &&
	       (shape & step->need) == step->need && !(shape & ~(step->need | step->may));
}

const struct step *step_find(const struct exchange *ex, enum step_role role, enum ike_state state,
			     uint64_t shape)
{
	for (const struct step *s = ex->steps; s < ex->steps + ex->n_steps; s++)
		if (step_fits(s, role, state, shape))
			return s;
	return NULL;
}

uint64_t exchange_shape(const struct message *m)
{
	uint64_t shape = m->present & ~(uint32_t)(P_SK | P_SKF);
	const struct notify *rekey = message_notify(m, N_REKEY_SA);

	if (message_error(m))
		shape |= HAS_ERROR;
	if (message_notify(m, N_AUTHENTICATION_FAILED) || message_notify(m, N_INVALID_SYNTAX))
		shape |= HAS_AUTH_FAILED;
	if (rekey)
		shape |= HAS_REKEY;
	if (message_notify(m, N_INVALID_KE_PAYLOAD) ||
	    (m->header.exchange == EX_IKE_SA_INIT && message_notify(m, N_COOKIE)))
		shape |= HAS_AGAIN;
	if (message_notify(m, N_REDIRECT))
		shape |= HAS_REDIRECT;
	for (size_t i = 0; i < m->n_deletes; i++)
		if (m->deletes[i].protocol == PROTO_IKE)
			shape |= HAS_DELETE_IKE;
	return shape;
}

const struct step *step_find_start(const struct ike_sa *sa, enum task_kind kind,
				   const struct exchange **ret_ex)
{
	for (size_t i = 0; i < n_exchanges; i++) {
		const struct step *step = step_find(exchanges[i], STEP_START, sa->state, ON(kind));

		if (!step)
			continue;
		*ret_ex = exchanges[i];
		return step;
	}
	return NULL;
}
