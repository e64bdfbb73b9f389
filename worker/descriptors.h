/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that descriptors come with (unix(7), SCM_RIGHTS), for both ends of a child's socket. */
#ifndef HEARTH_WORKER_DESCRIPTORS_H
#define HEARTH_WORKER_DESCRIPTORS_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#define DESCRIPTORS_MAX 28 /* of a message */

/* As sendmsg(2), without SIGPIPE. */
ssize_t descriptors_send(int socket, struct iovec *parts, size_t part_count, const int *descriptors,
			 size_t count, int flags);

/*
 * As recvmsg(2). The descriptors that came are close-on-exec and the caller's; `ret_descriptors` beyond them is left as it is. More than `most`: they are
 * closed, and it is EPROTO.
 */
ssize_t descriptors_receive(int socket, void *to, size_t size, int *ret_descriptors, size_t most,
			    int flags);

#endif
