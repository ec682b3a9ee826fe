/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading VICI messages: one element at a time, and values by their path. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "vici/vici.h"

struct vici_walk vici_walk(struct reader message)
{
	return (struct vici_walk){ .in = message };
}

/* Names get into terminals, JSON and logs: printable ASCII or nothing. The empty name is legal
 * (get-counters has it). */
static bool take_name(struct reader *in, char *ret_name)
{
	struct reader name = rd_carve(in, rd_u8(in));
	size_t len = rd_left(&name);

	if (!rd_ok(&name))
		return false;
	for (size_t i = 0; i < len; i++)
		if (name.at[i] < 0x20 || name.at[i] > 0x7e)
			return false;
	if (len)
		memcpy(ret_name, name.at, len);
	ret_name[len] = '\0';
	return true;
}

/* The state that the grammar allows, after an element of this type. */
static bool step(struct vici_walk *w, enum vici_element type)
{
	switch (type) {
	case VICI_SECTION_START:
		return !w->is_list && w->depth++ < VICI_DEPTH_MAX;
	case VICI_SECTION_END:
		return !w->is_list && w->depth-- > 0;
	case VICI_KEY_VALUE:
		return !w->is_list;
	case VICI_LIST_START:
		return !w->is_list && (w->is_list = true);
	case VICI_LIST_ITEM:
		return w->is_list;
	case VICI_LIST_END:
		return w->is_list && !(w->is_list = false);
	default:
		return false;
	}
}

static int broken(struct vici_walk *w)
{
	w->in.bad = true;
	w->in.at = w->in.end;
	return -EBADMSG;
}

int vici_next(struct vici_walk *w, struct vici_item *ret_item)
{
	struct vici_item item = {};

	if (!rd_ok(&w->in))
		return -EBADMSG;
	if (!rd_more(&w->in)) {
		if (w->depth || w->is_list)
			return broken(w);
		ret_item->type = VICI_END;
		return 0;
	}
	item.type = rd_u8(&w->in);
	if (!step(w, item.type))
		return broken(w);
	if (item.type == VICI_SECTION_START || item.type == VICI_KEY_VALUE ||
	    item.type == VICI_LIST_START)
		if (!take_name(&w->in, item.name))
			return broken(w);
	if (item.type == VICI_KEY_VALUE || item.type == VICI_LIST_ITEM)
		item.value = rd_carve(&w->in, rd_u16(&w->in));
	if (!rd_ok(&w->in))
		return broken(w);
	*ret_item = item;
	return 0;
}

int vici_check(struct reader message)
{
	struct vici_walk w = vici_walk(message);
	struct vici_item item;
	int r;

	do
		r = vici_next(&w, &item);
	while (!r && item.type != VICI_END);
	return r;
}

static int value_text(struct reader value, char *ret_text, size_t size)
{
	size_t len = rd_left(&value);

	if (len >= size)
		return -E2BIG;
	if (len && memchr(value.at, '\0', len))
		return -EBADMSG;
	if (len)
		memcpy(ret_text, value.at, len);
	ret_text[len] = '\0';
	return 0;
}

/* How much of `path` the sections entered so far have matched; NULL once one did not. */
struct path_walk {
	const char *rest[VICI_DEPTH_MAX + 1]; /* rest[d]: what is left to match at depth d */
};

/* The path after a section of this name, or NULL. */
static const char *enter(const char *path, const char *name)
{
	size_t len = strlen(name);

	if (!path || strncmp(path, name, len) || path[len] != '.')
		return NULL;
	return path + len + 1;
}

int vici_get(struct reader message, const char *path, char *ret_text, size_t size)
{
	struct vici_walk w = vici_walk(message);
	struct path_walk p = { .rest = { path } };
	struct vici_item item;
	int r;

	while (!(r = vici_next(&w, &item)) && item.type != VICI_END) {
		const char *rest;

		if (item.type == VICI_SECTION_START)
			p.rest[w.depth] = enter(p.rest[w.depth - 1], item.name);
		rest = p.rest[w.depth];
		if (item.type == VICI_KEY_VALUE && rest && !strcmp(rest, item.name))
			return value_text(item.value, ret_text, size);
	}
	return r ? r : -ENOENT;
}

bool vici_get_bool(struct reader message, const char *path, bool otherwise)
{
	char text[16];
	int r = vici_get(message, path, text, sizeof(text));

	if (r == -ENOENT)
		return otherwise;
	return !r && (!strcmp(text, "yes") || !strcmp(text, "true") || !strcmp(text, "1") ||
		      !strcmp(text, "enabled"));
}

int64_t vici_get_num(struct reader message, const char *path, int64_t otherwise)
{
	char text[32], *end;
	long long value;

	if (vici_get(message, path, text, sizeof(text)) || !*text)
		return otherwise;
	errno = 0;
	value = strtoll(text, &end, 10);
	return *end || errno ? otherwise : value;
}
