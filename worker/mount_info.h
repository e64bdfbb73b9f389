/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What /proc/PID/mountinfo says of mounts (proc(5)): whether a file system always answers (blocking_file_system.h).
 *
 * An overlay answers as its layers do, and these are told in its options, as paths in the mount namespace of whoever mounted it, at that
 * time. That is believed where root of this machine did it, as the mounts of the first process have it; all other overlays
 * may never answer, and so may those of which a layer is an overlay itself, or is told by no whole path. Text only: nobody is asked anything.
 */
#ifndef HEARTH_WORKER_MOUNT_INFO_H
#define HEARTH_WORKER_MOUNT_INFO_H

#include "base/byte_reader.h"

/*
 * Does what is mounted with this id always answer? False: not, or it is not known. `text`: of a process's mounts; `layers`: of those in
 * which the layers of an overlay lie, empty: that is not known.
 */
bool mount_info_answers(struct bytes text, uint64_t mount, struct bytes layers);

/*
 * Is there a place on this mount at which a look-up has something mounted (autofs), which may never be done? Before Linux 6.18 it does also where
 * it may not leave the mount (RESOLVE_NO_XDEV).
 */
bool mount_info_has_automounts(struct bytes text, uint64_t mount);

/* The folder that the overlay is written to which is these mounts' root, as whoever mounted it saw it. False: it is none, or the path is not plain. */
bool mount_info_root_upper(struct bytes text, struct bytes *ret_path);

#endif
