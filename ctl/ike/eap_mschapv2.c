/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EAP-MSCHAPv2 (draft-kamath-pppext-eap-mschapv2):   opcode:8   id:8   length:16   data
 *
 *	server                               client
 *	Challenge: 16, challenge, name  -->
 *	                                <--  Response: 49, peer challenge, 8 zeroes, response, 0,
 *name Success: "S=PROOF M=..."        -->
 *	                                <--  Success (opcode alone)
 *	or Failure: "E=691 ..."         -->
 *	                                <--  Failure (opcode alone)
 */
#include <stdio.h>
#include "crypto/mschapv2.h"
#include "crypto/secret.h"
#include "ike/eap.h"

enum opcode { OP_CHALLENGE = 1, OP_RESPONSE = 2, OP_SUCCESS = 3, OP_FAILURE = 4 };
enum { RESPONSE_SIZE = 49, RESERVED_LEN = 8 };
enum { STAGE_CHALLENGED, STAGE_PROVED, STAGE_REFUSED };

_Static_assert(EAP_RANDOM_LEN == MSCHAP_CHALLENGE_LEN, "our half of the challenge");

static struct mschapv2 *state_of(struct eap *eap)
{
	return eap_state(eap, sizeof(struct mschapv2));
}

static void header(struct eap *eap, struct writer *w, uint8_t opcode, size_t data_len)
{
	wr_u8(w, opcode);
	wr_u8(w, eap->id);
	wr_u16(w, (uint16_t)(4 + data_len));
}

/* "DOMAIN\user": the hash is of the user alone (RFC 2759 4). */
static const char *without_domain(const char *name)
{
	const char *slash = strrchr(name, '\\');

	return slash ? slash + 1 : name;
}

static int compute(struct eap *eap)
{
	return mschapv2_compute(state_of(eap), without_domain(eap->name), eap->user.secret,
				eap->user.secret_len);
}

static void proof_print(struct eap *eap, char ret[2 * MSCHAP_PROOF_LEN + 3])
{
	snprintf(ret, 3, "S=");
	for (size_t i = 0; i < MSCHAP_PROOF_LEN; i++)
		snprintf(ret + 2 + 2 * i, 3, "%02X", state_of(eap)->proof[i]);
}

/* It is longer than what a peer needs (RFC 3079: 2 keys of 16 bytes), and zero behind them. */
static void keep_key(struct eap *eap)
{
	const struct mschapv2 *m = state_of(eap);

	_Static_assert(sizeof(m->msk) <= sizeof(eap->msk), "the rest is zero");
	memcpy(eap->msk, m->msk, sizeof(m->msk));
}

/* ---- Server --------------------------------------------------------------------- */

/* The bytes count, whatever kind of identity they look like. */
static const struct eap_user *user_find(const struct conn *conn, const char *name)
{
	for (size_t i = 0; i < conn->n_eap_users; i++)
		if (conn->eap_users[i].id.len == strlen(name) &&
		    !memcmp(conn->eap_users[i].id.data, name, strlen(name)))
			return &conn->eap_users[i];
	return NULL;
}

static bool server_start(struct eap *eap, const struct conn *conn, struct writer *w)
{
	static const char name[] = "sekisho";
	const struct eap_user *user = user_find(conn, eap->name);

	/* An unknown name goes on, so that nobody learns which names exist. */
	eap->has_user = user;
	if (user)
		eap->user = *user;
	header(eap, w, OP_CHALLENGE, 1 + MSCHAP_CHALLENGE_LEN + sizeof(name) - 1);
	memcpy(state_of(eap)->auth_challenge, eap->random, MSCHAP_CHALLENGE_LEN);
	wr_u8(w, MSCHAP_CHALLENGE_LEN);
	wr_bytes(w, state_of(eap)->auth_challenge, MSCHAP_CHALLENGE_LEN);
	wr_bytes(w, name, sizeof(name) - 1);
	return true;
}

/* The name that the response is computed with has to be the one that is looked up. */
static bool is_same_name(const struct eap *eap, struct reader name)
{
	char text[EAP_NAME_MAX + 1] = "";
	size_t len = rd_left(&name);

	if (len > EAP_NAME_MAX)
		return false;
	rd_copy(&name, text, len);
	return !strcmp(without_domain(text), without_domain(eap->name));
}

static enum eap_result response_take(struct eap *eap, struct reader r, struct writer *w)
{
	uint8_t theirs[MSCHAP_RESPONSE_LEN], size = rd_u8(&r);
	char text[2 * MSCHAP_PROOF_LEN + 3];

	rd_copy(&r, state_of(eap)->peer_challenge, MSCHAP_CHALLENGE_LEN);
	rd_skip(&r, RESERVED_LEN);
	rd_copy(&r, theirs, sizeof(theirs));
	rd_skip(&r, 1);
	if (!rd_ok(&r) || size != RESPONSE_SIZE)
		return eap_refuse(eap, "its EAP-MSCHAPv2 response is malformed");
	if (!eap->has_user)
		return eap_refuse(eap, "no secrets.eap<suffix> is for its EAP identity");
	if (!is_same_name(eap, r))
		return eap_refuse(eap,
				  "it names itself otherwise in EAP-MSCHAPv2 than in EAP-Identity");
	if (compute(eap) || !memeq_ct(theirs, state_of(eap)->nt_response, sizeof(theirs)))
		return eap_refuse(eap, "EAP-MSCHAPv2: the password is wrong");
	proof_print(eap, text);
	header(eap, w, OP_SUCCESS, strlen(text) + strlen(" M=OK"));
	wr_bytes(w, text, strlen(text));
	wr_bytes(w, " M=OK", strlen(" M=OK"));
	eap->stage = STAGE_PROVED;
	return EAP_GO_ON;
}

static enum eap_result server_take(struct eap *eap, struct reader data, struct writer *w)
{
	uint8_t opcode = rd_u8(&data);

	if (opcode == OP_SUCCESS && eap->stage == STAGE_PROVED) {
		keep_key(eap);
		return EAP_DONE;
	}
	rd_skip(&data, 3);
	if (opcode == OP_RESPONSE && eap->stage == STAGE_CHALLENGED)
		return response_take(eap, data, w);
	return eap_refuse(eap, "its EAP-MSCHAPv2 packet is out of order");
}

/* ---- Client --------------------------------------------------------------------- */

static enum eap_result challenge_take(struct eap *eap, struct reader r, struct writer *w)
{
	static const uint8_t zeroes[RESERVED_LEN];
	uint8_t size = rd_u8(&r);

	rd_copy(&r, state_of(eap)->auth_challenge, MSCHAP_CHALLENGE_LEN);
	memcpy(state_of(eap)->peer_challenge, eap->random, MSCHAP_CHALLENGE_LEN);
	if (!rd_ok(&r) || size != MSCHAP_CHALLENGE_LEN || !eap->has_user || compute(eap))
		return eap_refuse(
			eap, "its EAP-MSCHAPv2 challenge is malformed, or we have no password");
	header(eap, w, OP_RESPONSE, 1 + RESPONSE_SIZE + strlen(eap->name));
	wr_u8(w, RESPONSE_SIZE);
	wr_bytes(w, state_of(eap)->peer_challenge, MSCHAP_CHALLENGE_LEN);
	wr_bytes(w, zeroes, sizeof(zeroes));
	wr_bytes(w, state_of(eap)->nt_response, MSCHAP_RESPONSE_LEN);
	wr_u8(w, 0);
	wr_bytes(w, eap->name, strlen(eap->name));
	eap->stage = STAGE_PROVED;
	return EAP_GO_ON;
}

static enum eap_result success_take(struct eap *eap, struct reader r, struct writer *w)
{
	char want[2 * MSCHAP_PROOF_LEN + 3];

	proof_print(eap, want);
	if (eap->stage != STAGE_PROVED || rd_left(&r) < strlen(want) ||
	    !memeq_ct(r.at, want, strlen(want)))
		return eap_refuse(eap, "the server does not know the password");
	eap->is_done = true;
	keep_key(eap);
	wr_u8(w, OP_SUCCESS);
	return EAP_GO_ON;
}

static enum eap_result client_take(struct eap *eap, const struct conn *conn, struct reader data,
				   struct writer *w)
{
	uint8_t opcode = rd_u8(&data);

	(void)conn;
	rd_skip(&data, 3);
	if (opcode == OP_CHALLENGE && eap->stage == STAGE_CHALLENGED)
		return challenge_take(eap, data, w);
	if (opcode == OP_SUCCESS)
		return success_take(eap, data, w);
	if (opcode == OP_FAILURE) {
		eap->stage = STAGE_REFUSED; /* the server has the last word: EAP-Failure */
		wr_u8(w, OP_FAILURE);
		return EAP_GO_ON;
	}
	return eap_refuse(eap, "its EAP-MSCHAPv2 packet is out of order");
}

/* Not mutual in the sense of RFC 5998 4: who answers is nobody yet, and learns what helps to guess
 * the password. */
const struct eap_method eap_mschapv2 = {
	.type = EAP_MSCHAPV2,
	.can = EAP_CAN_MSCHAPV2,
	.name = "EAP-MSCHAPv2",
	.if_refused = "is the password right?",
	.keywords = "eap-mschapv2 eap",
	.needs = NEEDS_PASSWORD,
	.server_start = server_start,
	.server_take = server_take,
	.client_take = client_take,
};
