// SPDX-License-Identifier: BSD-2-Clause
/*
 * Way out "packet": AF_PACKET with a mapped transmit ring and qdisc bypass. Works on any device
 * and any peer, at the price of an skb per frame.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include "gen.h"

enum {
	SLOT_BYTES = 2048,
	N_SLOTS = 1024,
	BLOCK_BYTES = 1 << 17,
	DATA_OFF = TPACKET2_HDRLEN - sizeof(struct sockaddr_ll),
};

struct out {
	int fd;
	uint8_t *ring;
	uint64_t head; /* frames put into the ring so far */
	int pending;   /* of them not yet kicked out */
	uint64_t at;   /* next template */
	uint64_t rng;
	double due, gap; /* seconds; gap 0: no pacing */
	struct pg_state count;
};

static void out_open(struct out *out, unsigned ifindex)
{
	struct tpacket_req req = { .tp_block_size = BLOCK_BYTES,
				   .tp_frame_size = SLOT_BYTES,
				   .tp_block_nr = SLOT_BYTES * N_SLOTS / BLOCK_BYTES,
				   .tp_frame_nr = N_SLOTS };
	struct sockaddr_ll sll = { .sll_family = AF_PACKET, .sll_ifindex = ifindex };
	int v = TPACKET_V2, one = 1, fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_VERSION, &v, sizeof(v)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &req, sizeof(req)) ||
	    bind(fd, (struct sockaddr *)&sll, sizeof(sll)))
		die("AF_PACKET: %s", strerror(errno));
	out->fd = fd;
	out->ring = mmap(NULL, SLOT_BYTES * N_SLOTS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (out->ring == MAP_FAILED)
		die("cannot map the ring: %s", strerror(errno));
}

static bool frame_is_due(struct out *out, double now)
{
	if (now < out->due)
		return false;
	if (now - out->due > PG_RESYNC_NS * 1e-9) {
		out->due = now;
		out->count.resync++;
	}
	out->due += out->gap;
	return true;
}

/* NULL: one pass was wanted and is over. */
static const struct pg_tmpl *next_template(const struct options *o, const struct table *t,
					   struct out *out)
{
	if (o->randomise) { /* xorshift64 */
		out->rng ^= out->rng << 13;
		out->rng ^= out->rng >> 7;
		out->rng ^= out->rng << 17;
		return table_slot(t, out->rng % t->n);
	}
	if (out->at >= t->n) {
		if (o->once)
			return NULL;
		out->at = 0;
	}
	return table_slot(t, out->at++);
}

static void slot_send(struct out *out, struct tpacket2_hdr *h, const struct pg_tmpl *s)
{
	memcpy((uint8_t *)h + DATA_OFF, s->data, s->copy_len);
	h->tp_len = s->frame_len;
	__atomic_store_n(&h->tp_status, TP_STATUS_SEND_REQUEST, __ATOMIC_RELEASE);
	out->head++;
	out->pending++;
	out->count.sent++;
	out->count.bytes += s->frame_len;
}

static void flush(struct out *out)
{
	if (send(out->fd, NULL, 0, 0) < 0 && errno != EAGAIN && errno != ENOBUFS && errno != EINTR)
		die("send: %s", strerror(errno));
	out->pending = 0;
}

enum turn {
	TURN_SENT,
	TURN_NOT_DUE,
	TURN_RING_FULL,
	TURN_OVER,
};

static enum turn turn(const struct options *o, const struct table *t, struct out *out, double now)
{
	struct tpacket2_hdr *h = (void *)(out->ring + out->head % N_SLOTS * SLOT_BYTES);
	uint32_t status = __atomic_load_n(&h->tp_status, __ATOMIC_ACQUIRE);
	const struct pg_tmpl *s;

	if (status == TP_STATUS_WRONG_FORMAT)
		die("the kernel refused a frame");
	if (status != TP_STATUS_AVAILABLE)
		return TURN_RING_FULL;
	if (out->gap > 0 && !frame_is_due(out, now))
		return TURN_NOT_DUE;
	s = next_template(o, t, out);
	if (!s)
		return TURN_OVER;
	slot_send(out, h, s);
	return o->limit && out->count.sent >= o->limit ? TURN_OVER : TURN_SENT;
}

static void emit(const struct options *o, const struct table *t, struct out *out,
		 struct progress *p)
{
	enum turn what = TURN_SENT;
	double now;

	progress_start(p, o);
	now = out->due = p->start;
	while (!gen_stop && what != TURN_OVER) {
		if (out->gap > 0)
			now = now_s();
		what = turn(o, t, out, now);
		if (out->pending >= o->batch || what == TURN_RING_FULL ||
		    (what == TURN_NOT_DUE && out->pending)) {
			flush(out);
			now = now_s();
		}
		if (!progress_tick(p, o, &out->count, now))
			break;
	}
	flush(out);
}

void packet_run(const struct options *o, const struct pcap_file *pcap, struct table *t)
{
	struct out out = { .rng = 88172645463325252ull, /* any seed but 0 */
			   .gap = o->rate > 0 ? 1 / o->rate : 0 };
	struct progress p;

	t->mem = mmap(NULL, t->stride * t->n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0);
	if (t->mem == MAP_FAILED)
		die("out of memory");
	table_fill(o, pcap, t);
	out_open(&out, o->ifindex);
	emit(o, t, &out, &p);
	progress_total(&p, o, &out.count);
	close(out.fd);
	munmap(out.ring, SLOT_BYTES * N_SLOTS);
	munmap(t->mem, t->stride * t->n);
}
