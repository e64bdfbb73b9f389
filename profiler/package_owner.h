/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which package a file is of, and which one has the debug file that names it, on Debian and its kin. dpkg's own database is read,
 * which belongs to root: /var/lib/dpkg/info/PACKAGE.list, or PACKAGE:ARCHITECTURE.list, has the path of each file of
 * a package, a line each.
 *
 * Most packages' debug file is in PACKAGE-dbgsym, which their build makes by itself; the others are rows of
 * debug_packages.def.
 */
#ifndef HEARTH_PROFILER_PACKAGE_OWNER_H
#define HEARTH_PROFILER_PACKAGE_OWNER_H

#include <stdbool.h>
#include <stddef.h>

#define PACKAGE_OWNER_DATABASE  "/var/lib/dpkg/info"
#define PACKAGE_NAME_MAX        127
#define PACKAGE_LIST_MAX_BYTES  (64u << 20)  /* a longer list is not read */
#define PACKAGE_LISTS_MAX_BYTES (512u << 20) /* all together */

struct package_owner {
	char debug_package[PACKAGE_NAME_MAX + 1]; /* empty: no package owns the file */
	bool is_installed;                        /* the debug package */
};

/*
 * Looks `count` paths up, as they stand in the file system; NULL: none. 0; -ENOENT: there is no database; -ENOMEM, or a read
 * error.
 */
int package_owner_find(const char *database, const char *const *paths, size_t count,
		       struct package_owner *ret_owners);

#endif
