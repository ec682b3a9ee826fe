// SPDX-License-Identifier: BSD-2-Clause
/*
 * pktsink: counts and drops what arrives on one interface, and reports packets per second by
 * protocol: UDP, UDP port 4500, ESP, AH and the rest. README.md beside this file says which
 * mode costs the sender what.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "clock.h"
#include "shared.h"
#include "pktsink.skel.h"

#define FIRST_FRAME_POLL_S 0.005
#define IDLE_STEP_S 0.2 /* between looks at the captures when no report is due */

static const char *const class_name[PS_CLASS_COUNT] = {
#define X(name, text) [PS_##name] = text,
	PS_CLASSES(X)
#undef X
};

struct options {
	const char *dev, *mode, *pcap;
	double seconds;	 /* 0: until a signal */
	double warm;	 /* skipped after the first frame; below 0: do not wait for one */
	double give_up;	 /* on the first frame */
	double interval; /* between reports; 0: none */
	unsigned snaps;
	bool keep_arp, json, linger;
};

struct sink {
	struct pktsink_bpf *skel;
	struct ps_count *per_cpu; /* one per possible CPU: where a lookup lands */
	int n_cpu;
	int link; /* of XDP; -1: attached to tc */
	struct bpf_tc_hook hook;
	FILE *pcap;
	struct ring_buffer *snaps;
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static void nap(double s)
{
	struct timespec t = { .tv_sec = s, .tv_nsec = (s - (long)s) * 1e9 };

	nanosleep(&t, NULL);
}

static void read_counters(const struct sink *sink, struct ps_count *ret_count)
{
	int fd = bpf_map__fd(sink->skel->maps.counters);

	memset(ret_count, 0, sizeof(*ret_count) * PS_CLASS_COUNT);
	for (uint32_t k = 0; k < PS_CLASS_COUNT; k++) {
		if (bpf_map_lookup_elem(fd, &k, sink->per_cpu))
			continue;
		for (int i = 0; i < sink->n_cpu; i++) {
			ret_count[k].packets += sink->per_cpu[i].packets;
			ret_count[k].bytes += sink->per_cpu[i].bytes;
		}
	}
}

static struct ps_count total(const struct ps_count *c)
{
	struct ps_count sum = { 0 };

	for (int k = 0; k < PS_CLASS_COUNT; k++) {
		sum.packets += c[k].packets;
		sum.bytes += c[k].bytes;
	}
	return sum;
}

static void report_json(const char *what, const struct ps_count *d, double dt)
{
	struct ps_count all = total(d);

	printf("{\"pktsink\":\"%s\",\"seconds\":%.3f,\"packets\":%llu,\"pps\":%.0f,\"gbps\":%.4f",
	       what, dt, all.packets, all.packets / dt, all.bytes * 8 / dt / 1e9);
	for (int k = 0; k < PS_CLASS_COUNT; k++)
		printf(",\"%s\":%.0f", class_name[k], d[k].packets / dt);
	puts("}");
}

static void report_text(const char *what, const struct ps_count *d, double dt)
{
	struct ps_count all = total(d);
	const char *sep = " ";

	printf("%-5s %7.3f s  %10.0f pps  %7.3f Gbit/s ", what, dt, all.packets / dt,
	       all.bytes * 8 / dt / 1e9);
	for (int k = 0; k < PS_CLASS_COUNT; k++) {
		if (!d[k].packets)
			continue;
		printf("%s%s %.0f", sep, class_name[k], d[k].packets / dt);
		sep = ", ";
	}
	putchar('\n');
}

static void report(const struct options *o, const char *what, const struct ps_count *a,
		   const struct ps_count *b, double dt)
{
	struct ps_count d[PS_CLASS_COUNT];

	for (int k = 0; k < PS_CLASS_COUNT; k++) {
		d[k].packets = b[k].packets - a[k].packets;
		d[k].bytes = b[k].bytes - a[k].bytes;
	}
	if (o->json)
		report_json(what, d, dt);
	else
		report_text(what, d, dt);
	fflush(stdout);
}

struct pcap_record {
	uint32_t sec, usec, cap, len;
};

static int on_snap(void *arg, void *data, size_t len)
{
	const struct ps_capture *s = data;
	struct pcap_record h = { .cap = s->cap, .len = s->len };
	struct timespec t;

	(void)len;
	clock_gettime(CLOCK_REALTIME, &t);
	h.sec = t.tv_sec;
	h.usec = t.tv_nsec / 1000;
	fwrite(&h, sizeof(h), 1, arg);
	fwrite(s->data, 1, s->cap, arg);
	return 0;
}

static int capture_open(struct sink *sink, const char *name)
{
	struct {
		uint32_t magic;
		uint16_t major, minor;
		uint32_t zone, accuracy, snap, link;
	} h = { 0xa1b2c3d4, 2, 4, 0, 0, PS_SNAP, 1 /* Ethernet */ };

	sink->pcap = fopen(name, "wb");
	if (!sink->pcap)
		return -errno;
	fwrite(&h, sizeof(h), 1, sink->pcap);
	sink->snaps =
		ring_buffer__new(bpf_map__fd(sink->skel->maps.snaps), on_snap, sink->pcap, NULL);
	return sink->snaps ? 0 : -errno;
}

static int load(struct sink *sink, const struct options *o)
{
	bool tc = !strcmp(o->mode, "tc");

	sink->n_cpu = libbpf_num_possible_cpus();
	sink->per_cpu = calloc(sink->n_cpu, sizeof(*sink->per_cpu));
	sink->skel = pktsink_bpf__open();
	if (!sink->per_cpu || !sink->skel)
		return -ENOMEM;
	*(uint32_t *)&sink->skel->rodata->pass_arp = o->keep_arp;
	*(uint32_t *)&sink->skel->rodata->snap_max = o->pcap ? o->snaps : 0;
	bpf_program__set_autoload(sink->skel->progs.ps_tc, tc);
	bpf_program__set_autoload(sink->skel->progs.ps_xdp, !tc);
	return pktsink_bpf__load(sink->skel);
}

#define TC_FILTER .handle = 1, .priority = 1

static int attach_tc(struct sink *sink, unsigned ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .attach_point = BPF_TC_INGRESS, .ifindex = ifindex);
	LIBBPF_OPTS(bpf_tc_opts, filter, TC_FILTER, .flags = BPF_TC_F_REPLACE,
		    .prog_fd = bpf_program__fd(sink->skel->progs.ps_tc));
	int err = bpf_tc_hook_create(&hook);

	sink->hook = hook;
	if (err && err != -EEXIST) /* the qdisc of an earlier run is fine */
		return err;
	return bpf_tc_attach(&sink->hook, &filter);
}

static int attach(struct sink *sink, const struct options *o, unsigned ifindex)
{
	LIBBPF_OPTS(bpf_link_create_opts, link,
		    .flags = strcmp(o->mode, "skb") ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE);

	if (!strcmp(o->mode, "tc"))
		return attach_tc(sink, ifindex);
	sink->link =
		bpf_link_create(bpf_program__fd(sink->skel->progs.ps_xdp), ifindex, BPF_XDP, &link);
	return sink->link < 0 ? sink->link : 0;
}

static void sink_fini(struct sink *sink)
{
	LIBBPF_OPTS(bpf_tc_opts, filter, TC_FILTER);

	if (sink->link >= 0)
		close(sink->link);
	else if (sink->hook.ifindex)
		bpf_tc_detach(&sink->hook, &filter);
	ring_buffer__free(sink->snaps);
	if (sink->pcap)
		fclose(sink->pcap);
	pktsink_bpf__destroy(sink->skel);
	free(sink->per_cpu);
}

/* 0: frames come, and the warm-up is over; -ETIMEDOUT: nothing came. */
static int wait_first(const struct sink *sink, const struct options *o)
{
	struct ps_count count[PS_CLASS_COUNT];
	double start = now_s();

	do {
		nap(FIRST_FRAME_POLL_S);
		read_counters(sink, count);
		if (total(count).packets) {
			nap(o->warm);
			return 0;
		}
	} while (!stop && now_s() - start < o->give_up);
	return -ETIMEDOUT;
}

static void measure(const struct sink *sink, const struct options *o)
{
	struct ps_count first[PS_CLASS_COUNT], prev[PS_CLASS_COUNT], cur[PS_CLASS_COUNT];
	double start, last, next, now, end;

	read_counters(sink, first);
	memcpy(prev, first, sizeof(prev));
	start = last = now = now_s();
	end = o->seconds > 0 ? start + o->seconds : 1e18;
	next = start + o->interval;
	while (!stop && now < end) {
		double step = o->interval > 0 ? next - now : IDLE_STEP_S;

		if (step > 0)
			nap(step < end - now ? step : end - now);
		now = now_s();
		if (sink->snaps)
			ring_buffer__poll(sink->snaps, 0);
		if (o->interval > 0 && now >= next) {
			read_counters(sink, cur);
			report(o, "tick", prev, cur, now - last);
			memcpy(prev, cur, sizeof(prev));
			last = now;
			next += o->interval;
		}
	}
	read_counters(sink, cur);
	report(o, "total", first, cur, now_s() - start);
	if (sink->snaps)
		ring_buffer__consume(sink->snaps);
}

static int warnings_only(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	/* "Exclusivity flag on": the tc hook is there already, which is fine */
	if (level != LIBBPF_WARN || strstr(fmt, "Kernel error message"))
		return 0;
	return vfprintf(stderr, fmt, ap);
}

static void usage(void)
{
	puts("usage: pktsink -d DEV [options]\n"
	     "  -m xdp|skb|tc    native XDP (default), generic XDP, or tc ingress\n"
	     "  -t SECONDS       measure this long, then report and leave (until a signal)\n"
	     "  -w SECONDS       wait for the first frame, then skip this much before measuring\n"
	     "  -g SECONDS       give up when no frame came for this long at the start (30)\n"
	     "  -i SECONDS       report as it goes\n"
	     "  -p FILE          store the first frames of each class in a pcap file\n"
	     "  -k N             how many per class (10)\n"
	     "  -a               drop ARP and IPv6 neighbour discovery too\n"
	     "  -l               after the last report go on dropping until a signal\n"
	     "  -j               JSON lines");
	exit(2);
}

static void option(struct options *o, int c, const char *arg)
{
	switch (c) {
	case 'd':
		o->dev = arg;
		break;
	case 'm':
		o->mode = arg;
		break;
	case 't':
		o->seconds = atof(arg);
		break;
	case 'w':
		o->warm = atof(arg);
		break;
	case 'g':
		o->give_up = atof(arg);
		break;
	case 'i':
		o->interval = atof(arg);
		break;
	case 'p':
		o->pcap = arg;
		break;
	case 'k':
		o->snaps = atoi(arg);
		break;
	case 'a':
		o->keep_arp = false;
		break;
	case 'l':
		o->linger = true;
		break;
	case 'j':
		o->json = true;
		break;
	default:
		usage();
	}
}

static void options_parse(struct options *o, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "d:m:t:w:g:i:p:k:aljh")) != -1)
		option(o, c, optarg);
	if (!o->dev || optind != argc)
		usage();
	if (strcmp(o->mode, "xdp") && strcmp(o->mode, "skb") && strcmp(o->mode, "tc"))
		usage();
}

static int run(const struct options *o, unsigned ifindex)
{
	struct sink sink = { .link = -1 };
	const char *step = "load the BPF program";
	int err = load(&sink, o);

	if (!err && o->pcap) {
		step = "open the capture file";
		err = capture_open(&sink, o->pcap);
	}
	if (!err) {
		step = "attach to the interface";
		err = attach(&sink, o, ifindex);
	}
	if (!err)
		fputs("pktsink: ready\n", stderr);
	if (!err && o->warm >= 0) {
		step = "see a first frame";
		err = wait_first(&sink, o);
	}
	if (err)
		fprintf(stderr, "pktsink: cannot %s: %s\n", step, strerror(-err));
	else
		measure(&sink, o);
	while (!err && o->linger && !stop)
		nap(IDLE_STEP_S);
	sink_fini(&sink);
	return err == -ETIMEDOUT ? 3 : err ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct options o = {
		.mode = "xdp", .warm = -1, .give_up = 30, .snaps = 10, .keep_arp = true
	};
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct sigaction sa = { .sa_handler = on_signal };
	unsigned ifindex;

	options_parse(&o, argc, argv);
	ifindex = if_nametoindex(o.dev);
	if (!ifindex) {
		fprintf(stderr, "pktsink: no interface %s here\n", o.dev);
		return 1;
	}
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	libbpf_set_print(warnings_only);
	return run(&o, ifindex);
}
