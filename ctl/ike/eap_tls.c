/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EAP-TLS (RFC 5216, RFC 9190):   flags:8   [length of the flight:32]   a part of it
 *
 *	server                                   client
 *	Start                                -->
 *	                                     <-- ClientHello
 *	ServerHello, certificate, request    -->           each flight in as many packets as it
 *needs,
 *	                                     <-- certificate, Finished        each answered by an
 *empty one Finished (1.2), or an octet 0 (1.3)  -->
 *	                                     <-- empty
 *	Success                              -->
 */
#include "ike/eap.h"
#include "ike/id.h"

enum { TLS_LENGTH = 0x80, TLS_MORE = 0x40, TLS_START = 0x20 };
#define TLS_FRAGMENT 1024 /* bytes of a flight in one packet: strongSwan's default */

static bool is_name(uint8_t type, struct reader data, void *arg)
{
	struct ike_id name = { .type = type, .len = (uint16_t)rd_left(&data) };

	if (rd_left(&data) > IKE_ID_MAX)
		return false;
	rd_copy(&data, name.data, name.len);
	return id_equal(&name, arg);
}

static int session_new(struct eap *eap, const struct conn *conn)
{
	struct tls_self self = { eap->is_server, conn->own.key, conn->own.certs,
				 conn->own.n_certs };
	struct tls_peer peer = { conn->trust, id_is_any(&eap->peer) ? NULL : is_name, &eap->peer,
				 sizeof(eap->peer) };

	tls_free(eap->tls.session);
	eap->tls.session = NULL;
	return conn->trust ? tls_new(&self, &peer, &eap->tls.session) : -1;
}

static size_t left_to_send(const struct eap *eap)
{
	struct reader out = tls_out(eap->tls.session);

	return rd_left(&out) - eap->tls.n_sent;
}

static enum eap_result send_part(struct eap *eap, struct writer *w)
{
	struct reader out = tls_out(eap->tls.session);
	size_t left = left_to_send(eap), len = left > TLS_FRAGMENT ? TLS_FRAGMENT : left;
	uint8_t flags = left > len ? TLS_MORE : 0;

	if (flags && !eap->tls.n_sent)
		flags |= TLS_LENGTH;
	wr_u8(w, flags);
	if (flags & TLS_LENGTH)
		wr_u32(w, (uint32_t)left);
	wr_bytes(w, out.at + eap->tls.n_sent, len);
	eap->tls.n_sent += len;
	return EAP_GO_ON;
}

static bool is_over(const struct eap *eap)
{
	return tls_state(eap->tls.session) == TLS_DONE && !left_to_send(eap);
}

static enum eap_result key_or_refuse(struct eap *eap, enum eap_result then)
{
	eap->detail = tls_version(eap->tls.session);
	return tls_msk(eap->tls.session, eap->msk) ? eap_refuse(eap, "EAP-TLS has made no key")
						   : then;
}

/* A part of the peer's flight, or its word that it has got ours. */
static enum eap_result part_take(struct eap *eap, struct reader data, struct writer *w)
{
	uint8_t flags = rd_u8(&data);
	uint32_t len = flags & TLS_LENGTH ? rd_u32(&data) : 0;

	if (!rd_ok(&data) || flags & TLS_START || len > TLS_FLIGHT_MAX || !eap->tls.session)
		return eap_refuse(eap, "its EAP-TLS packet is malformed, or out of order");
	if (left_to_send(eap))
		return rd_more(&data) ? eap_refuse(eap, "EAP-TLS: it does not wait for our flight")
				      : send_part(eap, w);
	if (tls_feed(eap->tls.session, data))
		return eap_refuse(eap, "EAP-TLS: its flight is too long");
	if (!(flags & TLS_MORE))
		return EAP_WORK;
	wr_u8(w, 0);
	return EAP_GO_ON;
}

/* ---- Server --------------------------------------------------------------------- */

static bool server_start(struct eap *eap, const struct conn *conn, struct writer *w)
{
	const char *why;

	wr_u8(w, TLS_START);
	return !id_parse(eap->name, &eap->peer, &why) && !id_is_any(&eap->peer) &&
	       !session_new(eap, conn);
}

static enum eap_result server_take(struct eap *eap, struct reader data, struct writer *w)
{
	if (eap->tls.session && is_over(eap) && rd_left(&data) == 1)
		return key_or_refuse(eap, EAP_DONE);
	return part_take(eap, data, w);
}

/* ---- Client --------------------------------------------------------------------- */

/* The first flight is cheap: at once. */
static enum eap_result begin(struct eap *eap, const struct conn *conn, struct writer *w)
{
	if (eap->tls.session || session_new(eap, conn) ||
	    tls_run(eap->tls.session) != TLS_ON_ITS_WAY)
		return eap_refuse(eap, "EAP-TLS cannot begin: our certificate and key do not do");
	eap->tls.n_sent = 0;
	return send_part(eap, w);
}

static enum eap_result client_take(struct eap *eap, const struct conn *conn, struct reader data,
				   struct writer *w)
{
	struct reader flags = data;

	return rd_u8(&flags) & TLS_START ? begin(eap, conn, w) : part_take(eap, data, w);
}

/* ---- Both ----------------------------------------------------------------------- */

/* RFC 5216 2.1.3: the alert first; whose it is, it is answered before the Failure comes. */
static enum eap_result lose(struct eap *eap, struct writer *w)
{
	const char *why = tls_why(eap->tls.session);

	if (left_to_send(eap))
		(void)send_part(eap, w);
	else if (!eap->is_server && tls_is_refused(eap->tls.session))
		wr_u8(w, 0);
	else
		return eap_refuse(eap, why);
	return eap_refuse_last(eap, why);
}

static enum eap_result worked(struct eap *eap, struct writer *w)
{
	eap->tls.n_sent = 0;
	if (tls_state(eap->tls.session) == TLS_FAILED)
		return lose(eap, w);
	if (left_to_send(eap))
		return send_part(eap, w);
	if (!is_over(eap))
		return eap_refuse(eap, "EAP-TLS: its flight leads to nothing");
	if (eap->is_server)
		return key_or_refuse(eap, EAP_DONE);
	wr_u8(w, 0); /* the server has the last word: Success */
	eap->is_done = true;
	return key_or_refuse(eap, EAP_GO_ON);
}

const struct eap_method eap_tls = {
	.type = EAP_TLS,
	.can = EAP_CAN_TLS,
	.name = "EAP-TLS",
	.if_refused = "does it trust our certificate?",
	.keywords = "eap-tls",
	.needs = NEEDS_OWN | NEEDS_TRUST,
	.is_mutual = true,
	.server_start = server_start,
	.server_take = server_take,
	.client_take = client_take,
	.worked = worked,
};
