/* SPDX-License-Identifier: BSD-2-Clause */
/* `sekisho sas`: the SAs, with what tells them apart in a bpftool dump of the maps. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "cli/cli.h"

#define LIST_TEXT_MAX 1024

static const struct shape algs[] = {
	{ "encr-alg", "encr", SHAPE_TEXT },	     { "encr-keysize", "encr_bits", SHAPE_NUM },
	{ "integ-alg", "integ", SHAPE_TEXT },	     { "prf-alg", "prf", SHAPE_TEXT },
	{ "dh-group", "key_exchange", SHAPE_TEXT },  { "ke1-alg", "key_exchange_1", SHAPE_TEXT },
	{ "ke2-alg", "key_exchange_2", SHAPE_TEXT }, { "ke3-alg", "key_exchange_3", SHAPE_TEXT },
	{ "ke4-alg", "key_exchange_4", SHAPE_TEXT }, { "ke5-alg", "key_exchange_5", SHAPE_TEXT },
	{ "ke6-alg", "key_exchange_6", SHAPE_TEXT }, { "ke7-alg", "key_exchange_7", SHAPE_TEXT },
};

static const struct shape ike_keys[] = {
	{ "uniqueid", "id", SHAPE_NUM },
	{ "state", "state", SHAPE_TEXT },
	{ "version", "ike_version", SHAPE_NUM },
	{ "local-host", "local_addr", SHAPE_TEXT },
	{ "local-port", "local_port", SHAPE_NUM },
	{ "local-id", "local_id", SHAPE_TEXT },
	{ "remote-host", "remote_addr", SHAPE_TEXT },
	{ "remote-port", "remote_port", SHAPE_NUM },
	{ "remote-id", "remote_id", SHAPE_TEXT },
	{ "initiator", "is_initiator", SHAPE_YES },
	{ "initiator-spi", "ike_spi_i", SHAPE_HEX },
	{ "responder-spi", "ike_spi_r", SHAPE_HEX },
	{ "nat-local", "is_nat_local", SHAPE_YES },
	{ "nat-remote", "is_nat_remote", SHAPE_YES },
	{ "established", "established_s", SHAPE_NUM },
	{ "rekey-time", "rekey_in_s", SHAPE_NUM },
	{ "reauth-time", "reauth_in_s", SHAPE_NUM },
	{ "local-vips", "local_vips", SHAPE_LIST },
	{ "remote-vips", "remote_vips", SHAPE_LIST },
};

static const struct shape child_keys[] = {
	{ "name", "name", SHAPE_TEXT },
	{ "uniqueid", "id", SHAPE_NUM },
	{ "slot", "slot", SHAPE_NUM },
	{ "state", "state", SHAPE_TEXT },
	{ "mode", "mode", SHAPE_TEXT },
	{ "protocol", "protocol", SHAPE_TEXT },
	{ "encap", "is_encap", SHAPE_YES },
	{ "esn", "is_esn", SHAPE_YES },
	{ "spi-in", "spi_in", SHAPE_HEX },
	{ "spi-out", "spi_out", SHAPE_HEX },
	{ "sa-in", "sa_in", SHAPE_NUM },
	{ "sa-out", "sa_out", SHAPE_NUM },
	{ "local-host", "local_addr", SHAPE_TEXT },
	{ "local-port", "local_port", SHAPE_NUM },
	{ "remote-host", "remote_addr", SHAPE_TEXT },
	{ "remote-port", "remote_port", SHAPE_NUM },
	{ "bytes-in", "bytes_in", SHAPE_NUM },
	{ "packets-in", "packets_in", SHAPE_NUM },
	{ "use-in", "used_in_s", SHAPE_NUM },
	{ "bytes-out", "bytes_out", SHAPE_NUM },
	{ "packets-out", "packets_out", SHAPE_NUM },
	{ "use-out", "used_out_s", SHAPE_NUM },
	{ "seq-in", "seq_in", SHAPE_NUM },
	{ "seq-out", "seq_out", SHAPE_NUM },
	{ "replay-window", "replay_window", SHAPE_NUM },
	{ "replayed", "replayed", SHAPE_NUM },
	{ "bad-icv", "bad_icv", SHAPE_NUM },
	{ "mismatched", "mismatched", SHAPE_NUM },
	{ "install-time", "installed_s", SHAPE_NUM },
	{ "rekey-time", "rekey_in_s", SHAPE_NUM },
	{ "life-time", "life_in_s", SHAPE_NUM },
	{ "local-ts", "local_ts", SHAPE_LIST },
	{ "remote-ts", "remote_ts", SHAPE_LIST },
};

static json_t *with_algs(json_t *out, const json_t *section)
{
	json_t *more = shape(algs, ARRAY_SIZE(algs), section);

	json_object_update(out, more);
	json_decref(more);
	return out;
}

static json_t *ike_json(const char *name, const json_t *section)
{
	json_t *out = json_pack("{s:s}", "name", name), *list = json_array();
	json_t *keys = with_algs(shape(ike_keys, ARRAY_SIZE(ike_keys), section), section);
	json_t *children = json_object_get(section, "child-sas"), *child;
	const char *child_name;

	json_object_update(out, keys);
	json_decref(keys);
	json_object_foreach(children, child_name, child) json_array_append_new(
		list, with_algs(shape(child_keys, ARRAY_SIZE(child_keys), child), child));
	json_object_set_new(out, "child_sas", list);
	return out;
}

/* The events of list-sas, each { name: section }, as one array. */
static json_t *sas_json(const json_t *events)
{
	json_t *out = json_array(), *section;
	const char *name;

	for (size_t i = 0; i < json_array_size(events); i++)
		json_object_foreach(json_array_get(events, i), name, section)
			json_array_append_new(out, ike_json(name, section));
	return json_pack("{s:o}", "ike_sas", out);
}

/* ---- As text ---------------------------------------------------------------------- */

/* "AES_GCM_16-128/PRF_HMAC_SHA2_256/CURVE_25519", as strongSwan writes it. */
static const char *algs_text(const json_t *sa, char *buf, size_t size)
{
	static const char *const more[] = { "integ", "prf", "key_exchange" };
	int len = snprintf(buf, size, "%s", text_at(sa, "encr"));

	if (num_at(sa, "encr_bits"))
		len += snprintf(buf + len, size - (size_t)len, "-%lld", num_at(sa, "encr_bits"));
	for (size_t i = 0; i < ARRAY_SIZE(more) && (size_t)len < size; i++)
		if (*text_at(sa, more[i]))
			len += snprintf(buf + len, size - (size_t)len, "%s%s", len ? "/" : "",
					text_at(sa, more[i]));
	for (size_t i = 1; i <= 7 && (size_t)len < size; i++) {
		char key[] = "key_exchange_N";

		key[sizeof(key) - 2] = (char)('0' + i);
		if (*text_at(sa, key))
			len += snprintf(buf + len, size - (size_t)len, "/KE%zu_%s", i,
					text_at(sa, key));
	}
	return buf;
}

static void print_due(const json_t *sa, const char *key, const char *what)
{
	char text[SPAN_MAX];

	if (json_is_integer(json_object_get(sa, key)))
		printf(", %s in %s", what, span(num_at(sa, key), text));
}

static void print_side(const json_t *child, const char *side, const char *spi, const char *sa)
{
	char key[32], text[SPAN_MAX];

	printf("    %-3s SPI %s, SA %lld", side, text_at(child, spi), num_at(child, sa));
	snprintf(key, sizeof(key), "packets_%s", side);
	printf(": %lld packets", num_at(child, key));
	snprintf(key, sizeof(key), "bytes_%s", side);
	printf(", %lld bytes", num_at(child, key));
	snprintf(key, sizeof(key), "seq_%s", side);
	printf(", sequence %lld", num_at(child, key));
	snprintf(key, sizeof(key), "used_%s_s", side);
	if (json_is_integer(json_object_get(child, key)))
		printf(", last %s ago", span(num_at(child, key), text));
	putchar('\n');
}

static void print_child(const json_t *c)
{
	char text[LIST_TEXT_MAX];

	printf("  %s: #%lld, %s, %s %s%s, %s%s\n", text_at(c, "name"), num_at(c, "id"),
	       text_at(c, "state"), text_at(c, "protocol"), text_at(c, "mode"),
	       is_at(c, "is_encap") ? " in UDP" : "", algs_text(c, text, sizeof(text)),
	       is_at(c, "is_esn") ? ", ESN" : "");
	printf("    outer %s[%lld] to %s[%lld]\n", text_at(c, "local_addr"),
	       num_at(c, "local_port"), text_at(c, "remote_addr"), num_at(c, "remote_port"));
	print_side(c, "in", "spi_in", "sa_in");
	print_side(c, "out", "spi_out", "sa_out");
	if (num_at(c, "replayed") || num_at(c, "bad_icv") || num_at(c, "mismatched"))
		printf("    refused: %lld replayed, %lld not authentic, %lld outside the selectors\n",
		       num_at(c, "replayed"), num_at(c, "bad_icv"), num_at(c, "mismatched"));
	printf("    installed %s ago", span(num_at(c, "installed_s"), text));
	print_due(c, "rekey_in_s", "rekeying");
	print_due(c, "life_in_s", "expires");
	printf("\n    local  %s\n", list_at(c, "local_ts", text, sizeof(text)));
	printf("    remote %s\n", list_at(c, "remote_ts", text, sizeof(text)));
}

/* Virtual addresses in brackets, as swanctl does. */
static void print_end(const json_t *sa, const char *side)
{
	char id[32], addr[32], port[32], nat[32], vips[32], text[LIST_TEXT_MAX];

	snprintf(id, sizeof(id), "%s_id", side);
	snprintf(addr, sizeof(addr), "%s_addr", side);
	snprintf(port, sizeof(port), "%s_port", side);
	snprintf(nat, sizeof(nat), "is_nat_%s", side);
	snprintf(vips, sizeof(vips), "%s_vips", side);
	printf("  %-6s '%s' at %s[%lld]%s", side, text_at(sa, id), text_at(sa, addr),
	       num_at(sa, port), is_at(sa, nat) ? ", behind NAT" : "");
	if (json_array_size(json_object_get(sa, vips)))
		printf(" [%s]", list_at(sa, vips, text, sizeof(text)));
	putchar('\n');
}

static void print_ike(const json_t *sa)
{
	const json_t *children = json_object_get(sa, "child_sas");
	char text[LIST_TEXT_MAX];

	printf("%s: #%lld, %s, IKEv%lld %s, %s_i %s_r\n", text_at(sa, "name"), num_at(sa, "id"),
	       text_at(sa, "state"), num_at(sa, "ike_version"),
	       is_at(sa, "is_initiator") ? "initiator" : "responder", text_at(sa, "ike_spi_i"),
	       text_at(sa, "ike_spi_r"));
	print_end(sa, "local");
	print_end(sa, "remote");
	if (*text_at(sa, "encr"))
		printf("  %s\n", algs_text(sa, text, sizeof(text)));
	if (json_is_integer(json_object_get(sa, "established_s"))) {
		printf("  established %s ago", span(num_at(sa, "established_s"), text));
		print_due(sa, "rekey_in_s", "rekeying");
		print_due(sa, "reauth_in_s", "reauthentication");
		putchar('\n');
	}
	for (size_t i = 0; i < json_array_size(children); i++)
		print_child(json_array_get(children, i));
}

int cmd_sas(struct cli *cli, const char *argument)
{
	int result;
	json_t *events = ask(cli, "list-sas", NULL, "list-sa", &result), *sas, *list;

	(void)argument;
	if (!events)
		return result;
	sas = sas_json(events);
	json_decref(events);
	if (cli->is_json) {
		print_json(sas);
		return EXIT_DONE;
	}
	list = json_object_get(sas, "ike_sas");
	for (size_t i = 0; i < json_array_size(list); i++)
		print_ike(json_array_get(list, i));
	if (!json_array_size(list))
		puts("no SAs");
	json_decref(sas);
	return EXIT_DONE;
}
