/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include "crypto/secret.h"
#include "radius/radius.h"

#define VENDOR_MICROSOFT 311 /* RFC 2548 */
#define MS_MPPE_SEND_KEY 16
#define MS_MPPE_RECV_KEY 17
#define KEY_MAX (RADIUS_MSK_LEN / 2)

/* What is found on the way. */
struct found {
	const uint8_t *signature; /* value of Message-Authenticator */
	struct reader send, recv; /* MPPE keys, encrypted */
	uint8_t last;		  /* type of the attribute before */
	unsigned n_signatures, n_states, n_sends, n_recvs;
	bool is_bad;
};

/* RFC 3579 3.1: one EAP packet, its parts without anything in between. */
static void eap_take(struct found *f, struct reader value, struct radius_answer *answer)
{
	size_t n = rd_left(&value);

	f->is_bad |= answer->eap_len && f->last != RADIUS_EAP_MESSAGE;
	rd_copy(&value, answer->eap + answer->eap_len, n); /* together shorter than the packet */
	answer->eap_len += n;
}

/*  Vendor-Specific, RFC 2865 5.26, RFC 2548 2:   vendor:32   { type:8   length:8   value } ...  */
static void vendor_take(struct found *f, struct reader value)
{
	bool is_ours = rd_u32(&value) == VENDOR_MICROSOFT;

	while (is_ours && rd_more(&value)) {
		uint8_t type = rd_u8(&value);
		size_t len = rd_u8(&value);
		struct reader inner = rd_carve(&value, len < 2 ? SIZE_MAX : len - 2);

		if (type == MS_MPPE_SEND_KEY) {
			f->send = inner;
			f->n_sends++;
		} else if (type == MS_MPPE_RECV_KEY) {
			f->recv = inner;
			f->n_recvs++;
		}
	}
	f->is_bad |= !rd_ok(&value);
}

/* Others decide what is in there: nothing that a terminal would obey. */
static void text_take(struct reader value, char ret[RADIUS_VALUE_MAX + 1])
{
	size_t n = 0;

	while (rd_more(&value)) {
		uint8_t c = rd_u8(&value);

		ret[n++] = c >= ' ' && c <= '~' ? (char)c : '?';
	}
	ret[n] = '\0';
}

static void number_take(struct found *f, struct reader value, uint32_t *ret_n)
{
	*ret_n = rd_u32(&value);
	f->is_bad |= !rd_done(&value);
}

static void attr_take(struct found *f, uint8_t type, struct reader value,
		      struct radius_answer *answer)
{
	size_t n = rd_left(&value);

	switch (type) {
	case RADIUS_USER_NAME:
		answer->user_len = n;
		rd_copy(&value, answer->user, n);
		break;
	case RADIUS_STATE:
		f->n_states++;
		answer->state_len = n;
		rd_copy(&value, answer->state, n);
		break;
	case RADIUS_EAP_MESSAGE:
		eap_take(f, value, answer);
		break;
	case RADIUS_MESSAGE_AUTHENTICATOR:
		f->signature = value.at;
		f->n_signatures++;
		f->is_bad |= n != RADIUS_AUTH_LEN;
		break;
	case RADIUS_VENDOR_SPECIFIC:
		vendor_take(f, value);
		break;
	case RADIUS_FRAMED_IP_ADDRESS:
		number_take(f, value, &answer->framed_ip);
		break;
	case RADIUS_SESSION_TIMEOUT:
		number_take(f, value, &answer->session_s);
		break;
	case RADIUS_REPLY_MESSAGE:
		text_take(value, answer->message);
		break;
	}
	f->last = type;
}

static bool attrs_take(struct reader attrs, struct found *f, struct radius_answer *answer)
{
	while (rd_more(&attrs)) {
		uint8_t type = rd_u8(&attrs);
		size_t len = rd_u8(&attrs);
		struct reader value = rd_carve(&attrs, len < 2 ? SIZE_MAX : len - 2);

		if (rd_ok(&attrs))
			attr_take(f, type, value, answer);
	}
	return rd_ok(&attrs) && !f->is_bad && f->n_signatures <= 1 && f->n_states <= 1 &&
	       f->n_sends <= 1 && f->n_recvs <= 1;
}

/* Both signatures: any change of the packet, or another secret, breaks them. */
static bool is_authentic(struct reader packet, const struct radius_ticket *ticket,
			 struct reader secret, const struct found *f, const char **why)
{
	uint8_t sum[RADIUS_AUTH_LEN];

	*why = "bad Response Authenticator (is the secret right?)";
	if (radius_response_authenticator(packet, ticket->authenticator, secret, sum) ||
	    !memeq_ct(packet.at + 4, sum, sizeof(sum)))
		return false;
	*why = "no Message-Authenticator: the server is not safe from CVE-2024-3596";
	if (!f->signature)
		return false;
	*why = "bad Message-Authenticator";
	return !radius_message_authenticator(packet, ticket->authenticator, f->signature, secret,
					     sum) &&
	       memeq_ct(f->signature, sum, sizeof(sum));
}

/* RFC 3579 3.2, RFC 5216 2.3: the halves of the MSK, from the server's point of view. */
static int msk_take(const struct found *f, const struct radius_ticket *ticket, struct reader secret,
		    struct radius_answer *answer)
{
	size_t recv_len, send_len;
	int r;

	if (!f->n_recvs || !f->n_sends)
		return 0;
	r = radius_mppe_key(f->recv, ticket->authenticator, secret, KEY_MAX, answer->msk,
			    &recv_len);
	if (!r)
		r = radius_mppe_key(f->send, ticket->authenticator, secret, KEY_MAX,
				    answer->msk + recv_len, &send_len);
	answer->has_msk = !r && recv_len && send_len;
	return r;
}

static bool is_answer(uint8_t code)
{
	return code == RADIUS_ACCESS_ACCEPT || code == RADIUS_ACCESS_REJECT ||
	       code == RADIUS_ACCESS_CHALLENGE;
}

int radius_answer_id(struct reader packet)
{
	rd_skip(&packet, 1);
	uint8_t id = rd_u8(&packet);
	return rd_ok(&packet) ? id : -1;
}

/* What follows the length is padding, RFC 2865 3. */
static int read_all(struct reader datagram, const struct radius_ticket *ticket,
		    struct reader secret, struct radius_answer *answer, const char **why)
{
	struct reader head = datagram;
	uint8_t code = rd_u8(&head), id = rd_u8(&head);
	size_t len = rd_u16(&head);
	struct reader packet = rd_carve(&datagram, len);
	struct reader attrs = packet;
	struct found f = {};

	*why = "malformed";
	rd_skip(&attrs, 4 + RADIUS_AUTH_LEN);
	if (!rd_ok(&head) || !rd_ok(&attrs) || len > RADIUS_PACKET_MAX || !is_answer(code) ||
	    id != ticket->id || !attrs_take(attrs, &f, answer))
		return -EBADMSG;
	answer->code = (enum radius_code)code;
	if (!is_authentic(packet, ticket, secret, &f, why))
		return -EPERM;
	*why = "malformed MS-MPPE keys";
	return code == RADIUS_ACCESS_ACCEPT ? msk_take(&f, ticket, secret, answer) : 0;
}

int radius_answer_parse(struct reader packet, const struct radius_ticket *ticket,
			struct reader secret, struct radius_answer *ret_answer, const char **why)
{
	struct radius_answer answer = {};
	int r = read_all(packet, ticket, secret, &answer, why);

	if (!r)
		*ret_answer = answer;
	secret_wipe(&answer, sizeof(answer));
	return r;
}
