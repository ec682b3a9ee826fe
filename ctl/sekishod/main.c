/* SPDX-License-Identifier: BSD-2-Clause */
/* sekishod: the controller. Options, then the loop; everything else is in shell.c. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/version.h"
#include "crypto/selftest.h"
#include "log.h"
#include "settings.h"
#include "shell.h"

#define EXIT_USAGE 2
#define DEFAULT_CONFIG "/etc/sekisho/sekisho.conf"

static const char help[] =
	"usage: sekishod [--instance NAME] [--config FILE] [--check]\n"
	"\n"
	"The controller of a Sekisho gateway: IKEv2, and the SPD and SAD in the pinned maps.\n"
	"Stays in the foreground, logs to stderr, ends on SIGTERM; SIGHUP reads FILE again.\n"
	"SAs go on without it until their hard lifetime.\n"
	"\n"
	"  --instance NAME  a second gateway: maps under /sys/fs/bpf/sekisho@NAME/\n"
	"  --config FILE    in swanctl.conf's syntax; default " DEFAULT_CONFIG ",\n"
	"                   with --instance /etc/sekisho/sekisho@NAME.conf\n"
	"  --check          only read FILE and say what is wrong with it\n"
	"  --help, --version\n";

struct options {
	const char *instance;
	char config[256];
	bool is_check;
};

static int options_parse(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "instance", required_argument, NULL, 'i' }, { "config", required_argument, NULL, 'c' },
		{ "check", no_argument, NULL, 'k' },	      { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },	      { 0 },
	};
	const char *config = NULL;

	for (int c; (c = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
		if (c == 'i')
			o->instance = optarg;
		else if (c == 'c')
			config = optarg;
		else if (c == 'k')
			o->is_check = true;
		else if (c == 'h')
			exit(fputs(help, stdout) < 0);
		else if (c == 'v')
			exit(puts("sekishod " SEKISHO_VERSION) < 0);
		else
			return -EINVAL;
	}
	if (optind < argc) {
		fprintf(stderr, "sekishod: unexpected argument '%s'\n", argv[optind]);
		return -EINVAL;
	}
	if (config)
		snprintf(o->config, sizeof(o->config), "%s", config);
	else if (o->instance)
		snprintf(o->config, sizeof(o->config), "/etc/sekisho/sekisho@%s.conf", o->instance);
	else
		snprintf(o->config, sizeof(o->config), DEFAULT_CONFIG);
	return 0;
}

/* The worker makes the pins; whoever starts first waits for the other. */
static int wait_for_worker(struct shell *sh)
{
	sigset_t ends;
	struct timespec wait = { .tv_sec = DP_RETRY_MS / 1000,
				 .tv_nsec = DP_RETRY_MS % 1000 * 1000000L };
	int err = dp_open(sh->instance, true, &sh->dp);

	if (err != -ENOENT)
		return err;
	log_info("waiting for sekisho-worker to load the gate");
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	while (err == -ENOENT) {
		if (sigtimedwait(&ends, NULL, &wait) > 0)
			return -EINTR;
		err = dp_open(sh->instance, true, &sh->dp);
	}
	sigprocmask(SIG_UNBLOCK, &ends, NULL);
	return err;
}

/* Keys are in this process: no core files, no ptrace by the same user. */
static void harden(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN); /* until the loop takes it: nothing to read again yet */
}

static int make_run_dir(const char *instance)
{
	char dir[DP_PATH_MAX];
	int err = dp_run_dir(instance, dir, sizeof(dir));

	if (err) {
		log_error("'%s' is no instance name: letters, digits, '_', '.', '-', at most 32",
			  instance);
		return err;
	}
	if (mkdir(dir, 0755) && errno != EEXIST) {
		log_error("cannot make %s: %s", dir, strerror(errno));
		return -errno;
	}
	return 0;
}

static int run(struct shell *sh)
{
	int err = wait_for_worker(sh);

	if (err) {
		if (err != -EINTR)
			log_error("cannot open the pinned maps: %s%s", strerror(-err),
				  err == -EPERM || err == -EACCES ? " (are you root?)" : "");
		return err;
	}
	err = uv_loop_init(&sh->loop);
	if (err)
		return err;
	err = shell_start(sh);
	if (!err) {
		log_info("ready: %zu connections from %s", sh->conf->n_conns, sh->config_path);
		uv_run(&sh->loop, UV_RUN_DEFAULT);
	}
	return err;
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	struct conf_errors errors = { 0 };
	static struct shell sh;
	const char *wrong;
	int err;

	setvbuf(stderr, NULL, _IOLBF, 0);
	if (options_parse(argc, argv, &o)) {
		fputs(help, stderr);
		return EXIT_USAGE;
	}
	harden();
	sh.instance = o.instance;
	sh.config_path = o.config;
	if (crypto_selftest(&wrong)) {
		log_error("known-answer test of %s fails; refusing to start", wrong);
		return EXIT_FAILURE;
	}
	err = settings_load(o.config, &sh.conf, &errors);
	conf_errors_fini(&errors);
	if (err)
		return EXIT_FAILURE;
	if (o.is_check) {
		printf("%s: no mistakes, %zu connections\n", o.config, sh.conf->n_conns);
		conf_free(sh.conf);
		return EXIT_SUCCESS;
	}
	err = make_run_dir(o.instance);
	if (!err)
		err = run(&sh);
	shell_fini(&sh);
	if (sh.is_unpinned) {
		execv("/proc/self/exe", argv);
		log_error("cannot begin anew: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	return err && err != -EINTR ? EXIT_FAILURE : EXIT_SUCCESS;
}
