/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The syntax of strongswan.conf as a tree: sections, keys, where each was written. Includes are
 * read, "section : base { }" is resolved. What the keys mean is not known here: see keys.c.
 *
 * A tree owns all its nodes, strings and sources; tree_fini() wipes the strings, since values
 * may be secrets.
 */
#ifndef CONF_TREE_H
#define CONF_TREE_H

#include "conf/conf.h"

#define TREE_DEPTH_MAX 16u /* nested sections */
#define TREE_NAME_MAX 128u /* bytes of one name */

/* A file that was read. */
struct source {
	struct source *next;
	char *path;
	char *folder;      /* of path, where its includes are looked for */
	unsigned order;    /* in which it was opened */
	unsigned mode;     /* permission bits; 0: a text in memory */
	bool has_secret;   /* set by build.c */
};

struct base {
	struct base *next;
	char *path; /* "connections.gw" */
};

struct node {
	struct node *all;  /* chain of everything, for freeing */
	struct node *next; /* sibling, in the order of the file */
	struct node *first, *last; /* members of a section */
	struct source *source;
	unsigned line;
	char *name;
	char *value;       /* NULL: a section */
	struct base *bases;
	bool is_base;      /* another section inherits it */
	bool is_junk;      /* came from a mistake already told: tell no more about it */
	uint8_t inherit;   /* enum in tree.c: under way, done */
};

struct tree {
	struct node *root;
	struct node *all;
	struct source *sources;
	unsigned n_sources, n_nodes;
	bool is_out_of_memory;
	struct conf_errors *errors;
};

/* Start with the errors to fill. -ENOMEM. */
int tree_init(struct tree *t, struct conf_errors *errors) MUST_USE;
void tree_fini(struct tree *t);

struct source *tree_source(struct tree *t, const char *path, unsigned mode);
/* A new last member of `parent`; NULL (and is_out_of_memory, or a mistake told) when it cannot
 * be. Copies `len` bytes of name, and of value unless that is NULL. */
struct node *tree_add(struct tree *t, struct node *parent, struct source *source, unsigned line,
		      const char *name, size_t name_len, const char *value, size_t value_len);
struct node *node_find(const struct node *section, const char *name);
/* Fill in what sections inherit. Mistakes are told. */
void tree_inherit(struct tree *t);

/* parse.c: add the text of a source to the tree, and all that it includes. */
void tree_parse(struct tree *t, struct source *source, const char *text, size_t len);
/* file.c: read a file and parse it into the tree. -errno of opening or reading it. */
int tree_read(struct tree *t, const char *path) MUST_USE;
/* file.c: include statement of `from`: a path or a glob, parsed into `into`. */
void tree_include(struct tree *t, struct node *into, const struct source *from, unsigned line,
		  const char *pattern, unsigned depth);
void tree_parse_into(struct tree *t, struct node *into, struct source *source, const char *text,
		     size_t len, unsigned depth);

/* errors.c. source NULL: about nothing in particular. */
void errors_add(struct conf_errors *e, const struct source *source, unsigned line,
		const char *format, ...) __attribute__((format(printf, 4, 5)));
void errors_warn(struct conf_errors *e, const struct source *source, unsigned line,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));
/* By file in the order of reading, then by line. */
void errors_sort(struct conf_errors *e, const struct tree *t);

#endif
