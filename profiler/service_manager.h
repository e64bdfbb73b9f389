/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service manager that started this process, if one did: systemd, or what speaks as it does (sd_notify(3), systemd.exec(5)). The
 * whole protocol is datagrams of NAME=VALUE lines to the socket that NOTIFY_SOCKET names.
 *
 * Without one, telling it something does nothing and gives 0. One that does not listen never holds up whoever tells it, but for
 * service_manager_ready(), which may wait some seconds. For one thread at a time.
 */
#ifndef HEARTH_PROFILER_SERVICE_MANAGER_H
#define HEARTH_PROFILER_SERVICE_MANAGER_H

#include <stdbool.h>
#include <stdint.h>

struct service_manager {
	int fd;               /* -1: there is none */
	uint64_t watchdog_ns; /* 0: it does not watch */
};

/*
 * Looks for one, and takes what is said of it out of the environment, so that no child speaks for this process. 0, or -errno, and
 * then there is none.
 */
int service_manager_init(struct service_manager *manager);
void service_manager_release(struct service_manager *manager);

/* How often service_manager_alive() is to be called at least: half of what it waits. 0: not at all. */
uint64_t service_manager_alive_ns(const struct service_manager *manager);

/* It works from now on: also once its options were read again. 0 or -errno. */
int service_manager_ready(const struct service_manager *manager, const char *status);
/* Options are read again, until it is ready. */
int service_manager_reloading(const struct service_manager *manager);
int service_manager_stopping(const struct service_manager *manager, const char *status);
int service_manager_alive(const struct service_manager *manager);
/* One line that `systemctl status` shows. */
int service_manager_status(const struct service_manager *manager, const char *status);

/* Does standard error go to its journal, which wants a level ahead of each line (log_with_levels())? */
bool service_manager_has_journal(void);

#endif
