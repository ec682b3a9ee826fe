/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EAP packets, to the server and to the client of one conversation, before anybody has proved
 * anything:   how:8, then records   what:8   length:16   bytes
 *
 * each a packet as it is, the data of one that fits in, what the other side has really said (with
 * some of its bytes changed), or an answer of the AAA server. Slow work is done at once.
 */
#include <string.h>
#include "fuzz/fuzz.h"
#include "ike/eap.h"
#include "ike/id.h"
#include "support/certs.h"

enum { IS_TLS = 1, IS_MSCHAPV2 = 2, IS_AAA = 4 }; /* how */
#define RECORDS_MAX 128

static struct made ca, gateway, alice;
static struct conn ours[2]; /* server's, client's */
static struct eap_user user;

static struct end {
	struct eap eap;
	struct conn *conn;
	enum eap_result last;
	bool is_done;
} server = { .conn = &ours[0] }, client = { .conn = &ours[1] };
static bool is_honest; /* there was a word of one to the other */

static void make_all(void)
{
	static const char name[] = "alice@example";
	const char *why;

	ca = make((struct made_of){ .kind = "p256", .subject = "CN=ca", .is_ca = true });
	gateway = make((struct made_of){
		.kind = "p256", .subject = "CN=gw", .san = "DNS:b.example", .issuer = &ca });
	alice = make((struct made_of){ .kind = "p256",
				       .subject = "CN=alice",
				       .san = "email:alice@example",
				       .issuer = &ca });
	must(!id_parse(name, &user.id, &why));
	memcpy(user.secret, "password", user.secret_len = 8);
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++) {
		conn_trusts(&ours[i], &ca, REVOCATION_RELAXED);
		conn_signs(&ours[i], i ? &alice : &gateway, NULL);
		ours[i].eap_users = &user;
		ours[i].n_eap_users = 1;
	}
	must(!id_parse("b.example", &ours[0].local_id, &why));
}

static void begin(uint8_t how)
{
	static const uint8_t random[EAP_RANDOM_LEN] = { 7, 1 };
	uint8_t can = how & (IS_TLS | IS_MSCHAPV2);

	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		ours[i].local_eap = ours[i].remote_eap =
			(uint8_t)((can & IS_TLS ? EAP_CAN_TLS : 0) |
				  (can & IS_MSCHAPV2 ? EAP_CAN_MSCHAPV2 : 0));
	ours[0].is_aaa = how & IS_AAA;
	eap_server_start(&server.eap, random);
	eap_client_start(&client.eap, client.conn, &ours[0].local_id, random);
	server.last = client.last = EAP_GO_ON;
	server.is_done = client.is_done = is_honest = false;
}

static enum eap_result work(struct end *e)
{
	struct tls *session = e->eap.tls.session;

	e->eap.tls.session = NULL;
	(void)tls_run(session);
	must(tls_state(session) != TLS_ASKS); /* nobody is named who could be */
	return eap_worked(&e->eap, session);
}

/* What holds, whatever was said. */
static void look(const struct end *e)
{
	const struct eap *eap = &e->eap;
	size_t len = eap->out_len;

	must(len <= sizeof(eap->out) && eap->n_rounds <= EAP_ROUNDS_MAX + 1);
	if (e->last == EAP_GO_ON || e->last == EAP_LAST_WORD)
		must(len >= 5 && (size_t)(eap->out[2] << 8 | eap->out[3]) == len);
	if (e->last == EAP_FAILED) {
		must(eap->why && *eap->why);
		must(!eap->is_server || (len == 4 && eap->out[0] == EAP_FAILURE));
	}
	if (e->last == EAP_DONE && eap->is_server)
		must(len == 4 && eap->out[0] == EAP_SUCCESS && eap->is_done);
	must(is_honest || !e->is_done || eap->is_passed);
	if (server.is_done && client.is_done && !server.eap.is_passed)
		must(!memcmp(server.eap.msk, client.eap.msk, EAP_MSK_LEN));
}

/* As IKE_AUTH: a side that has failed, or is done, hears nothing any more. */
static void hear(struct end *e, struct reader packet)
{
	if (e->last != EAP_GO_ON && e->last != EAP_LAST_WORD)
		return;
	e->last = eap_take(&e->eap, e->conn, packet);
	if (e->last == EAP_WORK)
		e->last = work(e);
	e->is_done = e->eap.is_done;
	look(e);
}

static void hear_framed(struct end *e, struct reader data)
{
	static uint8_t packet[8192];
	struct writer w = wr_into(packet, sizeof(packet));

	wr_u8(&w, e->eap.is_server ? EAP_RESPONSE : EAP_REQUEST);
	wr_u8(&w, e->eap.id);
	wr_u16(&w, (uint16_t)(4 + rd_left(&data)));
	wr_copy(&w, data);
	must(wr_ok(&w));
	hear(e, rd_from(packet, wr_len(&w)));
}

/* changes: where:16   xor:8 */
static void hear_other(struct end *e, const struct end *other, struct reader changes)
{
	uint8_t packet[EAP_PACKET_MAX];
	size_t len = other->eap.out_len;

	memcpy(packet, other->eap.out, len);
	for (unsigned i = 0; i < 8 && rd_more(&changes) && len; i++) {
		size_t where = rd_u16(&changes) % len;

		packet[where] ^= rd_u8(&changes);
	}
	is_honest = true;
	hear(e, rd_from(packet, len));
}

static void hear_aaa(struct reader r)
{
	static struct aaa_job job;
	uint8_t what = rd_u8(&r);

	if (server.last != EAP_ASK)
		return;
	job = (struct aaa_job){ .result = what % 4, .has_msk = what & 4, .why = "aaa says so" };
	job.packet_len = rd_left(&r) < sizeof(job.packet) ? rd_left(&r) : sizeof(job.packet);
	rd_copy(&r, job.packet, job.packet_len);
	server.last = eap_aaa_answer(&server.eap, &job);
	server.is_done = server.eap.is_done;
	must(server.last != EAP_DONE || job.has_msk);
	look(&server);
}

static void record(struct reader *script)
{
	uint8_t what = rd_u8(script);
	size_t len = rd_u16(script);
	struct reader bytes = rd_carve(script, len < rd_left(script) ? len : rd_left(script));
	struct end *e = what & 1 ? &client : &server;

	switch (what / 2 % 4) {
	case 0:
		return hear(e, bytes);
	case 1:
		return hear_framed(e, bytes);
	case 2:
		return hear_other(e, what & 1 ? &server : &client, bytes);
	default:
		return hear_aaa(bytes);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader script = rd_from(data, size);

	if (!ca.key)
		make_all();
	begin(rd_u8(&script));
	for (unsigned i = 0; i < RECORDS_MAX && rd_more(&script); i++)
		record(&script);
	eap_fini(&server.eap);
	eap_fini(&client.eap);
	return 0;
}
