/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/eap.h"

#include <stdio.h>
#include "crypto/secret.h"
#include "ike/alloc.h"
#include "ike/id.h"

/*  Packet, RFC 3748 4:   code:8   identifier:8   length:16   type:8   data  */
static struct writer packet_open(struct eap *eap, uint8_t code, uint8_t type)
{
	struct writer w = wr_into(eap->out, sizeof(eap->out));

	bool is_short = code == EAP_SUCCESS || code == EAP_FAILURE;

	wr_u8(&w, code);
	wr_u8(&w, is_short ? eap->answered : eap->id); /* RFC 3748 4.2 */
	wr_u16(&w, 0);
	if (!is_short)
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

enum eap_result eap_refuse(struct eap *eap, const char *why)
{
	eap->why = why;
	if (eap->is_server) {
		struct writer w = packet_open(eap, EAP_FAILURE, 0);

		packet_close(eap, &w);
	}
	return EAP_FAILED;
}

static void state_free(struct eap *eap)
{
	secret_wipe(eap->state, eap->state_len);
	free(eap->state);
	eap->state = NULL;
}

void *eap_state(struct eap *eap, size_t len)
{
	if (!eap->state) {
		eap->state = alloc_zero(len);
		eap->state_len = len;
	}
	return eap->state;
}

enum eap_result eap_refuse_last(struct eap *eap, const char *why)
{
	eap->why = why;
	eap->is_lost = true;
	return EAP_LAST_WORD;
}

void eap_fini(struct eap *eap)
{
	tls_free(eap->tls.session);
	state_free(eap);
	secret_wipe(eap, sizeof(*eap));
}

/* ---- Methods -------------------------------------------------------------------- */

#define X(name, type, row) extern const struct eap_method row;
EAP_METHODS(X)
#undef X

static const struct eap_method *const methods[] = {
#define X(name, type, row) &row,
	EAP_METHODS(X)
#undef X
};

static uint8_t mask(uint8_t can)
{
	return can ? can : EAP_CAN_MSCHAPV2;
}

static const struct eap_method *method_of(uint8_t can, uint8_t type)
{
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (mask(can) & methods[i]->can && methods[i]->type == type)
			return methods[i];
	return NULL;
}

/* Is the text one of the words of the list? */
static bool is_among(const char *text, const char *list)
{
	size_t len = strlen(text);

	for (const char *at = list; *at; at += strcspn(at, " "), at += strspn(at, " "))
		if (strcspn(at, " ") == len && !memcmp(at, text, len))
			return true;
	return false;
}

bool eap_words_take(const char *text, bool is_remote, struct auth_words *ret_words)
{
	uint8_t can = strcmp(text, "eap-dynamic") ? 0 : EAP_CAN_ALL;
	bool is_aaa = is_remote && !strcmp(text, "eap-radius");

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (is_among(text, methods[i]->keywords))
			can = methods[i]->can;
	if (!can && !is_aaa)
		return false;
	ret_words->eap = can;
	ret_words->is_aaa = is_aaa;
	return true;
}

int eap_words(char *buf, size_t size)
{
	struct writer w = wr_into((uint8_t *)buf, size);

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		wr_bytes(&w, methods[i]->keywords, strcspn(methods[i]->keywords, " "));
		wr_bytes(&w, ", ", 2);
	}
	return (int)wr_len(&w) + snprintf(buf + wr_len(&w), size - wr_len(&w),
					  "eap-dynamic, of the peer eap-radius");
}

unsigned eap_needs(const struct auth_words *words, bool is_remote)
{
	unsigned needs = 0;

	(void)is_remote;
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (words->eap & methods[i]->can)
			needs |= methods[i]->needs;
	return needs;
}

bool eap_is_mutual(uint8_t can)
{
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (can & methods[i]->can && !methods[i]->is_mutual)
			return false;
	return can != 0;
}

/* ---- Server --------------------------------------------------------------------- */

void eap_server_start(struct eap *eap, const uint8_t random[EAP_RANDOM_LEN])
{
	*eap = (struct eap){ .is_server = true, .id = random[0] };
	memcpy(eap->random, random, EAP_RANDOM_LEN);
	struct writer w = packet_open(eap, EAP_REQUEST, EAP_IDENTITY);
	packet_close(eap, &w);
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

static enum eap_result method_begin(struct eap *eap, const struct conn *conn,
				    const struct eap_method *method)
{
	state_free(eap);
	eap->method = method;
	eap->tried |= method->can;
	eap->id++;
	struct writer w = packet_open(eap, EAP_REQUEST, method->type);
	if (!method->server_start(eap, conn, &w))
		return eap_refuse(eap, "its EAP identity is nothing that a certificate could name");
	packet_close(eap, &w);
	return EAP_GO_ON;
}

static enum eap_result identity_take(struct eap *eap, const struct conn *conn, struct reader data)
{
	if (!name_take(eap, data))
		return eap_refuse(eap, "its EAP identity is empty or too long");
	eap->is_passed = conn->is_aaa;
	if (eap->is_passed)
		return EAP_ASK;
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (mask(conn->remote_eap) & methods[i]->can)
			return method_begin(eap, conn, methods[i]);
	return eap_refuse(eap, "no EAP method is configured");
}

/* RFC 3748 5.3.1: it names those that it would rather have. */
static enum eap_result nak_take(struct eap *eap, const struct conn *conn, struct reader data)
{
	while (rd_more(&data)) {
		const struct eap_method *m = method_of(conn->remote_eap, rd_u8(&data));

		if (m && !(eap->tried & m->can))
			return method_begin(eap, conn, m);
	}
	return eap_refuse(eap, "it wants none of our EAP methods");
}

/* What the method says, on its way out. */
static enum eap_result server_close(struct eap *eap, enum eap_result r, struct writer *w)
{
	if (r == EAP_FAILED || r == EAP_WORK)
		return r;
	if (r == EAP_DONE) {
		eap->is_done = true;
		*w = packet_open(eap, EAP_SUCCESS, 0);
	}
	packet_close(eap, w);
	return r;
}

static enum eap_result server_take(struct eap *eap, const struct conn *conn, uint8_t type,
				   struct reader data)
{
	if (eap->is_passed)
		return EAP_ASK;
	if (eap->is_lost)
		return eap_refuse(eap, eap->why);
	if (type == EAP_NAK && eap->method)
		return nak_take(eap, conn, data);
	if (type != eap->last_type)
		return eap_refuse(eap, "its EAP response is of another type");
	if (type == EAP_IDENTITY)
		return identity_take(eap, conn, data);
	eap->id++;
	struct writer w = packet_open(eap, EAP_REQUEST, type);
	return server_close(eap, eap->method->server_take(eap, data, &w), &w);
}

/* ---- Client --------------------------------------------------------------------- */

void eap_client_start(struct eap *eap, const struct conn *conn, const struct ike_id *server,
		      const uint8_t random[EAP_RANDOM_LEN])
{
	*eap = (struct eap){ .has_user = conn->n_eap_users };
	memcpy(eap->random, random, EAP_RANDOM_LEN);
	eap->peer = conn->aaa_id.type ? conn->aaa_id : *server;
	if (eap->has_user)
		eap->user = conn->eap_users[0];
	const struct ike_id *id = eap->has_user ? &eap->user.id : &conn->eap_id;
	if (id->type == ID_DER_ASN1_DN)
		id_print(id, eap->name, sizeof(eap->name));
	else
		snprintf(eap->name, sizeof(eap->name), "%.*s", (int)id->len,
			 (const char *)id->data);
}

static void nak_write(const struct conn *conn, struct writer *w)
{
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (mask(conn->local_eap) & methods[i]->can)
			wr_u8(w, methods[i]->type);
}

static enum eap_result client_take(struct eap *eap, const struct conn *conn, uint8_t type,
				   struct reader data)
{
	const struct eap_method *method = method_of(conn->local_eap, type);
	struct writer w = packet_open(eap, EAP_RESPONSE, type);
	enum eap_result r = EAP_GO_ON;

	if (type == EAP_IDENTITY) {
		wr_bytes(&w, eap->name, strlen(eap->name));
	} else if (method && (!eap->method || eap->method == method)) {
		eap->method = method;
		r = method->client_take(eap, conn, data, &w);
	} else if (type != EAP_NOTIFICATION) {
		w = packet_open(eap, EAP_RESPONSE, EAP_NAK);
		nak_write(conn, &w);
	}
	packet_close(eap, &w);
	return r;
}

enum eap_result eap_worked(struct eap *eap, struct tls *session)
{
	tls_free(eap->tls.session);
	eap->tls.session = session;
	struct writer w =
		packet_open(eap, eap->is_server ? EAP_REQUEST : EAP_RESPONSE, eap->method->type);
	enum eap_result r = eap->method->worked(eap, &w);
	if (eap->is_server)
		return server_close(eap, r, &w);
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

	eap->answered = eap->id;
	if (!rd_ok(&rest) || !rd_ok(&packet) || len < 4 || ++eap->n_rounds > EAP_ROUNDS_MAX)
		return eap_refuse(eap, "its EAP packet is malformed, or one too many");
	if (eap->is_server)
		return code == EAP_RESPONSE && id == eap->id
			       ? server_take(eap, conn, type, rest)
			       : eap_refuse(eap, "its EAP packet is no response to ours");
	eap->id = id;
	eap->is_refused = code == EAP_FAILURE;
	if (eap->is_lost)
		return eap_refuse(eap, eap->why);
	if (code == EAP_REQUEST)
		return client_take(eap, conn, type, rest);
	if (code == EAP_SUCCESS && eap->is_done)
		return EAP_DONE;
	return eap_refuse(eap, eap->is_refused ? "it sends EAP-Failure"
					       : "its EAP-Success comes before it proved anything");
}
