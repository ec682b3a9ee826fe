/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An authenticated peer that plays foul, by the seed: messages of two true cores are opened on
 * their way, changed and sealed again with the keys of who sent them. Payloads are left out,
 * doubled, put in another order, added, their bytes changed. Whatever comes of it, both cores live
 * on, hold no more than their limits, and come up again once the foul play is over. FOUL_SEEDS of
 * them, the first one FOUL_FROM.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ike/id.h"
#include "ike/ike_sa.h"
#include "support/pair.h"

#define SEEDS 60
#define ESP "aes256gcm16-x25519" /* all agree on it */
#define PAYLOADS_MAX 48
#define ATOM_MAX 64

struct part {
	uint8_t type;
	uint8_t body[2048];
	size_t len;
};

static struct pair pair;
static struct part parts[PAYLOADS_MAX];
static size_t n_parts;
static uint8_t plain[65536], sealed[65536];
static uint64_t rng;
static unsigned n_foul, per_cent;
static bool is_one_way; /* only a can initiate */
static unsigned n_leases;

static uint64_t dice(uint64_t n)
{
	return pair_rng(&rng) % n;
}

/* ---- Opening ------------------------------------------------------------------------ */

static struct ike_sa *end_of(struct side *s, const struct ike_header *h)
{
	for (struct ike_sa *sa = s->ike->sas; sa; sa = sa->next)
		if (sa->spi_i == h->spi_i && sa->spi_r == h->spi_r && sa->state >= ST_KEYED &&
		    sa->state < ST_CLOSED)
			return sa;
	return NULL;
}

static void split(struct reader inner, uint8_t type)
{
	n_parts = 0;
	while (type != PL_NONE && n_parts < PAYLOADS_MAX / 2 && rd_more(&inner)) {
		struct part *p = &parts[n_parts];
		uint8_t next = rd_u8(&inner);

		rd_skip(&inner, 1);
		struct reader body = rd_carve(&inner, rd_u16(&inner) - 4u);
		if (!rd_ok(&inner) || rd_left(&body) > sizeof(p->body))
			return;
		p->type = type;
		p->len = rd_left(&body);
		rd_copy(&body, p->body, p->len);
		n_parts++;
		type = next;
	}
}

static bool open_it(const struct flight *f, const struct ike_sa *to)
{
	static struct message m;

	if (message_parse(rd_from(f->bytes, f->len), &m) != MSG_OK ||
	    message_open(&m, sa_key_in(to), plain, sizeof(plain)) == MSG_DROP)
		return false;
	split(m.inner, m.sk_next);
	return true;
}

/* ---- Changing ----------------------------------------------------------------------- */

static const uint16_t notifies[] = {
	N_UNSUPPORTED_CRITICAL_PAYLOAD,
	N_INVALID_SYNTAX,
	N_INVALID_MESSAGE_ID,
	N_NO_PROPOSAL_CHOSEN,
	N_INVALID_KE_PAYLOAD,
	N_AUTHENTICATION_FAILED,
	N_SINGLE_PAIR_REQUIRED,
	N_NO_ADDITIONAL_SAS,
	N_INTERNAL_ADDRESS_FAILURE,
	N_TS_UNACCEPTABLE,
	N_UNACCEPTABLE_ADDRESSES,
	N_TEMPORARY_FAILURE,
	N_CHILD_SA_NOT_FOUND,
	N_STATE_NOT_FOUND,
	N_INITIAL_CONTACT,
	N_SET_WINDOW_SIZE,
	N_NAT_DETECTION_SOURCE_IP,
	N_NAT_DETECTION_DESTINATION_IP,
	N_COOKIE,
	N_USE_TRANSPORT_MODE,
	N_REKEY_SA,
	N_ESP_TFC_PADDING_NOT_SUPPORTED,
	N_MOBIKE_SUPPORTED,
	N_ADDITIONAL_IP4_ADDRESS,
	N_ADDITIONAL_IP6_ADDRESS,
	N_NO_ADDITIONAL_ADDRESSES,
	N_UPDATE_SA_ADDRESSES,
	N_COOKIE2,
	N_NO_NATS_ALLOWED,
	N_REDIRECT,
	N_REDIRECT_SUPPORTED,
	N_PPK_IDENTITY,
	N_NO_PPK_AUTH,
	N_ADDITIONAL_KEY_EXCHANGE,
	N_UNEXPECTED_NAT_DETECTED,
	9999,
};

static uint32_t some_spi(void)
{
	struct side *s = dice(2) ? &pair.a : &pair.b;
	struct pair_sa *sa = &s->sas[dice(PAIR_SAS / 16)];

	return dice(4) ? sa->is_used ? dice(2) ? sa->sa.spi_in : sa->sa.spi_out : 0x1000 : 0;
}

static void put_notify(struct writer *w)
{
	bool has_spi = dice(3) == 0;

	wr_u8(w, has_spi ? PROTO_ESP : 0);
	wr_u8(w, has_spi ? 4 : 0);
	wr_u16(w, notifies[dice(ARRAY_SIZE(notifies))]);
	if (has_spi)
		wr_u32(w, some_spi());
}

static void put_delete(struct writer *w)
{
	unsigned n = (unsigned)dice(4);

	wr_u8(w, n ? PROTO_ESP : PROTO_IKE);
	wr_u8(w, n ? 4 : 0);
	wr_u16(w, (uint16_t)n);
	for (unsigned i = 0; i < n; i++)
		wr_u32(w, some_spi());
}

static void add_part(void)
{
	static const uint8_t types[] = { PL_SA,	     PL_KE,   PL_IDI,	PL_IDR,	   PL_CERT,
					 PL_CERTREQ, PL_AUTH, PL_NONCE, PL_VENDOR, PL_TSI,
					 PL_TSR,     PL_CP,   PL_EAP,	200 };
	struct part *p = &parts[n_parts++];
	struct writer w = wr_into(p->body, sizeof(p->body));
	uint64_t what = dice(10);

	p->type = what < 6 ? PL_NOTIFY : what < 8 ? PL_DELETE : types[dice(sizeof(types))];
	if (what < 6)
		put_notify(&w);
	else if (what < 8)
		put_delete(&w);
	size_t n = what == 6 || what == 7 ? 0 : dice(3) ? dice(5) : dice(ATOM_MAX);
	for (size_t i = 0; i < n; i++)
		wr_u8(&w, (uint8_t)pair_rng(&rng));
	p->len = wr_len(&w);
}

static void change(void)
{
	size_t at = n_parts ? dice(n_parts) : 0, other = n_parts ? dice(n_parts) : 0;
	struct part spare;

	switch (n_parts ? dice(7) : 0) {
	case 0:
	case 1:
		if (n_parts < PAYLOADS_MAX)
			add_part();
		return;
	case 2:
		memmove(&parts[at], &parts[at + 1], (--n_parts - at) * sizeof(*parts));
		return;
	case 3:
		if (n_parts < PAYLOADS_MAX)
			parts[n_parts++] = parts[at];
		return;
	case 4:
		spare = parts[at];
		parts[at] = parts[other];
		parts[other] = spare;
		return;
	case 5:
		if (parts[at].len)
			parts[at].body[dice(parts[at].len)] = (uint8_t)pair_rng(&rng);
		return;
	default: /* nothing but one payload */
		n_parts = 0;
		add_part();
	}
}

static size_t seal(struct ike_sa *from, uint8_t exchange, uint32_t id, bool is_response)
{
	struct payload_writer pw =
		side_writes(from, exchange, id, is_response, sealed, sizeof(sealed));
	size_t len;

	for (size_t i = 0; i < n_parts; i++)
		opaque_emit(&pw, parts[i].type, rd_from(parts[i].body, parts[i].len));
	return message_finish(&pw, &len) ? 0 : len;
}

/* ---- On the wire ---------------------------------------------------------------------- */

static bool foul(struct pair *p, struct flight *f, void *arg)
{
	bool is_of_a = addr_equal(&f->from.addr, &p->a.home.addr);
	struct ike_header h;

	(void)arg;
	if (dice(100) >= per_cent || header_parse(rd_from(f->bytes, f->len), &h) != MSG_OK)
		return true;
	struct ike_sa *from = end_of(is_of_a ? &p->a : &p->b, &h);
	struct ike_sa *to = end_of(is_of_a ? &p->b : &p->a, &h);
	if (!from || !to || h.exchange == EX_IKE_SA_INIT || !open_it(f, to))
		return true;
	for (uint64_t i = 0, n = 1 + dice(3); i < n; i++)
		change();
	uint8_t exchange = h.exchange;
	if (!dice(20) && !(h.flags & IKE_FLAG_RESPONSE))
		exchange = (uint8_t)(EX_IKE_SA_INIT + dice(12));
	f->len = seal(from, exchange, h.id, h.flags & IKE_FLAG_RESPONSE);
	f->bytes = sealed;
	n_foul++;
	return f->len != 0;
}

/* A request of nobody, with the message ID that is due. */
static void unasked(struct side *s, struct side *other)
{
	struct datagram d = { .local = other->home, .remote = s->home, .data = sealed };
	uint64_t n = 1 + dice(4);

	for (struct ike_sa *sa = other->ike->sas; sa; sa = sa->next) {
		struct ike_header h = { .spi_i = sa->spi_i, .spi_r = sa->spi_r };
		struct ike_sa *from = end_of(s, &h);

		if (!from || !end_of(other, &h) || !dice(2))
			continue;
		n_parts = 0;
		while (n--)
			add_part();
		static const uint8_t kinds[] = { EX_INFORMATIONAL, EX_CREATE_CHILD_SA, EX_IKE_AUTH,
						 EX_IKE_FOLLOWUP_KE };
		d.len = seal(from, kinds[dice(4)], sa->due_id, false);
		if (d.len)
			ike_input(other->ike, &d, pair.now_ms);
		side_effects(other);
		n_foul++;
		return;
	}
}

static void order(struct side *s)
{
	struct pair_sa *sa = side_in_use(s);
	int err = 0;

	switch (dice(9)) {
	case 0:
	case 1:
		err = ike_rekey_child(s->ike, "gw-gw", "net", pair.now_ms);
		break;
	case 2:
	case 3:
		err = ike_rekey(s->ike, "gw-gw", pair.now_ms);
		break;
	case 4:
		err = ike_reauth(s->ike, "gw-gw", pair.now_ms);
		break;
	case 5:
		err = ike_terminate(s->ike, "gw-gw", dice(2) ? "net" : NULL, pair.now_ms);
		break;
	case 6:
		if (sa)
			ike_hard_limit(s->ike, sa->sa.spi_in, pair.now_ms);
		break;
	default:
		if (s == &pair.a || !is_one_way)
			err = ike_initiate(s->ike, "gw-gw", NULL, pair.now_ms);
	}
	(void)err; /* a wish may be refused */
	side_effects(s);
}

static void take_ppk(void)
{
	side_ppk(&pair.a, "ppk", "a postquantum secret of 32 bytes", true);
	side_ppk(&pair.b, "ppk", "a postquantum secret of 32 bytes", true);
}

static void only_a_initiates(void)
{
	struct conn_child *cc = &pair.b.children[0][0];

	cc->start = cc->close = cc->dpd = START_NONE;
	is_one_way = true;
}

/* a is the client; who it is, is what EAP proves. */
static void take_eap(void)
{
	static struct eap_user users[2];
	const char *why;

	for (struct side *s = &pair.a; s; s = s == &pair.a ? &pair.b : NULL) {
		struct eap_user *user = &users[s == &pair.b];

		assert_int_equal(id_parse("a.example", &user->id, &why), 0);
		user->secret_len = 8;
		memcpy(user->secret, "password", 8);
		s->conns[0].eap_users = user;
		s->conns[0].n_eap_users = 1;
	}
	pair.a.conns[0].local_auth = CONN_AUTH_EAP;
	pair.b.conns[0].remote_auth = CONN_AUTH_EAP;
	only_a_initiates();
}

static int lease(void *arg, const struct lease_request *r, struct ip_addr *ret_addr)
{
	(void)arg;
	(void)r;
	*ret_addr = addr_from_v4(0x0a630001 + (uint32_t)dice(3));
	n_leases++;
	return 0;
}

static void give_back(void *arg, const struct ike_id *id, const struct ip_addr *addr)
{
	(void)arg;
	(void)id;
	(void)addr;
	n_leases--;
}

static void take_addresses(void)
{
	pair.a.conns[0].vips[0] = addr_from_v4(0);
	pair.a.conns[0].n_vips = 1;
	pair.a.children[0][0].is_local_dynamic = true;
	pair.b.conns[0].n_pools = 1;
	assert_int_equal(addr_parse_range("10.99.0.0/24", &pair.b.conns[0].pools[0].addrs), 0);
	pair.b.children[0][0].is_remote_dynamic = true;
	only_a_initiates();
}

/* Another address, which leads nowhere (MOBIKE). */
static void has_second(struct side *s, uint32_t addr)
{
	struct ip_addr addrs[2] = { s->home.addr, addr_from_v4(addr) };

	ike_addresses(s->ike, addrs, 2, pair.now_ms);
	side_effects(s);
}

static void configure(uint64_t seed)
{
	static const char *const ike[] = { "aes256gcm16-prfsha256-x25519",
					   "aes256gcm16-prfsha256-x25519-ecp256",
					   "aes256gcm16-prfsha256-x25519-ke1_ecp256" };
	static const char *const esp[] = { ESP,
					   "aes256gcm16," ESP,
					   ESP ",aes256gcm16",
					   ESP "," ESP "-ke1_ecp256",
					   ESP "-ke1_ecp256," ESP,
					   "aes256gcm16," ESP "-ke1_ecp256," ESP };

	is_one_way = false;
	n_leases = 0;
	pair_hooks = (struct pair_hooks){ NULL, lease, give_back };
	pair_init(&pair, seed, ike[seed % 3], "aes256gcm16");
	for (struct side *s = &pair.a; s; s = s == &pair.a ? &pair.b : NULL) {
		struct conn_child *cc = &s->children[0][0];
		struct conn *c = &s->conns[0];

		pair_proposal(PROTO_ESP, esp[dice(6)], cc->proposals, &cc->n_proposals);
		c->keyingtries = 0;
		c->dpd_delay_s = 30;
		c->is_mobike = seed / 3 % 2;
		c->childless = seed / 6 % 2 ? CHILDLESS_PREFER : CHILDLESS_ALLOW;
		c->fragmentation = FRAGMENT_NO;
		c->rekey_s = 3000;
		cc->rekey_s = 1000;
		cc->life_s = 1400;
		cc->dpd = cc->close = cc->start = START_NOW;
	}
	if (seed % 4 == 1)
		take_eap();
	if (seed % 5 < 2)
		take_addresses();
	if (seed % 7 == 1)
		take_ppk();
	pair_configure(&pair);
	if (seed / 3 % 2) {
		has_second(&pair.a, 0xc000020b);
		has_second(&pair.b, 0xc000020c);
	}
}

static void assert_limits(const struct side *s)
{
	assert_true(s->ike->n_sas < 64);
	for (const struct ike_sa *sa = s->ike->sas; sa; sa = sa->next) {
		size_t n = 0;

		for (const struct child *c = sa->children; c; c = c->next)
			n++;
		assert_true(n <= CHILDREN_MAX);
	}
}

static void play(void)
{
	pair.on_wire = foul;
	per_cent = 5 + 20 * (unsigned)dice(3);
	for (unsigned i = 0; i < 200; i++) {
		order(dice(2) ? &pair.a : &pair.b);
		if (dice(2))
			unasked(dice(2) ? &pair.a : &pair.b, dice(2) ? &pair.a : &pair.b);
		pair_run(&pair, dice(4) ? dice(3000) : dice(60000));
		assert_limits(&pair.a);
		assert_limits(&pair.b);
	}
	pair.on_wire = NULL;
}

/* What is left of it has come to its end, by lifetimes at the latest. */
static bool comes_up_again(void)
{
	pair.a.log[0] = pair.b.log[0] = '\0';
	pair_run(&pair, 600000);
	int err = ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms);
	(void)err; /* it may be up */
	side_effects(&pair.a);
	pair_run(&pair, 1000000);
	return pair_fits(&pair);
}

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

static void both_survive(void **state)
{
	uint64_t from = number("FOUL_FROM", 0), n = number("FOUL_SEEDS", SEEDS);

	(void)state;
	for (uint64_t seed = from; seed < from + n; seed++) {
		rng = seed * 77;
		configure(seed);
		play();
		if (!comes_up_again()) {
			fprintf(stderr, "a:\n%s\nb:\n%s", pair.a.log, pair.b.log);
			fail_msg("seed %llu does not come up again", (unsigned long long)seed);
		}
		assert_int_equal(n_leases, pair.b.ike->sas->their_vips.n);
		pair_fini(&pair);
	}
	print_message("%u foul messages\n", n_foul);
	assert_true(n_foul > 50 * n);
	pair_hooks = (struct pair_hooks){ 0 };
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(both_survive) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
