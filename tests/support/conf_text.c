/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/conf_text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

struct conf *load(const char *text)
{
	struct conf_errors errors = {};
	struct conf *conf = NULL;
	char line[512];

	if (conf_parse("test.conf", text, strlen(text), &conf, &errors))
		for (size_t i = 0; i < errors.n; i++)
			print_error("%s\n",
				    conf_error_print(&errors.list[i], line, sizeof(line)));
	conf_errors_fini(&errors);
	assert_non_null(conf);
	return conf;
}

void assert_mistake(const char *text, unsigned line, const char *words)
{
	struct conf_errors errors = {};
	struct conf *conf = NULL;
	char told[512] = "nothing";

	assert_int_equal(conf_parse("test.conf", text, strlen(text), &conf, &errors), -EINVAL);
	assert_null(conf);
	if (errors.n)
		conf_error_print(&errors.list[0], told, sizeof(told));
	if (errors.n_errors != 1 || errors.list[0].line != line || !strstr(told, words))
		fail_msg("expected line %u with '%s', got %zu mistakes: %s\nof:\n%s", line, words,
			 errors.n_errors, told, text);
	conf_errors_fini(&errors);
}
