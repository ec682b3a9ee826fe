/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/cookie.h"

#include "crypto/secret.h"

/* For a while after the rush, too: else the copies of one request would be answered now with a
 * cookie and now without, and the initiator could not tell which of them AUTH is about. */
bool cookie_is_wanted(struct ike *ike, const struct ip_addr *from)
{
	if (ike->n_half_open >= ike->settings.cookie_threshold)
		ike->cookies_until_ms = ike->now_ms + COOKIE_CALM_MS;
	return ike->cookies_until_ms > ike->now_ms || sa_n_half_open(ike, from) >= COOKIE_FROM_ONE;
}

static void secret_renew(struct ike *ike)
{
	if (ike->cookie_version && ike->now_ms - ike->cookie_ms < COOKIE_SECRET_MS)
		return;
	ike->cookie_version++;
	ike->cookie_ms = ike->now_ms;
	ike_random(ike, ike->cookie_secret[ike->cookie_version % 2], sizeof(ike->cookie_secret[0]));
}

static int make(struct ike *ike, const struct inbound *in, uint32_t version,
		uint8_t ret_cookie[COOKIE_LEN])
{
	struct reader secret =
		rd_from(ike->cookie_secret[version % 2], sizeof(ike->cookie_secret[0]));

	return keymat_cookie(version, secret, in->m.nonce, &in->remote.addr, in->m.header.spi_i,
			     ret_cookie);
}

int cookie_make(struct ike *ike, const struct inbound *in, uint8_t ret_cookie[COOKIE_LEN])
{
	secret_renew(ike);
	return make(ike, in, ike->cookie_version, ret_cookie);
}

bool cookie_is_good(struct ike *ike, const struct inbound *in)
{
	const struct notify *n = message_notify(&in->m, N_COOKIE);
	uint8_t cookie[COOKIE_LEN];

	if (!n || rd_left(&n->data) != COOKIE_LEN)
		return false;
	secret_renew(ike);
	for (uint32_t age = 0; age < 2 && ike->cookie_version > age; age++)
		if (!make(ike, in, ike->cookie_version - age, cookie) &&
		    memeq_ct(cookie, n->data.at, COOKIE_LEN))
			return true;
	return false;
}
