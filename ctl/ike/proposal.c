/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/proposal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/nearest.h"

#define KEYWORD_MAX 32
#define FOR_IKE 1u
#define FOR_ESP 2u
#define BOTH (FOR_IKE | FOR_ESP)

struct keyword {
	const char *word;
	struct transform t;
	unsigned use; /* FOR_*: may be configured there */
};

#define GCM(word, bits, use)                                                                       \
	{                                                                                          \
		word, { .type = TRANSFORM_ENCR, .id = ENCR_AES_GCM_16, .key_bits = bits }, use     \
	}
#define CBC(word, bits)                                                                            \
	{                                                                                          \
		word, { .type = TRANSFORM_ENCR, .id = ENCR_AES_CBC, .key_bits = bits }, FOR_IKE    \
	}
#define ID(word, type_, id_, use)                                                                  \
	{                                                                                          \
		word, { .type = type_, .id = id_ }, use                                            \
	}

/* The first word of a transform is the one that is printed. */
static const struct keyword keywords[] = {
	GCM("aes128gcm16", 128, BOTH),
	GCM("aes128gcm128", 128, BOTH),
	GCM("aes192gcm16", 192, FOR_IKE),
	GCM("aes192gcm128", 192, FOR_IKE),
	GCM("aes256gcm16", 256, BOTH),
	GCM("aes256gcm128", 256, BOTH),
	CBC("aes128", 128),
	CBC("aes", 128),
	CBC("aes192", 192),
	CBC("aes256", 256),
	ID("sha256", TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, FOR_IKE),
	ID("sha2_256", TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, FOR_IKE),
	ID("sha384", TRANSFORM_INTEG, INTEG_HMAC_SHA2_384_192, FOR_IKE),
	ID("sha2_384", TRANSFORM_INTEG, INTEG_HMAC_SHA2_384_192, FOR_IKE),
	ID("sha512", TRANSFORM_INTEG, INTEG_HMAC_SHA2_512_256, FOR_IKE),
	ID("sha2_512", TRANSFORM_INTEG, INTEG_HMAC_SHA2_512_256, FOR_IKE),
	ID("prfsha256", TRANSFORM_PRF, PRF_HMAC_SHA2_256, FOR_IKE),
	ID("prfsha384", TRANSFORM_PRF, PRF_HMAC_SHA2_384, FOR_IKE),
	ID("prfsha512", TRANSFORM_PRF, PRF_HMAC_SHA2_512, FOR_IKE),
	ID("x25519", TRANSFORM_KE, KE_X25519, BOTH),
	ID("curve25519", TRANSFORM_KE, KE_X25519, BOTH),
	ID("ecp256", TRANSFORM_KE, KE_ECP_256, BOTH),
	ID("modp2048", TRANSFORM_KE, KE_MODP_2048, BOTH),
	ID("esn", TRANSFORM_ESN, ESN_YES, FOR_ESP),
	ID("noesn", TRANSFORM_ESN, ESN_NO, FOR_ESP),
};

/* What "default" means: all of it can be had everywhere and is fast everywhere. */
static const char default_ike[] =
	"aes128gcm16-aes256gcm16-prfsha256-prfsha384-prfsha512-x25519-ecp256-modp2048";
static const char default_esp[] = "aes128gcm16-aes256gcm16-noesn";

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

/* Never overflows: a proposal holds each transform once, and there are fewer keywords. */
_Static_assert(ARRAY_SIZE(keywords) < PROPOSAL_TRANSFORMS_MAX, "all keywords fit");

static void proposal_add(struct proposal *p, const struct transform *t)
{
	if (!proposal_has(p, t))
		p->transforms[p->n_transforms++] = *t;
}

/* NULL: *ret_why says what is wrong with the word. */
static const struct keyword *keyword_find(const char *word, unsigned use, char *ret_why,
					  size_t why_size)
{
	for (size_t i = 0; i < ARRAY_SIZE(keywords); i++) {
		if (strcmp(keywords[i].word, word))
			continue;
		if (keywords[i].use & use)
			return &keywords[i];
		snprintf(ret_why, why_size, "algorithm '%s' is not available for %s", word,
			 use == FOR_IKE ? "IKE" : "ESP");
		return NULL;
	}
	const char *near =
		nearest_word(word, &keywords[0].word, ARRAY_SIZE(keywords), sizeof(keywords[0]));
	snprintf(ret_why, why_size, "unknown algorithm '%s'%s%s%s", word,
		 near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
	return NULL;
}

static int words_parse(struct proposal *p, unsigned use, const char *text, char *ret_why,
		       size_t why_size)
{
	while (true) {
		size_t len = strcspn(text, "-");
		char word[KEYWORD_MAX];

		snprintf(word, sizeof(word), "%.*s", (int)(len < KEYWORD_MAX ? len : KEYWORD_MAX),
			 text);
		const struct keyword *found = keyword_find(word, use, ret_why, why_size);
		if (!found)
			return -EINVAL;
		proposal_add(p, &found->t);
		if (!text[len])
			return 0;
		text += len + 1;
	}
}

static void type_drop(struct proposal *p, enum transform_type type)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->n_transforms; i++)
		if (p->transforms[i].type != type)
			p->transforms[kept++] = p->transforms[i];
	p->n_transforms = kept;
}

/* One PRF for each integrity algorithm named, else prfsha256. */
static void prf_derive(struct proposal *p)
{
	struct transform prf = { .type = TRANSFORM_PRF, .id = PRF_HMAC_SHA2_256 };
	size_t n = p->n_transforms;

	if (proposal_get(p, TRANSFORM_PRF))
		return;
	if (!proposal_get(p, TRANSFORM_INTEG))
		proposal_add(p, &prf);
	for (size_t i = 0; i < n; i++) {
		if (p->transforms[i].type != TRANSFORM_INTEG)
			continue;
		/* sha256, sha384, sha512 are 12, 13, 14 there and 5, 6, 7 here */
		prf.id = (uint16_t)(p->transforms[i].id - INTEG_HMAC_SHA2_256_128 +
				    PRF_HMAC_SHA2_256);
		proposal_add(p, &prf);
	}
}

/* The order in which people write a proposal, and strongSwan sends it. */
static const uint8_t type_order[] = {
	TRANSFORM_ENCR, TRANSFORM_INTEG, TRANSFORM_PRF, TRANSFORM_KE, TRANSFORM_ESN,
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
			  p->transforms[i].id == ENCR_AES_GCM_16;
	}
	if (!n_encr)
		return "no encryption algorithm named";
	if (n_aead && n_aead != n_encr)
		return "AEAD (gcm) and other encryption algorithms need separate proposals";
	if (!n_aead && !proposal_get(p, TRANSFORM_INTEG))
		return "no integrity algorithm named";
	if (p->protocol == PROTO_IKE && !proposal_get(p, TRANSFORM_KE))
		return "no key exchange method named, such as x25519";
	if (p->protocol == PROTO_IKE)
		prf_derive(p);
	else if (!proposal_get(p, TRANSFORM_ESN))
		proposal_add(p, &no_esn);
	if (n_aead)
		type_drop(p, TRANSFORM_INTEG);
	types_sort(p);
	return NULL;
}

int proposal_parse(uint8_t protocol, const char *text, struct proposal *ret_proposal, char *ret_why,
		   size_t why_size)
{
	struct proposal p = { .number = 1, .protocol = protocol };
	unsigned use = protocol == PROTO_IKE ? FOR_IKE : FOR_ESP;

	if (protocol != PROTO_IKE && protocol != PROTO_ESP) {
		snprintf(ret_why, why_size, "only IKE and ESP proposals are supported");
		return -EINVAL;
	}
	if (!strcmp(text, "default"))
		text = use == FOR_IKE ? default_ike : default_esp;
	if (words_parse(&p, use, text, ret_why, why_size))
		return -EINVAL;
	const char *wrong = proposal_complete(&p);
	if (wrong) {
		snprintf(ret_why, why_size, "'%s': %s", text, wrong);
		return -EINVAL;
	}
	*ret_proposal = p;
	return 0;
}

/* Canonical word of a transform; numbers for what has none, "encr3", "ke2", "encr12:129". */
static void transform_print(const struct transform *t, char *buf, size_t size)
{
	static const char *const types[] = { "type", "encr", "prf", "integ", "ke", "esn" };

	for (size_t i = 0; i < ARRAY_SIZE(keywords); i++) {
		if (transform_equal(&keywords[i].t, t)) {
			snprintf(buf, size, "%s", keywords[i].word);
			return;
		}
	}
	if (t->type >= ARRAY_SIZE(types))
		snprintf(buf, size, "type%u:%u", t->type, t->id);
	else if (t->key_bits)
		snprintf(buf, size, "%s%u:%u", types[t->type], t->id, t->key_bits);
	else
		snprintf(buf, size, "%s%u", types[t->type], t->id);
}

const char *proposal_print(const struct proposal *p, char *buf, size_t size)
{
	size_t at = 0;

	if (size)
		buf[0] = '\0';
	for (size_t i = 0; i < p->n_transforms && at + 1 < size; i++) {
		char word[KEYWORD_MAX];

		transform_print(&p->transforms[i], word, sizeof(word));
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

/* Choose for one type; false: nothing in common. */
static bool type_choose(const struct proposal *ours, const struct proposal *theirs, uint8_t type,
			struct proposal *chosen)
{
	bool is_ours = proposal_get(ours, type), is_theirs = proposal_get(theirs, type);
	const struct transform *t = NULL;

	if (is_ours != is_theirs) {
		t = none_of(is_ours ? ours : theirs, type);
		if (t && is_theirs)
			proposal_add(chosen, t);
		return t;
	}
	for (size_t i = 0; i < ours->n_transforms; i++) {
		if (ours->transforms[i].type != type)
			continue;
		t = proposal_has(theirs, &ours->transforms[i]);
		if (t) {
			proposal_add(chosen, t);
			return true;
		}
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

		if (type > TRANSFORM_ESN && !type_choose(ours, theirs, type, &chosen))
			return false;
	}
	*ret_chosen = chosen;
	return true;
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
