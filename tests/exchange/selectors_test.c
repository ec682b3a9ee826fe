/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Traffic selectors between two cores (RFC 7296 2.9): the packet that asked for a Child SA goes
 * first, several selectors are narrowed, SINGLE_PAIR_REQUIRED; and the modes and notifies that go
 * with them.
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
#include "ike/ts.h"
#include "support/pair.h"

static struct pair pair;

static int setup(void **state)
{
	(void)state;
	pair_init(&pair, 17, "aes256gcm16-prfsha256-x25519", "aes256gcm16");
	pair.a.children[0][0].start = START_TRAP;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pair_fini(&pair);
	return 0;
}

static struct ts_val tcp(const char *addr, uint16_t port)
{
	struct ts_val ts = pair_ts(addr);

	ts.proto = 6;
	ts.port_first = ts.port_last = port;
	return ts;
}

static void packet(const struct ts_val *local, const struct ts_val *remote)
{
	ike_acquire_packet(pair.a.ike, PAIR_SLOT, local, remote, pair.now_ms);
	side_effects(&pair.a);
	pair_run(&pair, 3000);
}

static void b_has(const char *one, const char *two, const char *three)
{
	struct conn_child *cc = &pair.b.children[0][0];

	cc->local_ts[0] = pair_ts(one);
	cc->local_ts[1] = pair_ts(two);
	cc->local_ts[2] = pair_ts(three);
	cc->n_local_ts = 3;
}

static const char *remote_of_a(void)
{
	static char text[400];
	const struct child_sa *sa = &side_in_use(&pair.a)->sa;

	return ts_list_print(sa->remote_ts, sa->n_remote_ts, text, sizeof(text));
}

static void several_are_narrowed(void **state)
{
	(void)state;
	b_has("10.2.1.0/24", "10.2.2.0/24", "10.3.0.0/16");
	pair_configure(&pair);
	pair_up(&pair);
	assert_string_equal(remote_of_a(), "10.2.1.0/24 10.2.2.0/24");
}

static const char *both_of_a(void)
{
	static char text[400];
	const struct child_sa *sa = &side_in_use(&pair.a)->sa;
	size_t n = strlen(ts_list_print(sa->local_ts, sa->n_local_ts, text, 200));

	text[n++] = '=';
	ts_list_print(sa->remote_ts, sa->n_remote_ts, text + n, sizeof(text) - n);
	return text;
}

static void side_has(struct side *s, const char *local, const char *local2, const char *remote,
		     const char *remote2)
{
	struct conn_child *cc = &s->children[0][0];

	cc->n_local_ts = cc->n_remote_ts = 0;
	cc->local_ts[cc->n_local_ts++] = pair_ts(local);
	if (local2)
		cc->local_ts[cc->n_local_ts++] = pair_ts(local2);
	cc->remote_ts[cc->n_remote_ts++] = pair_ts(remote);
	if (remote2)
		cc->remote_ts[cc->n_remote_ts++] = pair_ts(remote2);
}

static void both_families_in_one_child(void **state)
{
	(void)state;
	side_has(&pair.a, "0.0.0.0/0", "::/0", "0.0.0.0/0", "::/0");
	side_has(&pair.b, "10.2.0.0/16", "fd02::1-fd02::99", "10.1.0.0/16", "fd01::/64");
	pair_configure(&pair);
	pair_up(&pair);
	assert_string_equal(both_of_a(),
			    "10.1.0.0/16 fd01::/64=10.2.0.0/16 fd02::1..fd02::99");
}

/* ::/0 is not IPv4: nothing in common, whatever the numbers say. */
static void all_of_ipv6_is_no_ipv4(void **state)
{
	(void)state;
	side_has(&pair.a, "::/0", NULL, "::/0", NULL);
	side_has(&pair.b, "10.2.0.0/16", NULL, "10.1.0.0/16", NULL);
	pair_configure(&pair);
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 3000);
	assert_int_equal(side_n_sas(&pair.a) + side_n_sas(&pair.b), 0);
	assert_true(side_logged(&pair.a, "TS_UNACCEPTABLE"));
}

/* What one side narrows away has no partner at the other one either. */
static void a_family_without_partner_goes(void **state)
{
	(void)state;
	side_has(&pair.a, "10.1.0.0/16", "fd01::/64", "10.2.0.0/16", "fd02::/64");
	side_has(&pair.b, "10.2.0.0/16", NULL, "10.1.0.0/16", "fd01::/64");
	pair_configure(&pair);
	pair_up(&pair);
	assert_string_equal(both_of_a(), "10.1.0.0/16=10.2.0.0/16");
}

/* 3.13.1: type and code in the port fields. */
static void icmp_types_are_narrowed(void **state)
{
	struct ts_val *ts = pair.b.children[0][0].local_ts;

	(void)state;
	side_has(&pair.a, "fd01::/64", NULL, "fd02::/64", NULL);
	side_has(&pair.b, "fd02::/64", NULL, "fd01::/64", NULL);
	ts->proto = 58;
	ts->port_first = 128 << 8;
	ts->port_last = 129 << 8 | 0xff;
	pair_configure(&pair);
	pair_up(&pair);
	assert_string_equal(both_of_a(), "fd01::/64=fd02::/64[ipv6-icmp/128-129]");
}

static void the_packet_goes_first(void **state)
{
	struct ts_val local = tcp("10.1.0.9", 40000), remote = tcp("10.2.2.5", 80);

	(void)state;
	b_has("10.2.1.0/24", "10.2.2.0/24", "10.3.0.0/16");
	pair_configure(&pair);
	packet(&local, &remote);
	assert_true(pair_fits(&pair));
	assert_string_equal(remote_of_a(), "10.2.2.0/24 10.2.1.0/24");
	/* A rekey knows nothing of that packet. */
	assert_int_equal(ike_rekey_child(pair.a.ike, "gw-gw", "net", pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 10000);
	assert_string_equal(remote_of_a(), "10.2.1.0/24 10.2.2.0/24");
}

/* Of two children that fit, the responder takes the one for that packet. */
static void the_packet_chooses_the_child(void **state)
{
	struct ts_val local = tcp("10.1.0.9", 40000), remote = tcp("10.2.2.5", 80);
	struct conn_child *b = pair.b.children[0];

	(void)state;
	b[1] = b[0];
	snprintf(b[1].name, sizeof(b[1].name), "dmz");
	b[1].child = PAIR_SLOT + 1;
	b[0].local_ts[0] = pair_ts("10.2.1.0/24");
	b[1].local_ts[0] = pair_ts("10.2.2.0/24");
	pair.b.conns[0].n_children = 2;
	pair_configure(&pair);
	packet(&local, &remote);
	assert_string_equal(remote_of_a(), "10.2.2.0/24");
	assert_int_not_equal(pair.b.out[PAIR_SLOT + 1], 0);
	assert_int_equal(pair.b.out[PAIR_SLOT], 0);
}

static void a_packet_of_elsewhere_is_no_hint(void **state)
{
	struct ts_val local = tcp("10.1.0.9", 40000), remote = tcp("10.77.0.5", 80);

	(void)state;
	pair_configure(&pair);
	packet(&local, &remote);
	assert_string_equal(remote_of_a(), "10.2.0.0/16");
}

/* b's place is taken once: a's CREATE_CHILD_SA is answered with SINGLE_PAIR_REQUIRED. */
static bool want_single_pair(struct pair *p, struct flight *f, void *arg)
{
	static uint8_t buf[512];
	struct ike_sa *sa = p->b.ike->sas;
	struct payload_writer pw;
	bool *is_done = arg;
	size_t len;

	if (*is_done || f->bytes[18] != EX_CREATE_CHILD_SA)
		return true;
	struct ike_header h = { .spi_i = sa->spi_i,
				.spi_r = sa->spi_r,
				.exchange = EX_CREATE_CHILD_SA,
				.flags = IKE_FLAG_RESPONSE,
				.id = sa->due_id++ };
	message_start(&pw, buf, sizeof(buf), &h);
	message_protect(&pw, sa_key_out(sa));
	notify_emit_plain(&pw, N_SINGLE_PAIR_REQUIRED, rd_from(NULL, 0));
	assert_int_equal(message_finish(&pw, &len), 0);
	*is_done = true;
	struct datagram d = { p->a.home, p->b.home, buf, len };
	ike_input(p->a.ike, &d, p->now_ms);
	side_effects(&p->a);
	return false;
}

static void single_pair_is_asked_for(void **state)
{
	struct ts_val local = tcp("10.1.0.9", 40000), remote = tcp("10.2.2.5", 80);
	bool is_done = false;

	(void)state;
	pair.a.conns[0].childless = CHILDLESS_PREFER;
	pair.on_wire = want_single_pair;
	pair.arg = &is_done;
	pair_configure(&pair);
	packet(&local, &remote);
	assert_true(is_done);
	assert_true(pair_fits(&pair));
	assert_string_equal(remote_of_a(), "10.2.2.5/32[tcp/80]");
	assert_true(side_logged(&pair.a, "single pairs of addresses only"));
}

static void dynamic_children(void)
{
	struct side *sides[] = { &pair.a, &pair.b };

	for (size_t i = 0; i < 2; i++) {
		struct conn_child *cc = &sides[i]->children[0][0];

		cc->mode = SA_TRANSPORT;
		cc->is_local_dynamic = cc->is_remote_dynamic = true;
	}
}

static void up_with(uint8_t mode)
{
	pair_configure(&pair);
	pair_up(&pair);
	assert_true(pair_fits(&pair));
	assert_int_equal(side_in_use(&pair.a)->sa.mode, mode);
	assert_int_equal(side_in_use(&pair.b)->sa.mode, mode);
}

static const char *all_ts(struct side *s)
{
	static char text[2][400];
	const struct child_sa *sa = &side_in_use(s)->sa;
	char *to = text[s == &pair.b];
	size_t n;

	ts_list_print(sa->local_ts, sa->n_local_ts, to, 200);
	n = strlen(to);
	to[n++] = ' ';
	ts_list_print(sa->remote_ts, sa->n_remote_ts, to + n, 200);
	return to;
}

/* Both want it, and a rekey keeps it (1.3.1). */
static void transport_between_two_hosts(void **state)
{
	(void)state;
	dynamic_children();
	up_with(SA_TRANSPORT);
	assert_string_equal(all_ts(&pair.a), "192.0.2.1/32 192.0.2.2/32");
	assert_string_equal(all_ts(&pair.b), "192.0.2.2/32 192.0.2.1/32");
	assert_int_equal(ike_rekey_child(pair.b.ike, "gw-gw", "net", pair.now_ms), 0);
	side_effects(&pair.b);
	pair_run(&pair, 10000);
	assert_true(pair_fits(&pair));
	assert_int_equal(side_in_use(&pair.a)->sa.mode, SA_TRANSPORT);
	assert_int_equal(side_in_use(&pair.b)->sa.mode, SA_TRANSPORT);
	assert_true(side_in_use(&pair.a)->sa.is_tfc_refused); /* nothing tells padding from data */
	assert_true(side_in_use(&pair.b)->sa.is_tfc_refused);
}

static void transport_over_ipv6(void **state)
{
	(void)state;
	dynamic_children();
	assert_int_equal(addr_parse("2001:db8::1", &pair.a.home.addr), 0);
	assert_int_equal(addr_parse("2001:db8::2", &pair.b.home.addr), 0);
	pair.a.conns[0].local[0] = pair.b.conns[0].remote[0] = pair.a.home.addr;
	pair.b.conns[0].local[0] = pair.a.conns[0].remote[0] = pair.b.home.addr;
	up_with(SA_TRANSPORT);
	assert_string_equal(all_ts(&pair.a), "2001:db8::1/128 2001:db8::2/128");
	assert_string_equal(all_ts(&pair.b), "2001:db8::2/128 2001:db8::1/128");
}

/* Who does not want transport mode answers with tunnel mode, or asks for it; both use that. */
static void transport_is_answered_with_tunnel(void **state)
{
	dynamic_children();
	pair.b.children[0][0].mode = SA_TUNNEL;
	up_with(SA_TUNNEL);
	assert_true(side_logged(&pair.a, "declines transport mode"));
	teardown(state);
	setup(state);
	dynamic_children();
	pair.a.children[0][0].mode = SA_TUNNEL;
	up_with(SA_TUNNEL);
}

/* Selectors of nets are for tunnels, whoever wants what. */
static void transport_is_for_hosts_only(void **state)
{
	(void)state;
	pair.a.children[0][0].mode = pair.b.children[0][0].mode = SA_TRANSPORT;
	up_with(SA_TUNNEL);
	assert_true(side_logged(&pair.a, "two hosts only"));
	assert_false(side_in_use(&pair.a)->sa.is_tfc_refused); /* tunnels take it */
	assert_false(side_in_use(&pair.b)->sa.is_tfc_refused);
}

/* 2.23.1: each side has the addresses that packets have there; a knows of no NAT. */
static void transport_through_a_nat(void **state)
{
	(void)state;
	dynamic_children();
	pair.nat_500 = (struct endpoint){ addr_from_v4(0xc6336401), 1500 };
	pair.nat_4500 = (struct endpoint){ addr_from_v4(0xc6336401), 14500 };
	pair.b.conns[0].n_remote = 0;
	up_with(SA_TRANSPORT);
	assert_string_equal(all_ts(&pair.a), "192.0.2.1/32 192.0.2.2/32");
	assert_string_equal(all_ts(&pair.b), "192.0.2.2/32 198.51.100.1/32");
	assert_int_equal(ike_rekey_child(pair.b.ike, "gw-gw", "net", pair.now_ms), 0);
	side_effects(&pair.b);
	pair_run(&pair, 10000);
	assert_true(pair_fits(&pair));
	assert_string_equal(all_ts(&pair.a), "192.0.2.1/32 192.0.2.2/32");
	assert_string_equal(all_ts(&pair.b), "192.0.2.2/32 198.51.100.1/32");
}

static uint32_t any_slot(void *arg, const struct conn *conn, const struct conn_child *child)
{
	static uint32_t last = PAIR_SLOT + 8;

	(void)arg, (void)conn, (void)child;
	return ++last;
}

/* RFC 3948 5.2: two hosts behind one NAT. What b sends to that address goes to the first; the
 * second is refused as long as it is there, also in tunnel mode. */
static void one_transport_peer_behind_a_nat(void **state)
{
	const char *why = NULL;

	(void)state;
	pair_hooks.instance = any_slot;
	teardown(state);
	setup(state);
	dynamic_children();
	pair.nat_500 = (struct endpoint){ addr_from_v4(0xc6336401), 1500 };
	pair.nat_4500 = (struct endpoint){ addr_from_v4(0xc6336401), 14500 };
	pair.b.conns[0].n_remote = 0;
	pair.b.conns[0].remote_id.type = 0;
	pair.a.conns[1] = pair.a.conns[0];
	snprintf(pair.a.conns[1].name, sizeof(pair.a.conns[1].name), "neighbour");
	assert_int_equal(id_parse("c.example", &pair.a.conns[1].local_id, &why), 0);
	pair.a.conns[1].children = pair.a.children[1];
	pair.a.children[1][0] = pair.a.children[0][0];
	pair.a.children[1][0].child = PAIR_SLOT + 1;
	pair_configure(&pair);
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 5000);
	assert_int_equal(side_n_sas(&pair.b), 1);
	assert_int_equal(ike_initiate(pair.a.ike, "neighbour", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 5000);
	assert_int_equal(side_n_sas(&pair.b), 1);
	assert_true(side_logged(&pair.b, "another peer at this address"));
	assert_true(side_logged(&pair.a, "TS_UNACCEPTABLE"));
	assert_int_equal(ike_terminate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 5000);
	assert_int_equal(side_n_sas(&pair.b), 0);
	assert_int_equal(ike_initiate(pair.a.ike, "neighbour", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 5000);
	assert_int_equal(side_n_sas(&pair.b), 1);
	pair_hooks.instance = NULL;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(several_are_narrowed),
		TEST(both_families_in_one_child),
		TEST(all_of_ipv6_is_no_ipv4),
		TEST(a_family_without_partner_goes),
		TEST(icmp_types_are_narrowed),
		TEST(the_packet_goes_first),
		TEST(the_packet_chooses_the_child),
		TEST(a_packet_of_elsewhere_is_no_hint),
		TEST(single_pair_is_asked_for),
		TEST(transport_between_two_hosts),
		TEST(transport_over_ipv6),
		TEST(transport_is_answered_with_tunnel),
		TEST(transport_is_for_hosts_only),
		TEST(transport_through_a_nat),
		TEST(one_transport_peer_behind_a_nat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
