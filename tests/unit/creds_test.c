/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates and keys in the folders beside a configuration file: found, and each mistake. */
#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include <openssl/pem.h>
#include "conf/conf.h"
#include "ike/id.h"
#include "support/certs.h"

static char folder[64];
static struct made root, sub, gw, peer;

static FILE *file_in(const char *name)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fchmod(fileno(f), 0600);
	return f;
}

static void put_cert(const char *name, const struct made *m)
{
	FILE *f = file_in(name);

	assert_true(PEM_write_X509(f, (X509 *)m->cert));
	fclose(f);
}

static void put_key(const char *name, const struct made *m, const char *password)
{
	FILE *f = file_in(name);

	assert_true(PEM_write_PKCS8PrivateKey(f, (EVP_PKEY *)m->key,
					      password ? EVP_aes_256_cbc() : NULL, password,
					      password ? (int)strlen(password) : 0, NULL, NULL));
	fclose(f);
}

static void put_text(const char *name, const char *text)
{
	FILE *f = file_in(name);

	fputs(text, f);
	fclose(f);
}

static int setup(void **state)
{
	static const char *const names[] = { "x509", "x509ca", "x509crl", "private", "pubkey" };
	char path[256];

	(void)state;
	strcpy(folder, "/tmp/creds_test.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		mkdir(path, 0700);
	}
	put_cert("x509ca/root.pem", &root);
	put_cert("x509ca/sub.pem", &sub);
	put_cert("x509/gw.pem", &gw);
	put_key("private/gw.pem", &gw, NULL);
	return 0;
}

static int forget(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	(void)state;
	return nftw(folder, forget, 8, FTW_DEPTH | FTW_PHYS);
}

static int make_all(void **state)
{
	(void)state;
	root = make((struct made_of){ .kind = "p256", .subject = "CN=root", .is_ca = true });
	sub = make((struct made_of){
		.kind = "p256", .subject = "CN=sub", .is_ca = true, .issuer = &root });
	gw = make((struct made_of){
		.kind = "p256", .subject = "O=x, CN=gw", .san = "DNS:gw.example", .issuer = &sub });
	peer = make((struct made_of){
		.kind = "p256", .subject = "CN=peer", .san = "DNS:peer.example", .issuer = &root });
	return 0;
}

static int free_all(void **state)
{
	(void)state;
	made_free(&root);
	made_free(&sub);
	made_free(&gw);
	made_free(&peer);
	return 0;
}

static const char *const usual = "certs = gw.pem\nid = gw.example";

static struct conf_errors errors;

static struct conf *load(const char *local, const char *remote, const char *more)
{
	char path[256], text[4096];
	struct conf *conf = NULL;

	snprintf(text, sizeof(text),
		 "connections { gw {\nremote_addrs = 192.0.2.2\nlocal {\n%s\n}\nremote {\n%s\n}\n"
		 "children { net {\nremote_ts = 10.2.0.0/16\n} } } }\n%s\n",
		 local, remote, more);
	put_text("main.conf", text);
	snprintf(path, sizeof(path), "%s/main.conf", folder);
	(void)!conf_load(path, &conf, &errors);
	return conf;
}

static bool is_told(const char *words)
{
	bool is_found = false;

	for (size_t i = 0; i < errors.n; i++)
		is_found |= strstr(errors.list[i].text, words) != NULL;
	return is_found;
}

static void told(const char *words, const char *instead)
{
	if (!is_told(words))
		fail_msg("expected '%s' but %s, first: %s", words, instead,
			 errors.n ? errors.list[0].text : "nothing");
	conf_errors_fini(&errors);
	errors = (struct conf_errors){ 0 };
}

static void mistaken(const char *local, const char *remote, const char *more, const char *words)
{
	struct conf *conf = load(local, remote, more);

	assert_null(conf);
	told(words, "another mistake");
}

static struct conf *good(const char *local, const char *remote, const char *more)
{
	struct conf *conf = load(local, remote, more);

	if (!conf)
		told("nothing", "refused");
	return conf;
}

static void done(struct conf *conf)
{
	conf_free(conf);
	conf_errors_fini(&errors);
	errors = (struct conf_errors){ 0 };
}

static void a_gateway_with_certificates(void **state)
{
	struct conf *conf = good(usual, "id = peer.example", "");
	const struct conn *c = conf->conns[0];

	(void)state;
	assert_int_equal(errors.n, 0);
	assert_int_equal(c->local_auth, CONN_AUTH_PUBKEY);
	assert_int_equal(c->remote_auth, CONN_AUTH_PUBKEY);
	assert_int_equal(c->own.n_certs, 2); /* and the intermediate CA, not the root */
	assert_true(x509_equal(c->own.certs[1], sub.cert));
	assert_true(key_equal(c->own.key, gw.key));
	assert_int_equal(trust_n_cas(c->trust), 2);
	assert_true(c->is_certreq_sent);
	done(conf);
}

static void what_is_not_said_is_found(void **state)
{
	char id[ID_TEXT_MAX];
	struct conf *conf = good("certs = gw.pem", "id = peer.example", "");

	(void)state;
	assert_string_equal(id_print(&conf->conns[0]->local_id, id, sizeof(id)), "O=x, CN=gw");
	done(conf);
	conf = good("id = gw.example", "id = peer.example\ncacerts = root.pem", "");
	assert_true(x509_equal(conf->conns[0]->own.certs[0], gw.cert));
	assert_int_equal(trust_n_cas(conf->conns[0]->trust), 1);
	done(conf);
	conf = good("id = gw.example\nauth = rsa/pss-sha256", "id = p\nauth = ike:ecdsa", "");
	assert_int_equal(__builtin_popcount(conf->conns[0]->own.schemes), 1);
	done(conf);
}

static void encrypted_keys(void **state)
{
	struct conf *conf;

	(void)state;
	put_key("private/gw.pem", &gw, "open sesame");
	mistaken(usual, "id = p", "", "no private key for 'O=x, CN=gw'");
	mistaken(usual, "id = p",
		 "secrets { private-1 {\nfile = gw.pem\nsecret = \"close sesame\"\n} }",
		 "no private key for");
	conf = good(usual, "id = p",
		    "secrets { private-1 {\nfile = gw.pem\nsecret = \"open sesame\"\n} }");
	done(conf);
}

static void mistakes_of_our_side(void **state)
{
	(void)state;
	mistaken("certs = none.pem", "id = p", "", "cannot read none.pem in folder x509");
	mistaken("certs = gw.pem, b.pem", "id = p", "", "not supported yet: more than one of");
	mistaken("certs = gw.pem\nid = else.example", "id = p", "",
		 "local.id 'else.example' is not in our certificate 'O=x, CN=gw'");
	mistaken("id = else.example", "id = p", "", "auth = pubkey needs certs");
	mistaken("certs = gw.pem\nauth = rsa-sha1", "id = p", "", "auth = rsa-sha1: psk, pubkey");
	mistaken("certs = gw.pem\nauth = eap-ttls", "id = p", "", "not supported yet: auth = eap");
	mistaken("auth = psk\nid = gw", "auth = eap-tls", "secrets { ike { secret = x } }",
		 "auth = eap-tls needs a certificate of ours");
	mistaken("auth = eap-mschapv2\nid = gw", "auth = eap-mschapv2\nid = p",
		 "secrets { eap { id = gw\nsecret = x } }", "EAP for both sides (RFC 5998) is for");
	mistaken("auth = eap-tls\ncerts = gw.pem", "auth = eap-dynamic\nid = p",
		 "secrets { eap { id = gw\nsecret = x } }", "EAP for both sides (RFC 5998) is for");
	mistaken("pubkeys = /dev/null", "id = p", "", "cannot read /dev/null: Invalid");
	mistaken("pubkeys = gw.pem", "id = p", "", "cannot read gw.pem in folder pubkey");
	put_text("x509/text.pem", "hello\n");
	mistaken("certs = text.pem", "id = p", "", "text.pem is no X.509 certificate");
	put_cert("x509/peer.pem", &peer);
	mistaken("certs = peer.pem", "id = p", "", "no private key for 'CN=peer'");
}

static void mistakes_of_their_side(void **state)
{
	(void)state;
	mistaken(usual, "cacerts = none.pem\nid = p", "", "cannot read none.pem in folder x509ca");
	put_cert("x509ca/gw.pem", &gw);
	mistaken(usual, "cacerts = gw.pem\nid = p", "", "gw.pem is no CA certificate");
	assert_non_null(strstr(folder, "creds_test"));
	mistaken(usual, "revocation = maybe\nid = p", "", "revocation = maybe: strict, ifuri");
	mistaken(usual, "pubkeys = root.pem\nid = p", "", "cannot read root.pem in folder pubkey");
	mistaken(usual, "id = p", "authorities { x {\ncacert = none.pem\n} }", "cannot read none.pem");
	mistaken(usual, "id = p", "authorities { x {\ncrl_uris = file:///x\n} }", "has no cacert");
	mistaken(usual, "id = p",
		 "authorities { x {\ncacert = root.pem\ncrl_uris = ldap://crl.example/x\n} }",
		 "crl_uris: ldap://crl.example/x is no address of http:// or https:// or file://");
	mistaken(usual, "id = p",
		 "authorities { x {\ncacert = root.pem\nocsp_uris = file:///x\n} }",
		 "ocsp_uris: file:///x is no address of http:// or https://");
	mistaken(usual, "id = p",
		 "authorities { x {\ncacert = root.pem\n"
		 "ocsp_uris = http://a, http://b, http://c, http://d, http://e\n} }",
		 "ocsp_uris: more than 4 addresses");
	mistaken(usual, "id = p", "secrets { private {\nsecret = x\n} }", "'private' has no file");
}

static void nobody_is_trusted(void **state)
{
	char path[256];

	(void)state;
	snprintf(path, sizeof(path), "%s/x509ca/root.pem", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/x509ca/sub.pem", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/x509/gw.pem", folder);
	unlink(path);
	put_cert("own.pem", &gw);
	snprintf(path, sizeof(path), "certs = %s/own.pem", folder);
	mistaken(path, "id = p", "", "nobody is trusted");
}

static void warnings_name_what_is_ignored(void **state)
{
	struct conf *conf;
	char path[256];

	(void)state;
	put_text("x509ca/text.pem", "hello\n");
	put_text("private/text.pem", "hello\n");
	snprintf(path, sizeof(path), "%s/private/gw.pem", folder);
	chmod(path, 0644);
	conf = good(usual, "id = peer.example", "");
	assert_int_equal(errors.n_errors, 0);
	assert_true(is_told("x509ca/text.pem: no X.509 certificate"));
	assert_true(is_told("private/text.pem: no private key"));
	assert_true(is_told("a private key that others may read (mode 0644)"));
	done(conf);
}

static void our_own_is_expired(void **state)
{
	struct made old = make((struct made_of){ .kind = "p256", .subject = "CN=old", .san = "DNS:old",
						 .from_s = -7200, .until_s = -3600 });
	struct conf *conf;

	(void)state;
	put_cert("x509/old.pem", &old);
	put_key("private/old.pem", &old, NULL);
	conf = good("certs = old.pem", "id = peer.example", "");
	assert_true(is_told("our certificate 'CN=old' has expired"));
	done(conf);
	made_free(&old);
}

static void ppks(void **state)
{
	(void)state;
	mistaken("auth = psk\nid = a", "auth = psk\nid = b",
		 "secrets { ike { secret = x } }\nconnections { g2 {\nppk_required = yes\nlocal { auth = "
		 "psk }\nremote { auth = psk\nid = c\n}\nchildren { n {\nremote_ts = 10.3.0.0/16\n} } } }",
		 "ppk_required needs a ppk_id");
	mistaken("auth = psk\nid = a", "auth = psk\nid = b",
		 "secrets { ike { secret = x } }\nconnections { g2 {\nppk_id = p\nlocal { auth = "
		 "psk }\nremote { auth = psk\nid = c\n}\nchildren { n {\nremote_ts = 10.3.0.0/16\n} } } }",
		 "no PPK: none of secrets.ppk<suffix> is for");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_gateway_with_certificates),
		CASE(what_is_not_said_is_found),
		CASE(encrypted_keys),
		CASE(mistakes_of_our_side),
		CASE(mistakes_of_their_side),
		CASE(nobody_is_trusted),
		CASE(warnings_name_what_is_ignored),
		CASE(our_own_is_expired),
		CASE(ppks),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}
