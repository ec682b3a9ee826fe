/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration's files: those that others include, their modes, and those that are not there. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "conf/build.h"
#include "support/conf_text.h"

static char folder[64];

static void write_file(const char *name, const char *text, unsigned mode)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
}

static int files_setup(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/conf_files_test.XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int files_teardown(void **state)
{
	static const char *const names[] = { "main.conf", "10.inc", "20.inc", "loop.conf" };
	char path[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
	return rmdir(folder);
}

static int load_file(const char *name, struct conf **ret_conf, struct conf_errors *ret_errors)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return conf_load(path, ret_conf, ret_errors);
}

static void includes_are_read_and_modes_looked_at(void **state)
{
	struct conf_errors errors = {};
	struct conf *conf = NULL;

	(void)state;
	write_file("main.conf", "include *.inc\nconnections { include no*match\n }\n", 0600);
	write_file("10.inc", "connections { gw { " AUTH "} }\n", 0600);
	write_file("20.inc", PSK, 0644);
	assert_int_equal(load_file("main.conf", &conf, &errors), 0);
	assert_int_equal(conf->n_conns, 1);
	assert_int_equal(errors.n, 1);
	assert_true(errors.list[0].is_warning);
	assert_non_null(strstr(errors.list[0].file, "20.inc"));
	assert_non_null(strstr(errors.list[0].text, "others may read it"));
	conf_errors_fini(&errors);
	conf_free(conf);
}

static void mistakes_in_includes_name_their_file(void **state)
{
	struct conf_errors errors = {};
	struct conf *conf = NULL;

	(void)state;
	write_file("main.conf", "include 10.inc\ninclude loop.conf\n", 0600);
	write_file("10.inc", "\n\nwhat = 3\n", 0600);
	write_file("loop.conf", "include loop.conf\n", 0600);
	assert_int_equal(load_file("main.conf", &conf, &errors), -EINVAL);
	assert_int_equal(errors.n_errors, 2);
	assert_non_null(strstr(errors.list[0].file, "10.inc"));
	assert_int_equal(errors.list[0].line, 3);
	assert_non_null(strstr(errors.list[1].text, "too many files"));
	conf_errors_fini(&errors);
}

static void a_missing_file_is_told(void **state)
{
	struct conf_errors errors = {};
	struct conf *conf = NULL;

	(void)state;
	assert_int_equal(load_file("nothing.conf", &conf, &errors), -ENOENT);
	assert_int_equal(errors.n_errors, 1);
	conf_errors_fini(&errors);
	errors = (struct conf_errors){};
	assert_int_equal(conf_load("/tmp", &conf, &errors), -EISDIR);
	conf_errors_fini(&errors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(includes_are_read_and_modes_looked_at, files_setup,
						files_teardown),
		cmocka_unit_test_setup_teardown(mistakes_in_includes_name_their_file, files_setup,
						files_teardown),
		cmocka_unit_test_setup_teardown(a_missing_file_is_told, files_setup, files_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
