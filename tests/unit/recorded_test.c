/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What strongSwan said on the wire, with its own log of the secrets (tests/vectors/strongswan_*):
 * we read every message, derive the same keys, verify its AUTH, and write the same bytes again.
 * Each recording: IKE_SA_INIT, IKE_AUTH, Child rekey with PFS, (IKE rekey,) delete.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "ike/id.h"
#include "ike/keymat.h"
#include "ike/message.h"
#include "support/bytes.h"
#include "support/replay.h"

#define DATAGRAM_MAX 65535

struct ike_sa {
	uint64_t spi_i;
	struct ike_keys keys;
};

struct recording {
	const char *path;
	struct ike_sa sas[2]; /* the first one, the one that replaced it */
	size_t n_sas, n_children;
	struct reader init[2]; /* IKE_SA_INIT request and response */
	uint8_t nonces[2][NONCE_MAX];
	size_t nonce_len[2];
	struct message m;
	uint8_t plain[DATAGRAM_MAX];
	size_t n_opened;
};

static struct reader field(const struct recording *rec, const char *format, size_t n)
{
	char name[32];

	snprintf(name, sizeof(name), format, n);
	return hex_file_field(rec->path, name);
}

static struct reader nonce(const struct recording *rec, int which)
{
	return rd_from(rec->nonces[which], rec->nonce_len[which]);
}

static void nonce_keep(struct recording *rec, int which)
{
	rec->nonce_len[which] = rd_left(&rec->m.nonce);
	memcpy(rec->nonces[which], rec->m.nonce.at, rec->nonce_len[which]);
}

/* The payloads as we write them are those that we read. */
static void assert_written_again(struct recording *rec, struct reader original)
{
	static uint8_t again[DATAGRAM_MAX];
	struct payload_writer pw;
	size_t len;

	message_start(&pw, again, sizeof(again), &rec->m.header);
	message_replay(&pw, &rec->m);
	assert_int_equal(message_finish(&pw, &len), 0);
	len -= IKE_HEADER_LEN;
	assert_true(rd_left(&original) >= len);
	assert_bytes(rd_from(again + IKE_HEADER_LEN, len), rd_from(original.at, len));
}

/* The SK_* of SA n (from 1) are those of the log. */
static void assert_keys(const struct recording *rec, size_t n, const struct ike_keys *k)
{
	struct aead_sizes size = aead_sizes(k->suite.aead);

	assert_bytes(rd_from(k->sk_d, k->prf_len), field(rec, "ike%zu SK_d", n));
	assert_bytes(rd_from(k->sk_pi, k->prf_len), field(rec, "ike%zu SK_pi", n));
	assert_bytes(rd_from(k->sk_pr, k->prf_len), field(rec, "ike%zu SK_pr", n));
	assert_bytes(rd_from(k->i.enc, size.enc_len), field(rec, "ike%zu SK_ei", n));
	assert_bytes(rd_from(k->r.enc, size.enc_len), field(rec, "ike%zu SK_er", n));
	if (!size.auth_len)
		return;
	assert_bytes(rd_from(k->i.auth, size.auth_len), field(rec, "ike%zu SK_ai", n));
	assert_bytes(rd_from(k->r.auth, size.auth_len), field(rec, "ike%zu SK_ar", n));
}

/* A response that makes an IKE SA: from IKE_SA_INIT, or from CREATE_CHILD_SA with both SPIs in
 * the proposals. */
static void ike_sa_derive(struct recording *rec, struct ike_sa *old, uint64_t spi_i, uint64_t spi_r)
{
	struct ike_sa *sa = &rec->sas[rec->n_sas++];
	struct ike_suite suite;
	struct ike_seed seed = {
		.shared = field(rec, "ike%zu g^ir", rec->n_sas),
		.ni = nonce(rec, 0),
		.nr = nonce(rec, 1),
		.spi_i = spi_i,
		.spi_r = spi_r,
	};

	assert_int_equal(rec->m.sa.n, 1);
	assert_int_equal(ike_suite_from(&rec->m.sa.proposals[0], &suite), 0);
	sa->spi_i = spi_i;
	if (old)
		assert_int_equal(keymat_rekey(&old->keys, &suite, &seed, &sa->keys), 0);
	else
		assert_int_equal(keymat_initial(&suite, &seed, &sa->keys), 0);
	assert_keys(rec, rec->n_sas, &sa->keys);
}

/* Both sides' nonces are kept; shared is empty for the child of IKE_AUTH. */
static void child_derive(struct recording *rec, const struct ike_sa *sa, struct reader shared)
{
	struct child_keys k;

	rec->n_children++;
	assert_int_equal(rec->m.sa.n, 1);
	assert_int_equal(keymat_child(&sa->keys, &rec->m.sa.proposals[0], shared, nonce(rec, 0),
				      nonce(rec, 1), rd_from(NULL, 0), &k),
			 0);
	assert_bytes(rd_from(k.enc_i, k.enc_len), field(rec, "child%zu enc_i", rec->n_children));
	assert_bytes(rd_from(k.enc_r, k.enc_len), field(rec, "child%zu enc_r", rec->n_children));
}

/* With ESP in UDP forced strongSwan lies about its source; the destination is true. */
static void assert_nat_hash(const struct recording *rec, bool is_response)
{
	const struct notify *n = message_notify(&rec->m, N_NAT_DETECTION_DESTINATION_IP);
	struct endpoint end = { .port = 500 };
	uint8_t hash[NAT_HASH_LEN];

	assert_non_null(n);
	assert_int_equal(addr_parse(is_response ? "192.0.2.1" : "192.0.2.2", &end.addr), 0);
	assert_int_equal(keymat_nat_hash(rec->m.header.spi_i, rec->m.header.spi_r, &end, hash), 0);
	assert_bytes(n->data, rd_from(hash, sizeof(hash)));
}

static void init_take(struct recording *rec, bool is_response)
{
	struct reader payloads = rec->m.datagram;

	rd_skip(&payloads, IKE_HEADER_LEN);
	assert_written_again(rec, payloads);
	rec->init[is_response] = rec->m.datagram;
	nonce_keep(rec, is_response);
	assert_nat_hash(rec, is_response);
	if (is_response)
		ike_sa_derive(rec, NULL, rec->m.header.spi_i, rec->m.header.spi_r);
}

static void auth_take(struct recording *rec, const struct ike_sa *sa, bool is_response)
{
	const struct id_view *id = is_response ? &rec->m.idr : &rec->m.idi;
	const char *want = is_response ? "gwb.example.com" : "gwa.example.com";
	uint8_t auth[PRF_LEN_MAX];
	struct signed_octets octets;
	char text[ID_TEXT_MAX];
	struct ike_id who;

	assert_int_equal(id_from_view(id, &who), 0);
	assert_string_equal(id_print(&who, text, sizeof(text)), want);
	assert_int_equal(keymat_signed_octets(&sa->keys,
					      is_response ? sa->keys.sk_pr : sa->keys.sk_pi,
					      rec->init[is_response], nonce(rec, !is_response),
					      id->body, &octets),
			 0);
	assert_int_equal(keymat_auth_psk(&sa->keys, rd_from("sekisho test key", 16), &octets, auth),
			 0);
	assert_int_equal(rec->m.auth.method, AUTH_PSK);
	assert_bytes(rec->m.auth.data, rd_from(auth, sa->keys.prf_len));
	if (is_response)
		child_derive(rec, sa, rd_from(NULL, 0));
}

static uint64_t proposal_spi(const struct message *m)
{
	struct reader r = rd_from(m->sa.proposals[0].spi, 8);

	return rd_u64(&r);
}

static void create_child_take(struct recording *rec, struct ike_sa *sa, bool is_response)
{
	static uint64_t spi_i;

	nonce_keep(rec, is_response);
	if (rec->m.sa.proposals[0].protocol == PROTO_IKE && is_response)
		ike_sa_derive(rec, sa, spi_i, proposal_spi(&rec->m));
	else if (rec->m.sa.proposals[0].protocol == PROTO_IKE)
		spi_i = proposal_spi(&rec->m);
	else if (is_response)
		child_derive(rec, sa, field(rec, "child%zu g^ir", rec->n_children + 1));
}

static struct ike_sa *sa_find(struct recording *rec)
{
	for (size_t i = 0; i < rec->n_sas; i++)
		if (rec->sas[i].spi_i == rec->m.header.spi_i)
			return &rec->sas[i];
	fail_msg("no SA of this SPI");
	return NULL;
}

static void message_take(struct recording *rec, struct reader datagram)
{
	assert_int_equal(message_parse(datagram, &rec->m), MSG_OK);
	bool is_response = message_is_response(&rec->m);
	if (rec->m.header.exchange == EX_IKE_SA_INIT) {
		init_take(rec, is_response);
		return;
	}
	struct ike_sa *sa = sa_find(rec);
	bool is_from_i = rec->m.header.flags & IKE_FLAG_INITIATOR;
	assert_int_equal(message_open(&rec->m, is_from_i ? &sa->keys.i : &sa->keys.r, rec->plain,
				      sizeof(rec->plain)),
			 MSG_OK);
	rec->n_opened++;
	assert_written_again(rec, rd_from(rec->plain, rd_left(&rec->m.sk)));
	if (rec->m.header.exchange == EX_IKE_AUTH)
		auth_take(rec, sa, is_response);
	else if (rec->m.header.exchange == EX_CREATE_CHILD_SA)
		create_child_take(rec, sa, is_response);
}

static void play(const char *path)
{
	static struct recording rec;
	struct reader n = hex_file_field(path, "messages");
	size_t n_messages = rd_u8(&n);

	rec = (struct recording){ .path = path };
	for (size_t i = 0; i < n_messages; i++)
		message_take(&rec, field(&rec, "message%zu", i));
	assert_int_equal(rec.n_opened, n_messages - 2);
	assert_int_equal(rec.n_sas, 2);
	assert_int_equal(rec.n_children, 2);
}

static void gcm_x25519(void **state)
{
	(void)state;
	play("tests/vectors/strongswan_gcm.txt");
}

static void cbc_sha384_ecp256(void **state)
{
	(void)state;
	play("tests/vectors/strongswan_cbc.txt");
}

static void cbc_sha256_modp2048(void **state)
{
	(void)state;
	play("tests/vectors/strongswan_modp.txt");
}

/* Every message cut at every byte, its header's length as it is and corrected. */
static void every_truncation_is_refused(void **state)
{
	static const char path[] = "tests/vectors/strongswan_gcm.txt";
	static struct recording rec = { .path = path };
	struct reader n = hex_file_field(path, "messages");
	size_t n_messages = rd_u8(&n);

	(void)state;
	for (size_t i = 0; i < n_messages; i++) {
		struct reader whole = field(&rec, "message%zu", i);

		for (size_t len = 0; len < rd_left(&whole); len++) {
			struct reader cut = exact_copy(whole, len);
			struct writer w = wr_into((uint8_t *)cut.at + 24, 4);

			assert_int_equal(message_parse(cut, &rec.m), MSG_DROP);
			if (len >= IKE_HEADER_LEN) {
				wr_u32(&w, (uint32_t)len);
				assert_int_equal(message_parse(cut, &rec.m), MSG_INVALID_SYNTAX);
			}
			free((void *)cut.at);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gcm_x25519),
		cmocka_unit_test(cbc_sha384_ecp256),
		cmocka_unit_test(cbc_sha256_modp2048),
		cmocka_unit_test(every_truncation_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
