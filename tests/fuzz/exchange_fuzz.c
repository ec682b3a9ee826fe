/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ike_input() behind the encryption: an authenticated peer that sends whatever it likes, at any
 * moment. Two cores are established; then the input is a script of records
 *
 *	what:8  length:8  bytes
 *
 * each a request or an answer to b, sealed with a's keys, with any payloads; or a datagram in
 * clear; or a wish of b's user; or time that passes. The pair asserts that what is deleted or
 * used was installed.
 */
#include <string.h>
#include "fuzz/fuzz.h"
#include "ike/ike_sa.h"
#include "support/pair.h"

static struct pair pair;
static uint8_t out[1024];

static struct ike_sa *sa_of_b(void)
{
	for (struct ike_sa *sa = pair.b.ike->sas; sa; sa = sa->next)
		if (sa->state >= ST_ESTABLISHED && sa->state < ST_CLOSED)
			return sa;
	return NULL;
}

static void deliver(const uint8_t *bytes, size_t len)
{
	struct datagram d = {
		.local = pair.b.home, .remote = pair.a.home, .data = bytes, .len = len
	};

	ike_input(pair.b.ike, &d, pair.now_ms);
	side_effects(&pair.b);
}

/* The peer's own key is the one that b opens with; its IVs are its own business. */
static void sealed(struct ike_sa *sa, uint8_t exchange, bool is_response, struct reader text)
{
	struct aead_key key = *sa_key_in(sa);
	struct ike_header h = {
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.exchange = exchange,
		.flags = (uint8_t)((sa->is_initiator ? 0 : IKE_FLAG_INITIATOR) |
				   (is_response ? IKE_FLAG_RESPONSE : 0)),
		.id = is_response && sa->ours ? sa->ours->id : is_response ? sa->next_id : sa->due_id,
	};
	struct payload_writer pw;
	size_t len;

	message_start(&pw, out, sizeof(out), &h);
	message_protect(&pw, &key);
	*pw.next = rd_u8(&text);
	wr_copy(&pw.w, rd_rest(&text));
	if (message_finish(&pw, &len) == 0)
		deliver(out, len);
}

static void clear(struct reader text)
{
	struct ike_header h = { .spi_i = 0x1234,
				.exchange = EX_IKE_SA_INIT,
				.flags = IKE_FLAG_INITIATOR };
	struct payload_writer pw;
	size_t len;

	h.spi_i += rd_u8(&text);
	message_start(&pw, out, sizeof(out), &h);
	*pw.next = rd_u8(&text);
	wr_copy(&pw.w, rd_rest(&text));
	if (message_finish(&pw, &len) == 0)
		deliver(out, len);
}

static void wish(uint8_t what)
{
	struct pair_sa *sa = side_in_use(&pair.b);
	struct ike *ike = pair.b.ike;
	int err = 0;

	switch (what % 8) {
	case 0:
		err = ike_rekey_child(ike, "gw-gw", "net", pair.now_ms);
		break;
	case 1:
		err = ike_rekey(ike, "gw-gw", pair.now_ms);
		break;
	case 2:
		err = ike_terminate(ike, "gw-gw", "net", pair.now_ms);
		break;
	case 3:
		err = ike_terminate(ike, "gw-gw", NULL, pair.now_ms);
		break;
	case 4:
		err = ike_initiate(ike, "gw-gw", NULL, pair.now_ms);
		break;
	case 5:
		if (sa)
			ike_hard_limit(ike, sa->sa.spi_in, pair.now_ms);
		break;
	case 6:
		err = ike_configure(ike, NULL, 0, pair.now_ms);
		break;
	case 7:
		pair_configure(&pair);
		break;
	}
	(void)err; /* a wish may be refused */
	side_effects(&pair.b);
}

static void record(struct reader *script)
{
	uint8_t what = rd_u8(script), len = rd_u8(script);
	struct reader text = rd_carve(script, len < rd_left(script) ? len : rd_left(script));
	struct ike_sa *sa = sa_of_b();

	switch (what % 8) {
	case 0:
	case 1:
	case 2:
		if (sa)
			sealed(sa, (uint8_t)(EX_IKE_SA_INIT + what / 8 % 4), false, text);
		return;
	case 3:
	case 4:
		if (sa && sa->ours && sa->ours->request)
			sealed(sa, sa->ours->type, true, text);
		return;
	case 5:
		return clear(text);
	case 6:
		return wish(rd_u8(&text));
	default:
		pair_run(&pair, rd_u16(&text));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader script = rd_from(data, size < 2048 ? size : 2048);

	pair_init(&pair, 1, "aes128gcm16-prfsha256-x25519", "aes128gcm16");
	pair.a.children[0][0].rekey_s = pair.b.children[0][0].rekey_s = 50;
	pair_configure(&pair);
	pair_up(&pair);
	pair.on_wire = NULL;
	pair.is_cut = true; /* from here on a is played by the script */
	for (unsigned i = 0; i < 64 && rd_more(&script); i++)
		record(&script);
	pair_run(&pair, 1000);
	pair_fini(&pair);
	return 0;
}
