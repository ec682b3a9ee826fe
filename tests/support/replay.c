/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/replay.h"

/* How many of each repeatable kind are emitted by now. */
struct taken {
	size_t notifies, deletes, vendors, certs, certreqs;
};

static void id_replay(struct payload_writer *pw, enum payload_type type, const struct id_view *view)
{
	struct ike_id id;

	if (id_from_view(view, &id) == 0)
		id_payload_emit(pw, type, &id);
	else
		opaque_emit(pw, type, view->body);
}

static void repeatable_replay(struct payload_writer *pw, const struct message *m, uint8_t type,
			      struct taken *at)
{
	if (type == PL_NOTIFY && at->notifies < m->n_notifies)
		notify_emit(pw, &m->notifies[at->notifies++]);
	else if (type == PL_VENDOR && at->vendors < m->n_vendors)
		opaque_emit(pw, PL_VENDOR, m->vendors[at->vendors++]);
	else if (type == PL_CERT && at->certs < m->n_certs)
		cert_emit(pw, PL_CERT, &m->certs[at->certs++]);
	else if (type == PL_CERTREQ && at->certreqs < m->n_certreqs)
		cert_emit(pw, PL_CERTREQ, &m->certreqs[at->certreqs++]);
	else if (type == PL_DELETE && at->deletes < m->n_deletes) {
		const struct delete_payload *d = &m->deletes[at->deletes++];

		delete_emit(pw, d->protocol, d->spis, d->n_spis);
	}
}

static void payload_replay(struct payload_writer *pw, const struct message *m, uint8_t type,
			   struct taken *at)
{
	switch (type) {
	case PL_SA:
		sa_emit(pw, m->sa.proposals, m->sa.n);
		break;
	case PL_KE:
		ke_emit(pw, &m->ke);
		break;
	case PL_IDI:
		id_replay(pw, PL_IDI, &m->idi);
		break;
	case PL_IDR:
		id_replay(pw, PL_IDR, &m->idr);
		break;
	case PL_AUTH:
		auth_emit(pw, &m->auth);
		break;
	case PL_NONCE:
		nonce_emit(pw, m->nonce);
		break;
	case PL_TSI:
		ts_emit(pw, PL_TSI, m->tsi.ts, m->tsi.n);
		break;
	case PL_TSR:
		ts_emit(pw, PL_TSR, m->tsr.ts, m->tsr.n);
		break;
	case PL_CP:
		cp_emit(pw, &m->cp);
		break;
	case PL_EAP:
		opaque_emit(pw, PL_EAP, m->eap);
		break;
	default:
		repeatable_replay(pw, m, type, at);
	}
}

void message_replay(struct payload_writer *pw, const struct message *m)
{
	struct taken at = { 0 };

	for (size_t i = 0; i < m->n_payloads; i++)
		payload_replay(pw, m, m->types[i], &at);
}
