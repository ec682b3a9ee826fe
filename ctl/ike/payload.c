/* SPDX-License-Identifier: BSD-2-Clause */
/* The payloads other than SA (payload_sa.c) and traffic selectors (payload_ts.c). */
#include "ike/payload.h"

#include <errno.h>

#define CHILD_SPI_LEN 4 /* of AH and ESP */

const char *payload_name(uint8_t type)
{
	switch (type) {
#define X(name, number, text)                                                                      \
	case number:                                                                               \
		return text;
		PAYLOADS(X)
#undef X
	default:
		return NULL;
	}
}

const char *notify_name(uint16_t type)
{
	switch (type) {
#define X(name, number)                                                                            \
	case number:                                                                               \
		return #name;
		NOTIFIES(X)
#undef X
	default:
		return NULL;
	}
}

const char *exchange_name(uint8_t type)
{
	switch (type) {
	case EX_IKE_SA_INIT:
		return "IKE_SA_INIT";
	case EX_IKE_AUTH:
		return "IKE_AUTH";
	case EX_CREATE_CHILD_SA:
		return "CREATE_CHILD_SA";
	case EX_INFORMATIONAL:
		return "INFORMATIONAL";
	case EX_IKE_INTERMEDIATE:
		return "IKE_INTERMEDIATE";
	case EX_IKE_FOLLOWUP_KE:
		return "IKE_FOLLOWUP_KE";
	default:
		return NULL;
	}
}

/*  Generic header, 3.2:   next payload:8   critical, reserved:8   length:16 (with header)  */
size_t payload_open(struct payload_writer *pw, enum payload_type type)
{
	size_t opened = wr_len(&pw->w);
	uint8_t *header = wr_reserve(&pw->w, 4);

	if (!header)
		return opened;
	*pw->next = (uint8_t)type;
	memset(header, 0, 4);
	pw->next = header;
	return opened;
}

void payload_close(struct payload_writer *pw, size_t opened)
{
	size_t len = wr_len(&pw->w) - opened;

	if (!wr_ok(&pw->w))
		return;
	if (len > UINT16_MAX) {
		pw->w.bad = true;
		return;
	}
	pw->w.start[opened + 2] = (uint8_t)(len >> 8);
	pw->w.start[opened + 3] = (uint8_t)len;
}

/*  KE, 3.4:   group:16   reserved:16   public value:rest  */
int ke_parse(struct reader body, struct ke *ret_ke)
{
	struct ke ke = { .group = rd_u16(&body) };

	rd_skip(&body, 2);
	ke.public_value = rd_rest(&body);
	if (!rd_done(&body))
		return -EBADMSG;
	*ret_ke = ke;
	return 0;
}

void ke_emit(struct payload_writer *pw, const struct ke *ke)
{
	size_t opened = payload_open(pw, PL_KE);

	wr_u16(&pw->w, ke->group);
	wr_u16(&pw->w, 0);
	wr_copy(&pw->w, ke->public_value);
	payload_close(pw, opened);
}

/*  ID, 3.5:   type:8   reserved:24   data:rest  */
int id_payload_parse(struct reader body, struct id_view *ret_id)
{
	struct id_view id = { .body = body };

	id.type = rd_u8(&body);
	rd_skip(&body, 3);
	id.data = rd_rest(&body);
	if (!rd_done(&body))
		return -EBADMSG;
	*ret_id = id;
	return 0;
}

static void id_body_write(struct writer *w, const struct ike_id *id)
{
	wr_u32(w, (uint32_t)id->type << 24);
	wr_bytes(w, id->data, id->len);
}

void id_payload_emit(struct payload_writer *pw, enum payload_type type, const struct ike_id *id)
{
	size_t opened = payload_open(pw, type);

	id_body_write(&pw->w, id);
	payload_close(pw, opened);
}

struct reader id_payload_body(const struct ike_id *id, uint8_t *buf, size_t size)
{
	struct writer w = wr_into(buf, size);

	id_body_write(&w, id);
	return rd_from(buf, wr_len(&w));
}

int id_from_view(const struct id_view *view, struct ike_id *ret_id)
{
	size_t len = rd_left(&view->data);
	struct reader data = view->data;

	/* type 0 would become our "any" */
	if (!view->type || len > IKE_ID_MAX || (view->type == ID_IPV4_ADDR && len != 4) ||
	    (view->type == ID_IPV6_ADDR && len != 16))
		return -EBADMSG;
	*ret_id = (struct ike_id){ .type = view->type, .len = (uint16_t)len };
	rd_copy(&data, ret_id->data, len);
	return 0;
}

/*  CERT and CERTREQ, 3.6, 3.7:   encoding:8   data:rest  */
int cert_parse(struct reader body, struct cert *ret_cert)
{
	struct cert cert = { .encoding = rd_u8(&body) };

	cert.data = rd_rest(&body);
	if (!rd_done(&body))
		return -EBADMSG;
	*ret_cert = cert;
	return 0;
}

void cert_emit(struct payload_writer *pw, enum payload_type type, const struct cert *cert)
{
	size_t opened = payload_open(pw, type);

	wr_u8(&pw->w, cert->encoding);
	wr_copy(&pw->w, cert->data);
	payload_close(pw, opened);
}

/*  AUTH, 3.8:   method:8   reserved:24   data:rest  */
int auth_parse(struct reader body, struct auth *ret_auth)
{
	struct auth auth = { .method = rd_u8(&body) };

	rd_skip(&body, 3);
	auth.data = rd_rest(&body);
	if (!rd_done(&body))
		return -EBADMSG;
	*ret_auth = auth;
	return 0;
}

void auth_emit(struct payload_writer *pw, const struct auth *auth)
{
	size_t opened = payload_open(pw, PL_AUTH);

	wr_u8(&pw->w, auth->method);
	wr_uint(&pw->w, 0, 3);
	wr_copy(&pw->w, auth->data);
	payload_close(pw, opened);
}

/*  Nonce, 3.9:   16 to 256 bytes  */
int nonce_parse(struct reader body, struct reader *ret_nonce)
{
	size_t len = rd_left(&body);

	if (!rd_ok(&body) || len < NONCE_MIN || len > NONCE_MAX)
		return -EBADMSG;
	*ret_nonce = body;
	return 0;
}

void nonce_emit(struct payload_writer *pw, struct reader nonce)
{
	opaque_emit(pw, PL_NONCE, nonce);
}

/*  Notify, 3.10:   protocol:8   SPI size:8   type:16   SPI   data:rest  */
int notify_parse(struct reader body, struct notify *ret_notify)
{
	struct notify notify = { .protocol = rd_u8(&body) };

	notify.spi_len = rd_u8(&body);
	notify.type = rd_u16(&body);
	struct reader spi = rd_carve(&body, notify.spi_len);
	if (rd_left(&spi) > NOTIFY_SPI_MAX)
		return -EBADMSG;
	rd_copy(&spi, notify.spi, rd_left(&spi));
	notify.data = rd_rest(&body);
	if (!rd_done(&body))
		return -EBADMSG;
	*ret_notify = notify;
	return 0;
}

void notify_emit(struct payload_writer *pw, const struct notify *notify)
{
	size_t opened = payload_open(pw, PL_NOTIFY);

	wr_u8(&pw->w, notify->protocol);
	wr_u8(&pw->w, notify->spi_len);
	wr_u16(&pw->w, notify->type);
	wr_bytes(&pw->w, notify->spi, notify->spi_len);
	wr_copy(&pw->w, notify->data);
	payload_close(pw, opened);
}

void notify_emit_plain(struct payload_writer *pw, uint16_t type, struct reader data)
{
	struct notify notify = { .type = type, .data = data };

	notify_emit(pw, &notify);
}

void notify_emit_child(struct payload_writer *pw, uint16_t type, uint8_t protocol, uint32_t spi)
{
	struct notify notify = { .protocol = protocol, .spi_len = CHILD_SPI_LEN, .type = type };
	struct writer w = wr_into(notify.spi, sizeof(notify.spi));

	wr_u32(&w, spi);
	notify_emit(pw, &notify);
}

uint32_t notify_child_spi(const struct notify *notify)
{
	struct reader spi = rd_from(notify->spi, notify->spi_len);

	if ((notify->protocol != PROTO_ESP && notify->protocol != PROTO_AH) ||
	    notify->spi_len != CHILD_SPI_LEN)
		return 0;
	return rd_u32(&spi);
}

/*  Delete, 3.11:   protocol:8   SPI size:8   number of SPIs:16   SPIs
 *  SPI size is 0 for IKE and 4 for AH and ESP. */
int delete_parse(struct reader body, struct delete_payload *ret_delete)
{
	uint8_t protocol = rd_u8(&body), spi_len = rd_u8(&body);
	size_t n = rd_u16(&body);
	bool is_ike = protocol == PROTO_IKE;

	if (!rd_ok(&body) || spi_len != (is_ike ? 0 : CHILD_SPI_LEN) || (is_ike && n) ||
	    n > DELETE_SPIS_MAX || rd_left(&body) != n * CHILD_SPI_LEN)
		return -EBADMSG;
	ret_delete->protocol = protocol;
	ret_delete->n_spis = n;
	for (size_t i = 0; i < n; i++)
		ret_delete->spis[i] = rd_u32(&body);
	return 0;
}

void delete_emit(struct payload_writer *pw, uint8_t protocol, const uint32_t *spis, size_t n_spis)
{
	size_t opened = payload_open(pw, PL_DELETE);

	wr_u8(&pw->w, protocol);
	wr_u8(&pw->w, protocol == PROTO_IKE ? 0 : CHILD_SPI_LEN);
	wr_u16(&pw->w, (uint16_t)n_spis);
	for (size_t i = 0; i < n_spis; i++)
		wr_u32(&pw->w, spis[i]);
	payload_close(pw, opened);
}

void opaque_emit(struct payload_writer *pw, enum payload_type type, struct reader body)
{
	size_t opened = payload_open(pw, type);

	wr_copy(&pw->w, body);
	payload_close(pw, opened);
}

/*  SKF, RFC 7383 2.5:   fragment number:16   total fragments:16   IV, ciphertext, ICV  */
int skf_parse(struct reader body, struct skf *ret_skf)
{
	struct skf skf = { .number = rd_u16(&body) };

	skf.total = rd_u16(&body);
	skf.body = rd_rest(&body);
	if (!rd_done(&body) || !skf.number || skf.number > skf.total)
		return -EBADMSG;
	*ret_skf = skf;
	return 0;
}
