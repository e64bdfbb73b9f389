/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/front_page.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define MAGIC     0x66706167u /* "fpag" */
#define TRIES_MAX 1000000     /* a write takes some microseconds */

struct written {
	uint64_t time_ns;
	struct api_status status;
};

/* Words, so that a copy is torn between them at most, which the sequence tells. */
#define WORDS ((sizeof(struct written) + 7) / 8)

struct front_page {
	uint32_t magic;
	_Atomic uint32_t sequence; /* odd while it is written; 0: it never was */
	_Atomic uint64_t words[WORDS];
};

int front_page_new(struct front_page **ret_page, int *ret_fd)
{
	const unsigned int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE;
	_cleanup_close_ int fd = memfd_create("hearth-front", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct front_page *page;

	if (fd < 0 || ftruncate(fd, sizeof(*page)))
		return -errno;
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		return -errno;
	page->magic = MAGIC;
	if (fcntl(fd, F_ADD_SEALS, seals)) {
		int error = -errno;

		front_page_free(page);
		return error;
	}
	*ret_fd = take_fd(&fd);
	*ret_page = page;
	return 0;
}

void front_page_free(struct front_page *page)
{
	if (page)
		munmap(page, sizeof(*page));
}

void front_page_write(struct front_page *page, const struct api_status *status)
{
	const uint32_t before = atomic_load_explicit(&page->sequence, memory_order_relaxed) & ~1u;
	const struct written written = { clock_monotonic_ns(), *status };
	uint64_t words[WORDS] = { 0 };

	memcpy(words, &written, sizeof(written));
	atomic_store_explicit(&page->sequence, before + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	for (size_t i = 0; i < WORDS; i++)
		atomic_store_explicit(&page->words[i], words[i], memory_order_relaxed);
	atomic_store_explicit(&page->sequence, before + 2, memory_order_release);
}

int front_page_open(int fd, const struct front_page **ret_page)
{
	const struct front_page *page;
	struct stat what;

	if (fstat(fd, &what))
		return -errno;
	if ((size_t)what.st_size != sizeof(*page))
		return -EBADMSG;
	page = mmap(NULL, sizeof(*page), PROT_READ, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		return -errno;
	if (page->magic != MAGIC) {
		munmap((void *)page, sizeof(*page));
		return -EBADMSG;
	}
	*ret_page = page;
	return 0;
}

/* false: it was being written. */
static bool read_once(const struct front_page *page, uint64_t *words)
{
	const uint32_t before = atomic_load_explicit(&page->sequence, memory_order_acquire);

	for (size_t i = 0; i < WORDS; i++)
		words[i] = atomic_load_explicit(&page->words[i], memory_order_relaxed);
	atomic_thread_fence(memory_order_acquire);
	return before && !(before & 1) &&
	       atomic_load_explicit(&page->sequence, memory_order_relaxed) == before;
}

bool front_page_read(const struct front_page *page, struct api_status *ret_status,
		     uint64_t *ret_written_ns)
{
	uint64_t words[WORDS];
	struct written written;

	for (size_t i = 0; i < TRIES_MAX; i++) {
		if (read_once(page, words)) {
			memcpy(&written, words, sizeof(written));
			*ret_status = written.status;
			*ret_written_ns = written.time_ns;
			return true;
		}
		if (!atomic_load_explicit(&page->sequence, memory_order_relaxed))
			return false;
	}
	return false;
}
