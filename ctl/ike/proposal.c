/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/proposal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "crypto/ike_aead.h"
#include "ike/keywords.h"

/* What "default" means: all of it can be had everywhere, is fast everywhere, and none is among what
 * RFC 8247 and RFC 8221 discourage. AEAD first; the second one is for peers without. */
static const char *const defaults[][PROPOSAL_DEFAULTS] = {
	[PROTO_IKE] = { "aes128gcm16-aes256gcm16-chacha20poly1305-prfsha256-prfsha384-prfsha512-"
			"x25519-ecp256-ecp384-modp3072-modp2048",
			"aes128-aes256-sha256-sha384-sha512-x25519-ecp256-ecp384-modp3072-modp2048" },
	[PROTO_AH] = { "sha256-sha384-sha512-noesn" },
	[PROTO_ESP] = { "aes128gcm16-aes256gcm16-noesn",
			"aes128-aes256-sha256-sha384-sha512-noesn" },
};

static bool transform_equal(const struct transform *a, const struct transform *b)
{
	return a->type == b->type && a->id == b->id && a->key_bits == b->key_bits;
}

const struct transform *proposal_get(const struct proposal *p, enum transform_type type)
{
	for (size_t i = 0; i < p->n_transforms; i++)
		if (p->transforms[i].type == type)
			return &p->transforms[i];
	return NULL;
}

static const struct transform *proposal_has(const struct proposal *p, const struct transform *t)
{
	for (size_t i = 0; i < p->n_transforms; i++)
		if (transform_equal(&p->transforms[i], t) && !p->transforms[i].is_odd)
			return &p->transforms[i];
	return NULL;
}

/* ---- Keywords ------------------------------------------------------------------- */

static bool proposal_add(struct proposal *p, const struct transform *t)
{
	if (proposal_has(p, t))
		return true;
	if (p->n_transforms == PROPOSAL_TRANSFORMS_MAX)
		return false;
	p->transforms[p->n_transforms++] = *t;
	return true;
}

static int words_parse(struct proposal *p, const char *text, char *ret_why, size_t why_size)
{
	while (true) {
		size_t len = strcspn(text, "-");
		char word[KEYWORD_MAX];
		struct transform t;

		snprintf(word, sizeof(word), "%.*s", (int)(len < KEYWORD_MAX ? len : KEYWORD_MAX),
			 text);
		if (keyword_parse(p->protocol, word, &t, ret_why, why_size))
			return -EINVAL;
		if (!proposal_add(p, &t)) {
			snprintf(ret_why, why_size, "more than %d algorithms in a proposal",
				 PROPOSAL_TRANSFORMS_MAX);
			return -EINVAL;
		}
		if (!text[len])
			return 0;
		text += len + 1;
	}
}

void proposal_drop(struct proposal *p, uint8_t type)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->n_transforms; i++)
		if (p->transforms[i].type != type)
			p->transforms[kept++] = p->transforms[i];
	p->n_transforms = kept;
}

static uint16_t prf_of_integ(uint16_t integ)
{
	static const uint16_t prfs[][2] = {
		{ INTEG_HMAC_SHA1_96, PRF_HMAC_SHA1 },
		{ INTEG_AES_XCBC_96, PRF_AES128_XCBC },
		{ INTEG_AES_CMAC_96, PRF_AES128_CMAC },
		{ INTEG_HMAC_SHA2_256_128, PRF_HMAC_SHA2_256 },
		{ INTEG_HMAC_SHA2_384_192, PRF_HMAC_SHA2_384 },
		{ INTEG_HMAC_SHA2_512_256, PRF_HMAC_SHA2_512 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(prfs); i++)
		if (prfs[i][0] == integ)
			return prfs[i][1];
	return PRF_HMAC_SHA2_256;
}

/* One PRF for each integrity algorithm named, else prfsha256. */
static bool prf_derive(struct proposal *p)
{
	struct transform prf = { .type = TRANSFORM_PRF, .id = PRF_HMAC_SHA2_256 };
	size_t n = p->n_transforms;
	bool ok = true;

	if (proposal_get(p, TRANSFORM_PRF))
		return true;
	if (!proposal_get(p, TRANSFORM_INTEG))
		return proposal_add(p, &prf);
	for (size_t i = 0; i < n && ok; i++) {
		if (p->transforms[i].type != TRANSFORM_INTEG)
			continue;
		prf.id = prf_of_integ(p->transforms[i].id);
		ok = proposal_add(p, &prf);
	}
	return ok;
}

/* The order in which people write a proposal, and strongSwan sends it. */
static const uint8_t type_order[] = {
	TRANSFORM_ENCR,	      TRANSFORM_INTEG,	    TRANSFORM_PRF,	  TRANSFORM_KE,
	TRANSFORM_ADDKE1,     TRANSFORM_ADDKE1 + 1, TRANSFORM_ADDKE1 + 2, TRANSFORM_ADDKE1 + 3,
	TRANSFORM_ADDKE1 + 4, TRANSFORM_ADDKE1 + 5, TRANSFORM_ADDKE7,	  TRANSFORM_ESN,
};

/* Grouped by type; the order within a type is the preference. */
static void types_sort(struct proposal *p)
{
	struct proposal sorted = *p;

	sorted.n_transforms = 0;
	for (size_t o = 0; o < ARRAY_SIZE(type_order); o++)
		for (size_t i = 0; i < p->n_transforms; i++)
			if (p->transforms[i].type == type_order[o])
				sorted.transforms[sorted.n_transforms++] = p->transforms[i];
	*p = sorted;
}

/* The rules of RFC 7296 3.3.3 and RFC 5282 8, as strongSwan applies them. NULL: all is well. */
static const char *proposal_complete(struct proposal *p)
{
	size_t n_aead = 0, n_encr = 0;
	const struct transform no_esn = { .type = TRANSFORM_ESN, .id = ESN_NO };

	for (size_t i = 0; i < p->n_transforms; i++) {
		n_encr += p->transforms[i].type == TRANSFORM_ENCR;
		n_aead += p->transforms[i].type == TRANSFORM_ENCR &&
			  encr_is_aead(p->transforms[i].id);
	}
	if (p->protocol != PROTO_AH && !n_encr)
		return "no encryption algorithm named";
	if (n_aead && n_aead != n_encr)
		return "AEAD (gcm, ccm, chacha20poly1305, gmac) and other encryption algorithms need "
		       "separate proposals";
	if (!n_aead && !proposal_get(p, TRANSFORM_INTEG))
		return "no integrity algorithm named";
	if ((p->protocol == PROTO_IKE || proposal_has_addke(p)) && !proposal_get(p, TRANSFORM_KE))
		return "no key exchange method named, such as x25519";
	if (p->protocol == PROTO_IKE ? !prf_derive(p)
				     : !proposal_get(p, TRANSFORM_ESN) && !proposal_add(p, &no_esn))
		return "too many algorithms";
	/* Beside an AEAD, IKE's integrity algorithm may stand for the PRF. */
	if (n_aead && p->protocol == PROTO_ESP && proposal_get(p, TRANSFORM_INTEG))
		return "AEAD (gcm, ccm, chacha20poly1305, gmac) authenticates by itself: no integrity "
		       "algorithm beside it";
	if (n_aead)
		proposal_drop(p, TRANSFORM_INTEG);
	types_sort(p);
	return NULL;
}

int proposal_parse(uint8_t protocol, const char *text, struct proposal *ret_proposal, char *ret_why,
		   size_t why_size)
{
	struct proposal p = { .number = 1, .protocol = protocol };

	if (!strcmp(text, "default"))
		text = defaults[protocol][0];
	if (words_parse(&p, text, ret_why, why_size))
		return -EINVAL;
	const char *wrong = proposal_complete(&p);
	if (wrong) {
		snprintf(ret_why, why_size, "'%s': %s", text, wrong);
		return -EINVAL;
	}
	*ret_proposal = p;
	return 0;
}

int proposal_defaults(uint8_t protocol, struct proposal ret_list[PROPOSAL_DEFAULTS], size_t *ret_n)
{
	char why[64];

	*ret_n = 0;
	for (size_t i = 0; i < PROPOSAL_DEFAULTS && defaults[protocol][i]; i++, ++*ret_n)
		if (proposal_parse(protocol, defaults[protocol][i], &ret_list[i], why, sizeof(why)))
			return -EINVAL;
	return 0;
}

bool proposal_has_addke(const struct proposal *p)
{
	for (size_t i = 0; i < p->n_transforms; i++)
		if (p->transforms[i].type >= TRANSFORM_ADDKE1 &&
		    p->transforms[i].type <= TRANSFORM_ADDKE7 && p->transforms[i].id != KE_NONE)
			return true;
	return false;
}

void proposal_drop_addke(struct proposal *p)
{
	for (uint8_t type = TRANSFORM_ADDKE1; type <= TRANSFORM_ADDKE7; type++)
		proposal_drop(p, type);
}

const struct transform *proposal_addke(const struct proposal *p, size_t nth)
{
	for (uint8_t type = TRANSFORM_ADDKE1; type <= TRANSFORM_ADDKE7; type++) {
		const struct transform *t = proposal_get(p, type);

		if (t && t->id != KE_NONE && !nth--)
			return t;
	}
	return NULL;
}

const char *proposal_print(const struct proposal *p, char *buf, size_t size)
{
	size_t at = 0;

	if (size)
		buf[0] = '\0';
	for (size_t i = 0; i < p->n_transforms && at + 1 < size; i++) {
		char word[KEYWORD_MAX];

		keyword_print(&p->transforms[i], word, sizeof(word));
		int n = snprintf(buf + at, size - at, "%s%s", i ? "-" : "", word);
		at += n < 0 ? 0 : (size_t)n;
	}
	return buf;
}

/* ---- Choosing ------------------------------------------------------------------- */

/* No transform of INTEG, KE or ESN says the same as one with id 0: NONE, or no ESN. Also holds
 * for types that came later (RFC 9370's additional key exchanges), which we never offer. */
static const struct transform *none_of(const struct proposal *p, uint8_t type)
{
	struct transform none = { .type = type };

	return type == TRANSFORM_ENCR || type == TRANSFORM_PRF ? NULL : proposal_has(p, &none);
}

static bool is_ke(uint8_t type)
{
	return type == TRANSFORM_KE || (type >= TRANSFORM_ADDKE1 && type <= TRANSFORM_ADDKE7);
}

/* RFC 9370 2.2.1: no key exchange method twice. */
static bool is_ke_taken(const struct proposal *chosen, const struct transform *t)
{
	for (size_t i = 0; i < chosen->n_transforms; i++)
		if (is_ke(chosen->transforms[i].type) && chosen->transforms[i].id == t->id)
			return is_ke(t->type) && t->id != KE_NONE;
	return false;
}

/* Choose for one type; false: nothing in common. */
static bool type_choose(const struct proposal *ours, const struct proposal *theirs, uint8_t type,
			struct proposal *chosen)
{
	bool is_ours = proposal_get(ours, type), is_theirs = proposal_get(theirs, type);
	const struct transform *t = NULL;

	if (is_ours != is_theirs) {
		t = none_of(is_ours ? ours : theirs, type);
		return t && (!is_theirs || proposal_add(chosen, t));
	}
	for (size_t i = 0; i < ours->n_transforms; i++) {
		if (ours->transforms[i].type != type || is_ke_taken(chosen, &ours->transforms[i]))
			continue;
		t = proposal_has(theirs, &ours->transforms[i]);
		if (t)
			return proposal_add(chosen, t);
	}
	return !is_ours;
}

static bool pair_choose(const struct proposal *ours, const struct proposal *theirs,
			struct proposal *ret_chosen)
{
	struct proposal chosen = *theirs;

	chosen.n_transforms = 0;
	if (ours->protocol != theirs->protocol)
		return false;
	for (size_t o = 0; o < ARRAY_SIZE(type_order); o++)
		if (!type_choose(ours, theirs, type_order[o], &chosen))
			return false;
	for (size_t i = 0; i < theirs->n_transforms; i++) {
		uint8_t type = theirs->transforms[i].type;

		if (type > TRANSFORM_ADDKE7 && !type_choose(ours, theirs, type, &chosen))
			return false;
	}
	*ret_chosen = chosen;
	return true;
}

bool proposals_have_group(const struct proposal *list, size_t n, uint16_t group)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < list[i].n_transforms; j++)
			if (list[i].transforms[j].type == TRANSFORM_KE &&
			    list[i].transforms[j].id == group)
				return true;
	return false;
}

int proposal_choose(const struct proposal *ours, size_t n_ours, const struct proposal *theirs,
		    size_t n_theirs, struct proposal *ret_chosen)
{
	for (size_t i = 0; i < n_ours; i++)
		for (size_t j = 0; j < n_theirs; j++)
			if (pair_choose(&ours[i], &theirs[j], ret_chosen))
				return 0;
	return -ENOENT;
}
