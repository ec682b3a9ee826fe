/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An ESP frame as the gate hands it over, and its inside as if it were authentic: three bytes
 * say where the gate found the headers and what the SA is like, the rest is the frame. What is
 * accepted is a whole inner packet inside the frame.
 */
#include "fuzz/sa.h"

#include <string.h>
#include "worker/esp_in.h"
#include "worker/ip4.h"

/* The lengths of AES-GCM-16, AES-CBC with SHA-512, 3DES with SHA-1, NULL with SHA-256. */
static struct esp_key keys[] = {
	{ .mode = MODE_GCM, .iv_len = 8, .icv_len = 16, .align = 4 },
	{ .mode = MODE_CBC, .iv_len = 16, .icv_len = 32, .align = 16 },
	{ .mode = MODE_CBC, .iv_len = 8, .icv_len = 12, .align = 8 },
	{ .mode = MODE_NULL, .iv_len = 0, .icv_len = 16, .align = 4 },
};

static void accept_all(struct frame *f, struct sa_rt *sa, const uint8_t *start, size_t size)
{
	struct esp_job job;

	if (esp_in_check(f, sa, &job) != FRAME_KEEP)
		return;
	must(job.text >= start && job.icv + sa->key->icv_len <= start + size);
	must(job.text + job.text_len == job.icv && job.text_len % sa->key->align == 0);
	if (esp_in_accept(f, sa, &job) != FRAME_KEEP)
		return;
	/* The header of transport mode stands in front of the text. */
	must(f->data >= (sa->mode == SA_TRANSPORT ? start : job.text) && f->data + f->len <= job.icv);
	must(ip_packet_len(f->data, f->len) == f->len);
	must(ip_version(f->data) == 6 || ip4_sum_ok((const struct ip4 *)f->data));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sa_rt sa;

	if (size < 3)
		return 0;
	uint8_t *frame = malloc(size - 3 ? size - 3 : 1); /* exact: one byte more is noticed */
	must(frame != NULL);
	memcpy(frame, data + 3, size - 3);
	struct frame f = {
		.data = frame, .len = (uint32_t)size - 3, .l3 = data[0], .esp = data[1]
	};
	fuzz_sa(&sa, keys, data[2]);
	accept_all(&f, &sa, frame, size - 3);
	free(frame);
	return 0;
}
