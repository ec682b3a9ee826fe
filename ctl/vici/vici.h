/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VICI, strongSwan's control protocol, as messages: building them, walking through them.
 * Transport and commands are in server.h and client.h; which keys each command has is in
 * docs/vici.md, and in layout.h for those that both sides must spell alike.
 *
 * A message is a tree of sections that hold key/value pairs, lists of values and sections.
 * Values are text without a terminating NUL; numbers are decimal text, truth is "yes" or "no".
 */
#ifndef VICI_VICI_H
#define VICI_VICI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/cursor.h"
#include "base/must.h"

#define VICI_SEGMENT_MAX (512u * 1024) /* bytes after the length of a transport segment */
#define VICI_NAME_MAX 255u             /* bytes of a name: its length is one byte */
#define VICI_VALUE_MAX 65535u          /* bytes of a value: its length is two bytes */
#define VICI_DEPTH_MAX 32u             /* nested sections (ours: the format has no bound) */

enum vici_packet {
	VICI_CMD_REQUEST = 0,
	VICI_CMD_RESPONSE = 1,
	VICI_CMD_UNKNOWN = 2,
	VICI_EVENT_REGISTER = 3,
	VICI_EVENT_UNREGISTER = 4,
	VICI_EVENT_CONFIRM = 5,
	VICI_EVENT_UNKNOWN = 6,
	VICI_EVENT = 7,
};

enum vici_element {
	VICI_END = 0, /* ours: the message is over */
	VICI_SECTION_START = 1,
	VICI_SECTION_END = 2,
	VICI_KEY_VALUE = 3,
	VICI_LIST_START = 4,
	VICI_LIST_ITEM = 5,
	VICI_LIST_END = 6,
};

/* ---- Building ------------------------------------------------------------------- */

/*
 * A growing message. Start with {}; end with vici_msg_fini(). Errors are sticky: no memory,
 * more than VICI_SEGMENT_MAX, a name or value too long, an end without a start. Ask
 * vici_msg_ok() once at the end; it is also false while a section or a list is open.
 */
struct vici_msg {
	uint8_t *data;
	size_t len, size;
	unsigned depth;
	bool is_list;
	bool bad;
};

void vici_section(struct vici_msg *m, const char *name);
/* The same with the name made by printf. */
void vici_sectionf(struct vici_msg *m, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void vici_section_end(struct vici_msg *m);
void vici_kv(struct vici_msg *m, const char *key, const char *value);
void vici_kvf(struct vici_msg *m, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void vici_bool(struct vici_msg *m, const char *key, bool is_true); /* "yes", "no" */
void vici_num(struct vici_msg *m, const char *key, uint64_t value);
void vici_list(struct vici_msg *m, const char *name);
void vici_item(struct vici_msg *m, const char *value);
void vici_list_end(struct vici_msg *m);
bool vici_msg_ok(const struct vici_msg *m) MUST_USE;
/* The bytes; valid until the message grows or ends. */
struct reader vici_msg_view(const struct vici_msg *m);
/* Empty again, memory kept. */
void vici_msg_reset(struct vici_msg *m);
void vici_msg_fini(struct vici_msg *m);

/* ---- Reading -------------------------------------------------------------------- */

/* One walk over a message. The views of an item are valid as long as the message is. */
struct vici_walk {
	struct reader in;
	unsigned depth; /* of sections, after the element just returned */
	bool is_list;
};

struct vici_item {
	enum vici_element type;
	char name[VICI_NAME_MAX + 1]; /* SECTION_START, KEY_VALUE, LIST_START: printable text */
	struct reader value;          /* KEY_VALUE, LIST_ITEM */
};

struct vici_walk vici_walk(struct reader message);
/* The next element, VICI_END after the last one. -EBADMSG: malformed, unbalanced, nested too
 * deep, or a name that is not printable ASCII; the walk is over then. */
int vici_next(struct vici_walk *w, struct vici_item *ret_item) MUST_USE;
/* The whole message is well formed. */
int vici_check(struct reader message) MUST_USE;

/* Text of the value at "key" or "section.key" (first match). -ENOENT, -EBADMSG, and -E2BIG where
 * it does not fit with its NUL; a value with a NUL inside is -EBADMSG. */
int vici_get(struct reader message, const char *path, char *ret_text, size_t size) MUST_USE;
/* "yes" (also "true", "1", "enabled"), else false; `otherwise` where the key is missing. */
bool vici_get_bool(struct reader message, const char *path, bool otherwise);
/* Decimal; `otherwise` where it is missing or no number. */
int64_t vici_get_num(struct reader message, const char *path, int64_t otherwise);

#endif
