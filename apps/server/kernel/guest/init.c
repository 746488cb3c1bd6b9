// The only program of the guest. It takes one command a line from the second serial port, does it, and answers.
//
//   load PATH [PARAMETERS]     finit_module(2)                -> "= ERRNO"
//   start PATH [PARAMETERS]    the same in a child, not waited for
//   join                       waits for that child           -> "= ERRNO"
//   unload NAME                delete_module(2), O_NONBLOCK   -> "= ERRNO"
//   write PATH HEX             open(2), write(2)              -> "= ERRNO"
//   hold PATH / release        a child that reads PATH, and its end
//   settle MILLISECONDS        waits until no transition is open; "= 0", or "= ETIMEDOUT"
//   tree PATH...               files and folders below each path; a path may end in one "*" level
//   dump PATH                  one file to the debugging port of QEMU, much faster than the serial port
//   log                        records of the kernel log since the last call, as /dev/kmsg writes them
//   quit
//
// Every answer ends with a line "= NUMBER". Contents of files are preceded by their length.

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static FILE *in, *out;
static int kmsg = -1;
static pid_t held, loading;

static int load(const char *path, const char *parameters)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	int err = syscall(SYS_finit_module, fd, parameters, 0) < 0 ? errno : 0;
	close(fd);
	return err;
}

static int write_hex(const char *path, const char *hex)
{
	char bytes[256];
	size_t length = strlen(hex) / 2;
	for (size_t i = 0; i < length && i < sizeof(bytes); i++) {
		unsigned int byte = 0;
		sscanf(hex + 2 * i, "%2x", &byte);
		bytes[i] = (char)byte;
	}
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	int err = write(fd, bytes, length) < 0 ? errno : 0;
	close(fd);
	return err;
}

static void put_file(const char *path, mode_t mode)
{
	static char *buffer;
	static size_t room;
	size_t length = 0;
	int fd = mode & 0444 ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	if (fd < 0 && (mode & 0444)) {
		fprintf(out, "X %d %s\n", errno, path);
		return;
	}
	for (;;) {
		if (room - length < 65536) {
			room = room ? 2 * room : 1 << 20;
			buffer = realloc(buffer, room);
		}
		ssize_t got = fd < 0 ? 0 : read(fd, buffer + length, room - length);
		if (got < 0) {
			fprintf(out, "X %d %s\n", errno, path);
			close(fd);
			return;
		}
		if (got == 0)
			break;
		length += got;
	}
	if (fd >= 0)
		close(fd);
	fprintf(out, "F %o %zu %s\n", mode & 0777, length, path);
	fwrite(buffer, 1, length, out);
	fputc('\n', out);
}

static void put_tree(const char *path)
{
	struct stat st;
	if (lstat(path, &st) < 0) {
		fprintf(out, "X %d %s\n", errno, path);
		return;
	}
	if (S_ISREG(st.st_mode))
		put_file(path, st.st_mode);
	if (!S_ISDIR(st.st_mode))
		return;
	fprintf(out, "D %o %s\n", st.st_mode & 0777, path);
	DIR *folder = opendir(path);
	if (!folder)
		return;
	for (struct dirent *entry; (entry = readdir(folder));) {
		char child[4096];
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
		put_tree(child);
	}
	closedir(folder);
}

static void put_trees(char *paths)
{
	for (char *path = strtok(paths, " "); path; path = strtok(NULL, " ")) {
		glob_t found;
		if (glob(path, GLOB_NOSORT, NULL, &found) == 0) {
			for (size_t i = 0; i < found.gl_pathc; i++)
				put_tree(found.gl_pathv[i]);
			globfree(&found);
		}
	}
}

static int dump(const char *path)
{
	static char buffer[65536];
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || iopl(3) < 0)
		return errno;
	while ((got = read(fd, buffer, sizeof(buffer))) > 0)
		outsb(0xe9, buffer, got);
	close(fd);
	return 0;
}

static int transition_open(void)
{
	glob_t found;
	int open_now = 0;
	if (glob("/sys/kernel/livepatch/*/transition", GLOB_NOSORT, NULL, &found) != 0)
		return 0;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		int fd = open(found.gl_pathv[i], O_RDONLY);
		char value = 0;
		if (fd >= 0 && read(fd, &value, 1) == 1 && value == '1')
			open_now = 1;
		if (fd >= 0)
			close(fd);
	}
	globfree(&found);
	return open_now;
}

/* A folder with neither attribute set is freed by a work item a moment later. */
static int freeing(void)
{
	glob_t found;
	int yes = 0;
	if (glob("/sys/kernel/livepatch/*/enabled", GLOB_NOSORT, NULL, &found) != 0)
		return 0;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		int fd = open(found.gl_pathv[i], O_RDONLY);
		char value = '1';
		if (fd < 0 || read(fd, &value, 1) != 1 || value == '0')
			yes = 1;
		if (fd >= 0)
			close(fd);
	}
	globfree(&found);
	return yes;
}

static int settle(int milliseconds)
{
	for (int waited = 0; waited < milliseconds; waited += 50) {
		if (!transition_open() && !freeing())
			return 0;
		usleep(50000);
	}
	return transition_open() ? ETIMEDOUT : 0;
}

static void put_log(void)
{
	char record[8192];
	ssize_t got;
	while ((got = read(kmsg, record, sizeof(record) - 1)) > 0 || (got < 0 && errno == EPIPE)) {
		if (got <= 0)
			continue;
		record[got] = 0;
		record[strcspn(record, "\n")] = 0;
		fprintf(out, "L %s\n", record);
	}
}

static void hold(const char *path)
{
	held = fork();
	if (held == 0) {
		char byte;
		int fd = open(path, O_RDONLY);
		if (read(fd, &byte, 1) < 0)
			_exit(1);
		_exit(0);
	}
	usleep(300000);
}

static int join(void)
{
	int status = 0;
	if (loading <= 0)
		return ECHILD;
	waitpid(loading, &status, 0);
	loading = 0;
	return WEXITSTATUS(status);
}

static int obey(char *line)
{
	char *rest = line + strcspn(line, " ");
	if (*rest)
		*rest++ = 0;
	char *second = rest + strcspn(rest, " ");
	if (!strcmp(line, "tree")) {
		put_trees(rest);
		return 0;
	}
	if (*second)
		*second++ = 0;
	if (!strcmp(line, "load"))
		return load(rest, second);
	if (!strcmp(line, "start")) {
		loading = fork();
		if (loading == 0)
			_exit(load(rest, second));
		usleep(500000);
		return 0;
	}
	if (!strcmp(line, "join"))
		return join();
	if (!strcmp(line, "unload"))
		return syscall(SYS_delete_module, rest, O_NONBLOCK) < 0 ? errno : 0;
	if (!strcmp(line, "write"))
		return write_hex(rest, second);
	if (!strcmp(line, "dump"))
		return dump(rest);
	if (!strcmp(line, "settle"))
		return settle(atoi(rest));
	if (!strcmp(line, "log")) {
		put_log();
		return 0;
	}
	if (!strcmp(line, "hold")) {
		hold(rest);
		return 0;
	}
	if (!strcmp(line, "release")) {
		kill(held, SIGKILL);
		waitpid(held, NULL, 0);
		return 0;
	}
	if (!strcmp(line, "quit")) {
		sync();
		reboot(RB_POWER_OFF);
	}
	return ENOSYS;
}

int main(void)
{
	static char line[65536];
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("securityfs", "/sys/kernel/security", "securityfs", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int port = open("/dev/ttyS1", O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios raw;
	tcgetattr(port, &raw);
	cfmakeraw(&raw);
	cfsetspeed(&raw, B115200);
	tcsetattr(port, TCSANOW, &raw);
	in = fdopen(port, "r");
	out = fdopen(dup(port), "w");
	fputs("= 0\n", out);
	fflush(out);
	while (fgets(line, sizeof(line), in)) {
		line[strcspn(line, "\n")] = 0;
		int result = obey(line);
		fprintf(out, "= %d\n", result);
		fflush(out);
	}
	return 0;
}
