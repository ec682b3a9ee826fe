/* SPDX-License-Identifier: BSD-2-Clause */
/* The program sekisho itself, against the canned gateway: what it prints and how it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <jansson.h>
#include "support/canned.h"

static char program[4096]; /* build/sekisho, beside which we live */
static char path[64], out[16384];

/* The exit code; what it printed, errors included, is in `out`. */
static int run(const char *arguments)
{
	char command[8192];
	FILE *f;
	int status;

	snprintf(command, sizeof(command), "%s --socket %s %s 2>&1", program, path, arguments);
	f = popen(command, "r");
	assert_non_null(f);
	out[fread(out, 1, sizeof(out) - 1, f)] = '\0';
	status = pclose(f);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int setup(void **state)
{
	if (access(program, X_OK)) {
		print_message("%s is not built: skipped\n", program);
		return 0;
	}
	strcpy(path, "/tmp/cli_test.XXXXXX");
	if (!mkdtemp(path))
		return -1;
	strcat(path, "/vici");
	*state = canned_start(path);
	return 0;
}

static int teardown(void **state)
{
	if (!*state)
		return 0;
	canned_stop(*state);
	*strrchr(path, '/') = '\0';
	return rmdir(path);
}

static void assert_says(int want_exit, const char *arguments, const char *words)
{
	int got = run(arguments);

	if (got != want_exit || !strstr(out, words))
		fail_msg("sekisho %s: ended with %d, not %d with '%s':\n%s", arguments, got,
			 want_exit, words, out);
}

static void commands_print_text(void **state)
{
	if (!*state)
		skip();
	assert_says(0, "status", "worker      running, serves 2 interfaces\n");
	assert_says(0, "status", "  net                    INSTALLED    start_action trap\n");
	assert_says(0, "sas", "  remote 'b.example' at 192.0.2.2[4500], behind NAT "
			      "[10.99.0.1 fd99::1]\n");
	assert_says(0, "sas", "  net: #7, INSTALLED, ESP TUNNEL in UDP, AES_GCM_16-128, ESN\n");
	assert_says(0, "sas", "    in  SPI 0xc1234567, SA 11: 10 packets, 840 bytes");
	assert_says(0, "sas", "rekeying in 50m 0s, expires in 1h 0m\n");
	assert_says(0, "sas", "    refused: 1 replayed, 0 not authentic, 4 outside the selectors\n");
	assert_says(0, "policies", "    1  discard   0.0.0.0/0  ");
	assert_says(0, "policies", "  gw/net  INSTALLED\n");
	assert_says(0, "version", "sekishod 0.1 (Linux");
	assert_says(0, "--help", "usage: sekisho");
	assert_int_equal(run("counters"), 0);
	assert_true(strstr(out, "SEALED") < strstr(out, "ARP_REPLY")); /* what is 0 comes last */
}

static void up_and_down_say_what_happens(void **state)
{
	if (!*state)
		skip();
	assert_says(0, "up gw/net", "CHILD_SA net{7} established\ngw/net is up\n");
	assert_says(0, "up net", "gw/net is up\n");
	assert_says(0, "down gw", "gw is down\n");
	assert_says(1, "up gw/bad", "no child 'bad' in the configuration");
	assert_says(1, "--timeout 1 up gw/never", "timeout");
	assert_says(1, "up xyzzy", "no connection or child 'xyzzy'");
	assert_says(2, "up gw/", "no CONN/CHILD");
	assert_says(1, "reload", "sekisho.conf:3: error: unknown key 'versio'\nsekisho: not applied");
}

static void wrong_usage_is_told(void **state)
{
	if (!*state)
		skip();
	assert_says(2, "", "usage: sekisho");
	assert_says(2, "staus", "did you mean 'status'?");
	assert_says(2, "up", "up needs an argument");
	assert_says(2, "sas gw", "sas takes no argument");
	assert_says(2, "--instance ../../etc status", "no name of an instance");
	assert_says(2, "--xyzzy sas", "no option '--xyzzy'");
	assert_says(2, "--timeout soon up gw", "number of seconds");
	assert_says(1, "check /nonexistent", "No such file");
	assert_says(4, "check /dev/null", "does not know the command 'check'");
}

/* The numbers that a script compares with `bpftool map dump`. */
static void json_has_names_that_stay(void **state)
{
	const char *spi_in = NULL, *spi_out = NULL;
	int sa_in = 0, sa_out = 0, value = 0, is_alive = 0;
	json_t *json;

	if (!*state)
		skip();
	assert_int_equal(run("--json sas"), 0);
	json = json_loads(out, 0, NULL);
	assert_int_equal(json_unpack(json, "{s:[{s:[{s:s, s:s, s:i, s:i}]}]}", "ike_sas",
				     "child_sas", "spi_in", &spi_in, "spi_out", &spi_out, "sa_in",
				     &sa_in, "sa_out", &sa_out), 0);
	assert_string_equal(spi_in, "0xc1234567");
	assert_string_equal(spi_out, "0x00abcdef");
	assert_int_equal(sa_in, 11);
	assert_int_equal(sa_out, 12);
	json_decref(json);
	assert_int_equal(run("counters --json"), 0); /* before or after the command */
	json = json_loads(out, 0, NULL);
	assert_int_equal(json_unpack(json, "{s:{s:{s:i}}}", "gate", "FORWARD", "value", &value), 0);
	assert_int_equal(value, 42);
	json_decref(json);
	assert_int_equal(run("--json status"), 0);
	json = json_loads(out, 0, NULL);
	assert_int_equal(json_unpack(json, "{s:{s:b}}", "worker", "is_alive", &is_alive), 0);
	assert_true(is_alive);
	json_decref(json);
}

static void json_is_well_formed(void **state)
{
	static const char *const commands[] = { "status", "sas",     "policies", "counters",
						"up net", "down gw", "reload",	 "version" };
	char arguments[64];

	if (!*state)
		skip();
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		json_t *json;

		snprintf(arguments, sizeof(arguments), "--json %s", commands[i]);
		(void)run(arguments);
		json = json_loads(out, 0, NULL);
		if (!json_is_object(json))
			fail_msg("sekisho %s: no JSON object:\n%s", arguments, out);
		json_decref(json);
	}
}

static void a_missing_daemon_has_its_code(void **state)
{
	if (!*state)
		skip();
	strcat(path, ".none");
	assert_says(3, "status", "the gateway's controller is not running");
	assert_says(3, "--json sas", "is not running");
	*strrchr(path, '.') = '\0';
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(commands_print_text, setup, teardown),
		cmocka_unit_test_setup_teardown(up_and_down_say_what_happens, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_usage_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(json_has_names_that_stay, setup, teardown),
		cmocka_unit_test_setup_teardown(json_is_well_formed, setup, teardown),
		cmocka_unit_test_setup_teardown(a_missing_daemon_has_its_code, setup, teardown),
	};
	const char *slash = strrchr(argv[0], '/');

	(void)argc;
	snprintf(program, sizeof(program), "%.*s/../../sekisho", slash ? (int)(slash - argv[0]) : 1,
		 slash ? argv[0] : ".");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
