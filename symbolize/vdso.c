/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/vdso.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/byte_reader.h"
#include "base/cleanup.h"
#include "elf/elf_file.h"

/* Two pages on x86-64, up to six elsewhere. */
#define MAX_VDSO_BYTES (256u << 10)

/*
 * The kernel does not tell the image's size, so it is copied until the mapping ends: a copy between
 * processes (here: from ourselves) stops there, where a plain one would fault. Page by page, since a
 * page that is missing makes the whole element of the vector fail.
 */
static int copy_image(unsigned long start, uint8_t *to, size_t *ret_size)
{
	size_t page = sysconf(_SC_PAGESIZE);
	size_t size = 0;

	while (size + page <= MAX_VDSO_BYTES) {
		struct iovec local = { .iov_base = to + size, .iov_len = page };
		struct iovec remote = { .iov_base = (void *)(start + size), .iov_len = page };

		if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) != (ssize_t)page)
			break;
		size += page;
	}
	*ret_size = size;
	return size ? 0 : -EIO;
}

int vdso_open(struct elf_file **ret_file)
{
	unsigned long start = getauxval(AT_SYSINFO_EHDR);
	_cleanup_free_ uint8_t *image = NULL;
	size_t size;
	int err;

	if (!start)
		return -ENOENT;
	image = malloc(MAX_VDSO_BYTES);
	if (!image)
		return -ENOMEM;
	err = copy_image(start, image, &size);
	return err ? err : elf_file_open_image((struct bytes){ image, size }, ret_file);
}
