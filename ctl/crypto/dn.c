/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/dn.h"

#include <ctype.h>
#include <errno.h>
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#define VALUE_MAX 256

static X509_NAME *name_read(struct reader der)
{
	const unsigned char *at = der.at;
	X509_NAME *name = d2i_X509_NAME(NULL, &at, (long)rd_left(&der));

	ERR_clear_error();
	if (name && at == der.end)
		return name;
	X509_NAME_free(name);
	return NULL;
}

/* ---- Parsing ----------------------------------------------------------------------- */

static int hex_pair(const char *at)
{
	static const char digits[] = "0123456789abcdef";
	const char *high = isxdigit((unsigned char)at[0]) ? strchr(digits, tolower(at[0])) : NULL;
	const char *low = high && isxdigit((unsigned char)at[1]) ? strchr(digits, tolower(at[1]))
								 : NULL;

	return low ? (int)((high - digits) * 16 + (low - digits)) : -1;
}

/* Up to the separator, escapes resolved, blanks around it gone. Where it ended; NULL: too long. */
static const char *item_next(const char *at, char end, char *ret, size_t size)
{
	size_t len = 0, kept = 0; /* kept: escaped blanks stay */

	at += strspn(at, " ");
	for (; *at && *at != end; at++) {
		bool is_escaped = *at == '\\' && at[1];
		int hex = is_escaped ? hex_pair(at + 1) : -1;

		if (len + 1 == size)
			return NULL;
		at += hex >= 0 ? 2 : is_escaped;
		ret[len++] = hex >= 0 ? (char)hex : *at;
		if (is_escaped || *at != ' ')
			kept = len;
	}
	ret[kept] = '\0';
	return at;
}

/* strongSwan's short names that OpenSSL has otherwise. */
static ASN1_OBJECT *type_of(const char *word)
{
	char upper[64] = "";

	if (!strcmp(word, "E") || !strcmp(word, "Email"))
		word = "emailAddress";
	else if (!strcmp(word, "S"))
		word = "SN";
	else if (!strcmp(word, "G"))
		word = "GN";
	ASN1_OBJECT *type = OBJ_txt2obj(word, 0);

	for (size_t i = 0; !type && i < sizeof(upper) && i <= strlen(word); i++)
		upper[i] = (char)toupper((unsigned char)word[i]);
	return type ? type : OBJ_txt2obj(upper, 0); /* "cn=" */
}

static int string_type(const ASN1_OBJECT *type, const char *value)
{
	int nid = OBJ_obj2nid(type);

	if (nid == NID_pkcs9_emailAddress || nid == NID_domainComponent)
		return V_ASN1_IA5STRING;
	for (; *value; value++)
		if (!isalnum((unsigned char)*value) && !strchr(" '()+,-./:=?", *value))
			return V_ASN1_UTF8STRING;
	return V_ASN1_PRINTABLESTRING;
}

static bool entry_add(X509_NAME *name, const char *word, const char *value)
{
	ASN1_OBJECT *type = *value ? type_of(word) : NULL;
	bool is_added = type && X509_NAME_add_entry_by_OBJ(name, type, string_type(type, value),
							   (const unsigned char *)value, -1, -1,
							   0) == 1;

	ASN1_OBJECT_free(type);
	return is_added;
}

static bool name_parse(X509_NAME *name, const char *at)
{
	char word[64], value[VALUE_MAX], end = *at == '/' ? '/' : ',';

	at += *at == '/';
	do {
		at = item_next(at, '=', word, sizeof(word));
		if (!at || *at != '=')
			return false;
		at = item_next(at + 1, end, value, sizeof(value));
		if (!at || !entry_add(name, word, value))
			return false;
	} while (*at++);
	return true;
}

int dn_parse(const char *text, uint8_t *ret_der, size_t size, size_t *ret_len)
{
	X509_NAME *name = X509_NAME_new();
	int err = -EINVAL;

	if (name && name_parse(name, text)) {
		int len = i2d_X509_NAME(name, NULL);

		err = len > 0 && (size_t)len <= size ? 0 : -ENOSPC;
		if (!err)
			*ret_len = (size_t)i2d_X509_NAME(name, &ret_der);
	}
	X509_NAME_free(name);
	ERR_clear_error();
	return err;
}

/* ---- Printing ---------------------------------------------------------------------- */

int dn_print(struct reader der, char *buf, size_t size)
{
	const unsigned long flags = ASN1_STRFLGS_ESC_2253 | ASN1_STRFLGS_ESC_CTRL |
				    ASN1_STRFLGS_ESC_MSB | ASN1_STRFLGS_UTF8_CONVERT |
				    XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_FN_SN;
	X509_NAME *name = name_read(der);
	BIO *bio = name ? BIO_new(BIO_s_mem()) : NULL;
	int err = name ? -ENOSPC : -EBADMSG, len;

	if (bio && X509_NAME_print_ex(bio, name, 0, flags) > 0) {
		len = BIO_read(bio, buf, (int)size);
		if (len > 0 && (size_t)len < size) {
			buf[len] = '\0';
			err = 0;
		}
	}
	BIO_free(bio);
	X509_NAME_free(name);
	ERR_clear_error();
	return err;
}

/* ---- Matching ---------------------------------------------------------------------- */

static bool is_wildcard(const ASN1_STRING *s)
{
	return ASN1_STRING_length(s) == 1 && *ASN1_STRING_get0_data(s) == '*';
}

/* Without blanks at the ends, one for several between (RFC 4518 2.6.1). */
static bool values_equal(const uint8_t *a, const uint8_t *b)
{
	while (*a == ' ')
		a++;
	while (*b == ' ')
		b++;
	while (*a && *b) {
		if (tolower(*a) != tolower(*b))
			return false;
		bool is_blank = *a == ' ';
		for (a++; is_blank && *a == ' ';)
			a++;
		for (b++; is_blank && *b == ' ';)
			b++;
	}
	while (*a == ' ')
		a++;
	while (*b == ' ')
		b++;
	return !*a && !*b;
}

/* 0 differs, 2 wildcard, 3 equal. */
static int entry_match(const X509_NAME_ENTRY *pattern, const X509_NAME_ENTRY *entry)
{
	const ASN1_STRING *p = X509_NAME_ENTRY_get_data(pattern);
	const ASN1_STRING *e = X509_NAME_ENTRY_get_data(entry);
	unsigned char *p_text = NULL, *e_text = NULL;
	int p_len, e_len, match = 0;

	if (OBJ_cmp(X509_NAME_ENTRY_get_object(pattern), X509_NAME_ENTRY_get_object(entry)))
		return 0;
	if (is_wildcard(p))
		return 2;
	p_len = ASN1_STRING_to_UTF8(&p_text, p);
	e_len = ASN1_STRING_to_UTF8(&e_text, e);
	if (p_len >= 0 && e_len >= 0 && strlen((char *)p_text) == (size_t)p_len &&
	    strlen((char *)e_text) == (size_t)e_len && values_equal(p_text, e_text))
		match = 3; /* a NUL within would hide what is behind it */
	OPENSSL_free(p_text);
	OPENSSL_free(e_text);
	return match;
}

static int names_match(const X509_NAME *pattern, const X509_NAME *name)
{
	int n = X509_NAME_entry_count(pattern), best = n && n == X509_NAME_entry_count(name) ? 3 : 0;

	for (int i = 0; i < n && best; i++) {
		int match = entry_match(X509_NAME_get_entry(pattern, i),
					X509_NAME_get_entry(name, i));

		best = match < best ? match : best;
	}
	return best;
}

int dn_match(struct reader pattern, struct reader der)
{
	X509_NAME *a = name_read(pattern), *b = name_read(der);
	int match = a && b ? names_match(a, b) : 0;

	X509_NAME_free(a);
	X509_NAME_free(b);
	ERR_clear_error();
	return match;
}
