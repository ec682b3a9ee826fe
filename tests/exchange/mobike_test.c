/* SPDX-License-Identifier: BSD-2-Clause */
/* MOBIKE (RFC 4555): addresses of either side change while packets flow. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>
#include "ike/ike_sa.h"
#include "ike/ike_sa.h"
#include "support/pair.h"

static struct pair pair;

#define A_NEW 0xc6336414 /* 198.51.100.20 */
#define B_NEW 0xcb007121 /* 203.0.113.33 */

static int setup(void **state)
{
	(void)state;
	pair_init(&pair, 11, "aes256gcm16-prfsha256-x25519", "aes256gcm16");
	pair.a.conns[0].is_mobike = pair.b.conns[0].is_mobike = true;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pair_fini(&pair);
	return 0;
}

/* What the shell tells when netlink says so. */
static void has_addresses(struct side *s, const struct ip_addr *addrs, size_t n)
{
	ike_addresses(s->ike, addrs, n, pair.now_ms);
	side_effects(s);
}

static void moves_to(struct side *s, uint32_t addr)
{
	s->home.addr = addr_from_v4(addr);
	has_addresses(s, &s->home.addr, 1);
}

static void up(void)
{
	pair_configure(&pair);
	has_addresses(&pair.a, &pair.a.home.addr, 1);
	has_addresses(&pair.b, &pair.b.home.addr, 1);
	pair_up(&pair);
	pair_run(&pair, 1000);
}

static void rekey_all(void)
{
	assert_int_equal(ike_rekey_child(pair.a.ike, "gw-gw", "net", pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 10000);
	assert_int_equal(ike_rekey(pair.b.ike, "gw-gw", pair.now_ms), 0);
	side_effects(&pair.b);
	pair_run(&pair, 70000);
}

static void assert_between(uint32_t a, uint32_t b)
{
	const struct child_sa *ours = &side_in_use(&pair.a)->sa,
			      *theirs = &side_in_use(&pair.b)->sa;

	assert_int_equal(addr_to_v4(&ours->local.addr), a);
	assert_int_equal(addr_to_v4(&ours->remote.addr), b);
	assert_int_equal(addr_to_v4(&theirs->local.addr), b);
	assert_int_equal(addr_to_v4(&theirs->remote.addr), a);
	assert_int_equal(side_n_ike(&pair.a), 1);
	assert_int_equal(side_n_ike(&pair.b), 1);
	assert_true(pair_fits(&pair));
}

static void goes_on_at_4500(void **state)
{
	(void)state;
	up();
	assert_false(side_in_use(&pair.a)->sa.is_encap);
	assert_int_equal(side_in_use(&pair.a)->sa.remote.port, 4500);
	assert_int_equal(side_in_use(&pair.b)->sa.remote.port, 4500);
}

static void the_initiator_moves(void **state)
{
	(void)state;
	up();
	moves_to(&pair.a, A_NEW);
	pair_run(&pair, 1000);
	assert_between(A_NEW, 0xc0000202);
	assert_true(side_logged(&pair.b, "MOBIKE: peer moved to 198.51.100.20:4500"));
	rekey_all();
	assert_between(A_NEW, 0xc0000202);
	moves_to(&pair.a, 0xc0000201); /* and back, on the rekeyed IKE SA */
	pair_run(&pair, 1000);
	assert_between(0xc0000201, 0xc0000202);
}

/* b's requests; while is_held none of a's answers arrives. */
static struct {
	unsigned n;
	uint32_t last_id;
	bool is_held;
} asked;

static bool watch(struct pair *p, struct flight *f, void *arg)
{
	bool is_b = addr_equal(&f->from.addr, &p->b.home.addr);
	struct ike_header h;

	(void)arg;
	assert_int_equal(header_parse(rd_from(f->bytes, f->len), &h), MSG_OK);
	bool is_answer = h.flags & IKE_FLAG_RESPONSE;
	if (is_b && !is_answer && h.id + 1 != asked.last_id) {
		asked.last_id = h.id + 1;
		asked.n++;
	}
	return is_b || !is_answer || !asked.is_held;
}

/* RFC 4555 3.7: who answers the question for one address has not shown that it has the next one. */
static void each_address_is_checked(void **state)
{
	(void)state;
	memset(&asked, 0, sizeof(asked));
	up();
	pair.on_wire = watch;
	asked.is_held = true;
	moves_to(&pair.a, A_NEW);
	pair_run(&pair, 100);
	moves_to(&pair.a, A_NEW + 1);
	pair_run(&pair, 100);
	asked.is_held = false;
	pair_run(&pair, 20000);
	assert_int_equal(asked.n, 2);
	assert_between(A_NEW + 1, 0xc0000202);
}

/* RFC 4555 is for tunnels: a transport mode SA ends, and the initiator makes another one. */
static void transport_mode_is_made_anew(void **state)
{
	struct side *sides[] = { &pair.a, &pair.b };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct conn_child *cc = &sides[i]->children[0][0];

		cc->mode = SA_TRANSPORT;
		cc->is_local_dynamic = cc->is_remote_dynamic = true;
	}
	up();
	uint32_t before = side_in_use(&pair.a)->sa.spi_in;
	moves_to(&pair.a, A_NEW);
	pair_run(&pair, 10000);
	assert_between(A_NEW, 0xc0000202);
	assert_int_equal(side_in_use(&pair.a)->sa.mode, SA_TRANSPORT);
	assert_int_not_equal(side_in_use(&pair.a)->sa.spi_in, before);
	assert_int_equal(addr_to_num(&pair.a.home.addr).lo,
			 side_in_use(&pair.b)->sa.remote_ts[0].addr.first.lo);
	assert_int_equal(side_n_sas(&pair.a), 1);
	assert_int_equal(side_n_sas(&pair.b), 1);
}

static void the_responder_moves(void **state)
{
	(void)state;
	up();
	moves_to(&pair.b, B_NEW);
	pair_run(&pair, 6000);
	assert_between(0xc0000201, B_NEW);
	rekey_all();
	assert_between(0xc0000201, B_NEW);
}

/* The list changes again while it is being told. */
static void the_last_list_is_told(void **state)
{
	struct ip_addr list[] = { pair.a.home.addr, addr_from_v4(A_NEW), addr_from_v4(A_NEW + 1) };

	(void)state;
	up();
	has_addresses(&pair.a, list, 2);
	has_addresses(&pair.a, list, 3);
	pair_run(&pair, 1000);
	assert_int_equal(pair.b.ike->sas->n_peer_addrs, 2);
	has_addresses(&pair.a, list, 1);
	pair_run(&pair, 1000);
	assert_int_equal(pair.b.ike->sas->n_peer_addrs, 0);
}

/* RFC 4555 1.3: the initiator is who initiated the first IKE SA, whoever rekeyed it since. Only
 * this one sends UPDATE_SA_ADDRESSES. */
/* A peer may name anything. We send to hosts only. */
static void addresses_of_nobody_are_not_kept(void **state)
{
	static const char *const text[] = { "0.0.0.0",	 "0.1.2.3", "127.0.0.1",       "224.0.0.1",
					    "255.255.255.255", "::",	    "::1",	       "ff02::1",
					    "fe80::1",	 "198.51.100.7", "2001:db8::7",
					    "192.0.2.2" };
	struct ip_addr addrs[ARRAY_SIZE(text)];

	(void)state;
	up();
	for (size_t i = 0; i < ARRAY_SIZE(text); i++)
		assert_int_equal(addr_parse(text[i], &addrs[i]), 0);
	has_addresses(&pair.b, addrs, ARRAY_SIZE(text));
	pair_run(&pair, 2000);
	assert_int_equal(pair.a.ike->sas->n_peer_addrs, 2);
	assert_true(addr_equal(&pair.a.ike->sas->peer_addrs[0], &addrs[9]));
	assert_true(addr_equal(&pair.a.ike->sas->peer_addrs[1], &addrs[10]));
}

static void who_initiated_first_decides(void **state)
{
	struct side *sides[] = { &pair.a, &pair.b };

	for (unsigned i = 0; i < 3; i++) {
		teardown(state);
		setup(state);
		up();
		for (unsigned k = 0; k < 2; k++) {
			if (i != k && i != 2) /* both: they cross */
				continue;
			assert_int_equal(ike_rekey(sides[k]->ike, "gw-gw", pair.now_ms), 0);
			side_effects(sides[k]);
		}
		pair_run(&pair, 70000);
		moves_to(&pair.a, A_NEW);
		pair_run(&pair, 1000);
		assert_between(A_NEW, 0xc0000202);
		assert_true(side_logged(&pair.b, "MOBIKE: peer moved to 198.51.100.20:4500"));
		moves_to(&pair.b, B_NEW);
		pair_run(&pair, 6000);
		assert_between(A_NEW, B_NEW);
		assert_true(side_logged(&pair.a, "MOBIKE: from now on 198.51.100.20 to 203"));
		assert_false(side_logged(&pair.b, "MOBIKE: from now on"));
	}
}

static void both_move(void **state)
{
	(void)state;
	up();
	moves_to(&pair.a, A_NEW);
	pair_run(&pair, 500);
	moves_to(&pair.b, B_NEW);
	pair_run(&pair, 30000);
	assert_between(A_NEW, B_NEW);
}

/* The rekey of the IKE SA is answered after the move: the new one tells the peer of it. */
static void in_the_middle_of_an_ike_rekey(void **state)
{
	(void)state;
	up();
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(ike_rekey((i ? &pair.b : &pair.a)->ike, "gw-gw", pair.now_ms), 0);
		side_effects(i ? &pair.b : &pair.a);
		pair_run(&pair, 15);
		moves_to(&pair.a, A_NEW + i);
		pair_run(&pair, 20000);
		assert_between(A_NEW + i, 0xc0000202);
	}
}

static void while_both_rekey_the_ike_sa(void **state)
{
	for (uint32_t i = 0; i < 60; i++) {
		teardown(state);
		setup(state);
		up();
		assert_int_equal(ike_rekey(pair.a.ike, "gw-gw", pair.now_ms), 0);
		assert_int_equal(ike_rekey(pair.b.ike, "gw-gw", pair.now_ms), 0);
		side_effects(&pair.a);
		side_effects(&pair.b);
		pair_run(&pair, i);
		moves_to(i % 2 ? &pair.a : &pair.b, i % 2 ? A_NEW : B_NEW);
		pair_run(&pair, 60000);
		assert_between(i % 2 ? A_NEW : 0xc0000201, i % 2 ? 0xc0000202 : B_NEW);
	}
}

/* The kernel would rather use another address of ours; the one that is configured is still there.
 */
static void a_configured_address_is_kept(void **state)
{
	struct ip_addr addrs[2];

	(void)state;
	up();
	addrs[0] = pair.a.home.addr;
	addrs[1] = pair.a.home.addr = addr_from_v4(A_NEW);
	has_addresses(&pair.a, addrs, 2);
	pair_run(&pair, 1000);
	assert_between(0xc0000201, 0xc0000202);
	assert_false(side_logged(&pair.a, "MOBIKE: from now on"));
}

/* The request under way goes out again from the new address, the change follows it. */
static void in_the_middle_of_a_rekey(void **state)
{
	(void)state;
	up();
	assert_int_equal(ike_rekey_child(pair.a.ike, "gw-gw", "net", pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 5);
	moves_to(&pair.a, A_NEW);
	pair_run(&pair, 12);
	moves_to(&pair.a, A_NEW + 1);
	pair_run(&pair, 20000);
	assert_between(A_NEW + 1, 0xc0000202);
	assert_int_equal(side_n_sas(&pair.a), 1);
}

static void without_route_it_waits(void **state)
{
	(void)state;
	up();
	pair.a.is_homeless = true;
	pair.a.home.addr = addr_from_v4(A_NEW);
	has_addresses(&pair.a, NULL, 0);
	pair_run(&pair, 30000);
	pair.a.is_homeless = false;
	moves_to(&pair.a, A_NEW);
	pair_run(&pair, 1000);
	assert_between(A_NEW, 0xc0000202);
}

static void on_a_bad_line_too(void **state)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		teardown(state);
		setup(state);
		up();
		pair.rng = seed;
		pair.loss = 30;
		pair.twice = 20;
		pair.jitter_ms = 100;
		moves_to(&pair.a, A_NEW);
		pair_run(&pair, 200);
		moves_to(&pair.a, A_NEW + 1);
		pair_run(&pair, 60000);
		moves_to(seed % 2 ? &pair.b : &pair.a, B_NEW);
		pair_run(&pair, 200000);
		pair.loss = 0;
		pair_run(&pair, 100000);
		if (seed % 2)
			assert_between(A_NEW + 1, B_NEW);
		else
			assert_between(B_NEW, 0xc0000202);
	}
}

/* Who does not know it is not told, and nothing moves. */
static void only_if_both_know_it(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		teardown(state);
		setup(state);
		(i ? &pair.a : &pair.b)->conns[0].is_mobike = false;
		up();
		moves_to(&pair.a, A_NEW);
		pair_run(&pair, 1000);
		assert_int_equal(pair.a.n_moved + pair.b.n_moved, 0);
	}
}

static void put_nat(uint16_t port)
{
	pair.nat_500 = (struct endpoint){ addr_from_v4(0xc6336401), port };
	pair.nat_4500 = (struct endpoint){ addr_from_v4(0xc6336401), (uint16_t)(port + 1) };
}

static void behind_a_nat_esp_goes_in_udp(void **state)
{
	(void)state;
	pair.b.conns[0].n_remote = 0;
	pair.a.conns[0].dpd_delay_s = 10;
	up();
	put_nat(40000);
	moves_to(&pair.a, A_NEW);
	pair_run(&pair, 1000);
	assert_true(side_in_use(&pair.a)->sa.is_encap && side_in_use(&pair.b)->sa.is_encap);
	assert_int_equal(side_in_use(&pair.b)->sa.remote.port, 40001);
	pair_run(&pair, 30000); /* what the peer sees of us is learned by DPD */
	put_nat(50000);		/* another mapping */
	pair_run(&pair, 30000);
	assert_int_equal(side_in_use(&pair.b)->sa.remote.port, 50001);
	memset(&pair.nat_500, 0, sizeof(pair.nat_500)); /* and home again */
	memset(&pair.nat_4500, 0, sizeof(pair.nat_4500));
	moves_to(&pair.a, 0xc0000201);
	pair_run(&pair, 1000);
	assert_false(side_in_use(&pair.a)->sa.is_encap || side_in_use(&pair.b)->sa.is_encap);
	assert_between(0xc0000201, 0xc0000202);
}

/* 3.7: who does not return the cookie is not where the packet said. */
static void the_new_address_has_to_return_the_cookie(void **state)
{
	static const uint8_t none[COOKIE2_LEN];
	struct ike_sa *sa;

	for (unsigned i = 0; i < 2; i++) {
		teardown(state);
		setup(state);
		up();
		sa = pair.b.ike->sas;
		moves_to(&pair.a, A_NEW);
		while (!memcmp(sa->cookie2, none, sizeof(none)))
			assert_true(pair_step(&pair));
		sa->cookie2[COOKIE2_LEN - 1] ^= (uint8_t)i;
		pair_run(&pair, 3000);
		assert_int_equal(side_n_ike(&pair.b), !i);
		assert_int_equal(side_n_ike(&pair.a), !i);
		assert_int_equal(side_logged(&pair.b, "does not return our COOKIE2"), i);
		if (!i)
			assert_between(A_NEW, 0xc0000202);
	}
}

static void a_nat_may_be_forbidden(void **state)
{
	(void)state;
	pair.a.conns[0].is_encap_forbidden = true;
	pair.b.conns[0].n_remote = 0;
	up();
	put_nat(40000);
	moves_to(&pair.a, A_NEW);
	pair_run(&pair, 1000);
	assert_true(side_logged(&pair.a, "UNEXPECTED_NAT_DETECTED"));
	assert_int_equal(pair.b.n_moved, 0);
}

/* The peer's address fails; it has told of another one. */
static void another_address_is_tried(void **state)
{
	struct ip_addr both[] = { pair.b.home.addr, addr_from_v4(B_NEW) };

	(void)state;
	pair.a.conns[0].dpd_delay_s = 10;
	up();
	has_addresses(&pair.b, both, 2);
	pair_run(&pair, 1000);
	pair.b.home.addr = both[1]; /* nothing reaches the first one any more */
	pair_run(&pair, 400000);
	assert_between(0xc0000201, B_NEW);
}

/* It has told of many, and is gone: that is found out in minutes. What is to be deleted anyway
 * does not look for it at all. */
static void a_dead_peer_is_dead_at_all_its_addresses(void **state)
{
	struct ip_addr addrs[1 + PEER_ADDRS_MAX];

	for (uint32_t i = 0; i < 2; i++) {
		teardown(state);
		setup(state);
		pair.a.conns[0].dpd_delay_s = 10;
		up();
		addrs[0] = pair.b.home.addr;
		for (uint32_t k = 1; k <= PEER_ADDRS_MAX; k++)
			addrs[k] = addr_from_v4(B_NEW + k);
		has_addresses(&pair.b, addrs, 1 + PEER_ADDRS_MAX);
		pair_run(&pair, 1000);
		assert_int_equal(pair.a.ike->sas->n_peer_addrs, PEER_ADDRS_MAX);
		pair.is_cut = true;
		pair_run(&pair, 15000);
		if (i) {
			assert_int_equal(ike_terminate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
			side_effects(&pair.a);
		}
		pair_run(&pair, 170000);
		assert_int_equal(side_n_ike(&pair.a), !i);
		pair_run(&pair, PEER_ADDRS_MAX * 25000);
		assert_int_equal(side_n_ike(&pair.a), 0);
	}
}

/* Both have addresses of both families; a loses its IPv4 one, and later its IPv6 one. */
static void the_family_changes(void **state)
{
	struct ip_addr a4 = pair.a.home.addr, a6, b6;

	(void)state;
	assert_int_equal(addr_parse("2001:db8::a", &a6), 0);
	assert_int_equal(addr_parse("2001:db8::b", &b6), 0);
	pair.a.second = a6;
	pair.b.second = b6;
	up();
	has_addresses(&pair.b, (struct ip_addr[]){ pair.b.home.addr, b6 }, 2);
	pair_run(&pair, 1000);
	pair.a.home.addr = a6;
	pair.a.second = (struct ip_addr){ 0 };
	has_addresses(&pair.a, &a6, 1);
	pair_run(&pair, 6000);
	const struct child_sa *ours = &side_in_use(&pair.a)->sa, *theirs = &side_in_use(&pair.b)->sa;
	assert_true(addr_equal(&ours->local.addr, &a6) && addr_equal(&ours->remote.addr, &b6));
	assert_true(addr_equal(&theirs->local.addr, &b6) && addr_equal(&theirs->remote.addr, &a6));
	assert_true(pair_fits(&pair));
	assert_int_equal(ike_rekey(pair.a.ike, "gw-gw", pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 10000);
	pair.a.home.addr = a4;
	has_addresses(&pair.a, &a4, 1);
	pair_run(&pair, 6000);
	assert_between(0xc0000201, 0xc0000202);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(goes_on_at_4500),
		TEST(the_initiator_moves),
		TEST(each_address_is_checked),
		TEST(transport_mode_is_made_anew),
		TEST(the_responder_moves),
		TEST(addresses_of_nobody_are_not_kept),
		TEST(who_initiated_first_decides),
		TEST(the_last_list_is_told), TEST(both_move),
		TEST(in_the_middle_of_a_rekey),
		TEST(in_the_middle_of_an_ike_rekey),
		TEST(while_both_rekey_the_ike_sa),
		TEST(a_configured_address_is_kept),
		TEST(without_route_it_waits),
		TEST(on_a_bad_line_too),
		TEST(only_if_both_know_it),
		TEST(behind_a_nat_esp_goes_in_udp),
		TEST(the_new_address_has_to_return_the_cookie),
		TEST(a_nat_may_be_forbidden),
		TEST(another_address_is_tried),
		TEST(a_dead_peer_is_dead_at_all_its_addresses),
		TEST(the_family_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
