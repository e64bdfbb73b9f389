/* SPDX-License-Identifier: Apache-2.0 */
/* container_path.c: how engines name control groups, with both drivers and in both versions of the hierarchy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "profiler/container_path.h"

#define ID      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER   "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define UID     "2f1b5c1a-9d61-4e63-8a4b-5f0c2a7d9e31"
#define UID_    "2f1b5c1a_9d61_4e63_8a4b_5f0c2a7d9e31"
#define STATIC_ "a2c3f6c0d9e14b7f8a5d1e2f3a4b5c6d" /* of a pod that the node defines: a hash */

struct path_case {
	const char *path;
	const char *id, *pod; /* NULL: there is none */
	uint32_t user;
};

static void check(const struct path_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct container_path found = { 0 };
		bool is_there = container_path_read(cases[i].path, &found);

		if (is_there != (cases[i].id || cases[i].pod) ||
		    strcmp(found.id, cases[i].id ? cases[i].id : "") ||
		    strcmp(found.pod, cases[i].pod ? cases[i].pod : "") ||
		    found.user != cases[i].user)
			fail_msg("%s: container \"%s\", pod \"%s\", user %u", cases[i].path,
				 found.id, found.pod, found.user);
	}
}

#define CHECK(cases) check(cases, sizeof(cases) / sizeof(*(cases)))

static void engines_without_kubernetes(void **state)
{
	static const struct path_case cases[] = {
		/* Docker: cgroupfs and systemd; in a parent of somebody's choice; with groups of its own below. */
		{ "/docker/" ID, ID },
		{ "/system.slice/docker-" ID ".scope", ID },
		{ "/machines/web/" ID, ID },
		{ "/docker/" ID "/init.scope", ID },
		/* A user's own Docker, and those of a cloud's agent. */
		{ "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" ID ".scope",
		  ID, NULL, 1000 },
		{ "/ecs/0123456789abcdef0123456789abcdef/" ID, ID },
		{ "/ecstasks.slice/ecstasks-0123456789abcdef0123456789abcdef.slice/docker-" ID
		  ".scope",
		  ID },
		/* As a control group namespace beside it shows them. */
		{ "/../docker-" ID ".scope", ID },
		{ "/../../docker/" ID, ID },
		/* Docker in Docker. */
		{ "/docker/" OTHER "/docker/" ID, ID },
		/* Podman, root's: cgroupfs and systemd, and version 2's group below. */
		{ "/libpod_parent/libpod-" ID, ID },
		{ "/machine.slice/libpod-" ID ".scope", ID },
		{ "/machine.slice/libpod-" ID ".scope/container", ID },
		/* And a user's. */
		{ "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID
		  ".scope/container",
		  ID, NULL, 1000 },
		/* In a pod of Podman's own, which is no pod of Kubernetes. */
		{ "/machine.slice/machine-libpod_pod_" OTHER ".slice/libpod-" ID ".scope", ID },
		{ "/libpod_parent/" OTHER "/libpod-" ID, ID },
		/* containerd by nerdctl or ctr: the folder is a namespace of containerd's. */
		{ "/default/" ID, ID },
		{ "/system.slice/nerdctl-" ID ".scope", ID },
		{ "/user.slice/user-1001.slice/user@1001.service/user.slice/nerdctl-" ID ".scope",
		  ID, NULL, 1001 },
	};

	(void)state;
	CHECK(cases);
}

static void kubernetes(void **state)
{
	static const struct path_case cases[] = {
		/* The driver cgroupfs: containerd (and Docker, whose IDs look the same), and CRI-O. */
		{ "/kubepods/burstable/pod" UID "/" ID, ID, UID },
		{ "/kubepods/besteffort/pod" UID "/" ID, ID, UID },
		{ "/kubepods/pod" UID "/" ID, ID, UID }, /* guaranteed */
		{ "/kubepods/besteffort/pod" UID "/crio-" ID, ID, UID },
		{ "/kubepods/burstable/pod" STATIC_ "/" ID, ID, STATIC_ },
		/* systemd's: containerd, CRI-O, Docker by cri-dockerd; guaranteed ones last. */
		{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_
		  ".slice/cri-containerd-" ID ".scope",
		  ID, UID },
		{ "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" UID_
		  ".slice/crio-" ID ".scope",
		  ID, UID },
		{ "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" UID_
		  ".slice/crio-" ID ".scope/container",
		  ID, UID },
		{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_
		  ".slice/docker-" ID ".scope",
		  ID, UID },
		{ "/kubepods.slice/kubepods-pod" UID_ ".slice/cri-containerd-" ID ".scope", ID,
		  UID },
		{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" STATIC_
		  ".slice/cri-containerd-" ID ".scope",
		  ID, STATIC_ },
		/* containerd that was not told of systemd's driver: a unit's name as a folder. */
		{ "/kubepods-burstable-pod" UID_ ".slice:cri-containerd:" ID, ID, UID },
		{ "/system.slice/containerd.service/kubepods-besteffort-pod" UID_
		  ".slice:cri-containerd:" ID,
		  ID, UID },
		/* As a container of the node sees them, whose control groups have a namespace. */
		{ "/../../kubepods-burstable-pod" UID_ ".slice/cri-containerd-" ID ".scope", ID,
		  UID },
		{ "/../../besteffort/pod" UID "/" ID, ID, UID },
		/* kind: a node in a container. */
		{ "/docker/" OTHER "/kubelet/kubepods/besteffort/pod" UID "/" ID, ID, UID },
		{ "/system.slice/docker-" OTHER
		  ".scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" UID_
		  ".slice/cri-containerd-" ID ".scope",
		  ID, UID },
		/* What is the pod's, and no container's. */
		{ "/kubepods/burstable/pod" UID, NULL, UID },
		{ "/kubepods.slice/kubepods-pod" UID_ ".slice", NULL, UID },
	};

	(void)state;
	CHECK(cases);
}

static void what_is_no_container(void **state)
{
	static const struct path_case cases[] = {
		{ "/" },
		{ "" },
		{ "/init.scope" },
		{ "/system.slice/docker.service" },
		{ "/user.slice/user-1000.slice/session-3.scope" },
		{ "/kubepods/burstable" },
		{ "/kubepods.slice/kubepods-burstable.slice" },
		/* Who watches over a container. */
		{ "/machine.slice/libpod-conmon-" ID ".scope" },
		{ "/libpod_parent/conmon-" ID },
		{ "/system.slice/crio-conmon-" ID ".scope" },
		/* Not 64 digits, and no UID. */
		{ "/docker/" ID "0" },
		{ "/docker/0123456789ab" },
		{ "/kubepods/pod" UID "0/x" },
		{ "/kubepods/pod2f1b5c1a-9d61_4e63-8a4b-5f0c2a7d9e31" },
		{ "/kubepods/podium" },
		{ "/tripod" UID },
		{ "/pod" },
	};

	(void)state;
	CHECK(cases);
}

/* Users choose names of groups below their own. */
static void strange_users(void **state)
{
	static const struct path_case cases[] = {
		{ "/user-.slice/" ID, ID },
		{ "/user-99999999999999999999.slice/" ID, ID },
		{ "/user-4294967295.slice/" ID, ID },
		{ "/user-1000/" ID, ID },
		{ "/user-10x.slice/" ID, ID },
		{ "/user--1.slice/" ID, ID },
		{ "/user.slice/user-1000.slice/a/user-0.slice/" ID, ID, NULL, 1000 },
	};

	(void)state;
	CHECK(cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(engines_without_kubernetes),
		cmocka_unit_test(kubernetes),
		cmocka_unit_test(what_is_no_container),
		cmocka_unit_test(strange_users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
