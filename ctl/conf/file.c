/* SPDX-License-Identifier: BSD-2-Clause */
/* Files: reading one whole, and the include statement with its globs. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "conf/tree.h"
#include "crypto/secret.h"

#define PATH_TEXT_MAX 4096

/* A file in memory; owned, wiped by text_free(). */
struct text {
	char *data;
	size_t len;
	unsigned mode;
};

static void text_free(struct text *text)
{
	secret_wipe(text->data, text->len);
	free(text->data);
}

static int read_all(int fd, char *data, size_t len, size_t *ret_len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = read(fd, data + done, len - done);

		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	*ret_len = done;
	return 0;
}

static int read_fd(int fd, struct text *ret_text)
{
	struct text text = {};
	struct stat st;
	int r;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	if (st.st_size > (off_t)CONF_FILE_MAX)
		return -EFBIG;
	text.data = malloc((size_t)st.st_size + 1);
	if (!text.data)
		return -ENOMEM;
	text.mode = st.st_mode & 07777;
	text.len = (size_t)st.st_size;
	r = read_all(fd, text.data, text.len, &text.len);
	if (r) {
		text_free(&text);
		return r;
	}
	*ret_text = text;
	return 0;
}

static int file_read(const char *path, struct text *ret_text)
{
	/* Not blocking: a FIFO in the folder of includes must not hold us. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int r;

	if (fd < 0)
		return -errno;
	r = read_fd(fd, ret_text);
	close(fd);
	return r;
}

static int read_into(struct tree *t, struct node *into, const char *path, unsigned depth)
{
	struct text text = {};
	struct source *source;
	int r = file_read(path, &text);

	if (r)
		return r;
	source = tree_source(t, path, text.mode);
	if (source)
		tree_parse_into(t, into, source, text.data, text.len, depth);
	text_free(&text);
	return source ? 0 : -ENOMEM;
}

int tree_read(struct tree *t, const char *path)
{
	return read_into(t, t->root, path, 0);
}

static bool is_glob(const char *pattern)
{
	return strpbrk(pattern, "*?[") != NULL;
}

static void include_each(struct tree *t, struct node *into, const struct source *from,
			 unsigned line, const glob_t *found, unsigned depth)
{
	for (size_t i = 0; i < found->gl_pathc; i++) {
		int r = read_into(t, into, found->gl_pathv[i], depth + 1);

		if (r)
			errors_add(t->errors, from, line, "include %s: %s", found->gl_pathv[i],
				   strerror(-r));
	}
}

void tree_include(struct tree *t, struct node *into, const struct source *from, unsigned line,
		  const char *pattern, unsigned depth)
{
	char path[PATH_TEXT_MAX];
	const char *folder = *pattern == '/' ? "" : from->folder;
	glob_t found = {};
	int r;

	if (strlen(folder) + strlen(pattern) >= sizeof(path) || !*pattern) {
		errors_add(t->errors, from, line, "include needs a path");
		return;
	}
	strcpy(stpcpy(path, folder), pattern);
	if (depth == CONF_INCLUDE_DEPTH || t->n_sources >= CONF_INCLUDE_FILES) {
		errors_add(t->errors, from, line, "include %s: too many files in files", path);
		return;
	}
	r = glob(path, GLOB_ERR, NULL, &found);
	/* A pattern may well match nothing (conf.d is empty); a name may not. */
	if (r == GLOB_NOMATCH && !is_glob(pattern))
		errors_add(t->errors, from, line, "include %s: %s", path, strerror(ENOENT));
	else if (r && r != GLOB_NOMATCH)
		errors_add(t->errors, from, line, "include %s: cannot be read", path);
	if (!r)
		include_each(t, into, from, line, &found, depth);
	globfree(&found);
}
