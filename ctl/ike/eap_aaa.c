/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pass-through (RFC 3748 2.3, RFC 3579): we ask for EAP-Identity, then every packet of the peer
 * goes to the AAA server and every one of the server to the peer. Which method they speak is no
 * matter of ours, but for the key that has to come out of it.
 */
#include "ike/aaa.h"
#include "ike/alloc.h"
#include "ike/auth_eap.h"
#include "ike/eap.h"

struct aaa_job *eap_aaa_ask(struct turn *t)
{
	struct ike_sa *sa = t->sa;
	const struct eap *eap = &sa->eap->eap;
	struct reader packet = t->in->eap;
	struct aaa_job *job;

	if (strlen(eap->name) > AAA_USER_MAX || rd_left(&packet) > AAA_PACKET_MAX)
		return NULL;
	job = alloc_zero(sizeof(*job));
	memcpy(job->conn, sa->conn->name, sizeof(job->conn));
	memcpy(job->user, eap->name, strlen(eap->name));
	job->ike_id = sa->unique_id;
	job->local = sa->local;
	job->remote = sa->remote;
	job->session = eap->aaa;
	job->packet_len = rd_left(&packet);
	rd_copy(&packet, job->packet, job->packet_len);
	return job;
}

/* RFC 3579 2.6.3: what RADIUS says and what EAP says have to be the same. RFC 3748 4: there is a type
 * in a Request, and nothing in a Success. */
static bool is_fitting(const struct eap *eap, const struct aaa_job *job)
{
	struct reader r = rd_from(job->packet, job->packet_len);
	bool is_end = job->result == AAA_ACCEPTED;
	uint8_t code = rd_u8(&r);

	rd_skip(&r, 1);
	return rd_u16(&r) == job->packet_len && rd_ok(&r) && job->packet_len <= sizeof(eap->out) &&
	       code == (is_end ? EAP_SUCCESS : EAP_REQUEST) && rd_more(&r) != is_end;
}

enum eap_result eap_aaa_answer(struct eap *eap, const struct aaa_job *job)
{
	if (job->result == AAA_FAILED || job->result == AAA_REJECTED)
		return eap_refuse(eap, job->why);
	if (!is_fitting(eap, job))
		return eap_refuse(eap, "the AAA server's EAP packet does not fit its answer");
	eap->aaa = job->session;
	eap->id = job->packet[1];
	eap->out_len = job->packet_len;
	memcpy(eap->out, job->packet, job->packet_len);
	if (job->result == AAA_GO_ON)
		return EAP_GO_ON;
	if (!job->has_msk)
		return eap_refuse(
			eap, "the AAA server accepts it, but gives no key (MS-MPPE): an EAP method "
			     "that makes none is not enough");
	eap->is_done = true;
	eap->framed = job->framed;
	eap->session_s = job->session_s;
	memcpy(eap->name, job->user, strlen(job->user) + 1);
	memcpy(eap->msk, job->msk, sizeof(eap->msk));
	return EAP_DONE;
}
