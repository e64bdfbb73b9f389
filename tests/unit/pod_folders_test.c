/* SPDX-License-Identifier: Apache-2.0 */
/* pod_folders.c: which folder is a pod's, and that none of another form is taken for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "profiler/pod_folders.h"

#define UID   "2f1b5c1a-9d61-4e63-8a4b-5f0c2a7d9e31"
#define OTHER "00000000-9d61-4e63-8a4b-5f0c2a7d9e31"

/* A folder with one of this name in it. */
static bool find_in(const char *name, struct pod_folder *ret_folder)
{
	char folder[] = "/tmp/hearth-test-XXXXXX", path[1024];
	bool is_found;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(mkdir(path, 0700), 0);
	is_found = pod_folder_find(folder, UID, ret_folder);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(folder), 0);
	return is_found;
}

static void a_pod_has_a_name_and_a_namespace(void **state)
{
	struct pod_folder folder;

	(void)state;
	assert_true(find_in("kube-system_front-5d9.x_" UID, &folder));
	assert_string_equal(folder.namespace, "kube-system");
	assert_string_equal(folder.name, "front-5d9.x");
}

static void nothing_else_is_one(void **state)
{
	static const char *const names[] = {
		"shop_front_" OTHER,
		"shop_front_" UID "0",
		"shop_front_x_" UID,
		"_front_" UID,
		"shop__" UID,
		"shop_" UID,
		UID,
		"shop_front",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct pod_folder folder = { .name = "as it was" };

		assert_false(find_in(names[i], &folder));
		assert_string_equal(folder.name, "as it was");
	}
	assert_false(pod_folder_find("/nonexistent", UID, &(struct pod_folder){ 0 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pod_has_a_name_and_a_namespace),
		cmocka_unit_test(nothing_else_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
