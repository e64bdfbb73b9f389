/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/load_failure.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "profiler/kernel_release.h"

int load_failure_explain(int error, bool quiet)
{
	struct kernel_release release;

	if (quiet)
		return error;
	if (error == -EMFILE || error == -ENFILE)
		log_error("too many open files; raise the limit (ulimit -n)");
	else if (error == -EPERM && !geteuid())
		log_error(
			"not permitted to load a BPF program, though root: CAP_BPF and CAP_PERFMON are missing (in a container: start it privileged)");
	else if (error == -EPERM)
		log_error("not permitted to load a BPF program; run as root (sudo hearth ...)");
	else if (!kernel_release_read(&release) && !kernel_release_is_supported(&release))
		log_error("this is Linux %s; hearth needs " KERNEL_OLDEST " or newer",
			  release.text);
	else if (access("/sys/kernel/btf/vmlinux", R_OK))
		log_error(
			"this kernel has no BTF (/sys/kernel/btf/vmlinux: %s); it needs CONFIG_DEBUG_INFO_BTF=y",
			strerror(errno));
	else
		log_error(
			"the kernel refused hearth's BPF program: %s; hearth doctor looks for the cause, --verbose shows the kernel's log",
			strerror(-error));
	return error == -EPERM ? error : -EOPNOTSUPP;
}
