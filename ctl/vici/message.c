/* SPDX-License-Identifier: BSD-2-Clause */
/* Building VICI messages. Every element goes through put(), which keeps the bounds. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "vici/vici.h"

/* A packet is its type, a name and the message: all of it has to fit into a segment. */
#define MESSAGE_MAX (VICI_SEGMENT_MAX - 2 - VICI_NAME_MAX)

static bool grow(struct vici_msg *m, size_t more)
{
	size_t want = m->size ? m->size : 256;
	uint8_t *data;

	if (m->bad || more > MESSAGE_MAX || m->len + more > MESSAGE_MAX) {
		m->bad = true;
		return false;
	}
	while (want < m->len + more)
		want *= 2;
	if (want == m->size)
		return true;
	data = realloc(m->data, want);
	if (!data) {
		m->bad = true;
		return false;
	}
	m->data = data;
	m->size = want;
	return true;
}

/* One element; name and value are left out where NULL. */
static void put(struct vici_msg *m, enum vici_element type, const char *name, const void *value,
		size_t value_len)
{
	size_t name_len = name ? strlen(name) : 0;
	struct writer w;

	if (name_len > VICI_NAME_MAX || value_len > VICI_VALUE_MAX)
		m->bad = true;
	if (!grow(m, 1 + (name ? 1 + name_len : 0) + (value ? 2 + value_len : 0)))
		return;
	w = wr_into(m->data + m->len, m->size - m->len);
	wr_u8(&w, (uint8_t)type);
	if (name) {
		wr_u8(&w, (uint8_t)name_len);
		wr_bytes(&w, name, name_len);
	}
	if (value) {
		wr_u16(&w, (uint16_t)value_len);
		wr_bytes(&w, value, value_len);
	}
	if (wr_ok(&w))
		m->len += wr_len(&w);
	else
		m->bad = true;
}

/* What may stand where: sections and keys outside of lists, items inside. */
static bool fits(struct vici_msg *m, bool in_list)
{
	if (m->is_list != in_list)
		m->bad = true;
	return !m->bad;
}

void vici_section(struct vici_msg *m, const char *name)
{
	if (m->depth == VICI_DEPTH_MAX)
		m->bad = true;
	if (!fits(m, false))
		return;
	m->depth++;
	put(m, VICI_SECTION_START, name, NULL, 0);
}

void vici_sectionf(struct vici_msg *m, const char *format, ...)
{
	char name[VICI_NAME_MAX + 2]; /* one more than allowed: too long stays too long */
	va_list args;

	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	vici_section(m, name);
}

void vici_section_end(struct vici_msg *m)
{
	if (!m->depth)
		m->bad = true;
	if (!fits(m, false))
		return;
	m->depth--;
	put(m, VICI_SECTION_END, NULL, NULL, 0);
}

void vici_kv(struct vici_msg *m, const char *key, const char *value)
{
	if (fits(m, false))
		put(m, VICI_KEY_VALUE, key, value, strlen(value));
}

void vici_kvf(struct vici_msg *m, const char *key, const char *format, ...)
{
	char value[1024];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(value))
		m->bad = true;
	vici_kv(m, key, value);
}

void vici_bool(struct vici_msg *m, const char *key, bool is_true)
{
	vici_kv(m, key, is_true ? "yes" : "no");
}

void vici_num(struct vici_msg *m, const char *key, uint64_t value)
{
	vici_kvf(m, key, "%" PRIu64, value);
}

void vici_list(struct vici_msg *m, const char *name)
{
	if (!fits(m, false))
		return;
	m->is_list = true;
	put(m, VICI_LIST_START, name, NULL, 0);
}

void vici_item(struct vici_msg *m, const char *value)
{
	if (fits(m, true))
		put(m, VICI_LIST_ITEM, NULL, value, strlen(value));
}

void vici_list_end(struct vici_msg *m)
{
	if (!fits(m, true))
		return;
	m->is_list = false;
	put(m, VICI_LIST_END, NULL, NULL, 0);
}

bool vici_msg_ok(const struct vici_msg *m)
{
	return !m->bad && !m->depth && !m->is_list;
}

struct reader vici_msg_view(const struct vici_msg *m)
{
	return rd_from(m->data, m->len);
}

void vici_msg_reset(struct vici_msg *m)
{
	struct vici_msg empty = { .data = m->data, .size = m->size };

	*m = empty;
}

void vici_msg_fini(struct vici_msg *m)
{
	free(m->data);
	*m = (struct vici_msg){};
}
