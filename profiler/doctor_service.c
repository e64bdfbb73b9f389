/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "http/http_address.h"
#include "profiler/command.h"
#include "profiler/conf_file.h"
#include "profiler/doctor_check.h"
#include "profiler/store_access.h"

#define DEFAULT_ADDRESS "127.0.0.1:7171"
#define ANSWER_SECONDS  1
#define FREE_MIB_LEAST  512

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
#define COMMAND(name, summary) { #name, command_##name },
#include "profiler/commands.def"
#undef COMMAND
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

/* --- the file of options --- */

/* Each command looks at what is below its own headers. False: what is wrong stands in the log. */
static bool each_command_understands(void)
{
	bool is_good = true;

	for (size_t i = 0; i < COMMAND_COUNT && is_good; i++) {
		char check[] = "--check-config", name[32];
		char *argv[] = { name, check, NULL };
		struct conf_words words;

		snprintf(name, sizeof(name), "%s", commands[i].name);
		is_good = !conf_words_init(&words, name, 2, argv) &&
			  commands[i].run(words.count, words.words) == EXIT_GOOD;
		conf_words_release(&words);
	}
	return is_good;
}

void doctor_check_conf_file(struct doctor_finding *finding)
{
	static const char prefix[] = "hearth: ";
	_cleanup_(buffer_release) struct buffer log = { 0 };
	const char *text;
	bool is_good;

	log_to_buffer(&log);
	is_good = each_command_understands();
	log_to_buffer(NULL);
	text = buffer_string(&log) ? log.data : "out of memory";
	if (!strncmp(text, prefix, strlen(prefix)))
		text += strlen(prefix);
	if (!is_good)
		doctor_find(finding, DOCTOR_LIMITED, "editor " CONF_FILE_DEFAULT, "%.*s",
			    (int)strcspn(text, "\n"), text);
	else if (access(CONF_FILE_DEFAULT, F_OK))
		doctor_find(finding, DOCTOR_GOOD, NULL,
			    "none: no option stands in " CONF_FILE_DEFAULT);
	else if (access(CONF_FILE_DEFAULT, R_OK))
		doctor_find(finding, DOCTOR_LIMITED, "sudo hearth doctor", CONF_FILE_DEFAULT ": %s",
			    strerror(errno));
	else
		doctor_find(finding, DOCTOR_GOOD, NULL,
			    CONF_FILE_DEFAULT ": each command understands its part");
}

/* What the file says of an option of the service, the last time; else what holds without it. */
static void read_option(const char *name, const char *default_value, struct buffer *ret_value)
{
	_cleanup_(buffer_release) struct buffer log = { 0 };
	char command[] = "serve";
	char *argv[] = { command, NULL };
	struct conf_words words;
	const char *value = default_value;
	const size_t size = strlen(name);

	log_to_buffer(&log); /* what is wrong with the file is another check's */
	if (!conf_words_init(&words, command, 1, argv))
		for (int i = 2; i < words.count; i += 2)
			if (!strncmp(words.words[i], name, size) && words.words[i][size] == '=')
				value = words.words[i] + size + 1;
	log_to_buffer(NULL);
	buffer_append_string(ret_value, value);
	conf_words_release(&words);
}

/* --- the store --- */

static uint64_t free_mib(const char *folder)
{
	struct statvfs space;

	return statvfs(folder, &space) ? 0 : (uint64_t)space.f_bavail * space.f_frsize >> 20;
}

static void look_at_store(struct doctor_finding *finding, const char *folder,
			  const struct stat *status)
{
	const uint64_t mib = free_mib(folder);

	if (!S_ISDIR(status->st_mode))
		doctor_find(finding, DOCTOR_LIMITED, "hearth serve --store DIR", "%s is no folder",
			    folder);
	else if (!geteuid() && status->st_uid)
		doctor_find(finding, DOCTOR_LIMITED,
			    "hearth serve --store DIR, of a folder of root's",
			    "%s is another user's: root does not open it", folder);
	else if (status->st_mode & (S_IWGRP | S_IWOTH))
		doctor_find(finding, DOCTOR_LIMITED, "chmod go-w, of this folder",
			    "others may write into %s", folder);
	else if (access(folder, R_OK | X_OK))
		doctor_find(finding, DOCTOR_LIMITED, "sudo hearth query", "%s: %s", folder,
			    strerror(errno));
	else if (mib < FREE_MIB_LEAST)
		doctor_find(
			finding, DOCTOR_LIMITED,
			"keep-size = SIZE in hearth.conf, or hearth store shrink --keep-size SIZE while no hearth serve runs",
			"%s: only %llu MiB are free there", folder, (unsigned long long)mib);
	else
		doctor_find(finding, DOCTOR_GOOD, NULL, "%s, with %llu MiB free", folder,
			    (unsigned long long)mib);
}

void doctor_check_store(struct doctor_finding *finding)
{
	_cleanup_(buffer_release) struct buffer path = { 0 };
	const char *folder;
	struct stat status;

	read_option("store", STORE_DEFAULT_FOLDER, &path);
	folder = buffer_string(&path) ? path.data : STORE_DEFAULT_FOLDER;
	if (!stat(folder, &status))
		look_at_store(finding, folder, &status);
	else if (errno == ENOENT)
		doctor_find(finding, DOCTOR_GOOD, NULL, "none yet: %s is made when it is needed",
			    folder);
	else
		doctor_find(finding, DOCTOR_LIMITED, "hearth serve --store DIR", "%s: %s", folder,
			    strerror(errno));
}

/* --- the address --- */

/* Whoever listens there is asked what only hearth's server answers so, by a name that it takes for its own. */
static bool is_hearth(const struct http_address *address, int fd)
{
	_cleanup_(buffer_release) struct buffer request = { 0 }, answer = { 0 };

	buffer_printf(&request,
		      "GET /healthz HTTP/1.0\r\nHost: localhost:%u\r\nConnection: close\r\n\r\n",
		      address->port);
	if (buffer_error(&request) ||
	    send(fd, request.data, request.size, MSG_NOSIGNAL) != (ssize_t)request.size)
		return false;
	buffer_read_fd(&answer, fd, 64 * 1024);
	return buffer_string(&answer) && !strncmp(answer.data, "HTTP/1.", strlen("HTTP/1.")) &&
	       strstr(answer.data, "\r\n\r\nok");
}

/* The socket of a connection there, or -errno. */
static int connect_to(const struct http_address *address)
{
	const struct timeval wait = { .tv_sec = ANSWER_SECONDS };
	_cleanup_close_ int fd = socket(address->socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) ||
	    connect(fd, (const struct sockaddr *)&address->socket, address->socket_bytes))
		return -errno;
	return take_fd(&fd);
}

static void look_at_free_address(struct doctor_finding *finding, struct http_address *address)
{
	int fd = -1, error = 0;

	/* A socket in the file system would be made by trying. */
	if (address->reach != HTTP_ON_SOCKET)
		error = http_address_listen(address, &fd);
	cleanup_close(&fd);
	if (error)
		doctor_find(finding, DOCTOR_LIMITED, "hearth serve --listen ADDRESS", "%s: %s",
			    address->text, strerror(-error));
	else
		doctor_find(finding, DOCTOR_GOOD, NULL, "%s is free for hearth serve",
			    address->text);
}

void doctor_check_address(struct doctor_finding *finding)
{
	_cleanup_(buffer_release) struct buffer value = { 0 };
	_cleanup_close_ int fd = -1;
	struct http_address address;
	const char *text, *why;

	read_option("listen", DEFAULT_ADDRESS, &value);
	text = buffer_string(&value) ? value.data : DEFAULT_ADDRESS;
	if (http_address_parse(text, &address, &why)) {
		doctor_find(finding, DOCTOR_LIMITED, "hearth serve --listen ADDRESS", "%s: %s",
			    text, why);
		return;
	}
	fd = connect_to(&address);
	if (fd < 0)
		look_at_free_address(finding, &address);
	else if (is_hearth(&address, fd))
		doctor_find(finding, DOCTOR_GOOD, NULL, "hearth serve answers at %s", address.text);
	else
		doctor_find(finding, DOCTOR_LIMITED, "hearth serve --listen ADDRESS",
			    "another program listens at %s", address.text);
}

/* --- the unit --- */

static bool is_there(const char *path)
{
	return !access(path, F_OK);
}

static const char *find_unit(void)
{
	static const char *const paths[] = {
		"/etc/systemd/system/hearth.service",
		"/usr/local/lib/systemd/system/hearth.service",
		"/usr/lib/systemd/system/hearth.service",
		"/lib/systemd/system/hearth.service",
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (is_there(paths[i]))
			return paths[i];
	return NULL;
}

/* systemd makes the group when it starts the service, and removes it behind it. */
static bool is_unit_active(void)
{
	return is_there("/sys/fs/cgroup/system.slice/hearth.service") ||
	       is_there("/sys/fs/cgroup/systemd/system.slice/hearth.service");
}

void doctor_check_unit(struct doctor_finding *finding)
{
	const char *unit = find_unit();

	if (!is_there("/run/systemd/system"))
		doctor_find(finding, DOCTOR_GOOD, NULL,
			    "no systemd runs here: hearth serve is started by other means");
	else if (!unit)
		doctor_find(finding, DOCTOR_LIMITED, "make install",
			    "no hearth.service is installed: nothing is recorded by itself");
	else if (is_unit_active())
		doctor_find(finding, DOCTOR_GOOD, NULL, "%s is active", unit);
	else
		doctor_find(finding, DOCTOR_LIMITED, "systemctl enable --now hearth",
			    "%s is not active: nothing is recorded by itself", unit);
}
