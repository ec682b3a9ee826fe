/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grammar of strongswan.conf(5):
 *
 *     settings := (section | keyvalue | include)*
 *     section  := NAME [":" PATH ("," PATH)*] "{" settings "}"
 *     keyvalue := NAME "=" VALUE        the value ends with the line, a '#' or a '}'
 *     include  := "include" PATTERN
 *
 * A value is words joined by one blank; a word in double quotes may hold anything, with \n \r
 * \t \b \f, and a backslash before the end of a line joins two lines. After a mistake the parser
 * goes on with the next line, so that all of them are told at once.
 */
#include <stdlib.h>
#include <string.h>
#include "conf/tree.h"
#include "crypto/secret.h"

struct parse {
	struct tree *tree;
	struct source *source;
	const char *at, *end;
	unsigned line;
	unsigned depth;         /* of sections */
	unsigned include_depth; /* of files */
	bool is_over;           /* a mistake swallowed the rest: what is missing there is not told */
};

/* A value while it is read. Its memory is wiped when it grows and at the end. */
struct value {
	char *data;
	size_t len, size;
};

static void fail(struct parse *p, unsigned line, const char *what)
{
	errors_add(p->tree->errors, p->source, line, "%s", what);
}

static int peek(const struct parse *p)
{
	return p->at < p->end ? (unsigned char)*p->at : -1;
}

static void skip_line(struct parse *p)
{
	while (p->at < p->end && *p->at != '\n')
		p->at++;
}

static bool is_blank(int c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Blanks and, unless told to stay in the line, newlines and comments. */
static void skip_space(struct parse *p, bool in_line)
{
	for (;;) {
		int c = peek(p);

		if (!in_line && c == '#') {
			skip_line(p);
		} else if (!in_line && c == '\n') {
			p->line++;
			p->at++;
		} else if (is_blank(c)) {
			p->at++;
		} else {
			return;
		}
	}
}

static bool is_name_char(int c)
{
	return c > ' ' && c != 0x7f && !strchr(".,:{}=\"#", c);
}

static size_t take_name(struct parse *p, const char **ret_name)
{
	const char *from = p->at;

	while (p->at < p->end && is_name_char((unsigned char)*p->at))
		p->at++;
	*ret_name = from;
	return (size_t)(p->at - from);
}

/* ---- Values ----------------------------------------------------------------------- */

static void value_put(struct parse *p, struct value *v, char c)
{
	if (v->len == v->size) {
		size_t size = v->size ? 2 * v->size : 64;
		char *data = malloc(size);

		if (!data) {
			p->tree->is_out_of_memory = true;
			return;
		}
		if (v->len)
			memcpy(data, v->data, v->len);
		secret_wipe(v->data, v->size);
		free(v->data);
		v->data = data;
		v->size = size;
	}
	v->data[v->len++] = c;
}

static void value_fini(struct value *v)
{
	secret_wipe(v->data, v->size);
	free(v->data);
}

/* After a backslash in quotes. */
static void take_escape(struct parse *p, struct value *v)
{
	static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
	char c = *p->at++;
	const char *known = c ? strchr(from, c) : NULL;

	if (c == '\n')
		p->line++;
	else
		value_put(p, v, known ? to[known - from] : c);
}

static void take_quoted(struct parse *p, struct value *v)
{
	unsigned line = p->line;

	p->at++;
	while (p->at < p->end && *p->at != '"') {
		char c = *p->at++;

		if (c == '\n')
			p->line++;
		if (c == '\\' && p->at < p->end)
			take_escape(p, v);
		else
			value_put(p, v, c);
	}
	if (p->at < p->end) {
		p->at++;
		return;
	}
	fail(p, line, "the quote that opens here is not closed");
	p->is_over = true;
}

static void take_word(struct parse *p, struct value *v)
{
	if (*p->at == '"') {
		take_quoted(p, v);
		return;
	}
	while (p->at < p->end && !strchr(" \t\r\n#}\"", *p->at))
		value_put(p, v, *p->at++);
}

/* Up to the end of the line, a comment or the end of the section. A '}' inside an include
 * pattern or a value needs quotes. */
static void take_value(struct parse *p, struct value *v)
{
	for (bool is_first = true;; is_first = false) {
		int c;

		skip_space(p, true);
		c = peek(p);
		if (c < 0 || c == '\n' || c == '#' || c == '}')
			return;
		if (!c) { /* strchr() would find it: never without progress */
			fail(p, p->line, "a NUL byte in a value");
			p->at++;
			continue;
		}
		if (!is_first)
			value_put(p, v, ' ');
		take_word(p, v);
	}
}

/* ---- Statements ------------------------------------------------------------------- */

static void parse_settings(struct parse *p, struct node *into);

/* strongSwan lets the later one win; here two truths are a mistake. */
static void told_before(struct parse *p, unsigned line, struct node *n, const struct node *before)
{
	n->is_junk = true;
	errors_add(p->tree->errors, p->source, line, "%s '%s' stands twice, first in %s:%u",
		   n->value ? "key" : "section", n->name, before->source->path, before->line);
}

static void take_keyvalue(struct parse *p, struct node *into, const char *name, size_t name_len,
			  unsigned line)
{
	struct value v = {};
	struct node *n, *before;

	p->at++; /* '=' */
	take_value(p, &v);
	if (memchr(v.data ? v.data : "", '\0', v.len))
		fail(p, line, "a NUL byte in a value");
	n = tree_add(p->tree, into, p->source, line, name, name_len, v.data ? v.data : "", v.len);
	value_fini(&v);
	if (!n)
		return;
	before = node_find(into, n->name);
	if (before != n)
		told_before(p, line, n, before);
}

static void take_bases(struct parse *p, struct node *section)
{
	struct base **tail = &section->bases;

	do {
		const char *from;
		struct base *b;

		p->at++; /* ':' or ',' */
		skip_space(p, false);
		from = p->at;
		while (p->at < p->end && (is_name_char((unsigned char)*p->at) || *p->at == '.'))
			p->at++;
		if (p->at == from)
			fail(p, p->line, "a section to inherit is missing after ':'");
		b = calloc(1, sizeof(*b));
		if (b)
			b->path = strndup(from, (size_t)(p->at - from));
		if (!b || !b->path) {
			free(b);
			p->tree->is_out_of_memory = true;
			return;
		}
		while (*tail)
			tail = &(*tail)->next;
		*tail = b;
		skip_space(p, false);
	} while (peek(p) == ',');
}

/* A new section. Those at the top may stand several times, in several files: they are one. */
static struct node *section_open(struct parse *p, struct node *into, const char *name,
				 size_t name_len, unsigned line)
{
	struct node *n = tree_add(p->tree, into, p->source, line, name, name_len, NULL, 0);
	struct node *before = n ? node_find(into, n->name) : NULL;

	if (before == n)
		return n;
	if (into == p->tree->root && !before->value) {
		n->is_junk = true; /* stays empty */
		return before;
	}
	told_before(p, line, n, before);
	return n;
}

static void take_section(struct parse *p, struct node *into, const char *name, size_t name_len,
			 unsigned line)
{
	struct node *n = section_open(p, into, name, name_len, line);

	if (n && name_len == 1 && *name == '?')
		n->is_junk = true;
	if (!n) { /* out of memory, or of nodes: told; the rest is not read */
		p->at = p->end;
		p->is_over = true;
		return;
	}
	if (peek(p) == ':')
		take_bases(p, n);
	if (peek(p) != '{') {
		fail(p, p->line, "expected '{' here");
		skip_line(p);
		return;
	}
	p->at++;
	if (p->depth == TREE_DEPTH_MAX) {
		fail(p, line, "sections nested too deep: not read further");
		p->at = p->end;
		p->is_over = true;
		return;
	}
	p->depth++;
	parse_settings(p, n);
	p->depth--;
	if (peek(p) == '}') {
		p->at++;
	} else if (!p->is_over && !p->tree->is_out_of_memory) {
		errors_add(p->tree->errors, p->source, line, "section '%s' is not closed",
			   n->name);
	}
}

static void take_include(struct parse *p, struct node *into, unsigned line)
{
	struct value v = {};

	take_value(p, &v);
	value_put(p, &v, '\0');
	if (!p->tree->is_out_of_memory)
		tree_include(p->tree, into, p->source, line, v.data, p->include_depth);
	value_fini(&v);
}

/* The rest of a broken line. Blocks should stay balanced, or one slip makes a mistake of every
 * line that follows: a '{' or '}' is left to be read. */
static void skip_broken(struct parse *p, unsigned line)
{
	while (p->line == line && p->at < p->end && !(*p->at && strchr("\n{}", *p->at)))
		p->at++;
}

static void unexpected(struct parse *p)
{
	int c = peek(p);

	if (c == '.')
		errors_add(p->tree->errors, p->source, p->line,
			   "'.' is not allowed in names of sections and keys");
	else if (c > ' ' && c < 0x7f)
		errors_add(p->tree->errors, p->source, p->line, "'%c' is not expected here", c);
	else
		errors_add(p->tree->errors, p->source, p->line,
			   "byte 0x%02x is not expected here", (unsigned)c);
	skip_broken(p, p->line);
}

static void parse_statement(struct parse *p, struct node *into)
{
	unsigned line = p->line;
	const char *name;
	size_t len = take_name(p, &name);
	bool is_spaced = is_blank(peek(p));

	if (len > TREE_NAME_MAX) {
		fail(p, line, "a name longer than 128 bytes");
		len = TREE_NAME_MAX;
	}
	if (!len) {
		unexpected(p);
		if (peek(p) == '{')
			take_section(p, into, "?", 1, line);
		return;
	}
	skip_space(p, true);
	if (peek(p) == '=') {
		take_keyvalue(p, into, name, len, line);
		return;
	}
	if (is_spaced && len == 7 && !memcmp(name, "include", 7) && peek(p) != '{' &&
	    peek(p) != ':') {
		take_include(p, into, line);
		return;
	}
	if (peek(p) == '\n' || peek(p) == '#') /* the brace may stand in the next line */
		skip_space(p, false);
	if (peek(p) == '{' || peek(p) == ':') {
		take_section(p, into, name, len, line);
		return;
	}
	if (!is_spaced && p->line == line && peek(p) > 0 && !strchr("}\n", peek(p))) {
		unexpected(p);
	} else {
		/* Not the word itself: it may be the rest of a secret that needed quotes. */
		fail(p, line, "expected '=' or '{' after the name that stands here");
		skip_broken(p, line);
	}
	if (peek(p) == '{')
		take_section(p, into, "?", 1, p->line);
}

/* Until the '}' that closes this section, which stays, or the end of the text. */
static void parse_settings(struct parse *p, struct node *into)
{
	for (;;) {
		skip_space(p, false);
		if (p->at == p->end || p->tree->is_out_of_memory)
			return;
		if (*p->at != '}') {
			parse_statement(p, into);
		} else if (p->depth) {
			return;
		} else {
			fail(p, p->line, "'}' without a section to close");
			p->at++;
		}
	}
}

void tree_parse_into(struct tree *t, struct node *into, struct source *source, const char *text,
		     size_t len, unsigned depth)
{
	struct parse p = {
		.tree = t,
		.source = source,
		.at = text,
		.end = text + len,
		.line = 1,
		.include_depth = depth,
	};

	parse_settings(&p, into);
}

void tree_parse(struct tree *t, struct source *source, const char *text, size_t len)
{
	tree_parse_into(t, t->root, source, text, len, 0);
}
