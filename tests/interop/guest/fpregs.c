/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * LD_PRELOAD shim for user-mode Linux 6.1 on processors whose XSAVE area is larger than the
 * 2696 bytes it knows (AMX: 11008). The host's kernel answers a short PTRACE_SETREGSET of
 * NT_X86_XSTATE with EFAULT and UML dies ("ptrace set fp regs failed, errno = 14"). Here the
 * buffer is padded with zeros: what lies beyond is AMX state, which no guest program has.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define GETREGSET 0x4204
#define SETREGSET 0x4205
#define XSTATE 0x202
#define PEEK_FIRST 1
#define PEEK_LAST 3

static char full[65536] __attribute__((aligned(64)));
static size_t full_len;

static long set_xstate(long pid, struct iovec *given)
{
	struct iovec whole = { full, sizeof(full) };

	if (!full_len && !syscall(SYS_ptrace, (long)GETREGSET, pid, (long)XSTATE, &whole))
		full_len = whole.iov_len;
	if (given->iov_len >= full_len)
		return syscall(SYS_ptrace, (long)SETREGSET, pid, (long)XSTATE, given);
	memcpy(full, given->iov_base, given->iov_len);
	memset(full + given->iov_len, 0, full_len - given->iov_len);
	whole = (struct iovec){ full, full_len };
	return syscall(SYS_ptrace, (long)SETREGSET, pid, (long)XSTATE, &whole);
}

long ptrace(int request, ...)
{
	va_list ap;
	long pid, word, r;
	void *addr, *data;

	va_start(ap, request);
	pid = (int)va_arg(ap, long);
	addr = va_arg(ap, void *);
	data = va_arg(ap, void *);
	va_end(ap);
	if (request == SETREGSET && addr == (void *)XSTATE)
		return set_xstate(pid, data);
	if (request < PEEK_FIRST || request > PEEK_LAST)
		return syscall(SYS_ptrace, (long)request, pid, addr, data);
	/* The C library's PEEK returns the word itself. */
	r = syscall(SYS_ptrace, (long)request, pid, addr, &word);
	if (r)
		return r;
	errno = 0;
	return word;
}
