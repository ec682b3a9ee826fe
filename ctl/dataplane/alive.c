/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a worker runs: a lock in the run directory, which the kernel drops when it dies. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "dataplane/dataplane.h"

#define LOCK_NAME "worker.lock"

/* A worker killed a moment ago holds the lock until the kernel has taken its sockets apart, and
 * who asks dp_worker_is_alive() holds it for an instant. */
#define LOCK_TRIES 100
#define LOCK_PAUSE_US 20000

static int lock_path(const char *instance, char *ret_path, size_t size, bool make_dir)
{
	char dir[DP_PATH_MAX];
	int err = dp_run_dir(instance, dir, sizeof(dir));

	if (err)
		return err;
	if (make_dir && mkdir(dir, 0755) && errno != EEXIST)
		return -errno;
	int n = snprintf(ret_path, size, "%s/" LOCK_NAME, dir);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

static int lock_fd(int fd)
{
	for (int i = 1; flock(fd, LOCK_EX | LOCK_NB); i++) {
		if (errno != EWOULDBLOCK || i == LOCK_TRIES)
			return -errno;
		usleep(LOCK_PAUSE_US);
	}
	return 0;
}

int dp_worker_lock(const char *instance, int *ret_fd)
{
	char path[DP_PATH_MAX + sizeof(LOCK_NAME)];
	int err = lock_path(instance, path, sizeof(path), true);

	if (err)
		return err;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	err = lock_fd(fd);
	if (err) {
		close(fd);
		return err;
	}
	*ret_fd = fd;
	return 0;
}

bool dp_worker_is_alive(const char *instance)
{
	char path[DP_PATH_MAX + sizeof(LOCK_NAME)];

	if (lock_path(instance, path, sizeof(path), false))
		return false;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool is_held = flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
	close(fd);
	return is_held;
}
