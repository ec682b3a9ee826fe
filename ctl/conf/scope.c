/* SPDX-License-Identifier: BSD-2-Clause */
/* The keys of one section against the table: taken, refused, or unknown with what is near. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/nearest.h"
#include "conf/build.h"

#define SCOPE_KEYS_MAX 64u /* of the table, in one kind of section; a test counts */

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

static const char *nearest(enum scope scope, const char *name, bool is_section)
{
	const char *words[SCOPE_KEYS_MAX];
	size_t n, n_words = 0;
	const struct row *all = rows(&n);

	for (size_t i = 0; i < n && n_words < SCOPE_KEYS_MAX; i++)
		if (all[i].scope == scope && all[i].is_section == is_section)
			words[n_words++] = all[i].name;
	return nearest_word(name, words, n_words, sizeof(*words));
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
	const char *near;

	if (row && !strcmp(row->name, n->name)) {
		mistake(b, n, "'%s' is a %s, not a %s", n->name, other, kind);
		return;
	}
	row = elsewhere(scope, n->name, !n->value);
	if (row) {
		mistake(b, n, "%s '%s' belongs into %s", kind, n->name, scope_name(row->scope));
		return;
	}
	near = nearest(scope, n->name, !n->value);
	if (near)
		mistake(b, n, "unknown %s '%s' in %s: '%.*s'?", kind, n->name, scope_name(scope),
			(int)strcspn(near, "*"), near);
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
