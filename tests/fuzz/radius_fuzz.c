/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers of a RADIUS server: as they are, and with the input as attributes under right
 * signatures, which is how far a hostile server gets. */
#include "fuzz/fuzz.h"
#include "support/radius_server.h"

static const struct radius_ticket ticket = { .id = 1, .authenticator = { 1, 2, 3 } };
static struct radius_answer answer;

static void look(struct reader packet, struct reader key)
{
	const char *why = NULL;
	uint8_t *copy = malloc(rd_left(&packet) + 1); /* exactly as long: reads past the end are seen */

	must(copy != NULL);
	memcpy(copy + 1, packet.at, rd_left(&packet));
	if (!radius_answer_parse(rd_from(copy + 1, rd_left(&packet)), &ticket, key, &answer, &why)) {
		must(answer.eap_len <= rd_left(&packet) && answer.state_len <= RADIUS_VALUE_MAX);
		must(!answer.has_msk || answer.code == RADIUS_ACCESS_ACCEPT);
		for (const char *c = answer.message; *c; c++)
			must(*c >= ' ' && *c <= '~');
	}
	must(why != NULL);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t codes[] = { 2, 3, 11, 1 };
	static uint8_t buf[RADIUS_PACKET_MAX];
	struct reader key = rd_from("secret", 6);

	if (!size)
		return 0;
	look(rd_from(data, size), key);
	struct reader packet = radius_answer_make(buf, codes[data[0] % 4], &ticket, key,
						  rd_from(data + 1, size - 1), 0);
	if (packet.at)
		look(packet, key);
	return 0;
}
