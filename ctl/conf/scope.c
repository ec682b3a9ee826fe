/* SPDX-License-Identifier: BSD-2-Clause */
/* The keys of one section against the table: taken, refused, or unknown with what is near. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "conf/build.h"

void mistake(struct build *b, const struct node *at, const char *format, ...)
{
	char text[CONF_ERROR_TEXT];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	errors_add(b->tree->errors, at->source, at->line, "%s", text);
}

void warning(struct build *b, const struct node *at, const char *format, ...)
{
	char text[CONF_ERROR_TEXT];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	errors_warn(b->tree->errors, at->source, at->line, "%s", text);
}

/* ---- What was meant? -------------------------------------------------------------- */

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Levenshtein's distance: inserts, deletions, replacements. */
static unsigned distance(const char *a, const char *b)
{
	unsigned cost[TREE_NAME_MAX + 1];
	size_t n = strlen(b);

	if (n > TREE_NAME_MAX)
		return TREE_NAME_MAX;
	for (size_t j = 0; j <= n; j++)
		cost[j] = (unsigned)j;
	for (size_t i = 0; a[i]; i++) {
		unsigned diagonal = cost[0];

		cost[0] = (unsigned)i + 1;
		for (size_t j = 0; j < n; j++) {
			unsigned swap = diagonal + (a[i] != b[j]);

			diagonal = cost[j + 1];
			cost[j + 1] = least(swap, least(cost[j], diagonal) + 1);
		}
	}
	return cost[n];
}

static const struct row *nearest(enum scope scope, const char *name, bool is_section)
{
	size_t n, len = strlen(name);
	const struct row *all = rows(&n), *best = NULL;
	unsigned best_cost = (unsigned)(len < 6 ? 2 : len / 3) + 1; /* further is no help */

	for (size_t i = 0; i < n; i++) {
		unsigned cost;

		if (all[i].scope != scope || all[i].is_section != is_section)
			continue;
		cost = distance(name, all[i].name);
		if (cost < best_cost) {
			best = &all[i];
			best_cost = cost;
		}
	}
	return best;
}

/* The same name, but in another kind of section. */
static const struct row *elsewhere(enum scope scope, const char *name, bool is_section)
{
	for (int s = 0; s < SCOPE_COUNT; s++) {
		const struct row *row = row_find((enum scope)s, name, is_section);

		if ((enum scope)s != scope && row && row->name[strlen(row->name) - 1] != '*')
			return row;
	}
	return NULL;
}

static void tell_unknown(struct build *b, enum scope scope, const struct node *n)
{
	const char *kind = n->value ? "key" : "section", *other = n->value ? "section" : "key";
	const struct row *row = row_find(scope, n->name, n->value != NULL);

	if (row) {
		mistake(b, n, "'%s' is a %s, not a %s", n->name, other, kind);
		return;
	}
	row = elsewhere(scope, n->name, !n->value);
	if (row) {
		mistake(b, n, "%s '%s' belongs into %s", kind, n->name, scope_name(row->scope));
		return;
	}
	row = nearest(scope, n->name, !n->value);
	if (row)
		mistake(b, n, "unknown %s '%s' in %s: '%.*s'?", kind, n->name, scope_name(scope),
			(int)strcspn(row->name, "*"), row->name);
	else
		mistake(b, n, "unknown %s '%s' in %s", kind, n->name, scope_name(scope));
}

/* ---- Taking ----------------------------------------------------------------------- */

static void *into(void *draft, const struct row *row)
{
	return (char *)draft + row->offset;
}

static void member_take(struct build *b, enum scope scope, const struct node *n, void *draft)
{
	const struct row *row = row_find(scope, n->name, !n->value);

	if (n->is_junk)
		return;
	if (!row)
		tell_unknown(b, scope, n);
	else if (row->take && *n->value)
		row->take(b, row, n, n->value, into(draft, row));
	else if (!row->take && row->why && (n->value ? *n->value != '\0' : n->first != NULL))
		mistake(b, n, "not supported yet: %s (%s)", n->name, row->why);
}

/* An empty value is as good as none: that is how an inherited one is cleared. */
static bool is_given(const struct node *section, const struct row *row)
{
	const struct node *n = node_find(section, row->name);

	return n && n->value && *n->value;
}

void scope_take(struct build *b, enum scope scope, const struct node *section, void *draft)
{
	size_t n;
	const struct row *all = rows(&n);

	for (size_t i = 0; i < n; i++)
		if (all[i].scope == scope && all[i].otherwise && !is_given(section, &all[i]))
			all[i].take(b, &all[i], section, all[i].otherwise, into(draft, &all[i]));
	for (const struct node *m = section->first; m; m = m->next)
		member_take(b, scope, m, draft);
}
