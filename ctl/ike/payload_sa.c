/* SPDX-License-Identifier: BSD-2-Clause */
/* Security Association payloads: proposals, transforms, attributes. RFC 7296 3.3. */
#include <errno.h>
#include "ike/payload.h"

#define MORE_PROPOSALS 2 /* first byte of a substructure that is not the last */
#define MORE_TRANSFORMS 3
#define ATTR_FORMAT_TV 0x8000 /* value in the length's place, 3.3.5 */
#define ATTR_KEY_LENGTH 14
#define PROPOSAL_HEADER_LEN 8
#define TRANSFORM_HEADER_LEN 8
#define KEY_LENGTH_ATTR_LEN 4

/*  Attribute, 3.3.5:   format, type:16   value:16   or   format, type:16   length:16   value
 *  Only one key length, and not of zero bits, is understood. */
static void attribute_parse(struct reader *r, struct transform *t)
{
	uint16_t type = rd_u16(r), value = rd_u16(r);

	if (!(type & ATTR_FORMAT_TV))
		rd_skip(r, value);
	if (type == (ATTR_FORMAT_TV | ATTR_KEY_LENGTH) && value && !t->key_bits)
		t->key_bits = value;
	else
		t->is_odd = true;
}

/*  Transform, 3.3.2:   last or more:8   reserved:8   length:16   type:8   reserved:8   id:16
 *  attributes  */
static int transform_parse(struct reader *list, bool is_last, struct transform *ret_transform)
{
	uint8_t more = rd_u8(list);

	rd_skip(list, 1);
	size_t len = rd_u16(list);
	struct reader r = rd_carve(list, len >= 4 ? len - 4 : SIZE_MAX);
	struct transform t = { .type = rd_u8(&r) };

	rd_skip(&r, 1);
	t.id = rd_u16(&r);
	while (rd_more(&r))
		attribute_parse(&r, &t);
	if (!rd_done(&r) || more != (is_last ? 0 : MORE_TRANSFORMS))
		return -EBADMSG;
	*ret_transform = t;
	return 0;
}

/* RFC 7296 3.3.1: no SPI for a new IKE SA, 8 bytes in its rekey; 4 for AH and ESP. */
static bool is_spi_len_known(uint8_t protocol, uint8_t spi_len)
{
	switch (protocol) {
	case PROTO_IKE:
		return spi_len == 0 || spi_len == 8;
	case PROTO_AH:
	case PROTO_ESP:
		return spi_len == 4;
	default:
		return false;
	}
}

/* What follows a proposal's first four bytes. *ret_is_usable: see struct sa_payload. */
static int proposal_body_parse(struct reader r, struct proposal *ret_p, bool *ret_is_usable)
{
	ret_p->number = rd_u8(&r);
	ret_p->protocol = rd_u8(&r);
	ret_p->spi_len = rd_u8(&r);
	unsigned n = rd_u8(&r);
	struct reader spi = rd_carve(&r, ret_p->spi_len);

	*ret_is_usable =
		n <= PROPOSAL_TRANSFORMS_MAX && is_spi_len_known(ret_p->protocol, ret_p->spi_len);
	if (rd_left(&spi) <= sizeof(ret_p->spi))
		rd_copy(&spi, ret_p->spi, rd_left(&spi));
	for (unsigned i = 0; i < n; i++) {
		struct transform t;

		if (transform_parse(&r, i + 1 == n, &t))
			return -EBADMSG;
		if (i < PROPOSAL_TRANSFORMS_MAX)
			ret_p->transforms[ret_p->n_transforms++] = t;
	}
	return rd_done(&r) ? 0 : -EBADMSG;
}

/*  Proposal, 3.3.1:   last or more:8   reserved:8   length:16   number:8   protocol:8
 *  SPI size:8   number of transforms:8   SPI   transforms  */
static int proposal_wire_parse(struct reader *list, struct sa_payload *sa)
{
	struct proposal p = { 0 };
	uint8_t more = rd_u8(list);
	bool is_usable;

	rd_skip(list, 1);
	size_t len = rd_u16(list);
	struct reader r = rd_carve(list, len >= 4 ? len - 4 : SIZE_MAX);
	if (proposal_body_parse(r, &p, &is_usable) || more != (rd_more(list) ? MORE_PROPOSALS : 0))
		return -EBADMSG;
	if (is_usable && sa->n < SA_PROPOSALS_MAX)
		sa->proposals[sa->n++] = p;
	return 0;
}

int sa_parse(struct reader body, struct sa_payload *ret_sa)
{
	if (!rd_more(&body))
		return -EBADMSG;
	ret_sa->n = 0;
	while (rd_more(&body))
		if (proposal_wire_parse(&body, ret_sa))
			return -EBADMSG;
	return rd_done(&body) ? 0 : -EBADMSG;
}

static void transform_write(struct writer *w, const struct transform *t, bool is_last)
{
	wr_u8(w, is_last ? 0 : MORE_TRANSFORMS);
	wr_u8(w, 0);
	wr_u16(w, TRANSFORM_HEADER_LEN + (t->key_bits ? KEY_LENGTH_ATTR_LEN : 0));
	wr_u8(w, t->type);
	wr_u8(w, 0);
	wr_u16(w, t->id);
	if (t->key_bits) {
		wr_u16(w, ATTR_FORMAT_TV | ATTR_KEY_LENGTH);
		wr_u16(w, t->key_bits);
	}
}

static size_t proposal_wire_len(const struct proposal *p)
{
	size_t len = PROPOSAL_HEADER_LEN + p->spi_len;

	for (size_t i = 0; i < p->n_transforms; i++)
		len += TRANSFORM_HEADER_LEN + (p->transforms[i].key_bits ? KEY_LENGTH_ATTR_LEN : 0);
	return len;
}

static void proposal_write(struct writer *w, const struct proposal *p, bool is_last)
{
	wr_u8(w, is_last ? 0 : MORE_PROPOSALS);
	wr_u8(w, 0);
	wr_u16(w, (uint16_t)proposal_wire_len(p));
	wr_u8(w, p->number);
	wr_u8(w, p->protocol);
	wr_u8(w, p->spi_len);
	wr_u8(w, (uint8_t)p->n_transforms);
	wr_bytes(w, p->spi, p->spi_len);
	for (size_t i = 0; i < p->n_transforms; i++)
		transform_write(w, &p->transforms[i], i + 1 == p->n_transforms);
}

void sa_emit(struct payload_writer *pw, const struct proposal *proposals, size_t n)
{
	size_t opened = payload_open(pw, PL_SA);

	for (size_t i = 0; i < n; i++)
		proposal_write(&pw->w, &proposals[i], i + 1 == n);
	payload_close(pw, opened);
}
