/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the folders of certificates and keys. */
#include "conf/creds.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "crypto/secret.h"

#define PATH_LEN 4096

/* ---- Files ------------------------------------------------------------------------- */

void creds_file_fini(struct creds_file *f)
{
	secret_wipe(f->bytes, f->len);
	free(f->bytes);
	*f = (struct creds_file){ 0 };
}

static int fd_read(int fd, struct creds_file *ret_file)
{
	struct creds_file f = { 0 };
	struct stat st;
	ssize_t n = 1;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size > CREDS_FILE_LEN_MAX)
		return S_ISREG(st.st_mode) ? -EFBIG : -EINVAL;
	f.mode = st.st_mode & 07777;
	f.bytes = malloc((size_t)st.st_size + 1);
	while (f.bytes && n > 0 && f.len < (size_t)st.st_size) {
		n = read(fd, f.bytes + f.len, (size_t)st.st_size - f.len);
		f.len += n > 0 ? (size_t)n : 0;
	}
	if (f.bytes && n >= 0) {
		*ret_file = f;
		return 0;
	}
	n = f.bytes ? -errno : -ENOMEM;
	creds_file_fini(&f);
	return (int)n;
}

int creds_read(const struct creds *c, const char *folder, const char *name,
	       struct creds_file *ret_file)
{
	char path[PATH_LEN];
	int n, fd, err;

	if (*name == '/')
		n = snprintf(path, sizeof(path), "%s", name);
	else
		n = snprintf(path, sizeof(path), "%s/%s/%s", c->folder, folder, name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	err = fd_read(fd, ret_file);
	close(fd);
	return err;
}

bool creds_named(struct build *b, const struct node *at, const char *folder, const char *name,
		 struct creds_file *ret_file)
{
	const struct creds *c = creds_of(b);
	int err = c ? creds_read(c, folder, name, ret_file) : -ENOMEM;

	if (err)
		mistake(b, at, "%s: cannot read %.150s%s%s: %s", at->name, name,
			*name == '/' ? "" : " in folder ", *name == '/' ? "" : folder,
			strerror(-err));
	return !err;
}

size_t creds_named_certs(struct build *b, const struct node *at, const char *folder,
			 const char *name, struct x509 *ret_certs[CHAIN_MAX])
{
	struct creds_file file = { 0 };
	size_t n = 0;

	if (!creds_named(b, at, folder, name, &file))
		return 0;
	switch (x509_read_file(rd_from(file.bytes, file.len), ret_certs, CHAIN_MAX, &n)) {
	case 0:
		break;
	case -E2BIG:
		mistake(b, at, "%s: %.150s holds more than %d certificates", at->name, name,
			CHAIN_MAX);
		break;
	default:
		mistake(b, at, "%s: %.150s is no X.509 certificate (PEM or DER)", at->name, name);
	}
	creds_file_fini(&file);
	return n;
}

/* ---- Lists ------------------------------------------------------------------------- */

/* One more item of size bytes at the end. */
static bool list_add(void *list, size_t *n, const void *item, size_t size)
{
	void **at = list;
	char *grown = realloc(*at, (*n + 1) * size);

	if (!grown)
		return false;
	*at = grown;
	memcpy(grown + (*n)++ * size, item, size);
	return true;
}

static void take_certs(struct build *b, struct x509 ***list, size_t *n, struct x509 **certs,
		       size_t n_certs)
{
	for (size_t i = 0; i < n_certs; i++)
		if (!list_add(list, n, &certs[i], sizeof(certs[i]))) {
			x509_free(certs[i]);
			b->is_out_of_memory = true;
		}
}

bool creds_are_cas(struct x509 *const *certs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!x509_is_ca(certs[i]))
			return false;
	return true;
}

/* ---- Folders ----------------------------------------------------------------------- */

static void unreadable(struct build *b, const char *folder, const char *name, const char *why)
{
	errors_warn(b->tree->errors, NULL, 0, "%s/%s/%s: %s: ignored", b->creds->folder, folder,
		    name, why);
}

static void take_cert(struct build *b, const char *folder, const char *name,
		      struct creds_file *file)
{
	struct creds *c = b->creds;
	bool is_ca = !strcmp(folder, "x509ca");
	struct x509 *certs[CHAIN_MAX];
	size_t n;

	if (x509_read_file(rd_from(file->bytes, file->len), certs, CHAIN_MAX, &n))
		unreadable(b, folder, name, "no X.509 certificate (PEM or DER)");
	else if (is_ca && !creds_are_cas(certs, n))
		unreadable(b, folder, name, "no CA certificate");
	else {
		take_certs(b, is_ca ? &c->cas : &c->certs, is_ca ? &c->n_cas : &c->n_certs, certs,
			   n);
		n = 0;
	}
	while (n)
		x509_free(certs[--n]);
}

static void take_crl(struct build *b, const char *folder, const char *name,
		     struct creds_file *file)
{
	int err = revocations_add_crl(b->creds->revocations, rd_from(file->bytes, file->len));

	if (err == -EBADMSG)
		unreadable(b, folder, name, "no CRL (PEM or DER)");
	else if (err)
		b->is_out_of_memory = true;
}

/* The password of secrets.private<suffix> { file, secret }, any of its kinds; NULL: none. */
static const char *password_of(struct build *b, const char *name)
{
	const struct node *secrets = node_find(b->tree->root, "secrets");

	for (const struct node *n = secrets ? secrets->first : NULL; n; n = n->next) {
		const struct node *file = n->value ? NULL : node_find(n, "file");
		const struct node *secret = file ? node_find(n, "secret") : NULL;

		if (secret && file->value && secret->value && !strcmp(file->value, name))
			return secret->value;
	}
	return NULL;
}

static void take_key(struct build *b, const char *folder, const char *name,
		     struct creds_file *file)
{
	struct key *key;
	int err = key_read_private(rd_from(file->bytes, file->len), password_of(b, name), &key);

	if (err)
		unreadable(b, folder, name,
			   err == -EACCES ? "encrypted, and secrets.private<suffix> has not its "
					    "password"
					  : "no private key (PEM or DER)");
	else if (!list_add(&b->creds->keys, &b->creds->n_keys, &key, sizeof(key)))
		b->is_out_of_memory = true;
	if (file->mode & 0044)
		errors_warn(b->tree->errors, NULL, 0,
			    "%s/%s/%s: a private key that others may read (mode %04o): chmod 600",
			    b->creds->folder, folder, name, file->mode);
}

typedef void (*take_file_fn)(struct build *b, const char *folder, const char *name,
			     struct creds_file *file);

static void folder_read(struct build *b, const char *folder, take_file_fn take)
{
	char path[PATH_LEN];
	struct dirent **names = NULL;
	int n;

	snprintf(path, sizeof(path), "%s/%s", b->creds->folder, folder);
	n = scandir(path, &names, NULL, alphasort); /* the same order everywhere */
	for (int i = 0; i < n; i++) {
		struct creds_file file = { 0 };
		const char *name = names[i]->d_name;
		int err = *name == '.' || i > (int)CREDS_FILES_MAX
				  ? -EINVAL
				  : creds_read(b->creds, folder, name, &file);

		if (!err)
			take(b, folder, name, &file);
		else if (err != -EINVAL)
			unreadable(b, folder, name, strerror(-err));
		creds_file_fini(&file);
		free(names[i]);
	}
	free(names);
}

/* ---- Sections ---------------------------------------------------------------------- */

#define FILE_URI "file://"

/* A file is read now, the rest is fetched when a peer comes. */
static void authority_uri(struct build *b, const struct node *at, struct x509 *ca,
			  enum fetch_kind kind, const char *uri)
{
	bool is_file = kind == FETCH_CRL && !strncmp(uri, FILE_URI, strlen(FILE_URI));
	struct creds_file file = { 0 };
	int err = 0;

	if (!is_file)
		err = revocations_add_uri(b->creds->revocations, ca, kind, uri);
	else if (creds_named(b, at, "x509crl", uri + strlen(FILE_URI), &file))
		err = revocations_add_crl(b->creds->revocations, rd_from(file.bytes, file.len));
	if (err == -EBADMSG)
		mistake(b, at, "%s: %.150s is no CRL (PEM or DER)", at->name, uri);
	else if (err == -EINVAL)
		mistake(b, at, "%s: %.150s is no address of http:// or https://%s", at->name, uri,
			kind == FETCH_CRL ? " or file://" : "");
	else if (err)
		b->is_out_of_memory = true;
	creds_file_fini(&file);
}

static void authority_uris(struct build *b, const struct node *at, struct x509 *ca,
			   enum fetch_kind kind)
{
	const char *text = at ? at->value : "";
	char uri[URI_MAX + 1]; /* one too long is seen to be */
	size_t n = 0;

	while (value_next(&text, uri, sizeof(uri))) {
		if (++n > URIS_MAX) {
			mistake(b, at, "%s: more than %d addresses", at->name, URIS_MAX);
			return;
		}
		authority_uri(b, at, ca, kind, uri);
	}
}

static void authority(struct build *b, const struct node *section)
{
	struct authority_draft d = { 0 };
	struct x509 *certs[CHAIN_MAX];
	size_t n;

	scope_take(b, SCOPE_AUTHORITY, section, &d);
	if (!d.cacert) {
		mistake(b, section, "'%s' has no cacert", section->name);
		return;
	}
	n = creds_named_certs(b, d.cacert, "x509ca", d.cacert->value, certs);
	if (!creds_are_cas(certs, n))
		mistake(b, d.cacert, "cacert: %.150s is no CA certificate", d.cacert->value);
	if (n) {
		authority_uris(b, d.ocsp_uris, certs[0], FETCH_OCSP);
		authority_uris(b, d.crl_uris, certs[0], FETCH_CRL);
	}
	take_certs(b, &b->creds->cas, &b->creds->n_cas, certs, n);
}

static void sections_read(struct build *b)
{
	const struct node *authorities = node_find(b->tree->root, "authorities");

	for (const struct node *n = authorities ? authorities->first : NULL; n; n = n->next)
		if (!n->value && !n->is_junk)
			authority(b, n);
}

/* ---- All --------------------------------------------------------------------------- */

static const char *folder_of(const struct tree *t)
{
	for (const struct source *s = t->sources; s; s = s->next)
		if (s->order == 0)
			return s->folder;
	return ".";
}

/* Without the slash at its end. */
static size_t folder_len(const char *folder)
{
	size_t len = strlen(folder);

	return len > 1 && folder[len - 1] == '/' ? len - 1 : len;
}

struct creds *creds_of(struct build *b)
{
	if (b->creds)
		return b->creds;
	b->creds = calloc(1, sizeof(*b->creds));
	if (b->creds) {
		b->creds->folder = strndup(folder_of(b->tree), folder_len(folder_of(b->tree)));
		b->creds->revocations = revocations_new();
	}
	if (!b->creds || !b->creds->folder || !b->creds->revocations) {
		b->is_out_of_memory = true;
		creds_free(b->creds);
		return b->creds = NULL;
	}
	folder_read(b, "x509ca", take_cert);
	folder_read(b, "x509", take_cert);
	folder_read(b, "x509crl", take_crl);
	folder_read(b, "private", take_key);
	folder_read(b, "rsa", take_key);
	folder_read(b, "ecdsa", take_key);
	folder_read(b, "pkcs8", take_key);
	sections_read(b);
	return b->creds;
}

void creds_free(struct creds *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n_cas; i++)
		x509_free(c->cas[i]);
	for (size_t i = 0; i < c->n_certs; i++)
		x509_free(c->certs[i]);
	for (size_t i = 0; i < c->n_keys; i++)
		key_free(c->keys[i]);
	revocations_free(c->revocations);
	free(c->cas);
	free(c->certs);
	free(c->keys);
	free(c->folder);
	free(c);
}
