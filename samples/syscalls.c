/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that lives in the kernel: it reads zeros, half a megabyte a system call, and does nothing
 * with them. No C library, so that its stacks have a proven root on both sides.
 */
#define SAMPLE_FREESTANDING
#include "sample.h"

#include <fcntl.h>

static char zeros[512 * 1024];

static SAMPLE_FRAME void read_zeros(long file)
{
	sample_syscall(SYS_read, file, (long)zeros, sizeof(zeros));
}

int main(int argument_count, char **arguments)
{
	struct sample_options options = sample_start(arguments);
	long file = sample_syscall(SYS_openat, AT_FDCWD, (long)"/dev/zero", O_RDONLY);

	(void)argument_count;
	if (file < 0)
		return 1;
	while (!sample_is_over(CLOCK_PROCESS_CPUTIME_ID, options.seconds))
		for (int i = 0; i < SAMPLE_BLOCK; i++)
			read_zeros(file);
	sample_end(options);
	return 0;
}
