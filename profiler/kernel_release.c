/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/kernel_release.h"

#include <errno.h>
#include <stdio.h>
#include <sys/utsname.h>

int kernel_release_parse(const char *text, struct kernel_release *ret_release)
{
	struct kernel_release release;

	if (sscanf(text, "%u.%u", &release.major, &release.minor) != 2)
		return -EINVAL;
	snprintf(release.text, sizeof(release.text), "%s", text);
	*ret_release = release;
	return 0;
}

int kernel_release_read(struct kernel_release *ret_release)
{
	struct utsname name;

	return uname(&name) ? -errno : kernel_release_parse(name.release, ret_release);
}

bool kernel_release_is_supported(const struct kernel_release *release)
{
	return release->major > KERNEL_OLDEST_MAJOR ||
	       (release->major == KERNEL_OLDEST_MAJOR && release->minor >= KERNEL_OLDEST_MINOR);
}
