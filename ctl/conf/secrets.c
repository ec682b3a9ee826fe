/* SPDX-License-Identifier: BSD-2-Clause */
/* Section secrets: pre-shared keys, whose they are, which one a connection takes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "conf/build.h"
#include "crypto/secret.h"
#include "ike/id.h"

#define OWNERS_MAX 256u

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int decode_hex(const char *text, struct secret *s)
{
	size_t len = strlen(text);

	if (len % 2 || len / 2 > PSK_MAX)
		return -EINVAL;
	for (size_t i = 0; i < len; i += 2) {
		int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		s->psk[s->psk_len++] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

static int base64_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* RFC 4648 4; the padding may be missing. */
static int decode_base64(const char *text, struct secret *s)
{
	size_t len = strcspn(text, "=");
	uint32_t bits = 0;
	unsigned n_bits = 0;

	if (len % 4 == 1 || strspn(text + len, "=") != strlen(text + len))
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		int digit = base64_digit(text[i]);

		if (digit < 0 || s->psk_len == PSK_MAX)
			return -EINVAL;
		bits = bits << 6 | (uint32_t)digit;
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			s->psk[s->psk_len++] = (uint8_t)(bits >> n_bits);
		}
	}
	return 0;
}

static int decode(const char *text, struct secret *s)
{
	if (!strncmp(text, "0x", 2))
		return decode_hex(text + 2, s);
	if (!strncmp(text, "0s", 2))
		return decode_base64(text + 2, s);
	if (strlen(text) > PSK_MAX)
		return -EINVAL;
	s->psk_len = strlen(text);
	memcpy(s->psk, text, s->psk_len);
	return 0;
}

/* Messages here never show the text: it is the secret. */
void take_secret(struct build *b, const struct row *row, const struct node *at, const char *text,
		 void *to)
{
	struct secret *s = to;

	(void)row;
	at->source->has_secret = true;
	s->psk_len = 0;
	if (decode(text, s))
		mistake(b, at,
			"the secret cannot be read: text, 0x and hexadecimal, or 0s and Base64, "
			"at most %d bytes", PSK_MAX);
	else if (!s->psk_len)
		mistake(b, at, "the secret is empty");
}

static void owner_add(struct build *b, const struct node *at, struct secret *s,
		      const struct ike_id *id)
{
	struct ike_id *owners;

	if (s->n_owners == OWNERS_MAX) {
		mistake(b, at, "more than %u identities of one secret", OWNERS_MAX);
		return;
	}
	owners = realloc(s->owners, (s->n_owners + 1) * sizeof(*owners));
	if (!owners) {
		b->is_out_of_memory = true;
		return;
	}
	s->owners = owners;
	s->owners[s->n_owners++] = *id;
}

void take_owner(struct build *b, const struct row *row, const struct node *at, const char *text,
		void *to)
{
	struct auth_draft parsed = {};

	take_id(b, row, at, text, &parsed);
	owner_add(b, at, to, &parsed.id);
}

void take_ppk_owner(struct build *b, const struct row *row, const struct node *at,
		    const char *text, void *to)
{
	struct ike_id id = {};

	take_ppk_id(b, row, at, text, &id);
	owner_add(b, at, to, &id);
}

static void build_secret(struct build *b, enum scope scope, const struct node *section,
			 struct secret *s)
{
	const struct node *value = node_find(section, "secret");

	scope_take(b, scope, section, s);
	if (!value || !value->value || !*value->value)
		mistake(b, section, "'%s' has no secret", section->name);
}

static bool is_kind(const struct node *n, const char *kind)
{
	return !n->value && !n->is_junk && !strncmp(n->name, kind, strlen(kind));
}

/* Sections kind*. Never moved: no copies are left behind. */
static struct secret *build_kind(struct build *b, const struct node *section, const char *kind,
				 enum scope scope, size_t *ret_n)
{
	struct secret *list;
	size_t n = 0;

	for (const struct node *m = section->first; m; m = m->next)
		n += is_kind(m, kind);
	list = calloc(n + 1, sizeof(*list));
	if (!list) {
		b->is_out_of_memory = true;
		return NULL;
	}
	for (const struct node *m = section->first; m; m = m->next)
		if (is_kind(m, kind))
			build_secret(b, scope, m, &list[(*ret_n)++]);
	return list;
}

static void build_private(struct build *b, const struct node *section)
{
	struct private_draft d = {};

	scope_take(b, SCOPE_PRIVATE, section, &d); /* creds.c looks for the password itself */
	if (!d.file)
		mistake(b, section, "'%s' has no file", section->name);
}

void build_secrets(struct build *b, const struct node *section)
{
	scope_take(b, SCOPE_SECRETS, section, NULL);
	b->secrets = build_kind(b, section, "ike", SCOPE_SECRET, &b->n_secrets);
	b->eaps = build_kind(b, section, "eap", SCOPE_SECRET, &b->n_eaps);
	b->ppks = build_kind(b, section, "ppk", SCOPE_PPK, &b->n_ppks);
	for (const struct node *m = section->first; m; m = m->next)
		if (is_kind(m, "private") || is_kind(m, "rsa") || is_kind(m, "ecdsa") ||
		    is_kind(m, "pkcs8"))
			build_private(b, m);
}

static void list_fini(struct secret **list, size_t *n)
{
	for (size_t i = 0; i < *n; i++)
		free((*list)[i].owners);
	secret_wipe(*list, *n * sizeof(**list));
	free(*list);
	*list = NULL;
	*n = 0;
}

void secrets_fini(struct build *b)
{
	list_fini(&b->secrets, &b->n_secrets);
	list_fini(&b->ppks, &b->n_ppks);
	list_fini(&b->eaps, &b->n_eaps);
}

const struct secret *ppk_match(const struct build *b, const struct ike_id *id)
{
	for (size_t i = 0; i < b->n_ppks; i++)
		for (size_t j = 0; j < b->ppks[i].n_owners; j++)
			if (id_equal(&b->ppks[i].owners[j], id))
				return &b->ppks[i];
	return NULL;
}

static int best_owner(const struct secret *s, const struct ike_id *id)
{
	int best = 0;

	for (size_t i = 0; i < s->n_owners; i++) {
		int m = id_match(&s->owners[i], id);

		best = m > best ? m : best;
	}
	return best;
}

/* As strongSwan does: one of the two has to own the secret unless nobody does; the peer's match
 * counts first, then ours; the first of equals. */
const struct secret *secret_match(const struct build *b, const struct ike_id *local,
				  const struct ike_id *remote)
{
	const struct secret *best = NULL;
	int best_score = -1;

	for (size_t i = 0; i < b->n_secrets; i++) {
		const struct secret *s = &b->secrets[i];
		int ours = best_owner(s, local), theirs = best_owner(s, remote);
		int score = theirs * 8 + ours; /* a match is 0..3 */

		if ((ours || theirs || !s->n_owners) && score > best_score) {
			best = s;
			best_score = score;
		}
	}
	return best;
}
