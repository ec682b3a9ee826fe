/* SPDX-License-Identifier: BSD-2-Clause */
/* The tree itself: nodes, where they are, what they inherit. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "conf/tree.h"
#include "crypto/secret.h"

#define INHERIT_DEPTH_MAX 64u /* sections that inherit one another in a row */

enum inherit_state {
	INHERIT_TODO,
	INHERIT_UNDER_WAY,
	INHERIT_DONE,
};

int tree_init(struct tree *t, struct conf_errors *errors)
{
	*t = (struct tree){ .errors = errors };
	t->root = calloc(1, sizeof(*t->root));
	if (!t->root)
		return -ENOMEM;
	t->all = t->root;
	return 0;
}

static void text_free(char *text)
{
	if (text)
		secret_wipe(text, strlen(text));
	free(text);
}

static void node_free(struct node *n)
{
	text_free(n->name);
	text_free(n->value);
	for (struct base *b = n->bases, *next; b; b = next) {
		next = b->next;
		free(b->path);
		free(b);
	}
	free(n);
}

void tree_fini(struct tree *t)
{
	for (struct node *n = t->all, *next; n; n = next) {
		next = n->all;
		node_free(n);
	}
	for (struct source *s = t->sources, *next; s; s = next) {
		next = s->next;
		free(s->path);
		free(s->folder);
		free(s);
	}
	*t = (struct tree){};
}

struct source *tree_source(struct tree *t, const char *path, unsigned mode)
{
	struct source *s = calloc(1, sizeof(*s));
	const char *slash = strrchr(path, '/');

	if (!s) {
		t->is_out_of_memory = true;
		return NULL;
	}
	s->order = t->n_sources++;
	s->mode = mode;
	s->path = strdup(path);
	s->folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup("");
	s->next = t->sources;
	t->sources = s;
	if (!s->path || !s->folder)
		t->is_out_of_memory = true;
	return t->is_out_of_memory ? NULL : s;
}

struct node *node_find(const struct node *section, const char *name)
{
	struct node *n = section->first;

	while (n && strcmp(n->name, name))
		n = n->next;
	return n;
}

static void append(struct node *parent, struct node *n)
{
	if (parent->last)
		parent->last->next = n;
	else
		parent->first = n;
	parent->last = n;
}

struct node *tree_add(struct tree *t, struct node *parent, struct source *source, unsigned line,
		      const char *name, size_t name_len, const char *value, size_t value_len)
{
	struct node *n;

	if (t->is_out_of_memory)
		return NULL;
	if (++t->n_nodes > CONF_NODES_MAX) {
		if (t->n_nodes == CONF_NODES_MAX + 1)
			errors_add(t->errors, source, line, "more than %d sections and keys",
				   CONF_NODES_MAX);
		return NULL;
	}
	n = calloc(1, sizeof(*n));
	if (!n) {
		t->is_out_of_memory = true;
		return NULL;
	}
	n->all = t->all;
	t->all = n;
	n->source = source;
	n->line = line;
	n->name = strndup(name, name_len);
	n->value = value ? strndup(value, value_len) : NULL;
	if (!n->name || (value && !n->value)) {
		t->is_out_of_memory = true;
		return NULL; /* tree_fini() frees it */
	}
	append(parent, n);
	return n;
}

/* ---- Inheritance ------------------------------------------------------------------ */

/* "connections.gw.children" from the root on. */
static struct node *resolve(const struct tree *t, const char *path)
{
	struct node *n = t->root;

	while (n && *path) {
		size_t len = strcspn(path, ".");
		struct node *m = n->first;

		while (m && (strlen(m->name) != len || memcmp(m->name, path, len) || m->value))
			m = m->next;
		n = m;
		path += len + (path[len] == '.');
	}
	return n;
}

/* Add to `to` what it does not have of `from`, sections member by member. The depth is bounded
 * by that of the text, and the number of copies by CONF_NODES_MAX. */
static void copy_missing(struct tree *t, struct node *to, const struct node *from)
{
	/* `last` first: where `to` lies inside `from`, it grows under our feet. */
	const struct node *last = from->last;

	for (const struct node *n = from->first; n && !t->is_out_of_memory; n = n->next) {
		struct node *mine = node_find(to, n->name);

		if (!mine)
			mine = tree_add(t, to, n->source, n->line, n->name, strlen(n->name),
					n->value, n->value ? strlen(n->value) : 0);
		if (!mine)
			return;
		if (!mine->value && !n->value)
			copy_missing(t, mine, n);
		if (n == last)
			break;
	}
}

static void inherit(struct tree *t, struct node *section, unsigned depth);

/* The section that `b` names, ready to be copied; NULL: told why not. */
static struct node *base_ready(struct tree *t, const struct node *section, const struct base *b,
			       unsigned depth)
{
	struct node *from = resolve(t, b->path);
	const char *why = NULL;

	if (from)
		from->is_base = true;
	if (!from || from == t->root)
		why = "which does not exist";
	else if (from->inherit == INHERIT_UNDER_WAY)
		why = "which contains or inherits it";
	else if (depth == INHERIT_DEPTH_MAX)
		why = "in too long a chain";
	if (why) {
		errors_add(t->errors, section->source, section->line,
			   "section '%s' inherits '%s', %s", section->name, b->path, why);
		return NULL;
	}
	if (from->inherit == INHERIT_TODO)
		inherit(t, from, depth + 1);
	return from;
}

static void inherit(struct tree *t, struct node *section, unsigned depth)
{
	section->inherit = INHERIT_UNDER_WAY;
	for (const struct base *b = section->bases; b; b = b->next) {
		const struct node *from = base_ready(t, section, b, depth);

		if (from)
			copy_missing(t, section, from);
	}
	for (struct node *n = section->first; n; n = n->next)
		if (!n->value && n->inherit == INHERIT_TODO)
			inherit(t, n, depth);
	section->inherit = INHERIT_DONE;
}

void tree_inherit(struct tree *t)
{
	inherit(t, t->root, 0);
}
