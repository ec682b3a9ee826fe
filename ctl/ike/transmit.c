/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/transmit.h"

#include "ike/alloc.h"

static void send_bytes(struct ike_sa *sa, const uint8_t *bytes, size_t len)
{
	fx_send(&sa->ike->fx, &sa->local, &sa->remote, rd_from(bytes, len));
	ike_count(sa->ike, IKE_COUNT_SENT);
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

void transmit_later(struct ike_sa *sa, uint64_t gap_ms)
{
	sa->ours.gap_ms = gap_ms;
	sa->ours.next_ms = sa->ike->now_ms + gap_ms;
	sa_touch(sa);
}

bool transmit_request(struct ike_sa *sa, struct payload_writer *pw)
{
	struct ours *ours = &sa->ours;
	size_t len;

	if (message_finish(pw, &len))
		return false;
	free(ours->request);
	ours->request = alloc_copy(sa->ike->out, len);
	ours->len = len;
	ours->tries = 0;
	send_bytes(sa, ours->request, len);
	transmit_later(sa, RETRANSMIT_BASE_MS);
	return true;
}

bool transmit_again(struct ike_sa *sa)
{
	struct ours *ours = &sa->ours;

	if (ours->tries >= RETRANSMIT_TRIES)
		return false;
	ours->tries++;
	sa_log(sa, "retransmit %u of request %u (%s)", ours->tries, ours->id,
	       task_text(ours->task->kind));
	ike_count(sa->ike, IKE_COUNT_RETRANSMITTED);
	send_bytes(sa, ours->request, ours->len);
	transmit_later(sa, ours->gap_ms * RETRANSMIT_FACTOR_TENTHS / 10);
	return true;
}

bool transmit_response(struct ike_sa *sa, struct payload_writer *pw)
{
	struct theirs *theirs = &sa->theirs;
	size_t len;

	if (message_finish(pw, &len))
		return false;
	free(theirs->response);
	theirs->response = alloc_copy(sa->ike->out, len);
	theirs->len = len;
	theirs->id++;
	send_bytes(sa, theirs->response, len);
	sa_touch(sa);
	return true;
}

void transmit_stateless(struct ike *ike, const struct inbound *in, uint16_t notify,
			struct reader data)
{
	struct ike_header h = in->m.header;
	struct payload_writer pw;
	size_t len;

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
	fx_send(&sa->ike->fx, &in->local, &in->remote,
		rd_from(sa->theirs.response, sa->theirs.len));
	ike_count(sa->ike, IKE_COUNT_ANSWERED_AGAIN);
	ike_count(sa->ike, IKE_COUNT_SENT);
}
