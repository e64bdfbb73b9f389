/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/front_child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "http/http_server.h"
#include "profiler/front_damage.h"
#include "profiler/front_page.h"
#include "profiler/front_protocol.h"
#include "profiler/front_source.h"
#include "store/store_folder.h"
#include "worker/cage.h"
#include "worker/cage_filter.h"
#include "worker/descriptors.h"
#include "worker/privileges.h"

#define SOCKET        STDIN_FILENO
#define DATA_BYTES    ((uint64_t)1 << 30)
#define CONNECTIONS   2000
#define DESCRIPTORS   (CONNECTIONS + 256) /* those of slices and their locks besides */
#define THREADS       16
#define LOOK_MS       10000
#define STUCK_NS      60000000000u /* no honest question takes so long */
#define ASKS_AGAIN_NS 1000000000u  /* for the end of a window */

struct front_child {
	struct front_order order;
	int descriptors[FRONT_ORDER_DESCRIPTORS];
	const char *hosts[FRONT_HOSTS_MAX];
	const struct front_page *page;
	struct front_store store;
	struct front_damage damage;
	_Atomic uint64_t asked_ns; /* for an end */
};

static bool tell(enum front_message_kind kind, int error, const char *failed)
{
	struct front_message message = { .magic = FRONT_MAGIC, .kind = kind, .error = error };

	memcpy(message.failed, failed, strnlen(failed, sizeof(message.failed) - 1));
	return send(SOCKET, &message, sizeof(message), MSG_NOSIGNAL | MSG_DONTWAIT) ==
	       sizeof(message);
}

/* The recorder goes on to the next window; one word a second is enough for all who wait. */
static void end_window(void *context)
{
	struct front_child *front = context;
	const uint64_t now_ns = clock_monotonic_ns();
	uint64_t asked_ns = front->asked_ns;

	if (now_ns - asked_ns < ASKS_AGAIN_NS ||
	    !atomic_compare_exchange_strong(&front->asked_ns, &asked_ns, now_ns))
		return;
	tell(FRONT_WANTS_END, 0, "");
}

/* The recorder logs it, once. */
static void note_damage(void *context, const struct slice_entry *slice, uint64_t chunks, int error)
{
	const struct front_message message = {
		.magic = FRONT_MAGIC,
		.kind = FRONT_MET_DAMAGE,
		.error = error,
		.chunks = chunks < UINT32_MAX ? (uint32_t)chunks : UINT32_MAX,
		.slice = slice->number,
	};

	(void)context;
	send(SOCKET, &message, sizeof(message), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static bool take_order(struct front_child *front)
{
	struct front_order *order = &front->order;
	ssize_t got;

	front->descriptors[FRONT_ORDER_LISTENS] = front->descriptors[FRONT_ORDER_PAGE] = -1;
	got = descriptors_receive(SOCKET, order, sizeof(*order), front->descriptors,
				  FRONT_ORDER_DESCRIPTORS, 0);
	order->token[sizeof(order->token) - 1] = '\0';
	order->store[sizeof(order->store) - 1] = '\0';
	for (size_t i = 0; i < FRONT_HOSTS_MAX; i++) {
		order->hosts[i][FRONT_HOST_BYTES - 1] = '\0';
		front->hosts[i] = order->hosts[i];
	}
	return got == sizeof(*order) && order->magic == FRONT_MAGIC &&
	       order->host_count <= FRONT_HOSTS_MAX && front->descriptors[FRONT_ORDER_PAGE] >= 0;
}

/* --- shutting itself in --- */

static int enter_cage(struct front_child *front, const char **ret_failed)
{
	const struct cage_limits limits = {
		.kind = CAGE_OF_FRONT,
		.data_bytes = DATA_BYTES,
		.cpu_seconds = RLIM_INFINITY,
		.inputs = front->descriptors,
		.input_count = FRONT_ORDER_DESCRIPTORS,
		.root = front->order.store,
		.threads = THREADS,
		.descriptors = DESCRIPTORS,
	};
	int error = cage_enter(SOCKET, &limits, ret_failed);

	for (int i = 0; i < FRONT_ORDER_DESCRIPTORS; i++)
		front->descriptors[i] = CAGE_INPUT + i;
	front->store.folder = "/";
	return error;
}

/* Of the files it sees the store alone, for reading (landlock(7)); kernels without it let it see more. */
static void see_store_alone(const char *store)
{
	const struct landlock_ruleset_attr all = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
				     LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
				     LANDLOCK_ACCESS_FS_REMOVE_DIR |
				     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
				     LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
				     LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
				     LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM,
	};
	_cleanup_close_ int folder = open(store, O_PATH | O_CLOEXEC | O_DIRECTORY);
	const struct landlock_path_beneath_attr reading = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
		.parent_fd = folder,
	};
	_cleanup_close_ int rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);

	if (folder >= 0 && rules >= 0 &&
	    !syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &reading, 0))
		syscall(SYS_landlock_restrict_self, rules, 0);
}

/* Where no cage can be built: what any process may give up. */
static int give_up_what_it_can(struct front_child *front, const char **ret_failed)
{
	const struct rlimit memory = { DATA_BYTES, DATA_BYTES };

	privileges_keep_reading(ret_failed);
	front->store.folder = front->order.store;
	*ret_failed = "no new privileges";
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
		return -errno;
	see_store_alone(front->store.folder);
	setrlimit(RLIMIT_DATA, &memory);
	*ret_failed = "a filter of system calls";
	return cage_filter_install(CAGE_OF_FRONT);
}

/* --- serving --- */

static int serve(struct front_child *front, const struct api_source *source,
		 struct http_server **ret_server)
{
	const struct front_order *order = &front->order;
	const struct http_server_options options = {
		.source = source,
		.listen_fd = front->descriptors[FRONT_ORDER_LISTENS],
		.guard = {
			.reach = (enum http_reach)order->reach,
			.port = (uint16_t)order->port,
			.token = *order->token ? order->token : NULL,
			.hosts = front->hosts,
			.host_count = order->host_count,
		},
		.limits = { .connections = CONNECTIONS },
	};

	return http_server_new(&options, ret_server);
}

/* Until the recorder ends, which closes the socket, or an answer takes for ever. */
static int wait_for_the_end(struct http_server *server)
{
	struct pollfd polled = { .fd = SOCKET, .events = POLLIN };
	int ready;

	do {
		ready = poll(&polled, 1, LOOK_MS);
		if (http_server_longest_ns(server) > STUCK_NS)
			return FRONT_EXIT_STUCK;
	} while (!ready || (ready < 0 && errno == EINTR));
	return 0;
}

static int fail(int error, const char *failed)
{
	tell(FRONT_IS_UP, error, failed);
	return FRONT_EXIT_FAILED;
}

int front_child_main(void)
{
	static struct front_child front; /* some 17 kB, of a process that has no other */
	struct api_source source;
	struct http_server *server;
	const char *failed = "";
	int error;

	prctl(PR_SET_NAME, FRONT_NAME, 0, 0, 0);
	signal(SIGPIPE, SIG_IGN);
	tzset(); /* while its file can be read */
	if (!take_order(&front))
		return FRONT_EXIT_FAILED;
	error = front.order.is_open ? give_up_what_it_can(&front, &failed)
				    : enter_cage(&front, &failed);
	if (error)
		return fail(error, failed);
	error = front_page_open(front.descriptors[FRONT_ORDER_PAGE], &front.page);
	if (error)
		return fail(error, "the page of its recorder");
	front_damage_init(&front.damage);
	front.store.page = front.page;
	front.store.damage = &front.damage;
	front.store.note_damage = note_damage;
	front.store.end_window = end_window;
	front.store.context = &front;
	source = front_source(&front.store);
	error = serve(&front, &source, &server);
	if (error)
		return fail(error, "the server");
	tell(FRONT_IS_UP, 0, "");
	return wait_for_the_end(server);
}
