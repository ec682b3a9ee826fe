/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/radius_server.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

/* Apart from the code under test: its own MD5. */
static void md5(const void *data, size_t len, uint8_t ret[16])
{
	EVP_Digest(data, len, ret, NULL, EVP_md5(), NULL);
}

struct reader radius_answer_make(uint8_t *buf, uint8_t code, const struct radius_ticket *ticket,
				 struct reader secret, struct reader attrs, unsigned flags)
{
	uint8_t all[RADIUS_PACKET_MAX + 256], sum[16];
	struct writer w = wr_into(buf, RADIUS_PACKET_MAX);
	bool is_signed = !(flags & RADIUS_UNSIGNED);
	size_t len = 20 + (is_signed ? 18 : 0) + rd_left(&attrs), secret_len = rd_left(&secret);

	wr_u8(&w, code);
	wr_u8(&w, ticket->id);
	wr_u16(&w, (uint16_t)len);
	wr_bytes(&w, ticket->authenticator, 16);
	if (is_signed)
		wr_u16(&w, 80 << 8 | 18);
	uint8_t *at = is_signed ? wr_reserve(&w, 16) : NULL;
	if (at)
		memset(at, 0, 16);
	wr_copy(&w, attrs);
	if (!wr_ok(&w) || secret_len > 256)
		return rd_from(NULL, 0);
	if (at) {
		HMAC(EVP_md5(), secret.at, (int)secret_len, buf, len, sum, NULL);
		memcpy(at, sum, 16);
	}
	memcpy(all, buf, len);
	memcpy(all + len, secret.at, secret_len);
	md5(all, len + secret_len, buf + 4);
	return rd_from(buf, len);
}

void radius_mppe_emit(struct writer *w, uint8_t type, struct reader key,
		      const struct radius_ticket *ticket, struct reader secret)
{
	uint8_t clear[64] = { 0 }, in[256 + 18], pad[16];
	size_t n = rd_left(&secret), len = (rd_left(&key) + 16) / 16 * 16;

	clear[0] = (uint8_t)rd_left(&key);
	memcpy(clear + 1, key.at, rd_left(&key));
	wr_u8(w, RADIUS_VENDOR_SPECIFIC);
	wr_u8(w, (uint8_t)(len + 10));
	wr_u32(w, 311);
	wr_u8(w, type);
	wr_u8(w, (uint8_t)(len + 4));
	wr_u16(w, 0x8000 | type);
	memcpy(in, secret.at, n);
	memcpy(in + n, ticket->authenticator, 16);
	in[n + 16] = 0x80;
	in[n + 17] = type;
	for (size_t i = 0; i < len; i += 16) {
		md5(in, n + (i ? 16 : 18), pad);
		for (size_t j = 0; j < 16; j++)
			in[n + j] = clear[i + j] ^ pad[j];
		wr_bytes(w, in + n, 16);
	}
}
