// SPDX-License-Identifier: BSD-2-Clause
/* The command line of pktgen. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "gen.h"

enum {
	OPT_SRC = 256,
	OPT_DST,
	OPT_SPORT,
	OPT_DPORT,
	OPT_FLOWS,
	OPT_RANDOM,
	OPT_ONCE,
	OPT_FULL_COPY,
	OPT_DMAC,
	OPT_SMAC,
	OPT_PCAP,
	OPT_ESP,
};

static const struct option long_options[] = {
	{ "src", 1, 0, OPT_SRC },     { "dst", 1, 0, OPT_DST },
	{ "sport", 1, 0, OPT_SPORT }, { "dport", 1, 0, OPT_DPORT },
	{ "flows", 1, 0, OPT_FLOWS }, { "random", 0, 0, OPT_RANDOM },
	{ "once", 0, 0, OPT_ONCE },   { "full-copy", 0, 0, OPT_FULL_COPY },
	{ "dmac", 1, 0, OPT_DMAC },   { "smac", 1, 0, OPT_SMAC },
	{ "pcap", 1, 0, OPT_PCAP },   { "esp", 1, 0, OPT_ESP },
	{ "help", 0, 0, 'h' },	      { 0 },
};

static const struct options defaults = {
	.seconds = 5,
	.cpu = -1,
	.batch = 64,
	.sizes = { 64 },
	.n_sizes = 1,
	.dmac = { 2, 0, 0, 0, 0, 1 },
	.sport = 1024,
	.dport = 9,
	.n_sport = 1,
	.src = { AF_INET, { 198, 18, 0, 1 }, 1, 1 }, /* RFC 2544 */
	.dst = { AF_INET, { 198, 19, 0, 1 }, 1, 1 },
	.esp = { .spi = 1000,
		 .tunnels = 1,
		 .count = 1024,
		 .seq = 1,
		 .osrc = { AF_INET, { 192, 0, 2, 1 }, 1, 1 }, /* RFC 5737 */
		 .odst = { AF_INET, { 192, 0, 2, 2 }, 1, 1 } },
};

void usage(void)
{
	puts("usage: pktgen -d DEV [options]\n"
	     "  -s SIZE[:W][,...]    Ethernet frame bytes without FCS, several with weights (64)\n"
	     "  -r PPS               rate, 0 = as fast as it goes (0)\n"
	     "  -t SECONDS           run time (5)\n"
	     "  -n COUNT             stop after COUNT frames\n"
	     "  -c CPU               run on this CPU\n"
	     "  -b BATCH             frames per batch, up to 256 (64)\n"
	     "  -i SECONDS           report as it goes\n"
	     "  -m live|packet       way out (live)\n"
	     "  -j                   JSON lines\n"
	     "  --src A[+N[/STEP]]   source address range, IPv4 or IPv6\n"
	     "  --dst A[+N[/STEP]]   destination address range\n"
	     "  --sport P[+N]        source port range\n"
	     "  --dport P\n"
	     "  --flows N            distinct frames (the longest of the ranges)\n"
	     "  --random             pick frames at random instead of in turn\n"
	     "  --once               stop after one pass over the table\n"
	     "  --full-copy          rewrite whole frames, not just headers\n"
	     "  --dmac M, --smac M   Ethernet addresses\n"
	     "  --pcap FILE          send the frames of a classic pcap file\n"
	     "  --esp key=HEX[,spi=N][,tunnels=T][,count=N][,seq=N][,esn][,natt]\n"
	     "        [,osrc=A[+N[/STEP]]][,odst=A[+N[/STEP]]]\n"
	     "                       AES-GCM ESP tunnel packets sealed before the run; frame i\n"
	     "                       belongs to tunnel i%T (SPI spi+i%T), HEX = key + 4 byte "
	     "salt;\n"
	     "                       -s then gives the size of the inner packet plus 14");
	exit(2);
}

static void mac_parse(const char *arg, uint8_t *mac)
{
	if (sscanf(arg, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", mac, mac + 1, mac + 2, mac + 3, mac + 4,
		   mac + 5) != 6)
		die("not a MAC address: %s", arg);
}

static void sport_parse(struct options *o, const char *arg)
{
	char *rest;

	o->sport = strtoul(arg, &rest, 0);
	o->n_sport = *rest == '+' ? strtoull(rest + 1, NULL, 0) : 1;
	if (!o->n_sport)
		usage();
}

static void way_out_parse(struct options *o, const char *arg)
{
	o->packet_mode = !strcmp(arg, "packet");
	if (!o->packet_mode && strcmp(arg, "live"))
		usage();
}

static void short_option(struct options *o, int c, char *arg)
{
	switch (c) {
	case 'd':
		snprintf(o->dev, sizeof(o->dev), "%s", arg);
		break;
	case 's':
		sizes_parse(o, arg);
		break;
	case 'r':
		o->rate = atof(arg);
		break;
	case 't':
		o->seconds = atof(arg);
		break;
	case 'n':
		o->limit = strtoull(arg, NULL, 0);
		break;
	case 'c':
		o->cpu = atoi(arg);
		break;
	case 'b':
		o->batch = atoi(arg);
		break;
	case 'i':
		o->interval = atof(arg);
		break;
	case 'm':
		way_out_parse(o, arg);
		break;
	case 'j':
		o->json = true;
		break;
	default:
		usage();
	}
}

static void long_option(struct options *o, int c, char *arg)
{
	switch (c) {
	case OPT_SRC:
		range_parse(arg, &o->src);
		break;
	case OPT_DST:
		range_parse(arg, &o->dst);
		break;
	case OPT_SPORT:
		sport_parse(o, arg);
		break;
	case OPT_DPORT:
		o->dport = strtoul(arg, NULL, 0);
		break;
	case OPT_FLOWS:
		o->flows = strtoull(arg, NULL, 0);
		break;
	case OPT_RANDOM:
		o->randomise = true;
		break;
	case OPT_ONCE:
		o->once = true;
		break;
	case OPT_FULL_COPY:
		o->full_copy = true;
		break;
	case OPT_DMAC:
		mac_parse(arg, o->dmac);
		break;
	case OPT_SMAC:
		mac_parse(arg, o->smac);
		o->smac_set = true;
		break;
	case OPT_PCAP:
		o->pcap = arg;
		break;
	case OPT_ESP:
		esp_parse(&o->esp, arg);
		break;
	}
}

static void own_mac(struct options *o)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { 0 };

	memcpy(ifr.ifr_name, o->dev, sizeof(ifr.ifr_name));
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &ifr))
		die("%s: no hardware address", o->dev);
	memcpy(o->smac, ifr.ifr_hwaddr.sa_data, 6);
	close(fd);
}

void options_parse(struct options *o, int argc, char **argv)
{
	int c;

	*o = defaults;
	while ((c = getopt_long(argc, argv, "d:s:r:t:n:c:b:i:m:jh", long_options, NULL)) != -1) {
		if (c >= OPT_SRC)
			long_option(o, c, optarg);
		else
			short_option(o, c, optarg);
	}
	if (!o->dev[0] || optind != argc || o->batch < 1 || o->batch > GEN_BATCH_MAX)
		usage();
	if (o->src.family != o->dst.family)
		die("--src and --dst of two families");
	if (o->randomise && o->once)
		die("--random and --once do not go together");
	o->ifindex = if_nametoindex(o->dev);
	if (!o->ifindex)
		die("no interface %s here", o->dev);
	if (!o->smac_set)
		own_mac(o);
}
