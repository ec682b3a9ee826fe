/* SPDX-License-Identifier: BSD-2-Clause */
/* From VICI's keys and texts to our JSON's names and types, and small things for printing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli/cli.h"

static json_t *shape_one(const struct shape *s, const json_t *value)
{
	const char *text = json_string_value(value);
	char hex[40];

	switch (s->type) {
	case SHAPE_NUM:
		return text ? json_integer(strtoll(text, NULL, 10)) : json_null();
	case SHAPE_YES:
		return json_boolean(text && (!strcmp(text, "yes") || !strcmp(text, "1")));
	case SHAPE_HEX:
		if (!text)
			return json_null();
		snprintf(hex, sizeof(hex), "0x%.32s", text);
		return json_string(hex);
	case SHAPE_LIST:
		return json_is_array(value) ? json_deep_copy(value) : json_array();
	default:
		return text ? json_string(text) : json_null();
	}
}

json_t *shape(const struct shape *shapes, size_t n, const json_t *section)
{
	json_t *out = json_object();

	for (size_t i = 0; i < n; i++)
		json_object_set_new(out, shapes[i].to,
				    shape_one(&shapes[i], json_object_get(section, shapes[i].from)));
	return out;
}

const char *text_at(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

long long num_at(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

bool is_at(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

const char *span(long long s, char *buf)
{
	if (s < 120)
		snprintf(buf, SPAN_MAX, "%llds", s);
	else if (s < 3600)
		snprintf(buf, SPAN_MAX, "%lldm %llds", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, SPAN_MAX, "%lldh %lldm", s / 3600, s % 3600 / 60);
	else
		snprintf(buf, SPAN_MAX, "%lldd %lldh", s / 86400, s % 86400 / 3600);
	return buf;
}

const char *list_at(const json_t *object, const char *key, char *buf, size_t size)
{
	const json_t *list = json_object_get(object, key);
	size_t len = 0;

	snprintf(buf, size, "-");
	for (size_t i = 0; i < json_array_size(list) && len < size; i++) {
		const char *text = json_string_value(json_array_get(list, i));

		len += (size_t)snprintf(buf + len, size - len, "%s%s", i ? " " : "",
					text ? text : "");
	}
	return buf;
}
