/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/esp_algs.h"

#include <stdio.h>
#include "ike/keywords.h"

/* The first word of each transform is the one that it is printed as; others are its aliases. */
static bool is_alias(const struct transform *t, const char *word)
{
	char first[KEYWORD_MAX];

	keyword_print(t, first, sizeof(first));
	for (size_t i = 0; first[i] || word[i]; i++)
		if (first[i] != word[i])
			return true;
	return false;
}

/* The integrity algorithms: *n counts down. */
static const char *integ_nth(size_t *n, struct transform *ret)
{
	const char *word;

	for (size_t i = 0; (word = keyword_nth(PROTO_ESP, i, ret)); i++)
		if (ret->type == TRANSFORM_INTEG && !is_alias(ret, word) && !(*n)--)
			return word;
	return NULL;
}

bool esp_alg_nth(size_t n, struct aead_alg *ret_alg, char *ret_name, size_t size)
{
	struct transform encr, integ;
	const char *word, *with;

	for (size_t i = 0; (word = keyword_nth(PROTO_ESP, i, &encr)); i++) {
		*ret_alg = (struct aead_alg){ encr.id, encr.key_bits, INTEG_NONE };
		snprintf(ret_name, size, "%s", word);
		if (encr.type != TRANSFORM_ENCR || is_alias(&encr, word))
			continue;
		if (encr_is_aead(encr.id)) {
			if (!n--)
				return true;
			continue;
		}
		with = integ_nth(&n, &integ);
		if (with) {
			ret_alg->integ = integ.id;
			snprintf(ret_name, size, "%s-%s", word, with);
			return true;
		}
	}
	return false;
}
