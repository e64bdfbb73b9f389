/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server of http/ over a source that knows everything by heart (tests/unit/api_in_test.h):
 *
 *   fake_serve ADDRESS [token=TOKEN] [host=NAME] [connections=N] [queued=N] [threads=N] [recordings=N] [request-ms=N] [answer-ms=N] [idle-ms=N] [not-ready=WHY]
 *
 * A line on standard output says where it listens; it ends when its standard input does. A line "changed" there says that the store has.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/http_server.h"
#include "tests/unit/api_in_test.h"

struct arguments {
	struct http_server_options options;
	struct api_in_test test;
	const char *host;
};

static void take(struct arguments *arguments, const char *word)
{
	struct http_limits *limits = &arguments->options.limits;
	const struct {
		const char *name;
		unsigned int *to;
	} numbers[] = {
		{ "connections=", &limits->connections }, { "queued=", &limits->queued },
		{ "threads=", &limits->threads },         { "recordings=", &limits->recordings },
		{ "request-ms=", &limits->request_ms },   { "answer-ms=", &limits->answer_ms },
		{ "idle-ms=", &limits->idle_ms },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (!strncmp(word, numbers[i].name, strlen(numbers[i].name)))
			*numbers[i].to =
				(unsigned int)strtoul(word + strlen(numbers[i].name), NULL, 10);
	if (!strncmp(word, "token=", 6))
		arguments->options.guard.token = word + 6;
	if (!strncmp(word, "not-ready=", 10))
		arguments->test.not_ready = word + 10;
	if (!strncmp(word, "host=", 5)) {
		arguments->host = word + 5;
		arguments->options.guard.hosts = &arguments->host;
		arguments->options.guard.host_count = 1;
	}
}

static int fail(const char *what, int error)
{
	fprintf(stderr, "fake_serve: %s: %s\n", what, strerror(-error));
	return 1;
}

int main(int argc, char **argv)
{
	struct arguments arguments = { .test.settling = 2 };
	const struct api_source source = api_in_test_source(&arguments.test);
	struct http_server *server;
	struct http_address address;
	const char *why = "";
	char line[32];
	int error;

	signal(SIGPIPE, SIG_IGN);
	if (argc < 2 || http_address_parse(argv[1], &address, &why))
		return fail(why, -EINVAL);
	error = http_address_listen(&address, &arguments.options.listen_fd);
	if (error)
		return fail(address.text, error);
	for (int i = 2; i < argc; i++)
		take(&arguments, argv[i]);
	arguments.options.source = &source;
	arguments.options.guard.reach = address.reach;
	arguments.options.guard.port = address.port;
	error = http_server_new(&arguments.options, &server);
	if (error)
		return fail("the server", error);
	printf("%s\n", address.text);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin))
		arguments.test.changes++;
	http_server_free(server);
	http_address_forget(&address);
	return 0;
}
