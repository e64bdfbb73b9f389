/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/container_path.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* --- the container --- */

static const char *last_id(const char *path)
{
	const char *found = NULL;
	size_t digits = 0;

	for (const char *at = path;; at++) {
		if (isxdigit((unsigned char)*at)) {
			digits++;
			continue;
		}
		if (digits == CONTAINER_ID_DIGITS)
			found = at - digits;
		digits = 0;
		if (!*at)
			return found;
	}
}

/* libpod-conmon-ID.scope, crio-conmon-ID.scope */
static bool is_watchers(const char *path, const char *id)
{
	static const char word[] = "conmon-";
	size_t size = sizeof(word) - 1;

	return (size_t)(id - path) >= size && !memcmp(id - size, word, size);
}

static void read_id(const char *path, char *ret_id)
{
	const char *id = last_id(path);

	if (id && !is_watchers(path, id))
		memcpy(ret_id, id, CONTAINER_ID_DIGITS);
}

/* --- the pod --- */

static bool is_dash(char c)
{
	return c == '-' || c == '_';
}

/* 8-4-4-4-12 digits, with one kind of dash. */
static bool is_dashed_uid(const char *at)
{
	for (size_t i = 0; i < POD_UID_MAX; i++) {
		bool wants_dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (wants_dash ? !is_dash(at[i]) || at[i] != at[8]
			       : !isxdigit((unsigned char)at[i]))
			return false;
	}
	return true;
}

/* How many bytes of a pod's UID stand there; 0: none does. */
static size_t uid_size(const char *at)
{
	size_t size = is_dashed_uid(at) ? POD_UID_MAX : strspn(at, "0123456789abcdefABCDEF");

	if (size != POD_UID_MAX && size != 32)
		return 0;
	return !at[size] || strchr("/.:", at[size]) ? size : 0;
}

/* Behind "/pod" or, of a unit, "-pod". */
static void read_pod(const char *path, char *ret_pod)
{
	for (const char *at = path; (at = strstr(at, "pod")); at++) {
		size_t size = at > path && (at[-1] == '/' || at[-1] == '-') ? uid_size(at + 3) : 0;

		if (!size)
			continue;
		memcpy(ret_pod, at + 3, size);
		ret_pod[size] = '\0';
		for (size_t i = 0; i < size; i++)
			if (ret_pod[i] == '_')
				ret_pod[i] = '-';
	}
}

/* --- whose --- */

/* "/user.slice/user-1000.slice/": below it no one but the system's manager and that user make groups. */
static uint32_t read_user(const char *path)
{
	static const char word[] = "/user-";
	const char *at = strstr(path, word);
	unsigned long long user;
	char *end;

	if (!at || !isdigit((unsigned char)at[sizeof(word) - 1]))
		return 0;
	user = strtoull(at + sizeof(word) - 1, &end, 10);
	return !strncmp(end, ".slice/", 7) && user < UINT32_MAX ? (uint32_t)user : 0;
}

bool container_path_read(const char *path, struct container_path *ret_found)
{
	struct container_path found = { 0 };

	read_id(path, found.id);
	read_pod(path, found.pod);
	if (!*found.id && !*found.pod)
		return false;
	found.user = read_user(path);
	*ret_found = found;
	return true;
}
