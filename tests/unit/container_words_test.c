/* SPDX-License-Identifier: Apache-2.0 */
/* container_words.c: what each engine's file tells of a container, that one does not tell of another, and that no bytes hurt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "worker/container_words.h"

#define ID    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

/* As these engines wrote them, cut to what is around what counts. */
#define DOCKER                                                                                       \
	"{\"StreamConfig\":{},\"State\":{\"Running\":true,\"Pid\":12,\"Name\":\"no\"},\"ID\":\"" ID  \
	"\",\"Args\":[\"-c\",{\"Name\":\"no\"}],\"Config\":{\"Hostname\":\"0123456789ab\",\"Env\":[" \
	"\"Image=no\"],\"Image\":\"local/image:1\",\"Volumes\":null,\"Labels\":{}},\"Image\":"       \
	"\"sha256:aa\",\"Name\":\"/web-1\",\"Driver\":\"overlay2\"}"
#define DOCKER_OF_KUBERNETES                                                                 \
	"{\"ID\":\"" ID "\",\"Name\":\"/k8s_app_front-5d9_shop_x_0\",\"Config\":{\"Image\":" \
	"\"nginx:1.25\",\"Labels\":{\"io.kubernetes.container.name\":\"app\","               \
	"\"io.kubernetes.pod.name\":\"front-5d9\",\"io.kubernetes.pod.namespace\":\"shop\"}}}"
#define PODMAN                                                                                 \
	"[{\"id\":\"" OTHER                                                                    \
	"\",\"names\":[\"db\"],\"metadata\":\"{\\\"image-name\\\":\\\"pg:16\\\"}\"},"          \
	"{\"id\":\"" ID "\",\"names\":[\"web-1\",\"other\"],\"image\":\"b6db\",\"metadata\":"  \
	"\"{\\\"image-name\\\":\\\"localhost/local/image:1\\\",\\\"name\\\":\\\"web-1\\\"}\"," \
	"\"flags\":{\"MountLabel\":\"\"}}]"
#define CONTAINERD                                                                                \
	"{\"ociVersion\":\"1.0.2\",\"process\":{\"args\":[\"x\"]},\"annotations\":{"              \
	"\"io.kubernetes.cri.container-name\":\"hostname\",\"io.kubernetes.cri.container-type\":" \
	"\"container\",\"io.kubernetes.cri.image-name\":\"docker.io/serve_hostname:latest\","     \
	"\"io.kubernetes.cri.sandbox-id\":\"44\",\"io.kubernetes.cri.sandbox-name\":\"lb-xmz\","  \
	"\"io.kubernetes.cri.sandbox-namespace\":\"default\"},\"linux\":{}}"
#define CRI_O                                                                                    \
	"{\"annotations\":{\"io.kubernetes.container.name\":\"app\",\"io.kubernetes.pod.name\":" \
	"\"front-5d9\",\"io.kubernetes.pod.namespace\":\"shop\",\"io.kubernetes.cri-o.Image\":"  \
	"\"sha256:bb\",\"io.kubernetes.cri-o.ImageName\":\"quay.io/app:2\"}}"
#define NERDCTL "{\"annotations\":{\"nerdctl/name\":\"web-1\",\"nerdctl/namespace\":\"default\"}}"

static void read_text(const char *text, struct container_words *containers, size_t count)
{
	container_words_read((struct bytes){ (const uint8_t *)text, strlen(text) }, containers,
			     count);
}

static void assert_words(const struct container_words *container, const char *name,
			 const char *image, const char *pod, const char *namespace)
{
	assert_string_equal(container->words[CONTAINER_NAME].text, name);
	assert_string_equal(container->words[CONTAINER_IMAGE].text, image);
	assert_string_equal(container->words[CONTAINER_POD].text, pod);
	assert_string_equal(container->words[CONTAINER_NAMESPACE].text, namespace);
}

static void each_engine_tells(void **state)
{
	static const struct {
		const char *text, *name, *image, *pod, *namespace;
	} cases[] = {
		{ DOCKER, "web-1", "local/image:1", "", "" },
		{ DOCKER_OF_KUBERNETES, "app", "nginx:1.25", "front-5d9", "shop" },
		{ PODMAN, "web-1", "localhost/local/image:1", "", "" },
		{ CONTAINERD, "hostname", "docker.io/serve_hostname:latest", "lb-xmz", "default" },
		{ CRI_O, "app", "quay.io/app:2", "front-5d9", "shop" },
		{ NERDCTL, "web-1", "", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct container_words container = { .id = ID };

		read_text(cases[i].text, &container, 1);
		assert_words(&container, cases[i].name, cases[i].image, cases[i].pod,
			     cases[i].namespace);
	}
}

/* CRI-O's own file says more than the one of all containers, whichever is read first. */
static void the_higher_rank_wins(void **state)
{
	static const char *const orders[][2] = { { CRI_O, PODMAN }, { PODMAN, CRI_O } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct container_words container = { .id = ID };

		for (size_t file = 0; file < 2; file++)
			read_text(orders[i][file], &container, 1);
		assert_words(&container, "app", "quay.io/app:2", "front-5d9", "shop");
	}
}

static void one_file_tells_of_many(void **state)
{
	struct container_words containers[] = { { .id = ID }, { .id = "0123" }, { .id = OTHER } };

	(void)state;
	read_text(PODMAN, containers, 3);
	assert_words(&containers[0], "web-1", "localhost/local/image:1", "", "");
	assert_words(&containers[1], "", "", "", "");
	assert_words(&containers[2], "db", "pg:16", "", "");
}

static void a_file_of_another_one_tells_nothing(void **state)
{
	static const char *const texts[] = {
		DOCKER,
		PODMAN,
		/* One of many has to say which. */
		"[{\"names\":[\"web-1\"]}]",
		"[{\"names\":[\"web-1\"],\"id\":12}]",
		"[{\"names\":[\"web-1\"],\"id\":\"" ID "0\"}]",
		"[{\"id\":\"" ID "\"},{\"names\":[\"web-1\"]}]",
		/* Nor is a name in another place one. */
		"{\"Config\":{\"Name\":\"web-1\"}}",
		"[[{\"id\":\"" ID "\",\"names\":[\"web-1\"]}]]",
		"\"web-1\"",
		"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct container_words container = { .id = "0123456789abcdef" };

		read_text(texts[i], &container, 1);
		assert_words(&container, "", "", "", "");
	}
}

/* It may be read while it is written. */
static void a_file_that_ends_early_tells_what_it_has(void **state)
{
	struct container_words container = { .id = ID };

	(void)state;
	read_text("{\"ID\":\"" ID "\",\"Name\":\"/web-1\",\"Config\":{\"Ima", &container, 1);
	assert_words(&container, "web-1", "", "", "");
}

static void long_names_are_cut(void **state)
{
	struct container_words container = { .id = ID };
	char text[1024] = "{\"Name\":\"/";
	size_t begins = strlen(text);

	(void)state;
	memset(text + begins, 'a', 600);
	memcpy(text + begins + 600, "\"}", 3);
	read_text(text, &container, 1);
	assert_int_equal(strlen(container.words[CONTAINER_NAME].text), CONTAINER_WORD_MAX);
}

static void depth_is_no_harm(void **state)
{
	struct container_words container = { .id = ID };
	size_t depth = 1000000;
	char *text = malloc(2 * depth + 1);

	(void)state;
	memset(text, '[', depth);
	memset(text + depth, ']', depth);
	text[2 * depth] = '\0';
	read_text(text, &container, 1);
	assert_words(&container, "", "", "", "");
	/* A text in a text in a text ... */
	read_text("[{\"id\":\"" ID
		  "\",\"metadata\":\"[{\\\"metadata\\\":\\\"{}\\\",\\\"id\\\":\\\"x\\\"}]\"}]",
		  &container, 1);
	assert_words(&container, "", "", "", "");
	free(text);
}

/* Under sanitizers: none of them reads or writes beyond anything, and the texts end. */
static void mutants_are_no_harm(void **state)
{
	static const char *const texts[] = { DOCKER, DOCKER_OF_KUBERNETES, PODMAN, CONTAINERD,
					     CRI_O };
	unsigned int seed = 7;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		const char *text = texts[i % 5];
		struct container_words containers[] = { { .id = ID }, { .id = OTHER } };
		size_t size = strlen(text);
		char *mutant = malloc(size);

		memcpy(mutant, text, size);
		for (int changes = rand_r(&seed) % 8; changes >= 0; changes--)
			mutant[(size_t)rand_r(&seed) % size] = (char)rand_r(&seed);
		container_words_read((struct bytes){ (const uint8_t *)mutant,
						     size - (size_t)rand_r(&seed) % 50 },
				     containers, 1 + (size_t)i % 2);
		for (size_t field = 0; field < CONTAINER_FIELDS; field++)
			assert_non_null(memchr(containers[0].words[field].text, '\0',
					       CONTAINER_WORD_MAX + 1));
		free(mutant);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_engine_tells),
		cmocka_unit_test(the_higher_rank_wins),
		cmocka_unit_test(one_file_tells_of_many),
		cmocka_unit_test(a_file_of_another_one_tells_nothing),
		cmocka_unit_test(a_file_that_ends_early_tells_what_it_has),
		cmocka_unit_test(long_names_are_cut),
		cmocka_unit_test(depth_is_no_harm),
		cmocka_unit_test(mutants_are_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
