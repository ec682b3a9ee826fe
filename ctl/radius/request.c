/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include "radius/radius.h"

#define SERVICE_FRAMED 2    /* RFC 2865 5.6 */
#define PORT_TYPE_VIRTUAL 5 /* 5.41 */

/*  Attribute, RFC 2865 5:   type:8   length:8   value  */
static void attr_emit(struct writer *w, uint8_t type, struct reader value)
{
	if (rd_left(&value) > RADIUS_VALUE_MAX)
		w->bad = true;
	wr_u8(w, type);
	wr_u8(w, (uint8_t)(rd_left(&value) + 2));
	wr_copy(w, value);
}

static void attr_text(struct writer *w, uint8_t type, const char *text)
{
	if (text && *text)
		attr_emit(w, type, rd_from(text, strlen(text)));
}

static void attr_number(struct writer *w, uint8_t type, uint32_t n)
{
	wr_u8(w, type);
	wr_u8(w, 6);
	wr_u32(w, n);
}

static void attr_nas_addr(struct writer *w, const struct ip_addr *addr)
{
	if (addr_is_v4(addr))
		attr_number(w, RADIUS_NAS_IP_ADDRESS, addr_to_v4(addr));
	else
		attr_emit(w, RADIUS_NAS_IPV6_ADDRESS, rd_from(addr, sizeof(*addr)));
}

/* RFC 3579 3.1: cut into attributes that follow each other. */
static void attr_eap(struct writer *w, struct reader eap)
{
	while (rd_more(&eap)) {
		size_t n = rd_left(&eap) < RADIUS_VALUE_MAX ? rd_left(&eap) : RADIUS_VALUE_MAX;

		attr_emit(w, RADIUS_EAP_MESSAGE, rd_carve(&eap, n));
	}
}

/* The first of all, so that what comes before it cannot be another's choice. Returns its value. */
static uint8_t *attr_message_authenticator(struct writer *w)
{
	wr_u8(w, RADIUS_MESSAGE_AUTHENTICATOR);
	wr_u8(w, 2 + RADIUS_AUTH_LEN);
	uint8_t *at = wr_reserve(w, RADIUS_AUTH_LEN);
	if (at)
		memset(at, 0, RADIUS_AUTH_LEN);
	return at;
}

static void attrs_emit(struct writer *w, const struct radius_request *request)
{
	attr_emit(w, RADIUS_USER_NAME, request->user);
	attr_nas_addr(w, &request->nas_addr);
	attr_text(w, RADIUS_NAS_IDENTIFIER, request->nas_identifier);
	attr_number(w, RADIUS_NAS_PORT, request->nas_port);
	attr_text(w, RADIUS_NAS_PORT_ID, request->nas_port_id);
	attr_number(w, RADIUS_NAS_PORT_TYPE, PORT_TYPE_VIRTUAL);
	attr_number(w, RADIUS_SERVICE_TYPE, SERVICE_FRAMED);
	attr_text(w, RADIUS_CALLED_STATION_ID, request->called);
	attr_text(w, RADIUS_CALLING_STATION_ID, request->calling);
	attr_eap(w, request->eap);
	if (rd_left(&request->state))
		attr_emit(w, RADIUS_STATE, request->state);
}

/*  Packet, RFC 2865 3:   code:8   identifier:8   length:16   authenticator:128   attributes  */
int radius_request_emit(const struct radius_request *request, const struct radius_ticket *ticket,
			struct reader secret, uint8_t *buf, size_t size, size_t *ret_len)
{
	struct writer w = wr_into(buf, size);

	if (!rd_left(&request->user) || rd_left(&request->eap) > RADIUS_EAP_MAX)
		return -EMSGSIZE;
	wr_u8(&w, RADIUS_ACCESS_REQUEST);
	wr_u8(&w, ticket->id);
	wr_u16(&w, 0);
	wr_bytes(&w, ticket->authenticator, RADIUS_AUTH_LEN);
	uint8_t *at = attr_message_authenticator(&w);
	attrs_emit(&w, request);
	if (!wr_ok(&w))
		return -EMSGSIZE;
	buf[2] = (uint8_t)(wr_len(&w) >> 8);
	buf[3] = (uint8_t)wr_len(&w);
	*ret_len = wr_len(&w);
	return radius_message_authenticator(rd_from(buf, *ret_len), ticket->authenticator, at,
					    secret, at);
}
