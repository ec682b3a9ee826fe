/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/eap.h"

#include <stdio.h>

/*  Packet, RFC 3748 4:   code:8   identifier:8   length:16   type:8   data  */
static struct writer packet_open(struct eap *eap, uint8_t code, uint8_t type)
{
	struct writer w = wr_into(eap->out, sizeof(eap->out));

	wr_u8(&w, code);
	wr_u8(&w, eap->id);
	wr_u16(&w, 0);
	if (code == EAP_REQUEST || code == EAP_RESPONSE)
		wr_u8(&w, type);
	eap->last_type = type;
	return w;
}

static void packet_close(struct eap *eap, const struct writer *w)
{
	eap->out_len = wr_ok(w) ? wr_len(w) : 0;
	eap->out[2] = (uint8_t)(eap->out_len >> 8);
	eap->out[3] = (uint8_t)eap->out_len;
}

static enum eap_result failed(struct eap *eap, const char *why)
{
	eap->why = why;
	if (eap->is_server) {
		struct writer w = packet_open(eap, EAP_FAILURE, 0);
		packet_close(eap, &w);
	}
	return EAP_FAILED;
}

/* ---- Server --------------------------------------------------------------------- */

void eap_server_start(struct eap *eap, const uint8_t random[MSCHAP_CHALLENGE_LEN])
{
	*eap = (struct eap){ .is_server = true, .id = random[0] };
	memcpy(eap->mschapv2.auth_challenge, random, MSCHAP_CHALLENGE_LEN);
	struct writer w = packet_open(eap, EAP_REQUEST, EAP_IDENTITY);
	packet_close(eap, &w);
}

/* The bytes count, whatever kind of identity they look like. */
static const struct eap_user *user_find(const struct conn *conn, const char *name)
{
	for (size_t i = 0; i < conn->n_eap_users; i++)
		if (conn->eap_users[i].id.len == strlen(name) &&
		    !memcmp(conn->eap_users[i].id.data, name, strlen(name)))
			return &conn->eap_users[i];
	return NULL;
}

static bool name_take(struct eap *eap, struct reader data)
{
	size_t len = rd_left(&data);

	if (!len || len > EAP_NAME_MAX || memchr(data.at, 0, len))
		return false;
	memcpy(eap->name, data.at, len);
	eap->name[len] = '\0';
	return true;
}

/* Who it is, then the method; an unknown name goes on, so that nobody learns which names exist. */
static enum eap_result identity_take(struct eap *eap, const struct conn *conn, struct reader data)
{
	if (!name_take(eap, data))
		return failed(eap, "its EAP identity is empty or too long");
	eap->is_passed = conn->is_aaa;
	if (eap->is_passed)
		return EAP_ASK;
	const struct eap_user *user = user_find(conn, eap->name);
	eap->has_user = user;
	if (user)
		eap->user = *user;
	eap->id++;
	struct writer w = packet_open(eap, EAP_REQUEST, eap_mschapv2.type);
	eap_mschapv2.server_start(eap, &w);
	packet_close(eap, &w);
	return EAP_GO_ON;
}

static enum eap_result server_take(struct eap *eap, const struct conn *conn, uint8_t type,
				   struct reader data)
{
	if (eap->is_passed)
		return EAP_ASK;
	if (type == EAP_NAK)
		return failed(eap, "it does not want EAP-MSCHAPv2");
	if (type != eap->last_type)
		return failed(eap, "its EAP response is of another type");
	if (type == EAP_IDENTITY)
		return identity_take(eap, conn, data);
	eap->id++;
	struct writer w = packet_open(eap, EAP_REQUEST, type);
	enum eap_result r = eap_mschapv2.server_take(eap, data, &w);
	if (r == EAP_FAILED)
		return failed(eap, eap->why);
	if (r == EAP_DONE) {
		eap->is_done = true;
		eap->id--; /* RFC 3748 4.2: that of the response */
		w = packet_open(eap, EAP_SUCCESS, 0);
	}
	packet_close(eap, &w);
	return r;
}

/* ---- Client --------------------------------------------------------------------- */

void eap_client_start(struct eap *eap, const struct conn *conn,
		      const uint8_t random[MSCHAP_CHALLENGE_LEN])
{
	*eap = (struct eap){ .has_user = conn->n_eap_users };
	memcpy(eap->mschapv2.peer_challenge, random, MSCHAP_CHALLENGE_LEN);
	if (!eap->has_user)
		return;
	eap->user = conn->eap_users[0];
	snprintf(eap->name, sizeof(eap->name), "%.*s", (int)eap->user.id.len,
		 (const char *)eap->user.id.data);
}

static enum eap_result client_take(struct eap *eap, uint8_t type, struct reader data)
{
	enum eap_result r = EAP_GO_ON;
	struct writer w = packet_open(eap, EAP_RESPONSE, type);

	if (type == EAP_IDENTITY) {
		wr_bytes(&w, eap->name, strlen(eap->name));
	} else if (type == eap_mschapv2.type) {
		r = eap_mschapv2.client_take(eap, data, &w);
	} else if (type != EAP_NOTIFICATION) {
		w = packet_open(eap, EAP_RESPONSE, EAP_NAK);
		wr_u8(&w, eap_mschapv2.type);
	}
	packet_close(eap, &w);
	return r;
}

enum eap_result eap_take(struct eap *eap, const struct conn *conn, struct reader packet)
{
	uint8_t code = rd_u8(&packet), id = rd_u8(&packet);
	size_t len = rd_u16(&packet);
	bool is_short = code == EAP_SUCCESS || code == EAP_FAILURE;
	struct reader rest = rd_carve(&packet, len < 4 ? 0 : len - 4);
	uint8_t type = is_short ? 0 : rd_u8(&rest);

	if (!rd_ok(&rest) || !rd_ok(&packet) || len < 4 || ++eap->n_rounds > EAP_ROUNDS_MAX)
		return failed(eap, "its EAP packet is malformed, or one too many");
	if (eap->is_server)
		return code == EAP_RESPONSE && id == eap->id
			       ? server_take(eap, conn, type, rest)
			       : failed(eap, "its EAP packet is no response to ours");
	eap->id = id;
	if (code == EAP_REQUEST)
		return client_take(eap, type, rest);
	if (code == EAP_SUCCESS && eap->is_done)
		return EAP_DONE;
	return failed(eap, code == EAP_FAILURE ? "it sends EAP-Failure (is the password right?)"
					       : "its EAP-Success comes before it proved anything");
}
