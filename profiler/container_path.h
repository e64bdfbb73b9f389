/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the path of a control group tells of a container and of its Kubernetes pod: its engine names the group after them, in one way or another.
 *
 * The container's ID are the last 64 hexadecimal digits in a row: of one inside another, the inner one. Around them engines write
 * their own words, with the driver cgroupfs as names of folders (/docker/ID, /kubepods/burstable/podUID/ID), with systemd's as names of units
 * (docker-ID.scope, kubepods-burstable-podUID.slice, in which the UID has _ for -). What runs beside a container to watch over it (conmon) is none of it.
 */
#ifndef HEARTH_PROFILER_CONTAINER_PATH_H
#define HEARTH_PROFILER_CONTAINER_PATH_H

#include <stdbool.h>
#include <stdint.h>

#define CONTAINER_ID_DIGITS 64
#define CONTAINER_ID_SHOWN  12 /* as container engines show it, and take it */
#define POD_UID_MAX \
	36 /* 8-4-4-4-12 digits; of pods that the node itself defines (static ones) 32 in a row */

struct container_path {
	char id[CONTAINER_ID_DIGITS + 1]; /* empty: it is no container's */
	char pod[POD_UID_MAX + 1];        /* UID, with - where it has any; empty: no pod's */
	uint32_t
		user; /* in whose session it is (user-UID.slice), 0: in none: it was not he who started it */
};

/* Is the path a container's or a pod's? Then `ret_found` is what it tells. */
bool container_path_read(const char *path, struct container_path *ret_found);

#endif
