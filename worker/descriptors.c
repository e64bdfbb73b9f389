/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/descriptors.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
	char bytes[CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int))];
	struct cmsghdr aligned;
};

ssize_t descriptors_send(int socket, struct iovec *parts, size_t part_count, const int *descriptors,
			 size_t count, int flags)
{
	const size_t size = count * sizeof(int);
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = part_count };
	union control control = { 0 };
	ssize_t sent;

	if (count > DESCRIPTORS_MAX) {
		errno = E2BIG;
		return -1;
	}
	if (size) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(size);
		control.aligned.cmsg_level = SOL_SOCKET;
		control.aligned.cmsg_type = SCM_RIGHTS;
		control.aligned.cmsg_len = CMSG_LEN(size);
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), descriptors, size);
	}
	do
		sent = sendmsg(socket, &message, flags | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent;
}

static void close_all(const int *descriptors, size_t count)
{
	for (size_t i = 0; i < count; i++)
		close(descriptors[i]);
}

/* The kernel gives what there is room for, and closes the others. */
ssize_t descriptors_receive(int socket, void *to, size_t size, int *ret_descriptors, size_t most,
			    int flags)
{
	struct iovec part = { to, size };
	union control control;
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	const struct cmsghdr *cmsg;
	int came[DESCRIPTORS_MAX];
	size_t count;
	ssize_t got;

	do
		got = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	cmsg = got < 0 ? NULL : CMSG_FIRSTHDR(&message);
	if (!cmsg || cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
		return got;
	count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(came, CMSG_DATA(cmsg), count * sizeof(int));
	if (count > most) {
		close_all(came, count);
		errno = EPROTO;
		return -1;
	}
	memcpy(ret_descriptors, came, count * sizeof(int));
	return got;
}
