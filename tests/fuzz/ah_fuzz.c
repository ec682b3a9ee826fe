/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A frame with AH as the gate hands it over, and its inside as if it were authentic: three bytes
 * say where the gate found the headers and what the SA is like, the rest is the frame. What is
 * accepted is a whole inner packet behind AH. And the headers in front, with the fields zero that
 * may change: twice is as good as once.
 */
#include "fuzz/sa.h"

#include <string.h>
#include "worker/ah.h"
#include "worker/ip4.h"

/* The ICVs of HMAC-SHA1, SHA-256, SHA-384 and SHA-512. */
static struct esp_key keys[] = {
	{ .mode = MODE_NULL, .icv_len = 12, .align = 1 },
	{ .mode = MODE_NULL, .icv_len = 16, .align = 1 },
	{ .mode = MODE_NULL, .icv_len = 24, .align = 1 },
	{ .mode = MODE_NULL, .icv_len = 32, .align = 1 },
};

/* Reads and writes what an algorithm would, and finds it authentic. */
static void open_all(struct esp_job *jobs, size_t n)
{
	for (struct esp_job *j = jobs; j < jobs + n; j++) {
		uint8_t sum = 0;

		must(j->text + j->text_len == j->icv && j->aad_len <= ESP_AAD_MAX);
		for (uint32_t i = 0; i < j->text_len; i++)
			sum ^= j->text[i];
		memset(j->icv, sum, j->key->icv_len);
		j->result = 0;
	}
}

static const struct esp_provider believer = { .name = "believer", .open = open_all };

static void mutable_twice(const uint8_t *data, size_t size)
{
	uint8_t *once = malloc(size ? size : 1), *twice = malloc(size ? size : 1);

	must(once && twice);
	memcpy(once, data, size);
	if (ah_mutable_zero(once, (uint32_t)size)) {
		memcpy(twice, once, size);
		must(ah_mutable_zero(twice, (uint32_t)size) && !memcmp(once, twice, size));
	}
	free(once);
	free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sa_rt sa;

	if (size < 3)
		return 0;
	mutable_twice(data + 3, size - 3);
	uint8_t *frame = malloc(size - 3 ? size - 3 : 1); /* exact: one byte more is noticed */
	must(frame != NULL);
	memcpy(frame, data + 3, size - 3);
	struct frame f = {
		.data = frame, .len = (uint32_t)size - 3, .l3 = data[0], .esp = data[1]
	};
	fuzz_sa(&sa, keys, data[2]);
	sa.proto = IPPROTO_NUM_AH;
	if (ah_in(&believer, &f, &sa) == FRAME_KEEP) {
		must(f.data > frame + data[0] && f.data + f.len <= frame + size - 3);
		must(ip_packet_len(f.data, f.len) == f.len);
		must(ip_version(f.data) == 6 || ip4_sum_ok((const struct ip4 *)f.data));
	}
	free(frame);
	return 0;
}
