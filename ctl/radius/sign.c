/* SPDX-License-Identifier: BSD-2-Clause */
/* MD5 with a shared secret, in its three uses. */
#include <errno.h>
#include "crypto/digest.h"
#include "crypto/mac.h"
#include "crypto/secret.h"
#include "radius/radius.h"

#define HEAD_LEN 4 /* code, identifier, length */
#define BODY_AT (HEAD_LEN + RADIUS_AUTH_LEN)
#define BLOCK MD5_LEN

int radius_response_authenticator(struct reader packet,
				  const uint8_t request_authenticator[RADIUS_AUTH_LEN],
				  struct reader secret, uint8_t ret[RADIUS_AUTH_LEN])
{
	struct reader head = rd_carve(&packet, HEAD_LEN);

	rd_skip(&packet, RADIUS_AUTH_LEN);
	struct reader parts[] = { head, rd_from(request_authenticator, RADIUS_AUTH_LEN), packet,
				  secret };
	return rd_ok(&packet) ? digest_md5(parts, 4, ret) : -EIO;
}

int radius_message_authenticator(struct reader packet,
				 const uint8_t request_authenticator[RADIUS_AUTH_LEN],
				 const uint8_t *at, struct reader secret,
				 uint8_t ret[RADIUS_AUTH_LEN])
{
	static const uint8_t zeros[RADIUS_AUTH_LEN];
	struct mac *mac = mac_new(MAC_HMAC, "MD5", secret);
	uint8_t out[MAC_LEN_MAX];
	int r = -EIO;

	if (mac && rd_left(&packet) >= BODY_AT + RADIUS_AUTH_LEN) {
		const uint8_t *body = packet.at + BODY_AT, *after = at + RADIUS_AUTH_LEN;
		struct reader parts[] = { rd_from(packet.at, HEAD_LEN),
					  rd_from(request_authenticator, RADIUS_AUTH_LEN),
					  rd_from(body, (size_t)(at - body)),
					  rd_from(zeros, sizeof(zeros)),
					  rd_from(after, (size_t)(packet.end - after)) };
		r = mac_run(mac, parts, 5, out);
	}
	if (!r)
		memcpy(ret, out, RADIUS_AUTH_LEN);
	mac_free(mac);
	return r;
}

/*  String, RFC 2548 2.4.2:   salt:16   { length:8   key   zeros } as blocks, each xor
 *  MD5(secret, the block before); before the first: request authenticator, salt  */
int radius_mppe_key(struct reader value, const uint8_t request_authenticator[RADIUS_AUTH_LEN],
		    struct reader secret, size_t key_max, uint8_t *ret_key, size_t *ret_len)
{
	uint8_t clear[RADIUS_VALUE_MAX], pad[BLOCK];
	struct reader salt = rd_carve(&value, 2);
	size_t len = rd_left(&value);
	int r = 0;

	if (!rd_ok(&salt) || !len || len % BLOCK || len > sizeof(clear))
		return -EBADMSG;
	for (size_t i = 0; i < len && !r; i += BLOCK) {
		struct reader first[] = { secret, rd_from(request_authenticator, RADIUS_AUTH_LEN),
					  salt };
		struct reader next[] = { secret, i ? rd_from(value.at + i - BLOCK, BLOCK) : salt };
		r = i ? digest_md5(next, 2, pad) : digest_md5(first, 3, pad);
		for (size_t j = 0; j < BLOCK && !r; j++)
			clear[i + j] = value.at[i + j] ^ pad[j];
	}
	if (!r && (clear[0] > len - 1 || clear[0] > key_max))
		r = -EBADMSG;
	if (!r) {
		*ret_len = clear[0];
		memcpy(ret_key, clear + 1, clear[0]);
	}
	secret_wipe(clear, sizeof(clear));
	secret_wipe(pad, sizeof(pad));
	return r;
}
