/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message_parse() and message_open(). The first byte says how the rest is used: 0 a datagram as it
 * is, 1 a datagram whose version and length are put right (nothing else gets past the header), 2 or
 * 3 what is inside an SK payload, sealed with a fixed key of GCM or CBC (nobody guesses an ICV).
 * What is read and written again must be readable again.
 */
#include "fuzz/fuzz.h"
#include "ike/message.h"
#include "support/replay.h"

#define SIZE_MAX_HERE 8192
#define ROOM (4 * SIZE_MAX_HERE)

static struct message m, again;
static uint8_t plain[ROOM], out[ROOM];

static const struct aead_alg algs[] = {
	{ ENCR_AES_GCM_16, 128, INTEG_NONE },
	{ ENCR_AES_CBC, 128, INTEG_HMAC_SHA2_256_128 },
};

static const struct ike_header header = { .spi_i = 1, .spi_r = 2, .exchange = EX_IKE_AUTH };

static void check(void)
{
	struct payload_writer pw;
	char text[512];
	size_t len;

	message_print(&m, text, sizeof(text));
	(void)message_error(&m);
	/* an SA or TS of which nothing is understood has nothing to be written */
	if (((m.present & P_SA) && !m.sa.n) || ((m.present & P_TSI) && !m.tsi.n) ||
	    ((m.present & P_TSR) && !m.tsr.n))
		return;
	message_start(&pw, out, sizeof(out), &header);
	message_replay(&pw, &m);
	must(message_finish(&pw, &len) == 0);
	must(message_parse(rd_from(out, len), &again) == MSG_OK);
	must(again.present == (m.present & ~(uint32_t)(P_SK | P_SKF)));
	must(again.n_notifies == m.n_notifies && again.n_deletes == m.n_deletes);
}

static void datagram(const uint8_t *data, size_t size, int is_righted)
{
	struct aead_key key = { .alg = algs[0] };
	uint8_t *copy = malloc(size ? size : 1);

	must(copy != NULL);
	if (size)
		memcpy(copy, data, size);
	if (is_righted && size >= IKE_HEADER_LEN) {
		struct writer w = wr_into(copy + 24, 4);

		copy[17] = 0x20;
		wr_u32(&w, (uint32_t)size);
	}
	if (message_parse(rd_from(copy, size), &m) == MSG_OK) {
		if (m.present & P_SK)
			must(message_open(&m, &key, plain, sizeof(plain)) == MSG_DROP);
		check();
	}
	free(copy);
}

/* data: type of the first payload, then the text as it is, padding included. */
static void inside(const uint8_t *data, size_t size, struct aead_alg alg)
{
	struct aead_sizes sizes = aead_sizes(alg);
	struct aead_key key = { .alg = alg };
	size_t len = size ? (size - 1) / sizes.block * sizes.block : 0;
	size_t whole = IKE_HEADER_LEN + 4 + sizes.iv_len + len + sizes.icv_len;
	uint8_t *text = malloc(len ? len : 1);
	struct payload_writer pw;
	uint8_t *iv = out + IKE_HEADER_LEN + 4;

	must(text != NULL);
	message_start(&pw, out, sizeof(out), &header);
	size_t opened = payload_open(&pw, PL_SK);
	must(wr_reserve(&pw.w, whole - IKE_HEADER_LEN - 4) != NULL);
	payload_close(&pw, opened);
	must(message_finish(&pw, &whole) == 0);
	out[IKE_HEADER_LEN] = size ? data[0] : 0;
	if (len)
		memcpy(iv + sizes.iv_len, data + 1, len);
	must(aead_seal(&key, rd_from(out, IKE_HEADER_LEN + 4), iv, iv + sizes.iv_len, len,
		       iv + sizes.iv_len + len) == 0);
	memcpy(plain, out, whole);
	must(message_parse(rd_from(plain, whole), &m) == MSG_OK);
	if (message_open(&m, &key, text, len) == MSG_OK)
		check();
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > SIZE_MAX_HERE)
		return 0;
	if (data[0] % 4 < 2)
		datagram(data + 1, size - 1, data[0] % 4);
	else
		inside(data + 1, size - 1, algs[data[0] % 4 - 2]);
	return 0;
}
