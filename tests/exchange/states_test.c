/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every (state, exchange) pair, driven: into an IKE SA in each state goes a request and a response
 * of each exchange, authentic where there are keys, well formed and with the payloads of its
 * exchange; where EAP is under way, with an EAP packet in IKE_AUTH. The table below says what has to come of it; steps_test.c checks the rows themselves.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>
#include "ike/ike_sa.h"
#include "support/pair.h"

/* Two letters for each of exchanges_sent, one for a request and one for a response:
 *   .  dropped and counted: no answer, nothing changes, and what was under way still succeeds
 *   a  answered, the state stays          n  refused with an error notify, the state stays
 *   x  the IKE SA is over, the peer is told why
 *   c  taken, and the IKE SA is over      t  taken: our exchange is done */
static const char *const expected[ST_COUNT] = {
	/* IKE_SA_INIT, IKE_INTERMEDIATE, IKE_AUTH, CREATE_CHILD_SA, INFORMATIONAL,
	 * IKE_SESSION_RESUME, IKE_FOLLOWUP_KE, unknown */
	[ST_INIT_SENT] = ".. .. .. .. .. .. .. ..",
	[ST_KEYED] = ".. .c .. .. .. .. .. ..",
	[ST_AUTH_SENT] = ".. .. .x .. .. .. .. ..",
	[ST_INIT_REPLIED] = ".. x. x. x. x. x. x. x.",
	[ST_EAP_SENT] = ".. .. .t .. .. .. .. ..",
	[ST_EAP_ASKED] = ".. x. x. x. x. x. x. x.",
	[ST_ESTABLISHED] = ".. x. x. a. a. x. n. x.",
	[ST_REKEYED] = ".. x. x. n. a. x. n. x.",
	[ST_DELETING] = ".. x. x. n. ac x. n. x.",
	[ST_CLOSED] = ".. .. .. .. .. .. .. ..",
};

static const uint8_t exchanges_sent[] = { EX_IKE_SA_INIT,
					  EX_IKE_INTERMEDIATE,
					  EX_IKE_AUTH,
					  EX_CREATE_CHILD_SA,
					  EX_INFORMATIONAL,
					  38,
					  EX_IKE_FOLLOWUP_KE,
					  99 };

static struct pair pair;
static struct aead_key their_key; /* of the peer of the IKE SA that is looked at */
static uint8_t out[4096];
static unsigned n_answers, n_told;

/* ---- Into a state ----------------------------------------------------------------- */

static bool swallow(struct pair *p, struct flight *f, void *arg)
{
	(void)p;
	return f->bytes[18] != *(uint8_t *)arg;
}

/* From the second IKE_AUTH on. */
static bool swallow_eap(struct pair *p, struct flight *f, void *arg)
{
	(void)p;
	(void)arg;
	return f->bytes[18] != EX_IKE_AUTH || f->bytes[23] < 2;
}

/* From now on messages of this exchange do not arrive. */
static void block(uint8_t exchange)
{
	static uint8_t blocked;

	blocked = exchange;
	pair.on_wire = swallow;
	pair.arg = &blocked;
}

static void start(void)
{
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 500);
}

static void rekey_ike(void)
{
	pair_up(&pair);
	block(EX_INFORMATIONAL);
	assert_int_equal(ike_rekey(pair.a.ike, "gw-gw", pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 500);
}

static void delete_ike(struct side *by)
{
	pair_up(&pair);
	their_key = *sa_key_in(pair.b.ike->sas); /* closing wipes it */
	if (by == &pair.b)
		block(EX_INFORMATIONAL);
	assert_int_equal(ike_terminate(by->ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(by);
	pair_run(&pair, 500);
}

static bool is_eap(enum ike_state state)
{
	return state == ST_EAP_SENT || state == ST_EAP_ASKED;
}

/* a is the client. */
static void use_eap(void)
{
	static struct eap_user user = { .secret = "password", .secret_len = 8 };

	user.id = pair.b.conns[0].remote_id;
	pair.a.conns[0].eap_users = pair.b.conns[0].eap_users = &user;
	pair.a.conns[0].n_eap_users = pair.b.conns[0].n_eap_users = 1;
	pair.a.conns[0].local_auth = pair.b.conns[0].remote_auth = CONN_AUTH_EAP;
}

static void enter_state(enum ike_state state)
{
	if (state == ST_INIT_SENT)
		block(EX_IKE_SA_INIT);
	else if (state == ST_KEYED)
		block(EX_IKE_INTERMEDIATE);
	else if (is_eap(state))
		pair.on_wire = swallow_eap;
	else if (state < ST_ESTABLISHED)
		block(EX_IKE_AUTH);
	if (state < ST_ESTABLISHED)
		start();
	else if (state == ST_ESTABLISHED)
		pair_up(&pair);
	else if (state == ST_REKEYED)
		rekey_ike();
	else
		delete_ike(state == ST_DELETING ? &pair.b : &pair.a);
}

static struct side *side_of(enum ike_state state)
{
	return state == ST_INIT_SENT || state == ST_KEYED || state == ST_AUTH_SENT ||
			       state == ST_EAP_SENT
		       ? &pair.a
		       : &pair.b;
}

static struct ike_sa *subject(enum ike_state state)
{
	struct ike_sa *sa = side_of(state)->ike->sas;

	while (sa && sa->state != state)
		sa = sa->next;
	assert_non_null(sa);
	return sa;
}

/* ---- A message -------------------------------------------------------------------- */

static void put_child(struct payload_writer *pw)
{
	struct proposal p = pair.b.children[0][0].proposals[0];
	struct writer w = wr_into(p.spi, 4);
	struct ts_val a = pair_ts("10.1.0.0/16"), b = pair_ts("10.2.0.0/16");

	p.spi_len = 4;
	wr_u32(&w, 0xd0000000);
	sa_emit(pw, &p, 1);
	ts_emit(pw, PL_TSI, &a, 1);
	ts_emit(pw, PL_TSR, &b, 1);
}

static void put_nonce(struct payload_writer *pw)
{
	nonce_emit(pw, rd_from("0123456789abcdef", 16));
}

static void put_ke(struct payload_writer *pw)
{
	static const uint8_t nine[32] = { 9 };
	struct ke ke = { KE_X25519, rd_from(nine, sizeof(nine)) };

	ke_emit(pw, &ke);
}

static void put_init(struct payload_writer *pw)
{
	sa_emit(pw, pair.b.conns[0].ike, 1);
	put_ke(pw);
	put_nonce(pw);
}

static void put_auth(struct payload_writer *pw, bool is_response)
{
	struct auth auth = { AUTH_PSK, rd_from("0123456789abcdef0123456789abcdef", 32) };

	id_payload_emit(pw, is_response ? PL_IDR : PL_IDI, &pair.b.conns[0].remote_id);
	auth_emit(pw, &auth);
	put_child(pw);
}

static void put_link(struct payload_writer *pw)
{
	notify_emit_plain(pw, N_ADDITIONAL_KEY_EXCHANGE, rd_from("a link", 6));
}

/* EAP-Nak for nothing, and a request of a method that is none. */
static void put_eap(struct payload_writer *pw, bool is_response)
{
	opaque_emit(pw, PL_EAP, is_response ? rd_from("\1\2\0\6\3\0", 6) : rd_from("\2\2\0\6\3\0", 6));
}

static void put(struct payload_writer *pw, enum ike_state state, uint8_t exchange, bool is_response)
{
	if (is_eap(state) && exchange == EX_IKE_AUTH) {
		put_eap(pw, is_response);
	} else if (exchange == EX_IKE_FOLLOWUP_KE) {
		put_ke(pw);
		put_link(pw);
	} else if (exchange == EX_IKE_SA_INIT) {
		put_init(pw);
	} else if (exchange == EX_IKE_INTERMEDIATE) {
		put_ke(pw);
	} else if (exchange == EX_IKE_AUTH) {
		put_auth(pw, is_response);
	} else if (exchange == EX_CREATE_CHILD_SA) {
		put_child(pw);
		put_nonce(pw);
	}
}

static size_t message(const struct ike_sa *sa, uint8_t exchange, bool is_response)
{
	struct ike_header h = {
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.exchange = exchange,
		.flags = (uint8_t)((sa->is_initiator ? 0 : IKE_FLAG_INITIATOR) |
				   (is_response ? IKE_FLAG_RESPONSE : 0)),
		.id = is_response && sa->ours ? sa->ours->id : is_response ? sa->next_id : sa->due_id,
	};
	struct payload_writer pw;
	size_t len = 0;

	message_start(&pw, out, sizeof(out), &h);
	if (exchange != EX_IKE_SA_INIT)
		message_protect(&pw, &their_key);
	put(&pw, sa->state, exchange, is_response);
	assert_int_equal(message_finish(&pw, &len), 0);
	return len;
}

/* ---- What comes of it ------------------------------------------------------------- */

static bool listen(struct pair *p, struct flight *f, void *arg)
{
	(void)p;
	(void)arg;
	if (f->bytes[19] & IKE_FLAG_RESPONSE)
		n_answers++;
	else
		n_told++;
	return false;
}

static uint64_t n_refused(const struct side *s)
{
	const uint64_t *counts = ike_counts(s->ike);

	return counts[IKE_COUNT_REFUSED] + counts[IKE_COUNT_CRITICAL];
}

/* Some messages end an IKE SA at once: then it is freed. */
static bool is_there(const struct ike *ike, const struct ike_sa *sa)
{
	const struct ike_sa *at = ike->sas;

	while (at && at != sa)
		at = at->next;
	return at;
}

static char reaction(struct side *s, struct ike_sa *sa, size_t len)
{
	struct datagram d = { .local = s->home,
			      .remote = s == &pair.a ? pair.b.home : pair.a.home,
			      .data = out,
			      .len = len };
	enum ike_state before = sa->state;
	const struct task *task = sa->ours ? sa->ours->task : NULL;
	uint64_t refused = n_refused(s);

	n_answers = n_told = 0;
	pair.on_wire = listen;
	ike_input(s->ike, &d, pair.now_ms);
	side_effects(s);
	bool is_over = !is_there(s->ike, sa) || sa->state != before;
	if (is_over)
		return n_answers || n_told ? 'x' : 'c';
	if (n_answers)
		return n_refused(s) > refused ? 'n' : 'a';
	return (sa->ours ? sa->ours->task : NULL) != task ? 't' : '.';
}

static char drive(enum ike_state state, uint8_t exchange, bool is_response)
{
	static struct aead_key spare;

	pair_init(&pair, 5,
		  state == ST_KEYED ? "aes256gcm16-prfsha256-x25519-ke1_ecp256"
				    : "aes256gcm16-prfsha256-x25519",
		  "aes256gcm16");
	if (is_eap(state))
		use_eap();
	pair_configure(&pair);
	enter_state(state);
	struct ike_sa *sa = subject(state);
	if (state == ST_INIT_SENT)
		their_key = spare;
	else if (state != ST_CLOSED)
		their_key = *sa_key_in(sa);
	if (state == ST_ESTABLISHED)
		spare = their_key;
	char r = reaction(side_of(state), sa, message(sa, exchange, is_response));
	if (r == '.') { /* the true peer is not disturbed */
		assert_int_equal(sa->state, state);
		pair.on_wire = NULL;
		pair_run(&pair, 100000);
		assert_true(state >= ST_REKEYED || pair_fits(&pair));
	}
	pair_fini(&pair);
	return r;
}

static void every_exchange_in_every_state(void **state)
{
	bool is_good = true;

	(void)state;
	(void)drive(ST_ESTABLISHED, EX_INFORMATIONAL, false); /* for a key */
	for (enum ike_state st = 0; st < ST_COUNT; st++) {
		char text[32] = "", *at = text;

		for (size_t j = 0; expected[st] && j < sizeof(exchanges_sent); j++) {
			*at++ = drive(st, exchanges_sent[j], false);
			*at++ = drive(st, exchanges_sent[j], true);
			*at++ = ' ';
		}
		if (!expected[st] ||
		    strncmp(text, expected[st], sizeof(exchanges_sent) * 3 - 1) == 0)
			continue;
		print_error("state %d: \"%s\", not \"%s\"\n", (int)st, text, expected[st]);
		is_good = false;
	}
	assert_true(is_good);
}

/* A state that is added has to be driven too. NONE passes within one call, and so does EAP_READY
 * without a job; GONE is freed. */
static void every_state_is_in_the_table(void **state)
{
	(void)state;
	for (enum ike_state st = 0; st < ST_COUNT; st++)
		assert_int_equal(!expected[st],
				 st == ST_NONE || st == ST_GONE || st == ST_EAP_READY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_exchange_in_every_state),
		cmocka_unit_test(every_state_is_in_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
