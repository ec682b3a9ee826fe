/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a datagram to a row of the state machine: header, IKE SA, message ID, decryption. What
 * gets past this file is new, complete and (but for IKE_SA_INIT) authentic.
 */
#include "ike/alloc.h"
#include "ike/exchange.h"
#include "ike/fragment.h"
#include "ike/nat.h"
#include "ike/transmit.h"
#include "ike/window.h"

static struct inbound *inbound_new(const struct datagram *d)
{
	struct inbound *in = alloc_zero(sizeof(*in));

	in->local = d->local;
	in->remote = d->remote;
	in->len = in->plain_len = d->len;
	in->bytes = alloc_copy(d->data, d->len);
	in->plain = alloc_zero(d->len);
	return in;
}

static void drop(struct ike *ike, struct inbound *in, enum ike_count why)
{
	ike_count(ike, why);
	inbound_free(in);
}

/* The peer's SPI is the other one of the two. */
static bool is_of(const struct ike_sa *sa, const struct ike_header *h)
{
	if (sa->is_initiator)
		return h->spi_i == sa->spi_i && (h->spi_r == sa->spi_r || !sa->spi_r);
	return h->spi_i == sa->spi_i && h->spi_r == sa->spi_r;
}

/* ---- IKE_SA_INIT ---------------------------------------------------------------- */

/* 2.1: the whole message tells an IKE_SA_INIT from another one: who only knows the SPI cannot
 * take the place of the true initiator. */
static bool is_first_message(const struct ike_sa *sa, const struct inbound *in)
{
	const struct inbound *first = sa->theirs[0].in;
	const uint8_t *bytes = sa->init ? sa->init->message_i : first ? first->bytes : NULL;
	size_t len = sa->init ? sa->init->len_i : first ? first->len : 0;

	return len == in->len && memcmp(bytes, in->bytes, len) == 0;
}

/* The IKE SA that this request has made already; NULL: it is new. */
static struct ike_sa *made_by(const struct ike *ike, const struct inbound *in)
{
	for (struct ike_sa *sa = ike->sas; sa; sa = sa->next)
		if (!sa->is_initiator && sa->spi_i == in->m.header.spi_i &&
		    addr_equal(&sa->remote.addr, &in->remote.addr) &&
		    (sa->state >= ST_ESTABLISHED || is_first_message(sa, in)))
			return sa;
	return NULL;
}

static void init_duplicate(struct ike_sa *sa, struct inbound *in)
{
	if (theirs_at(sa, 0)->waits)
		return drop(sa->ike, in, IKE_COUNT_BUSY);
	if (sa->state != ST_INIT_REPLIED || sa->due_id != 1)
		return drop(sa->ike, in, IKE_COUNT_MESSAGE_ID);
	transmit_answer_again(sa, in);
	inbound_free(in);
}

/* The oldest one that is over, and only waits for retransmissions. from NULL: of any address. */
static struct ike_sa *oldest_failed(const struct ike *ike, const struct ip_addr *from)
{
	struct ike_sa *oldest = NULL;

	for (struct ike_sa *sa = ike->sas; sa; sa = sa->next)
		if (sa->is_half_open && sa->state == ST_CLOSED &&
		    (!from || addr_equal(&sa->remote.addr, from)) &&
		    (!oldest || sa->unique_id < oldest->unique_id))
			oldest = sa;
	return oldest;
}

/* One address must not take the room of all others. Whoever forges it gets no further than to where
 * a cookie is asked for. */
static bool has_room(const struct ike *ike, const struct inbound *in)
{
	const struct ip_addr *from = &in->remote.addr;
	uint32_t max = ike->settings.block_threshold;
	bool is_crowded = max && sa_n_half_open(ike, from) >= max;

	if (ike->n_half_open < IKE_HALF_OPEN_MAX && !is_crowded)
		return true;
	struct ike_sa *old = oldest_failed(ike, is_crowded ? from : NULL);
	if (!old)
		return false;
	sa_free(old);
	return true;
}

static void init_new(struct ike *ike, struct inbound *in)
{
	struct ike_sa *sa = has_room(ike, in) ? sa_new(ike, false) : NULL;

	if (!sa)
		return drop(ike, in, IKE_COUNT_TOO_MANY);
	sa->spi_i = in->m.header.spi_i;
	sa->local = in->local;
	sa->remote = in->remote;
	sa_touch(sa);
	exchange_request(sa, in);
}

static void tell_malformed(struct ike *ike, const struct inbound *in, const char *notify)
{
	char text[ADDR_TEXT_MAX];

	if (ike_has_line(ike))
		ike_log(ike, true, "IKE_SA_INIT of peer %s is malformed: %s",
			addr_print(&in->remote.addr, text, sizeof(text)), notify);
}

static void init_request(struct ike *ike, struct inbound *in)
{
	const struct ike_header *h = &in->m.header;
	struct ike_sa *sa = made_by(ike, in);

	if (sa)
		return init_duplicate(sa, in);
	if (h->id || !(h->flags & IKE_FLAG_INITIATOR) || !h->spi_i || h->spi_r)
		return drop(ike, in, IKE_COUNT_MESSAGE_ID);
	if (in->len > INIT_LEN_MAX)
		return drop(ike, in, IKE_COUNT_TOO_LONG);
	switch (message_parse(rd_from(in->bytes, in->len), &in->m)) {
	case MSG_OK:
		return init_new(ike, in);
	case MSG_UNSUPPORTED_CRITICAL:
		ike_count(ike, IKE_COUNT_CRITICAL);
		tell_malformed(ike, in, "UNSUPPORTED_CRITICAL_PAYLOAD");
		transmit_stateless(ike, in, N_UNSUPPORTED_CRITICAL_PAYLOAD,
				   rd_from(&in->m.critical, 1));
		break;
	case MSG_INVALID_SYNTAX:
		ike_count(ike, IKE_COUNT_BAD_SYNTAX);
		tell_malformed(ike, in, "INVALID_SYNTAX");
		transmit_stateless(ike, in, N_INVALID_SYNTAX, rd_from(NULL, 0));
		break;
	case MSG_DROP:
	case MSG_INVALID_MAJOR_VERSION:
		ike_count(ike, IKE_COUNT_BAD_HEADER);
		break;
	}
	inbound_free(in);
}

static void init_response(struct ike_sa *sa, struct inbound *in)
{
	if (!addr_equal(&sa->remote.addr, &in->remote.addr))
		return drop(sa->ike, in, IKE_COUNT_NO_CONNECTION);
	if (in->len > INIT_LEN_MAX)
		return drop(sa->ike, in, IKE_COUNT_TOO_LONG);
	if (message_parse(rd_from(in->bytes, in->len), &in->m) != MSG_OK)
		return drop(sa->ike, in, IKE_COUNT_BAD_SYNTAX);
	exchange_response(sa, in);
}

/* ---- All others ------------------------------------------------------------------ */

/* 2.2, 2.3. False: done with it. */
static bool is_request_due(struct ike_sa *sa, struct inbound *in)
{
	const struct ike_header *h = &in->m.header;

	if (theirs_is_copy(sa, h) && h->exchange != EX_IKE_SA_INIT) {
		if (fragment_is_first(in))
			transmit_answer_again(sa, in);
		inbound_free(in);
		return false;
	}
	bool is_inside = h->id - sa->due_id < sa->window_in && sa->state < ST_CLOSED;
	if (is_inside && theirs_is_due(sa, h->id))
		return true;
	if (!is_inside)
		window_overrun(sa, in);
	drop(sa->ike, in, is_inside ? IKE_COUNT_BUSY : IKE_COUNT_MESSAGE_ID);
	return false;
}

static bool is_response_due(struct ike_sa *sa, struct inbound *in)
{
	const struct ike_header *h = &in->m.header;
	const struct ours *ours = ours_by_id(sa, h->id);
	bool is_busy = ours && ours->waits;

	if (ours && h->exchange == ours->type && sa->state < ST_CLOSED && !is_busy)
		return true;
	drop(sa->ike, in, is_busy ? IKE_COUNT_BUSY : IKE_COUNT_MESSAGE_ID);
	return false;
}

static void take_encrypted(struct ike_sa *sa, struct inbound *in)
{
	enum message_result r = message_parse(rd_from(in->bytes, in->len), &in->m);
	bool is_kept = false; /* a fragment, and others are missing */

	if (r == MSG_OK && in->m.present & P_SK)
		r = message_open(&in->m, sa_key_in(sa), in->plain, in->len);
	else if (r == MSG_OK && in->m.present & P_SKF)
		r = fragment_take(sa, in, &is_kept);
	/* Before authentication nobody is told anything (2.21). */
	if (!in->m.is_open && !is_kept)
		return drop(sa->ike, in, IKE_COUNT_NOT_AUTHENTIC);
	sa->heard_ms = sa->ike->now_ms;
	sa_touch(sa);
	nat_follow(sa, in);
	if (r == MSG_OK)
		window_note(sa, &in->m);
	if (!in->m.is_open)
		inbound_free(in);
	else if (r != MSG_OK)
		exchange_bad(sa, in, r);
	else if (message_is_response(&in->m))
		exchange_response(sa, in);
	else
		exchange_request(sa, in);
}

static bool has_keys(const struct ike_sa *sa)
{
	return sa->state >= ST_KEYED && sa->state < ST_CLOSED;
}

/* A request of the peer overtook its answer to IKE_AUTH: it is sent again, when we know who
 * the peer is. */
static bool is_too_early(const struct ike_sa *sa)
{
	return sa->is_initiator && sa->state < ST_ESTABLISHED;
}

static void take_known(struct ike_sa *sa, struct inbound *in)
{
	const struct ike_header *h = &in->m.header;
	bool is_response = message_is_response(&in->m);

	if (!(is_response ? is_response_due(sa, in) : is_request_due(sa, in)))
		return;
	if (h->exchange == EX_IKE_SA_INIT && is_response)
		init_response(sa, in);
	else if (h->exchange == EX_IKE_SA_INIT || !has_keys(sa) ||
		 (!is_response && is_too_early(sa)))
		drop(sa->ike, in, IKE_COUNT_UNEXPECTED);
	else
		take_encrypted(sa, in);
}

static void take(struct ike *ike, struct inbound *in)
{
	const struct ike_header *h = &in->m.header;

	if (h->exchange == EX_IKE_SA_INIT && !message_is_response(&in->m))
		return init_request(ike, in);
	/* 3.1: the flag says that the sender is the initiator, so that our SPI is the other's. */
	bool is_ours_r = h->flags & IKE_FLAG_INITIATOR;
	struct ike_sa *sa = sa_by_spi(ike, is_ours_r ? h->spi_r : h->spi_i);
	if (!sa || sa->is_initiator == is_ours_r || !is_of(sa, h))
		return drop(ike, in, IKE_COUNT_UNKNOWN_SPI);
	take_known(sa, in);
}

/* 2.5: the answer is in clear, and only to a request. IKEv1 (RFC 2408 3.1) has no such flag: its
 * first message is the one without the responder's cookie. */
static void other_version(struct ike *ike, const struct inbound *in)
{
	const struct ike_header *h = &in->m.header;
	char text[ADDR_TEXT_MAX];

	if (h->major == 1 ? h->spi_r != 0 : message_is_response(&in->m))
		return;
	transmit_stateless(ike, in, N_INVALID_MAJOR_VERSION, rd_from(NULL, 0));
	if (ike->version_log_ms > ike->now_ms)
		return;
	ike->version_log_ms = ike->now_ms + VERSION_LOG_MS;
	ike_log(ike, true,
		"peer %s speaks IKEv%u, only IKEv2 is spoken here: INVALID_MAJOR_VERSION",
		addr_print(&in->remote.addr, text, sizeof(text)), h->major);
}

void inbound_take(struct ike *ike, const struct datagram *d)
{
	struct inbound *in;

	ike_count(ike, IKE_COUNT_RECEIVED);
	if (d->len > MESSAGE_LEN_MAX || d->len < IKE_HEADER_LEN)
		return ike_count(ike, IKE_COUNT_BAD_HEADER);
	in = inbound_new(d);
	switch (header_parse(rd_from(in->bytes, in->len), &in->m.header)) {
	case MSG_OK:
		return take(ike, in);
	case MSG_INVALID_MAJOR_VERSION:
		other_version(ike, in);
		return drop(ike, in, IKE_COUNT_BAD_VERSION);
	default:
		return drop(ike, in, IKE_COUNT_BAD_HEADER);
	}
}
