/* SPDX-License-Identifier: BSD-2-Clause */
/* VICI: the codec, the server under good and bad clients, and Debian's swanctl as a client. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>
#include "support/canned.h"
#include "vici/client.h"
#include "vici/server.h"

/* ---- Codec ------------------------------------------------------------------------ */

/* The example of strongSwan's description of the protocol. */
static const uint8_t example[] = "\x03\x04key1\x00\x06value1"
				 "\x01\x08section1"
				 "\x01\x0bsub-section"
				 "\x03\x04key2\x00\x06value2"
				 "\x02"
				 "\x04\x05list1"
				 "\x05\x00\x05item1"
				 "\x05\x00\x05item2"
				 "\x06"
				 "\x02";
#define EXAMPLE_LEN (sizeof(example) - 1)

static void build_example(struct vici_msg *m)
{
	vici_kv(m, "key1", "value1");
	vici_section(m, "section1");
	vici_sectionf(m, "sub-%s", "section");
	vici_kvf(m, "key2", "value%d", 2);
	vici_section_end(m);
	vici_list(m, "list1");
	vici_item(m, "item1");
	vici_item(m, "item2");
	vici_list_end(m);
	vici_section_end(m);
}

static void the_example_is_built(void **state)
{
	struct vici_msg m = {};

	(void)state;
	build_example(&m);
	assert_true(vici_msg_ok(&m));
	assert_int_equal(m.len, EXAMPLE_LEN);
	assert_memory_equal(m.data, example, EXAMPLE_LEN);
	vici_msg_fini(&m);
}

static void the_example_is_read(void **state)
{
	struct reader message = rd_from(example, EXAMPLE_LEN);
	char text[16];

	(void)state;
	assert_int_equal(vici_check(message), 0);
	assert_int_equal(vici_get(message, "key1", text, sizeof(text)), 0);
	assert_string_equal(text, "value1");
	assert_int_equal(vici_get(message, "section1.sub-section.key2", text, sizeof(text)), 0);
	assert_string_equal(text, "value2");
	assert_int_equal(vici_get(message, "key2", text, sizeof(text)), -ENOENT);
	assert_int_equal(vici_get(message, "section1.key2", text, sizeof(text)), -ENOENT);
	assert_int_equal(vici_get(message, "key1", text, 6), -E2BIG);
}

/* A prefix is well formed only where the grammar says so: between elements, at the top. */
static void every_truncation_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < EXAMPLE_LEN; i++) {
		uint8_t *copy = malloc(i + 1);
		int want = i == 0 || i == 14 ? 0 : -EBADMSG; /* 14: after key1 = value1 */

		memcpy(copy, example, i);
		assert_int_equal(vici_check(rd_from(copy, i)), want);
		free(copy);
	}
}

static void malformed_messages_are_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} cases[] = {
		{ "\x02", 1 },				/* an end without a start */
		{ "\x06", 1 },				/* the same of a list */
		{ "\x05\x00\x01x", 4 },			/* an item outside of a list */
		{ "\x00", 1 },				/* no such element */
		{ "\x07", 1 },				/* no such element */
		{ "\x04\x01l\x04\x01m\x06\x06", 8 },	/* lists in lists */
		{ "\x04\x01l\x03\x01k\x00\x00\x06", 9 }, /* a key in a list */
		{ "\x01\x01s\x04\x01l\x02", 7 },	/* a section's end in a list */
		{ "\x03\x01\n\x00\x00", 5 },		/* a name that is not text */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(vici_check(rd_from(cases[i].bytes, cases[i].len)), -EBADMSG);
}

static void nesting_is_bounded(void **state)
{
	uint8_t deep[3 * (VICI_DEPTH_MAX + 1)];

	(void)state;
	for (size_t i = 0; i < sizeof(deep); i += 3)
		memcpy(deep + i, "\x01\x01s", 3);
	struct vici_walk w = vici_walk(rd_from(deep, sizeof(deep)));
	struct vici_item item;
	for (unsigned i = 0; i < VICI_DEPTH_MAX; i++)
		assert_int_equal(vici_next(&w, &item), 0);
	assert_int_equal(vici_next(&w, &item), -EBADMSG);
	assert_int_equal(vici_next(&w, &item), -EBADMSG);
}

static void wrong_building_is_sticky(void **state)
{
	struct vici_msg m = {};
	char *long_text = malloc(VICI_VALUE_MAX + 2);

	(void)state;
	memset(long_text, 'a', VICI_VALUE_MAX + 1);
	long_text[VICI_VALUE_MAX + 1] = '\0';
	vici_section(&m, "open");
	assert_false(vici_msg_ok(&m));
	vici_section_end(&m);
	assert_true(vici_msg_ok(&m));
	vici_item(&m, "outside of a list");
	assert_false(vici_msg_ok(&m));
	vici_msg_reset(&m);
	assert_true(vici_msg_ok(&m));
	vici_kv(&m, "key", long_text);
	assert_false(vici_msg_ok(&m));
	vici_msg_reset(&m);
	long_text[VICI_VALUE_MAX] = '\0';
	for (int i = 0; i < 8; i++)
		vici_kv(&m, "key", long_text); /* eight times 64 KiB do not fit into a segment */
	assert_false(vici_msg_ok(&m));
	vici_msg_fini(&m);
	free(long_text);
}

static void numbers_and_truth_are_text(void **state)
{
	struct vici_msg m = {};

	(void)state;
	vici_num(&m, "n", UINT64_MAX);
	vici_kv(&m, "minus", "-1");
	vici_bool(&m, "t", true);
	vici_bool(&m, "f", false);
	assert_int_equal(vici_get_num(vici_msg_view(&m), "n", 5), 5); /* beyond int64_t */
	assert_int_equal(vici_get_num(vici_msg_view(&m), "minus", 5), -1);
	assert_int_equal(vici_get_num(vici_msg_view(&m), "none", 5), 5);
	assert_true(vici_get_bool(vici_msg_view(&m), "t", false));
	assert_false(vici_get_bool(vici_msg_view(&m), "f", true));
	assert_true(vici_get_bool(vici_msg_view(&m), "none", true));
	vici_msg_fini(&m);
}

/* ---- Server ----------------------------------------------------------------------- */

static char path[64];

static int setup(void **state)
{
	strcpy(path, "/tmp/vici_test.XXXXXX");
	if (!mkdtemp(path))
		return -1;
	strcat(path, "/vici");
	*state = canned_start(path);
	return 0;
}

static int teardown(void **state)
{
	canned_stop(*state);
	assert_int_equal(access(path, F_OK), -1);
	*strrchr(path, '/') = '\0';
	return rmdir(path);
}

static struct vici_client *client(void)
{
	struct vici_client *c = NULL;

	assert_int_equal(vici_open(path, 5000, &c), 0);
	return c;
}

static void a_command_is_answered(void **state)
{
	struct vici_client *c = client();
	struct reader response;
	char text[32];

	(void)state;
	for (int i = 0; i < 3; i++) { /* one connection serves many commands */
		assert_int_equal(vici_call(c, "version", NULL, NULL, NULL, NULL, &response), 0);
		assert_int_equal(vici_get(response, "daemon", text, sizeof(text)), 0);
		assert_string_equal(text, "sekishod");
	}
	assert_int_equal(vici_call(c, "xyzzy", NULL, NULL, NULL, NULL, &response), -ENOSYS);
	assert_int_equal(vici_call(c, "version", NULL, "xyzzy", NULL, NULL, &response), -ENOSYS);
	vici_close(c);
}

static void count_event(struct reader message, void *arg)
{
	assert_int_equal(vici_check(message), 0);
	++*(unsigned *)arg;
}

static void events_come_to_who_registered(void **state)
{
	struct vici_client *c = client();
	struct reader response;
	unsigned n = 0;

	(void)state;
	assert_int_equal(vici_call(c, "policies", NULL, NULL, count_event, &n, &response), 0);
	assert_int_equal(n, 0);
	assert_int_equal(vici_call(c, "policies", NULL, "policy", count_event, &n, &response), 0);
	assert_int_equal(n, 2);
	vici_close(c);
}

static void initiate(struct vici_client *c, const char *child, const char *timeout, bool is_success,
		     unsigned events)
{
	struct vici_msg args = {};
	struct reader response;
	unsigned n = 0;

	vici_kv(&args, "child", child);
	vici_kv(&args, "timeout", timeout);
	assert_int_equal(vici_call(c, "initiate", &args, "control-log", count_event, &n, &response),
			 0);
	assert_int_equal(vici_get_bool(response, "success", false), is_success);
	assert_int_equal(n, events);
	vici_msg_fini(&args);
}

static void completion_may_come_later(void **state)
{
	struct vici_client *c = client();

	(void)state;
	initiate(c, "net", "0", true, 2);
	initiate(c, "bad", "0", false, 0);
	initiate(c, "never", "30", false, 0);
	vici_close(c);
}

static int raw_socket(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval tv = { .tv_sec = 5 };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(addr.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	return fd;
}

/* Clients that leave while their command is under way: the server goes on. */
static void clients_may_leave_early(void **state)
{
	static const char request[] = "\0\0\0\x25\0\x08initiate\x03\x05" "child\0\x05" "never"
				      "\x03\x07timeout\0\x02" "30";
	static const char slow[] = "\0\0\0\x16\0\x08initiate\x03\x05" "child\0\x03" "net";
	struct vici_client *c;

	(void)state;
	for (int i = 0; i < 3; i++) {
		int fd = raw_socket();

		assert_int_equal(send(fd, i < 2 ? request : slow, i < 2 ? 41 : 26, 0),
				 i < 2 ? 41 : 26);
		usleep(20000);
		close(fd);
	}
	c = client();
	initiate(c, "bad", "0", false, 0);
	usleep(80000); /* "net" completes, for nobody */
	vici_close(c);
}

/* All of len, or what came before the end. With SO_RCVTIMEO any signal ends a recv (signal(7)),
 * those of libuv's threads on newer kernels too. */
static ssize_t receive(int fd, void *buf, size_t len)
{
	size_t have = 0;

	while (have < len) {
		ssize_t n = recv(fd, (char *)buf + have, len - have, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return n;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

static void requests_may_come_in_pieces_and_in_heaps(void **state)
{
	static const char one[] = "\0\0\0\x09\0\x07version";
	char many[13 * 500];
	uint8_t head[4];
	int fd = raw_socket();

	(void)state;
	for (size_t i = 0; i < 13; i++) {
		assert_int_equal(send(fd, one + i, 1, 0), 1);
		usleep(1000);
	}
	for (size_t i = 0; i < 500; i++)
		memcpy(many + 13 * i, one, 13);
	assert_int_equal(send(fd, many, sizeof(many), 0), sizeof(many));
	for (int i = 0; i < 501; i++) {
		char body[512];

		assert_int_equal(receive(fd, head, 4), 4);
		assert_in_range(head[3], 1, 255);
		assert_int_equal(receive(fd, body, (size_t)head[2] << 8 | head[3]),
				 head[2] << 8 | head[3]);
		assert_int_equal(body[0], VICI_CMD_RESPONSE);
	}
	close(fd);
}

/* Who completes a request is amid its own work: the next command waits for the loop. */
static void the_next_command_does_not_run_inside_the_last(void **state)
{
	static const char two[] = "\0\0\0\x16\0\x08initiate\x03\x05" "child\0\x03" "net"
				  "\0\0\0\x09\0\x07version";
	char body[512] = "";
	uint8_t head[4];
	int fd = raw_socket();

	(void)state;
	assert_int_equal(send(fd, two, sizeof(two) - 1, 0), sizeof(two) - 1);
	for (int i = 0; i < 2; i++) {
		memset(body, 0, sizeof(body));
		assert_int_equal(receive(fd, head, 4), 4);
		assert_int_equal(receive(fd, body, (size_t)head[2] << 8 | head[3]),
				 head[2] << 8 | head[3]);
		assert_int_equal(body[0], VICI_CMD_RESPONSE);
	}
	assert_null(memmem(body, sizeof(body), "nested", 6));
	assert_non_null(memmem(body, sizeof(body), "0.1", 3));
	close(fd);
}

static void malformed_packets_cut_the_client(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} cases[] = {
		{ "\xff\xff\xff\xff", 4 },		 /* longer than a segment may be */
		{ "\0\x08\0\x01", 4 },			 /* by one byte */
		{ "\0\0\0\0", 4 },			 /* nothing in it */
		{ "\0\0\0\x01\0", 5 },			 /* no name */
		{ "\0\0\0\x02\0\0", 6 },		 /* an empty name */
		{ "\0\0\0\x03\0\xff" "a", 7 },		 /* a name that is not there */
		{ "\0\0\0\x03\x07\x01" "a", 7 },	 /* an event, from a client */
		{ "\0\0\0\x03\x63\x01" "a", 7 },	 /* no such packet */
		{ "\0\0\0\x0a\0\x07version\x02", 14 },	 /* malformed message */
		{ "\0\0\0\x06\x03\x03log!", 10 },	 /* a message where none belongs */
	};
	char byte;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = raw_socket();

		assert_int_equal(send(fd, cases[i].bytes, cases[i].len, 0), cases[i].len);
		assert_int_equal(receive(fd, &byte, 1), 0);
		close(fd);
	}
}

/* 24 MiB are more than one client may have waiting. */
static void who_does_not_read_is_cut(void **state)
{
	static const char request[] = "\0\0\0\x0d\x03\x0b" "flood-piece" "\0\0\0\x07\0\x05" "flood";
	struct vici_client *c;
	static char buf[65536];
	size_t total = 0;
	ssize_t n;
	int fd = raw_socket();

	(void)state;
	assert_int_equal(send(fd, request, 28, 0), 28);
	usleep(200000);
	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0 || (n < 0 && errno == EINTR))
		total += n > 0 ? (size_t)n : 0;
	assert_true(n == 0 || errno == ECONNRESET);
	assert_in_range(total, 0, 2 * 1024 * 1024); /* what the kernel held of it */
	close(fd);
	c = client();
	initiate(c, "bad", "0", false, 0);
	vici_close(c);
}

static void clients_are_counted(void **state)
{
	int fds[VICI_CLIENTS_MAX + 1];
	char byte;

	(void)state;
	for (unsigned i = 0; i <= VICI_CLIENTS_MAX; i++)
		fds[i] = raw_socket();
	assert_int_equal(receive(fds[VICI_CLIENTS_MAX], &byte, 1), 0);
	for (unsigned i = 0; i <= VICI_CLIENTS_MAX; i++)
		close(fds[i]);
	usleep(50000);
	vici_close(client());
}

static void the_socket_is_ours_alone(void **state)
{
	static const struct vici_command none = { NULL, NULL };
	static const char *const no_events[] = { NULL };
	static const struct vici_api api = { &none, no_events, NULL };
	struct vici_server *second = NULL;
	struct vici_client *c = NULL;
	struct stat st;
	char stale[80];
	uv_loop_t loop;
	int fd;

	(void)state;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(vici_server_start(&loop, path, &api, &second), -EADDRINUSE);
	snprintf(stale, sizeof(stale), "%s.stale", path);
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	strcpy(addr.sun_path, stale);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd); /* its file stays, nobody answers */
	assert_int_equal(vici_open(stale, 100, &c), -ECONNREFUSED);
	assert_int_equal(vici_server_start(&loop, stale, &api, &second), 0);
	vici_server_stop(second);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	assert_int_equal(access(stale, F_OK), -1);
	assert_int_equal(vici_open(stale, 100, &c), -ENOENT);
}

/* ---- Debian's swanctl -------------------------------------------------------------- */

/* What it prints, standard error included; NULL: not installed. */
static const char *swanctl(const char *arguments)
{
	static char out[16384];
	char command[256];
	FILE *f;

	if (access("/usr/sbin/swanctl", X_OK))
		return NULL;
	snprintf(command, sizeof(command), "/usr/sbin/swanctl %s --uri unix://%s 2>&1", arguments,
		 path);
	f = popen(command, "r");
	assert_non_null(f);
	out[fread(out, 1, sizeof(out) - 1, f)] = '\0';
	pclose(f);
	return out;
}

static void swanctl_prints_all(void **state)
{
	static const struct {
		const char *arguments, *line;
	} cases[] = {
		{ "--version --daemon", "strongSwan 0.1 sekishod (Linux" },
		{ "--stats", "uptime: 2 hours, since" },
		{ "--stats", "IKE_SAs: 1 total, 0 half-open" },
		{ "--list-sas", "gw: #1, ESTABLISHED, IKEv2, 0102030405060708_i* "
				"f1f2f3f4f5f6f7f8_r\n" },
		{ "--list-sas", "  local  'a.example' @ 192.0.2.1[4500]\n" },
		{ "--list-sas", "  remote 'b.example' @ 192.0.2.2[4500] [10.99.0.1 fd99::1]\n" },
		{ "--list-sas", "  AES_GCM_16-256/PRF_HMAC_SHA2_384/CURVE_25519\n" },
		{ "--list-sas", "  established 65s ago, rekeying in 14000s\n" },
		{ "--list-sas", "  net: #7, reqid 3, INSTALLED, TUNNEL-in-UDP, "
				"ESP:AES_GCM_16-128/ESN\n" },
		{ "--list-sas", "    installed 60s ago, rekeying in 3000s, expires in 3600s\n" },
		{ "--list-sas", "    in  c1234567,    840 bytes,    10 packets,     2s ago\n" },
		{ "--list-sas", "    out 00abcdef,    924 bytes,    11 packets\n" },
		{ "--list-sas", "    remote 10.2.0.0/16 10.3.0.0/16[tcp/80]\n" },
		{ "--list-conns", "gw: IKEv2, no reauthentication, rekeying every 14400s, "
				  "dpd delay 30s\n" },
		{ "--list-conns", "  local pre-shared key authentication:\n    id: a.example\n" },
		{ "--list-conns", "  remote EAP authentication:\n    id: %any\n" },
		{ "--list-conns", "  net: TUNNEL, rekeying every 3600s, dpd action is clear\n" },
		{ "--list-pols", "gw/net, TUNNEL\n  local:  10.1.0.0/16\n" },
		{ "--list-pols", "shunts/bad, DROP\n" },
		{ "--counters", "ike-init-in-req       : 5" },
		{ "--initiate --child net", "initiate completed successfully" },
		{ "--initiate --child net", "[IKE] CHILD_SA net{7} established" },
		{ "--initiate --child bad", "initiate failed: no child 'bad' in the configuration" },
		{ "--terminate --child net", "terminate completed successfully" },
		{ "--reload-settings", "reload-settings failed: not applied" },
		{ "--list-certs", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *out = swanctl(cases[i].arguments);

		if (!out)
			skip();
		if (!strstr(out, cases[i].line))
			fail_msg("swanctl %s: no '%s' in:\n%s", cases[i].arguments, cases[i].line,
				 out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_is_built),
		cmocka_unit_test(the_example_is_read),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(malformed_messages_are_refused),
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(wrong_building_is_sticky),
		cmocka_unit_test(numbers_and_truth_are_text),
		cmocka_unit_test_setup_teardown(a_command_is_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(events_come_to_who_registered, setup, teardown),
		cmocka_unit_test_setup_teardown(completion_may_come_later, setup, teardown),
		cmocka_unit_test_setup_teardown(clients_may_leave_early, setup, teardown),
		cmocka_unit_test_setup_teardown(requests_may_come_in_pieces_and_in_heaps, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_next_command_does_not_run_inside_the_last,
						setup, teardown),
		cmocka_unit_test_setup_teardown(malformed_packets_cut_the_client, setup, teardown),
		cmocka_unit_test_setup_teardown(who_does_not_read_is_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(clients_are_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(the_socket_is_ours_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(swanctl_prints_all, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
