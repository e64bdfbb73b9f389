/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/supplement.h"

#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"

DEFINE_CLEANUP(cleanup_elf_file, struct elf_file *, elf_file_free)

bool supplement_fits(const struct altlink *link, int fd)
{
	_cleanup_(cleanup_elf_file) struct elf_file *file = NULL;
	struct build_id id;

	return !elf_file_open(fd, &file) && !altlink_identity(file, &id) &&
	       build_id_equal(&id, &link->build_id);
}

int supplement_search(const struct altlink *link, const char *const *folders,
		      const struct debug_file_judge *judge)
{
	char path[PATH_MAX];
	int err = debug_file_try_build_id(&link->build_id, folders, DEBUG_FILE_SUPPLEMENT, judge);

	for (size_t i = 0; err && link->below_dwz[0] && folders[i]; i++) {
		int length =
			snprintf(path, sizeof(path), "%s/.dwz/%s", folders[i], link->below_dwz);

		if (length >= 0 && length < PATH_MAX)
			err = debug_file_try(path, true, DEBUG_FILE_SUPPLEMENT, judge);
	}
	return err;
}

/* The candidate that is taken. */
struct found {
	const struct altlink *link;
	int fd;
};

static bool take_if_fits(void *context, int *fd, enum debug_file_way way)
{
	struct found *found = context;

	(void)way;
	if (!supplement_fits(found->link, *fd))
		return false;
	found->fd = take_fd(fd);
	return true;
}

void supplement_of_mapped(struct elf_file *file, const char *const *folders,
			  struct debug_file *ret_supplement)
{
	struct altlink link;
	struct found found = { .link = &link, .fd = -1 };
	const struct debug_file_judge judge = { .judge = take_if_fits, .context = &found };

	*ret_supplement = (struct debug_file){ .fd = -1 };
	if (altlink_read(file, &link) || supplement_search(&link, folders, &judge))
		return;
	ret_supplement->fd = found.fd;
	if (elf_file_open_mapped(found.fd, &ret_supplement->file))
		ret_supplement->file = NULL;
}
