/* SPDX-License-Identifier: BSD-2-Clause */
/* VICI messages: what is well formed can be walked and built again, byte for byte. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "vici/vici.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Values as C strings; false: one holds a NUL, which the builder cannot say. */
static bool text_of(struct reader value, char *ret_text)
{
	size_t len = rd_left(&value);

	if (len)
		rd_copy(&value, ret_text, len);
	ret_text[len] = '\0';
	return strlen(ret_text) == len;
}

static bool build_again(struct vici_msg *m, const struct vici_item *item)
{
	static char text[VICI_VALUE_MAX + 1];

	if (!text_of(item->value, text))
		return false;
	switch (item->type) {
	case VICI_SECTION_START:
		vici_section(m, item->name);
		break;
	case VICI_SECTION_END:
		vici_section_end(m);
		break;
	case VICI_KEY_VALUE:
		vici_kv(m, item->name, text);
		break;
	case VICI_LIST_START:
		vici_list(m, item->name);
		break;
	case VICI_LIST_ITEM:
		vici_item(m, text);
		break;
	default:
		vici_list_end(m);
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader message = rd_from(data, size);
	struct vici_walk w = vici_walk(message);
	struct vici_item item;
	struct vici_msg m = {};
	char text[64];

	(void)!vici_get(message, "a.b.c", text, sizeof(text));
	(void)vici_get_num(message, "a", 0);
	while (!vici_next(&w, &item) && item.type != VICI_END)
		if (!build_again(&m, &item))
			goto out;
	if (!vici_check(message) &&
	    (!vici_msg_ok(&m) || m.len != size || (size && memcmp(m.data, data, size))))
		abort();
out:
	vici_msg_fini(&m);
	return 0;
}
