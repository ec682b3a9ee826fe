/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Certificates and keys in files, in folders beside the configuration file, as swanctl has them
 * beside swanctl.conf:
 *
 *	x509     end entities, trusted by themselves, and our own    x509ca   CAs
 *	x509crl  CRLs                                                pubkey   raw public keys
 *	private, rsa, ecdsa, pkcs8   private keys
 *
 * They are read when the first connection needs them, all of them; what a key of the configuration
 * names must be there, what only lies in a folder and cannot be read is a warning.
 */
#ifndef CONF_CREDS_H
#define CONF_CREDS_H

#include "conf/build.h"
#include "crypto/revocation.h"

#define CREDS_FILES_MAX 4096u            /* in one folder */
#define CREDS_FILE_LEN_MAX (1024 * 1024) /* bytes of one file */

struct creds_file {
	uint8_t *bytes;
	size_t len;
	unsigned mode; /* permission bits */
};

struct creds {
	char *folder; /* of the configuration file */
	struct x509 **cas, **certs;
	struct key **keys;
	struct revocations *revocations; /* shared by all connections */
	size_t n_cas, n_certs, n_keys;
};

/* Reads the folders, once. NULL: no memory. */
struct creds *creds_of(struct build *b);
void creds_free(struct creds *creds); /* wipes; NULL is fine */

/* A file by name in one of the folders, or by its absolute path. -errno; -EFBIG: longer than
 * CREDS_FILE_LEN_MAX; -EINVAL: no file. */
int creds_read(const struct creds *creds, const char *folder, const char *name,
	       struct creds_file *ret_file) MUST_USE;
void creds_file_fini(struct creds_file *file); /* wipes */
/* The file of a configuration key, or a mistake told and false. */
bool creds_named(struct build *b, const struct node *at, const char *folder, const char *name,
		 struct creds_file *ret_file);
/* The same with certificates in it. Returns how many, 0 with the mistake told. */
size_t creds_named_certs(struct build *b, const struct node *at, const char *folder,
			 const char *name, struct x509 *ret_certs[CHAIN_MAX]);

bool creds_are_cas(struct x509 *const *certs, size_t n); /* all of them */

/* What connection.c asks for: our key and certificates, and whom we trust. Mistakes are told. */
void creds_own(struct build *b, struct conn_draft *d);
void creds_trust(struct build *b, struct conn_draft *d);

#endif
