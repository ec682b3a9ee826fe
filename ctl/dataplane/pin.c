/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pin directory of an instance: its name, its lock, its entries. A pin is made by one
 * system call, so there is never half a pin; half a set of pins is load.c's to complete.
 */
#include "dataplane/internal.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define BPFFS "/sys/fs/bpf"
#define INSTANCE_MAX 32
#define INSTANCE_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
/* bpffs forbids dots in names, so a pin under way has this prefix instead of a suffix. */
#define PIN_TEMP "new_"
#define LOCK_TRIES 100 /* of a directory that others remove while we wait for its lock */

static bool instance_ok(const char *name)
{
	size_t n = strlen(name);

	return n >= 1 && n <= INSTANCE_MAX && strspn(name, INSTANCE_CHARS) == n;
}

static int instance_path(const char *base, const char *instance, char *ret_path, size_t size)
{
	char path[DP_PATH_MAX];

	if (instance && !instance_ok(instance))
		return -EINVAL;
	int n = snprintf(path, sizeof(path), "%s%s%s", base, instance ? "@" : "",
			 instance ? instance : "");
	if ((size_t)n >= sizeof(path) || (size_t)n >= size)
		return -ENAMETOOLONG;
	memcpy(ret_path, path, (size_t)n + 1);
	return 0;
}

int dp_pin_dir(const char *instance, char *ret_path, size_t size)
{
	return instance_path(BPFFS "/sekisho", instance, ret_path, size);
}

int dp_run_dir(const char *instance, char *ret_path, size_t size)
{
	return instance_path("/run/sekisho", instance, ret_path, size);
}

int pin_path(const char *dir, const char *name, char *ret_path, size_t size)
{
	int n = snprintf(ret_path, size, "%s/%s", dir, name);

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

static int make_dir(const char *dir)
{
	struct statfs fs;

	if (statfs(BPFFS, &fs) || fs.f_type != BPF_FS_MAGIC)
		return -ENODEV;
	return mkdir(dir, 0700) && errno != EEXIST ? -errno : 0;
}

/* bpffs is world-writable unless mounted otherwise: who owns the directory owns the pins. */
int pin_dir_check(const char *dir)
{
	struct stat st;

	if (lstat(dir, &st))
		return -errno;
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || st.st_mode & 077)
		return -EPERM;
	return 0;
}

/* The directory may have been removed, even made anew, while we waited for its lock. */
static bool is_still_there(const char *dir, int fd)
{
	struct stat ours, theirs;

	return !fstat(fd, &ours) && !stat(dir, &theirs) && ours.st_ino == theirs.st_ino;
}

int pin_dir_lock(const char *dir, int *ret_fd)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		int r = make_dir(dir);
		if (r)
			return r;
		r = pin_dir_check(dir);
		if (r && r != -ENOENT)
			return r;
		int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return -errno;
		if (!flock(fd, LOCK_EX) && is_still_there(dir, fd)) {
			*ret_fd = fd;
			return 0;
		}
		close(fd);
	}
	return -EBUSY;
}

int pin_replace(int fd, const char *dir, const char *name)
{
	char temp_name[32], temp[DP_PATH_MAX], path[DP_PATH_MAX];
	int r;

	snprintf(temp_name, sizeof(temp_name), PIN_TEMP "%s", name);
	r = pin_path(dir, temp_name, temp, sizeof(temp));
	if (!r)
		r = pin_path(dir, name, path, sizeof(path));
	if (!r)
		r = pin_remove(dir, temp_name);
	if (!r && bpf_obj_pin(fd, temp))
		r = -errno;
	if (!r && rename(temp, path))
		r = -errno;
	return r;
}

int pin_remove(const char *dir, const char *name)
{
	char path[DP_PATH_MAX];
	int r = pin_path(dir, name, path, sizeof(path));

	if (!r && unlink(path) && errno != ENOENT)
		r = -errno;
	return r;
}

static int empty_dir(const char *dir)
{
	DIR *d = opendir(dir);
	int r = 0;

	if (!d)
		return -errno;
	for (struct dirent *e; !r && (e = readdir(d));)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = pin_remove(dir, e->d_name);
	closedir(d);
	return r;
}

int dp_unpin(const char *instance)
{
	char dir[DP_PATH_MAX];
	int lock, r = dp_pin_dir(instance, dir, sizeof(dir));

	if (r)
		return r;
	if (access(dir, F_OK))
		return errno == ENOENT ? 0 : -errno;
	r = pin_dir_lock(dir, &lock);
	if (r)
		return r;
	r = empty_dir(dir);
	if (!r && rmdir(dir))
		r = -errno;
	close(lock);
	return r;
}

const char *dp_explain(int error)
{
	switch (error < 0 ? -error : error) {
	case ENODEV:
		return "no BPF file system; try: mount -t bpf bpf " BPFFS;
	case ENOENT:
		return "nothing is pinned for this instance; is sekisho-worker running?";
	case EPROTO:
		return "the pinned maps are of another version; stop everything and run: "
		       "sekisho-worker --unpin";
	case EPERM:
		return "not permitted; BPF needs root (CAP_BPF, CAP_NET_ADMIN), and the pin "
		       "directory must be its own alone";
	case EACCES:
		return "not permitted, or the kernel refuses the programs; "
		       "SEKISHO_LIBBPF_DEBUG=1 shows its reason";
	case EINVAL:
		return "an instance name has 1 to 32 letters, digits, '_' and '-'";
	default:
		return strerror(error < 0 ? -error : error);
	}
}
