/* SPDX-License-Identifier: BSD-2-Clause */
/* sekisho-worker: options, what must be there before it starts, and the event loop. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "worker/log.h"
#include "worker/control.h"

#define HOUSEKEEPING_NS 250000000l
/* While traffic never pauses, look at netlink and signals every so many bursts (about 2 ms). */
#define TURNS_BETWEEN_EVENTS 32u
#define KERNEL_MIN_MAJOR 6
#define KERNEL_MIN_MINOR 1

struct options {
	const char *instance; /* NULL: the default */
	const char *provider; /* NULL: the fastest */
	uint32_t threads; /* 0: as many as there are processors */
	bool unpin, bench_forward;
};

enum wait_fd { WAIT_SIGNAL, WAIT_TIMER, WAIT_NET, WAIT_XSK };

struct loop {
	int signal_fd, timer_fd;
	bool stop;
};

static const char help[] =
	"usage: sekisho-worker [options]\n"
	"\n"
	"The ESP worker of Sekisho. Loads and pins the XDP program \"gate\", serves every "
	"interface\n"
	"that carries it (ip link set dev X xdp pinned /sys/fs/bpf/sekisho/gate), in the "
	"foreground.\n"
	"SIGTERM ends it; pins and SAs stay, so the next worker goes on with them, and until then\n"
	"packets to be protected are dropped.\n"
	"\n"
	"  --instance NAME   a second, separate gateway: pins under /sys/fs/bpf/sekisho@NAME\n"
	"  --unpin           at the end remove the pins, the tc programs and the veth pair: all "
	"SAs\n"
	"                    are lost then\n"
	"  --threads N       workers: the queues of every interface are shared out among so many\n"
	"                    threads, at most 16 (default: as many as there are processors)\n"
	"  --provider NAME   ESP crypto: ipsec-mb or openssl (default: the fastest of this CPU)\n"
	"  --bench-forward   DANGEROUS: forward what should be encrypted in clear, to measure "
	"AF_XDP\n"
	"  --verbose         say more\n"
	"  --help            this text\n";

static int threads_read(const char *text, uint32_t *ret_n)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || end == text || !n || n > WORKERS_MAX) {
		fprintf(stderr, "sekisho-worker: --threads %s: a number from 1 to %u is wanted\n", text,
			WORKERS_MAX);
		return -EINVAL;
	}
	*ret_n = (uint32_t)n;
	return 0;
}

static int options_read(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "instance", required_argument, NULL, 'i' },
		{ "unpin", no_argument, NULL, 'u' },
		{ "threads", required_argument, NULL, 't' },
		{ "provider", required_argument, NULL, 'p' },
		{ "bench-forward", no_argument, NULL, 'b' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1)
		switch (c) {
		case 'i':
			o->instance = optarg;
			break;
		case 'u':
			o->unpin = true;
			break;
		case 't':
			if (threads_read(optarg, &o->threads))
				return -EINVAL;
			break;
		case 'p':
			o->provider = optarg;
			break;
		case 'b':
			o->bench_forward = true;
			break;
		case 'v':
			log_verbose = true;
			break;
		case 'h':
			fputs(help, stdout);
			exit(0);
		default:
			return -EINVAL;
		}
	return optind == argc ? 0 : -EINVAL;
}

/* ---- what must be there --------------------------------------------------------------- */

static bool kernel_is_new_enough(void)
{
	struct utsname u;
	int major = 0, minor = 0;

	if (uname(&u) || sscanf(u.release, "%d.%d", &major, &minor) != 2)
		return true; /* the programs will tell */
	if (major > KERNEL_MIN_MAJOR || (major == KERNEL_MIN_MAJOR && minor >= KERNEL_MIN_MINOR))
		return true;
	log_info("kernel %s is too old: %d.%d or later is needed", u.release, KERNEL_MIN_MAJOR,
		 KERNEL_MIN_MINOR);
	return false;
}

/* One worker per instance: the lock goes with the process, however it ends. */
static int lock_take(const char *instance, int *ret_fd)
{
	int err = dp_worker_lock(instance, ret_fd);

	if (err == -EWOULDBLOCK)
		log_info("another worker of this instance is running");
	else if (err == -EINVAL)
		log_info("instance names are made of letters, digits, _ and -, at most 32");
	else if (err)
		log_info("cannot lock worker.lock in the run directory: %s", strerror(-err));
	return err;
}

static int dataplane_create(const char *instance, struct dataplane **ret_dp)
{
	int err = dp_create(instance, ret_dp);

	if (err)
		log_info("cannot load the programs: %s", dp_explain(err));
	return err;
}

static int provider_choose(const char *name, const struct esp_provider **ret_provider)
{
	int err = esp_provider_choose(name, ret_provider);

	if (!err)
		log_detail("ESP crypto: %s", (*ret_provider)->name);
	else if (err == -EBADMSG)
		log_info("ESP crypto computes wrong bytes: its known-answer tests failed");
	else
		log_info("ESP crypto %s: %s", name ? name : "",
			 err == -ENOENT ? "no such provider (ipsec-mb, openssl)"
					: "not on this CPU");
	return err;
}

/* ---- event loop ------------------------------------------------------------------------ */

static int loop_init(struct loop *l)
{
	struct itimerspec every = { .it_interval.tv_nsec = HOUSEKEEPING_NS,
				    .it_value.tv_nsec = HOUSEKEEPING_NS };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	l->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	l->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (l->signal_fd < 0 || l->timer_fd < 0 || timerfd_settime(l->timer_fd, 0, &every, NULL))
		return -errno;
	return 0;
}

static void events_handle(struct control *c, struct loop *l, const struct pollfd *fds)
{
	uint64_t ticks;

	if (fds[WAIT_SIGNAL].revents)
		l->stop = true;
	if (fds[WAIT_TIMER].revents && read(l->timer_fd, &ticks, sizeof(ticks)) > 0)
		control_housekeeping(c);
	if (fds[WAIT_NET].revents)
		control_net_changed(c);
}

/* w: who runs in this thread, its sockets are waited for, too; NULL: nobody, or there is work. */
static void loop_wait(struct control *c, struct loop *l, const struct worker *w, int timeout_ms)
{
	static struct pollfd fds[WAIT_XSK + XSK_MAX];
	nfds_t n = WAIT_XSK;

	fds[WAIT_SIGNAL] = (struct pollfd){ .fd = l->signal_fd, .events = POLLIN };
	fds[WAIT_TIMER] = (struct pollfd){ .fd = l->timer_fd, .events = POLLIN };
	fds[WAIT_NET] = (struct pollfd){ .fd = net_fd(c->net), .events = POLLIN };
	for (uint32_t i = 0; w && i < w->n_xsks; i++)
		fds[n++] = (struct pollfd){ .fd = w->xsks[i]->fd, .events = POLLIN };
	if (poll(fds, n, timeout_ms) > 0)
		events_handle(c, l, fds);
}

/* The only worker in this thread. */
static void loop_run_worker(struct control *c, struct loop *l)
{
	struct worker *w = c->workers[0];

	for (uint32_t turns = 1; !l->stop; turns++) {
		if (worker_turn(w) == 0)
			loop_wait(c, l, w, worker_patience_ms(w));
		else if (turns % TURNS_BETWEEN_EVENTS == 0)
			loop_wait(c, l, NULL, 0);
	}
}

static void loop_run(struct control *c, struct loop *l)
{
	if (c->n_workers == 1)
		loop_run_worker(c, l);
	while (!l->stop)
		loop_wait(c, l, NULL, -1);
}

static int run(struct control *c, const struct options *o)
{
	struct loop loop = { 0 };
	int err = loop_init(&loop);

	err = err ? err : control_init(c);
	if (!err) {
		if (o->bench_forward)
			log_info(
				"WARNING: --bench-forward: packets to be protected leave in CLEAR");
		log_info("ready");
		loop_run(c, &loop);
		log_detail("ending");
		if (o->unpin)
			control_dismantle(c);
	}
	control_fini(c);
	return err;
}

int main(int argc, char **argv)
{
	static struct control control;
	struct options o = { 0 };
	int lock = -1, err;

	if (options_read(argc, argv, &o)) {
		fputs("sekisho-worker: wrong options; --help explains them\n", stderr);
		return 2;
	}
	if (geteuid() != 0) {
		log_info("must be run as root");
		return 1;
	}
	if (!kernel_is_new_enough() || lock_take(o.instance, &lock))
		return 1;
	control.instance = o.instance;
	control.bench_forward = o.bench_forward;
	control.n_workers = o.threads ? o.threads : threads_default();
	err = provider_choose(o.provider, &control.provider);
	err = err ? err : dataplane_create(o.instance, &control.dp);
	if (err)
		return 1;
	err = run(&control, &o);
	dp_close(control.dp);
	if (o.unpin && dp_unpin(o.instance))
		log_info("cannot remove the pins");
	close(lock);
	return err ? 1 : 0;
}
