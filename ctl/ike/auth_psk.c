/* SPDX-License-Identifier: BSD-2-Clause */
/* AUTH by a shared key (RFC 7296 2.15): the pre-shared one, or what EAP has made (2.16). */
#include <stdio.h>
#include "crypto/secret.h"
#include "ike/auth_ops.h"
#include "ike/id.h"

static int mac_compute(struct ike_sa *sa, enum auth_whose whose, struct reader key,
		       struct reader id_body, uint8_t ret_auth[PRF_LEN_MAX])
{
	struct to_sign sign;
	int err = auth_signed_octets(sa, whose, id_body, &sign);

	err = err ? err : keymat_auth_psk(&sa->keys, key, &sign.octets, ret_auth);
	secret_wipe(&sign, sizeof(sign));
	return err;
}

bool auth_is_mac_good(struct turn *t, struct reader key, struct reader id_body)
{
	uint8_t mac[PRF_LEN_MAX];
	struct reader data = auth_theirs(t);
	bool is_good = rd_left(&key) && !mac_compute(t->sa, THEIRS, key, id_body, mac) &&
		       rd_left(&data) == t->sa->keys.prf_len &&
		       memeq_ct(data.at, mac, t->sa->keys.prf_len);

	secret_wipe(mac, sizeof(mac));
	return is_good;
}

enum step_result auth_emit_mac(struct turn *t, uint8_t number, struct reader key)
{
	uint8_t id[IKE_ID_MAX + 4], mac[PRF_LEN_MAX], no_ppk[PRF_LEN_MAX];
	struct ike_sa *sa = t->sa;
	struct reader body = id_payload_body(&sa->our_id, id, sizeof(id));
	size_t len = sa->keys.prf_len, no_ppk_len = auth_says_no_ppk(sa) ? len : 0;
	int err = mac_compute(sa, OURS, key, body, mac);

	if (!err && no_ppk_len)
		err = mac_compute(sa, OURS_NO_PPK, key, body, no_ppk);
	if (!err)
		auth_send(t, number, rd_from(mac, len), rd_from(no_ppk, no_ppk_len));
	secret_wipe(mac, sizeof(mac));
	secret_wipe(no_ppk, sizeof(no_ppk));
	return err ? auth_not_computed(t) : STEP_NEXT;
}

/* ---- The pre-shared one ------------------------------------------------------------- */

static struct reader psk_of(const struct turn *t)
{
	return rd_from(t->sa->conn->psk, t->sa->conn->psk_len);
}

static enum step_result check(struct turn *t, const struct id_view *theirs)
{
	return auth_is_mac_good(t, psk_of(t), theirs->body)
		       ? STEP_NEXT
		       : auth_failed(t, "AUTH is wrong (is the pre-shared key the same?)");
}

static enum step_result emit(struct turn *t)
{
	return auth_emit_mac(t, AUTH_PSK, psk_of(t));
}

static bool take(const char *text, bool is_remote, struct auth_words *ret_words)
{
	(void)is_remote, (void)ret_words;
	return !strcmp(text, "psk");
}

static int words(char *buf, size_t size)
{
	return snprintf(buf, size, "psk");
}

static unsigned needs(const struct auth_words *words, bool is_remote)
{
	(void)words, (void)is_remote;
	return NEEDS_PSK;
}

static const struct auth_ops ops = { .check = check, .emit = emit };

const struct auth_method auth_psk = {
	.name = "a pre-shared key",
	.class = "pre-shared key",
	.whose = "knows the secret of",
	.numbers = 1u << AUTH_PSK,
	.take = take,
	.words = words,
	.needs = needs,
	.ops = &ops,
};
