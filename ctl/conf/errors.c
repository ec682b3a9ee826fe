/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of mistakes. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "conf/tree.h"

static void add(struct conf_errors *e, const struct source *source, unsigned line, bool is_warning,
		const char *format, va_list args)
{
	struct conf_error *list, *one;

	e->n_errors += !is_warning;
	if (e->n > CONF_ERRORS_MAX)
		return;
	list = realloc(e->list, (e->n + 1) * sizeof(*list));
	if (!list)
		return; /* n_errors says that there is one */
	e->list = list;
	one = &list[e->n++];
	*one = (struct conf_error){ .line = line, .is_warning = is_warning };
	one->file = source ? strdup(source->path) : NULL;
	if (e->n <= CONF_ERRORS_MAX)
		vsnprintf(one->text, sizeof(one->text), format, args);
	else
		snprintf(one->text, sizeof(one->text), "more than %d mistakes: stopped telling",
			 CONF_ERRORS_MAX);
}

void errors_add(struct conf_errors *e, const struct source *source, unsigned line,
		const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(e, source, line, false, format, args);
	va_end(args);
}

void errors_warn(struct conf_errors *e, const struct source *source, unsigned line,
		 const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(e, source, line, true, format, args);
	va_end(args);
}

static unsigned source_order(const struct tree *t, const char *path)
{
	for (const struct source *s = t->sources; path && s; s = s->next)
		if (!strcmp(s->path, path))
			return s->order;
	return 0;
}

static bool is_later(const struct tree *t, const struct conf_error *a, const struct conf_error *b)
{
	unsigned oa = source_order(t, a->file), ob = source_order(t, b->file);

	return oa != ob ? oa > ob : a->line > b->line;
}

/* Insertion sort: stable, and the list is short (CONF_ERRORS_MAX). */
void errors_sort(struct conf_errors *e, const struct tree *t)
{
	for (size_t i = 1; i < e->n; i++) {
		struct conf_error one = e->list[i];
		size_t at = i;

		for (; at > 0 && is_later(t, &e->list[at - 1], &one); at--)
			e->list[at] = e->list[at - 1];
		e->list[at] = one;
	}
}

const char *conf_error_print(const struct conf_error *error, char *buf, size_t size)
{
	const char *kind = error->is_warning ? "warning" : "error";
	const char *file = error->file ? error->file : "configuration";

	if (error->line)
		snprintf(buf, size, "%s:%u: %s: %s", file, error->line, kind, error->text);
	else
		snprintf(buf, size, "%s: %s: %s", file, kind, error->text);
	return buf;
}

void conf_errors_fini(struct conf_errors *errors)
{
	for (size_t i = 0; i < errors->n; i++)
		free(errors->list[i].file);
	free(errors->list);
	*errors = (struct conf_errors){};
}
