/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/transmit.h"

#include "ike/alloc.h"
#include "ike/fragment.h"
#include "ike/window.h"

/* One message, or the fragments of one. */
static void send_bytes(struct ike *ike, const struct endpoint *local, const struct endpoint *remote,
		       struct reader bytes)
{
	struct reader message;

	while (fragment_next(&bytes, &message)) {
		fx_send(&ike->fx, local, remote, message);
		ike_count(ike, IKE_COUNT_SENT);
	}
}

/* Into new memory, as it goes on the wire. */
static bool finish(struct ike_sa *sa, struct payload_writer *pw, uint8_t **ret_bytes,
		   size_t *ret_len)
{
	size_t max = pw->sk && wr_ok(&pw->w) ? fragment_max(sa) : 0;
	uint8_t *bytes;
	size_t len;

	if (max && message_len(pw) > max) {
		if (fragment_finish(pw, max, &bytes, &len))
			return false;
	} else {
		if (message_finish(pw, &len))
			return false;
		bytes = alloc_copy(sa->ike->out, len);
	}
	free(*ret_bytes);
	*ret_bytes = bytes;
	*ret_len = len;
	return true;
}

void transmit_begin(struct ike_sa *sa, struct payload_writer *pw, uint8_t exchange, uint32_t id,
		    bool is_response)
{
	struct ike_header h = {
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.exchange = exchange,
		.flags = (uint8_t)((sa->is_initiator ? IKE_FLAG_INITIATOR : 0) |
				   (is_response ? IKE_FLAG_RESPONSE : 0)),
		.id = id,
	};

	message_start(pw, sa->ike->out, sizeof(sa->ike->out), &h);
	if (exchange != EX_IKE_SA_INIT)
		message_protect(pw, sa_key_out(sa));
}

void transmit_later(struct ike_sa *sa, struct ours *ours, uint64_t gap_ms)
{
	ours->gap_ms = gap_ms;
	ours->next_ms = sa->ike->now_ms + gap_ms;
	sa_touch(sa);
}

/* Until try n + 1: timeout * base^n, at most the limit, less the jitter. */
static uint64_t wait_ms(struct ike_sa *sa, const struct ours *ours)
{
	const struct ike_settings *s = &sa->ike->settings;
	uint64_t gap_ms = s->retransmit_timeout_ms, limit_ms = s->retransmit_limit_ms;

	for (unsigned i = 0; i < ours->tries && gap_ms < RETRANSMIT_GAP_MAX_MS; i++)
		gap_ms = gap_ms * s->retransmit_base_thousandths / 1000;
	if (gap_ms > RETRANSMIT_GAP_MAX_MS)
		gap_ms = RETRANSMIT_GAP_MAX_MS;
	if (limit_ms && gap_ms > limit_ms)
		gap_ms = limit_ms;
	return gap_ms - ike_jitter(sa->ike, gap_ms * s->retransmit_jitter / 100);
}

bool transmit_request(struct ike_sa *sa, struct ours *ours, struct payload_writer *pw)
{
	if (!finish(sa, pw, &ours->request, &ours->len))
		return false;
	ours->tries = 0;
	sa->next_id = ours->id + 1;
	send_bytes(sa->ike, &sa->local, &sa->remote, rd_from(ours->request, ours->len));
	transmit_later(sa, ours, wait_ms(sa, ours));
	return true;
}

static unsigned tries_max(const struct ike_sa *sa)
{
	unsigned n = sa->ike->settings.retransmit_tries;

	return sa->n_tried && n > PEER_ADDR_TRIES ? PEER_ADDR_TRIES : n; /* mobike_try_other() */
}

bool transmit_again(struct ike_sa *sa, struct ours *ours)
{
	if (ours->tries >= tries_max(sa))
		return false;
	ours->tries++;
	sa_log(sa, "retransmit %u of request %u (%s)", ours->tries, ours->id,
	       task_text(ours->task->kind));
	ike_count(sa->ike, IKE_COUNT_RETRANSMITTED);
	send_bytes(sa->ike, &sa->local, &sa->remote, rd_from(ours->request, ours->len));
	transmit_later(sa, ours, wait_ms(sa, ours));
	return true;
}

bool transmit_response(struct ike_sa *sa, uint32_t id, struct payload_writer *pw)
{
	struct theirs *theirs = theirs_at(sa, id);

	if (!finish(sa, pw, &theirs->response, &theirs->len))
		return false;
	theirs->id = id;
	theirs_answered(sa, id);
	send_bytes(sa->ike, &sa->reply_local, &sa->reply_remote,
		   rd_from(theirs->response, theirs->len));
	sa_touch(sa);
	return true;
}

void transmit_stateless(struct ike *ike, const struct inbound *in, uint16_t notify,
			struct reader data)
{
	struct ike_header h = in->m.header;
	struct payload_writer pw;
	size_t len;

	if (h.major == 1) { /* IKEv1's flags and exchanges say other things */
		h.flags = IKE_FLAG_INITIATOR;
		h.exchange = EX_INFORMATIONAL;
	}
	h.flags = IKE_FLAG_RESPONSE | (h.flags & IKE_FLAG_INITIATOR ? 0 : IKE_FLAG_INITIATOR);
	message_start(&pw, ike->out, sizeof(ike->out), &h);
	notify_emit_plain(&pw, notify, data);
	if (message_finish(&pw, &len))
		return;
	fx_send(&ike->fx, &in->local, &in->remote, rd_from(ike->out, len));
	ike_count(ike, IKE_COUNT_SENT);
}

void transmit_answer_again(struct ike_sa *sa, const struct inbound *in)
{
	const struct theirs *theirs = theirs_at(sa, in->m.header.id);

	send_bytes(sa->ike, &in->local, &in->remote, rd_from(theirs->response, theirs->len));
	ike_count(sa->ike, IKE_COUNT_ANSWERED_AGAIN);
}
