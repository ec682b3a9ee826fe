/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/explain.h"

#include <stdio.h>
#include "ike/keywords.h"
#include "ike/ts.h"

#define SIDE_MAX 180 /* bytes of text for one side's offer: the line has room for both */
#define WORDS_MAX 64 /* for one type of transform, or one side of the selectors */

static const struct {
	uint8_t type;
	const char *name;
} order[] = {
	{ TRANSFORM_ENCR, "encryption" },
	{ TRANSFORM_PRF, "PRF" },
	{ TRANSFORM_INTEG, "integrity" },
	{ TRANSFORM_KE, "key exchange" },
	{ TRANSFORM_ADDKE1, "additional key exchange 1" },
	{ TRANSFORM_ADDKE1 + 1, "additional key exchange 2" },
	{ TRANSFORM_ADDKE1 + 2, "additional key exchange 3" },
	{ TRANSFORM_ADDKE1 + 3, "additional key exchange 4" },
	{ TRANSFORM_ADDKE1 + 4, "additional key exchange 5" },
	{ TRANSFORM_ADDKE1 + 5, "additional key exchange 6" },
	{ TRANSFORM_ADDKE7, "additional key exchange 7" },
	{ TRANSFORM_ESN, "sequence numbers" },
};
#define ORDER_N (sizeof(order) / sizeof(order[0]))

/* A text that did not fit says so. */
static void dots(char *buf, size_t size, bool is_cut)
{
	if (is_cut && size > 4)
		snprintf(buf + size - 4, 4, "...");
}

const char *explain_offer(const struct proposal *p, size_t n, char *buf, size_t size)
{
	size_t at = 0;
	char one[PROPOSAL_TEXT_MAX];

	snprintf(buf, size, "%s", n ? "" : "nothing known here");
	for (size_t i = 0; i < n && at < size; i++)
		at += (size_t)snprintf(buf + at, size - at, "%s%s", i ? ", " : "",
				       proposal_print(&p[i], one, sizeof(one)));
	dots(buf, size, at >= size);
	return buf;
}

static struct proposal only(const struct proposal *p, uint8_t type)
{
	struct proposal one = { .protocol = p->protocol };

	for (size_t i = 0; i < p->n_transforms; i++)
		if (p->transforms[i].type == type)
			one.transforms[one.n_transforms++] = p->transforms[i];
	return one;
}

static bool has_none(const struct proposal *p)
{
	for (size_t i = 0; i < p->n_transforms; i++)
		if (!p->transforms[i].id)
			return true;
	return !p->n_transforms;
}

static bool is_common(const struct proposal *ours, const struct proposal *theirs, uint8_t type)
{
	struct proposal a = only(ours, type), b = only(theirs, type);

	for (size_t i = 0; i < a.n_transforms; i++)
		for (size_t j = 0; j < b.n_transforms; j++)
			if (a.transforms[i].id == b.transforms[j].id &&
			    a.transforms[i].key_bits == b.transforms[j].key_bits)
				return true;
	return has_none(&a) && has_none(&b);
}

/* How many types agree before the first that does not. */
static size_t depth(const struct proposal *ours, const struct proposal *theirs)
{
	size_t n = 0;

	while (n < ORDER_N && is_common(ours, theirs, order[n].type))
		n++;
	return n;
}

static const char *words(const struct proposal *p, uint8_t type, char *buf, size_t size)
{
	struct proposal one = only(p, type);
	char text[PROPOSAL_TEXT_MAX];

	int n = snprintf(buf, size, "%s", proposal_print(&one, text, sizeof(text)));
	dots(buf, size, n >= (int)size);
	return *buf ? buf : "none";
}

static void difference(const struct proposal *ours, size_t n_ours, const struct proposal *theirs,
		       size_t n_theirs, char *buf, size_t size)
{
	const struct proposal *a = NULL, *b = NULL;
	char we[WORDS_MAX], they[WORDS_MAX];
	size_t deepest = 0;

	for (size_t i = 0; i < n_ours; i++)
		for (size_t j = 0; j < n_theirs; j++) {
			size_t n = depth(&ours[i], &theirs[j]);

			if (ours[i].protocol != theirs[j].protocol || (a && n <= deepest))
				continue;
			deepest = n;
			a = &ours[i];
			b = &theirs[j];
		}
	*buf = '\0';
	if (!a && n_ours && n_theirs)
		snprintf(buf, size, "; first difference: we want %s, they %s",
			 protocol_text(ours[0].protocol), protocol_text(theirs[0].protocol));
	if (a && deepest < ORDER_N)
		snprintf(buf, size, "; first difference: %s, we want %s, they %s",
			 order[deepest].name, words(a, order[deepest].type, we, sizeof(we)),
			 words(b, order[deepest].type, they, sizeof(they)));
}

const char *explain_proposals(const struct proposal *ours, size_t n_ours,
			      const struct proposal *theirs, size_t n_theirs, char *buf,
			      size_t size)
{
	char we[SIDE_MAX], they[SIDE_MAX], first[3 * WORDS_MAX];

	explain_offer(ours, n_ours, we, sizeof(we));
	explain_offer(theirs, n_theirs, they, sizeof(they));
	difference(ours, n_ours, theirs, n_theirs, first, sizeof(first));
	snprintf(buf, size, "ours: %s; theirs: %s%s", we, they, first);
	return buf;
}

/* ---- Traffic selectors ---------------------------------------------------------- */

static bool do_meet(const struct ts_val *a, size_t n_a, const struct ts_val *b, size_t n_b)
{
	struct ts_val meet;

	for (size_t i = 0; i < n_a; i++)
		for (size_t j = 0; j < n_b; j++)
			if (ts_meet(&a[i], &b[j], &meet))
				return true;
	return false;
}

static const char *ts_difference(const struct explain_ts *a, const struct explain_ts *b,
				 bool is_answer)
{
	if (!do_meet(a->local, a->n_local, b->local, b->n_local))
		return "; first difference: local selectors";
	if (!do_meet(a->remote, a->n_remote, b->remote, b->n_remote))
		return "; first difference: remote selectors";
	if (is_answer && !ts_all_within(b->local, b->n_local, a->local, a->n_local))
		return "; first difference: local selectors, theirs are wider";
	if (is_answer && !ts_all_within(b->remote, b->n_remote, a->remote, a->n_remote))
		return "; first difference: remote selectors, theirs are wider";
	return "";
}

const char *explain_side(struct explain_ts side, char *buf, size_t size)
{
	char local[SIDE_MAX / 2], remote[SIDE_MAX / 2];

	snprintf(buf, size, "%s === %s",
		 ts_list_print(side.local, side.n_local, local, sizeof(local)),
		 ts_list_print(side.remote, side.n_remote, remote, sizeof(remote)));
	return buf;
}

const char *explain_ts(struct explain_ts ours, struct explain_ts theirs, bool is_answer, char *buf,
		       size_t size)
{
	char we[SIDE_MAX + 8], they[SIDE_MAX + 8];

	snprintf(buf, size, "ours: %s; theirs: %s%s", explain_side(ours, we, sizeof(we)),
		 explain_side(theirs, they, sizeof(they)),
		 ts_difference(&ours, &theirs, is_answer));
	return buf;
}
