/* SPDX-License-Identifier: BSD-2-Clause */
/* struct x509 is OpenSSL's X509, which counts its references itself. */
#include "crypto/x509.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sekisho/ike_num.h>
#include <stdio.h>
#include "crypto/digest.h"
#include "crypto/dn.h"

static X509 *ossl(const struct x509 *cert)
{
	return (X509 *)cert;
}

int x509_read_der(struct reader der, struct x509 **ret_cert)
{
	const unsigned char *at = der.at;
	X509 *cert = rd_left(&der) <= CERT_LEN_MAX ? d2i_X509(NULL, &at, (long)rd_left(&der)) : NULL;

	ERR_clear_error();
	if (!cert || at != der.end) {
		X509_free(cert);
		return -EBADMSG;
	}
	(void)X509_check_purpose(cert, -1, 0); /* extensions are read now, in one thread */
	*ret_cert = (struct x509 *)cert;
	return 0;
}

static bool is_end_of_pem(void)
{
	unsigned long e = ERR_peek_last_error();
	bool is_end = ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE;

	ERR_clear_error();
	return is_end;
}

static int pem_read(BIO *bio, struct x509 **ret_certs, size_t max, size_t *ret_n)
{
	X509 *cert;
	int err = 0;

	while ((cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		if (*ret_n == max) {
			X509_free(cert);
			err = -E2BIG;
			break;
		}
		(void)X509_check_purpose(cert, -1, 0);
		ret_certs[(*ret_n)++] = (struct x509 *)cert;
	}
	if (!err && (!is_end_of_pem() || !*ret_n))
		err = -EBADMSG;
	while (err && *ret_n)
		x509_free(ret_certs[--*ret_n]);
	return err;
}

int x509_read_file(struct reader file, struct x509 **ret_certs, size_t max, size_t *ret_n)
{
	BIO *bio;
	int err;

	*ret_n = 0;
	if (max && x509_read_der(file, ret_certs) == 0) {
		*ret_n = 1;
		return 0;
	}
	bio = BIO_new_mem_buf(file.at, (int)rd_left(&file));
	if (!bio)
		return -ENOMEM;
	err = pem_read(bio, ret_certs, max, ret_n);
	BIO_free(bio);
	return err;
}

struct x509 *x509_ref(struct x509 *cert)
{
	if (cert)
		X509_up_ref(ossl(cert));
	return cert;
}

void x509_free(struct x509 *cert)
{
	X509_free(ossl(cert));
}

bool x509_equal(const struct x509 *a, const struct x509 *b)
{
	return X509_cmp(ossl(a), ossl(b)) == 0;
}

size_t x509_der(const struct x509 *cert, uint8_t *buf, size_t size)
{
	int len = i2d_X509(ossl(cert), NULL);

	if (len <= 0 || (size_t)len > size)
		return 0;
	return (size_t)i2d_X509(ossl(cert), &buf);
}

struct key *x509_key(const struct x509 *cert)
{
	EVP_PKEY *key = X509_get0_pubkey(ossl(cert));

	ERR_clear_error();
	return key && key_type((struct key *)key) ? key_ref((struct key *)key) : NULL;
}

struct reader x509_subject(const struct x509 *cert)
{
	const unsigned char *der = NULL;
	size_t len = 0;

	if (!X509_NAME_get0_der(X509_get_subject_name(ossl(cert)), &der, &len))
		len = 0;
	return rd_from(der, len);
}

const char *x509_print(const struct x509 *cert, char *buf, size_t size)
{
	if (dn_print(x509_subject(cert), buf, size))
		snprintf(buf, size, "(no subject)");
	return buf;
}

int x509_ca_id(const struct x509 *cert, uint8_t ret_id[CA_ID_LEN])
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(ossl(cert)), &der);
	struct reader part = rd_from(der, len > 0 ? (size_t)len : 0);
	int err = len > 0 ? digest_sha1(&part, 1, ret_id) : -EIO;

	OPENSSL_free(der);
	return err;
}

bool x509_is_expired(const struct x509 *cert)
{
	return X509_cmp_current_time(X509_get0_notAfter(ossl(cert))) <= 0;
}

bool x509_is_ca(const struct x509 *cert)
{
	return X509_check_ca(ossl(cert)) > 0;
}

bool x509_is_self_issued(const struct x509 *cert)
{
	return X509_get_extension_flags(ossl(cert)) & EXFLAG_SI;
}

bool x509_is_issuer(const struct x509 *issuer, const struct x509 *cert)
{
	bool is_issuer = X509_check_issued(ossl(issuer), ossl(cert)) == X509_V_OK;

	ERR_clear_error();
	return is_issuer;
}

/* RFC 4945 5.1.3: which subjectAltName is which identity. data empty: none. */
static uint8_t altname(const GENERAL_NAME *name, struct reader *ret_data)
{
	const ASN1_STRING *s = NULL;
	const unsigned char *der = NULL;
	size_t len = 0;
	uint8_t type = 0;

	switch (name->type) {
	case GEN_DNS:
		s = name->d.dNSName;
		type = ID_FQDN;
		break;
	case GEN_EMAIL:
		s = name->d.rfc822Name;
		type = ID_RFC822_ADDR;
		break;
	case GEN_IPADD:
		s = name->d.iPAddress;
		type = ASN1_STRING_length(s) == 4 ? ID_IPV4_ADDR : ID_IPV6_ADDR;
		break;
	case GEN_DIRNAME:
		if (X509_NAME_get0_der(name->d.directoryName, &der, &len))
			type = ID_DER_ASN1_DN;
		break;
	}
	*ret_data = s ? rd_from(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s))
		      : rd_from(der, len);
	return type;
}

bool x509_each_name(const struct x509 *cert, bool (*each)(uint8_t type, struct reader, void *arg),
		    void *arg)
{
	struct reader data = x509_subject(cert);
	bool is_done = rd_left(&data) && each(ID_DER_ASN1_DN, data, arg);
	GENERAL_NAMES *names =
		is_done ? NULL : X509_get_ext_d2i(ossl(cert), NID_subject_alt_name, NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(names) && !is_done; i++) {
		uint8_t type = altname(sk_GENERAL_NAME_value(names, i), &data);

		is_done = type && rd_left(&data) && each(type, data, arg);
	}
	GENERAL_NAMES_free(names);
	ERR_clear_error();
	return is_done;
}
