// Preloaded under the program: makes the n-th changing system call below a directory fail, or kills the process
// right before or after it, with or without what no fsync has made durable.
//
//   FAULTS_ROOT    the directory, absolute; calls on other paths are neither counted nor touched
//   FAULTS_NTH     which call, from 1; 0 or absent: none
//   FAULTS_ACTION  fail | before | after | lose | tear | signal
//   FAULTS_ERRNO   what a failing call reports; of signal, its number
//   FAULTS_READS   1: reading calls count, too
//   FAULTS_TRACE   file that gets one line a counted call
//
// lose: killed after the call; bytes and names that were not synchronized are gone. Files are cut to their last
// fsync; what was made or moved in a directory that no fsync has seen since is taken back, the last first. Removals
// are durable at once.
// signal: the process gets a signal that it may handle; FAULTS_TRACE then has a line "signal" with CLOCK_MONOTONIC in ns.
// tear: killed after the call; of the bytes that were not synchronized the first half is there; every second time
// zeros follow, up to the length that was written.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum action { FAIL, BEFORE, AFTER, LOSE, TEAR, SIGNAL };

static const char *root;
static size_t root_length;
static long nth, counted;
static enum action action;
static int code;
static bool counts_reads;
static int trace = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

// Files with bytes that no fsync has seen: a descriptor of our own and the length that is safe.
enum { DIRTY_ROOM = 256, UNDO_ROOM = 1024 };
static struct dirty { int fd; dev_t device; ino_t inode; off_t safe; } dirty[DIRTY_ROOM];
static int dirty_count;

// Names that no fsync of their directory has seen, in the order of their making.
enum kind { MADE_FILE, MADE_DIRECTORY, MOVED, EXCHANGED };
static struct undo { enum kind kind; char *a, *b; dev_t device; ino_t inode; } undo[UNDO_ROOM];
static int undo_count;

__attribute__((constructor)) static void begin(void) {
    const char *value;
    root = getenv("FAULTS_ROOT");
    if (!root) return;
    root_length = strlen(root);
    if ((value = getenv("FAULTS_NTH"))) nth = atol(value);
    if ((value = getenv("FAULTS_ERRNO"))) code = atoi(value);
    if ((value = getenv("FAULTS_READS"))) counts_reads = atoi(value) != 0;
    if ((value = getenv("FAULTS_ACTION"))) {
        const char *names[] = {"fail", "before", "after", "lose", "tear", "signal"};
        int found = -1;
        for (int i = 0; i < 6; i++) if (!strcmp(value, names[i])) found = i;
        if (found < 0) abort();
        action = (enum action)found;
    }
    if ((value = getenv("FAULTS_TRACE"))) {
        trace = (int)syscall(SYS_openat, AT_FDCWD, value, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
        if (trace < 0) abort();
    }
}

static bool is_below(const char *path) {
    return root && !strncmp(path, root, root_length) && (path[root_length] == '/' || !path[root_length]);
}

// The path of a descriptor, or of a name in a directory.
static bool path_of(int directory, const char *name, char *out) {
    if (name && (name[0] == '/' || directory == AT_FDCWD)) {
        if (snprintf(out, PATH_MAX, "%s", name) >= PATH_MAX) abort();
        return is_below(out);
    }
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, out, PATH_MAX - 1);
    if (length < 0) return false;
    out[length] = 0;
    if (name) snprintf(out + length, PATH_MAX - (size_t)length, "/%s", name);
    return is_below(out);
}

static bool parent_of(const char *path, struct stat *status) {
    char parent[PATH_MAX];
    snprintf(parent, sizeof parent, "%s", path);
    char *slash = strrchr(parent, '/');
    if (!slash) return false;
    *slash = 0;
    return stat(parent, status) == 0;
}

static void die(void) {
    for (int i = 0; i < dirty_count && (action == LOSE || action == TEAR); i++) {
        struct stat status;
        if (fstat(dirty[i].fd, &status) != 0) continue;
        off_t kept = action == LOSE ? dirty[i].safe : dirty[i].safe + (status.st_size - dirty[i].safe) / 2;
        if (ftruncate(dirty[i].fd, kept) != 0) abort();
        if (action == TEAR && nth % 2 && ftruncate(dirty[i].fd, status.st_size) != 0) abort();
    }
    for (int i = undo_count - 1; i >= 0 && action == LOSE; i--) {
        switch (undo[i].kind) {
        case MADE_FILE: syscall(SYS_unlinkat, AT_FDCWD, undo[i].a, 0); break;
        case MADE_DIRECTORY: syscall(SYS_unlinkat, AT_FDCWD, undo[i].a, AT_REMOVEDIR); break;
        case MOVED: syscall(SYS_renameat2, AT_FDCWD, undo[i].b, AT_FDCWD, undo[i].a, RENAME_NOREPLACE); break;
        case EXCHANGED: syscall(SYS_renameat2, AT_FDCWD, undo[i].b, AT_FDCWD, undo[i].a, RENAME_EXCHANGE); break;
        }
    }
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

static void note(const char *call, const char *rest) {
    if (trace < 0) return;
    char line[PATH_MAX + 64];
    int length = snprintf(line, sizeof line, "%s %s\n", call, rest);
    if (syscall(SYS_write, trace, line, length) != length) abort();
}

static void raise_signal(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    char text[32];
    snprintf(text, sizeof text, "%lld", now.tv_sec * 1000000000ll + now.tv_nsec);
    note("signal", text);
    kill(getpid(), code);
}

// True when this call is the one that fails. Holds the lock until `after`.
static bool before(const char *call, const char *path) {
    pthread_mutex_lock(&lock);
    counted += 1;
    note(call, path + (is_below(path) ? root_length : 0));
    if (counted != nth) return false;
    if (action == BEFORE) die();
    if (action == SIGNAL) raise_signal();
    return action == FAIL;
}

static void after(void) {
    if (counted == nth && action != FAIL && action != SIGNAL) die();
    pthread_mutex_unlock(&lock);
}

static int failed(void) {
    pthread_mutex_unlock(&lock);
    errno = code;
    return -1;
}

static void note_write(int fd) {
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return;
    for (int i = 0; i < dirty_count; i++)
        if (dirty[i].inode == status.st_ino && dirty[i].device == status.st_dev) return;
    if (dirty_count == DIRTY_ROOM) abort();
    dirty[dirty_count++] = (struct dirty){fcntl(fd, F_DUPFD_CLOEXEC, 0), status.st_dev, status.st_ino, status.st_size};
}

static void note_sync(int fd) {
    struct stat status;
    if (fstat(fd, &status) != 0) return;
    for (int i = 0; i < dirty_count; i++) {
        if (dirty[i].inode != status.st_ino || dirty[i].device != status.st_dev) continue;
        syscall(SYS_close, dirty[i].fd);
        dirty[i] = dirty[--dirty_count];
        break;
    }
    int kept = 0;
    for (int i = 0; i < undo_count; i++)
        if (undo[i].inode != status.st_ino || undo[i].device != status.st_dev) undo[kept++] = undo[i];
    undo_count = kept;
}

// A name appeared at `a`; moved or exchanged, it was at `a` before and is at `b` now, whose directory counts.
static void note_name(enum kind kind, const char *a, const char *b) {
    struct stat status;
    if (!parent_of(b ? b : a, &status)) return;
    if (undo_count == UNDO_ROOM) abort();
    undo[undo_count++] = (struct undo){kind, strdup(a), b ? strdup(b) : NULL, status.st_dev, status.st_ino};
}

#define REAL(result, name, ...) \
    static result (*real)(__VA_ARGS__); \
    if (!real) real = (result (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static int open_at(int directory, const char *name, int flags, mode_t mode) {
    char path[PATH_MAX];
    bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT);
    if (!path_of(directory, name, path) || (!writes && !counts_reads))
        return (int)syscall(SYS_openat, directory, name, flags, mode);
    if (before(writes ? "open" : "open-read", path)) return failed();
    struct stat status;
    bool is_new = (flags & O_CREAT) && lstat(path, &status) != 0;
    int fd = (int)syscall(SYS_openat, directory, name, flags, mode);
    int error = errno;
    if (fd >= 0 && is_new) note_name(MADE_FILE, path, NULL);
    after();
    errno = error;
    return fd;
}

#define OPEN_MODE(flags, mode) \
    mode_t mode = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { \
        va_list arguments; \
        va_start(arguments, flags); \
        mode = va_arg(arguments, mode_t); \
        va_end(arguments); \
    }

int open(const char *path, int flags, ...) { OPEN_MODE(flags, mode) return open_at(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { OPEN_MODE(flags, mode) return open_at(AT_FDCWD, path, flags, mode); }
int openat(int directory, const char *path, int flags, ...) {
    OPEN_MODE(flags, mode)
    return open_at(directory, path, flags, mode);
}
int openat64(int directory, const char *path, int flags, ...) {
    OPEN_MODE(flags, mode)
    return open_at(directory, path, flags, mode);
}

ssize_t write(int fd, const void *bytes, size_t count) {
    char path[PATH_MAX];
    if (!path_of(fd, NULL, path)) return syscall(SYS_write, fd, bytes, count);
    if (before("write", path)) return failed();
    note_write(fd);
    ssize_t result = syscall(SYS_write, fd, bytes, count);
    int error = errno;
    after();
    errno = error;
    return result;
}

ssize_t read(int fd, void *bytes, size_t count) {
    char path[PATH_MAX];
    if (!counts_reads || !path_of(fd, NULL, path)) return syscall(SYS_read, fd, bytes, count);
    if (before("read", path)) return failed();
    ssize_t result = syscall(SYS_read, fd, bytes, count);
    int error = errno;
    after();
    errno = error;
    return result;
}

int fsync(int fd) {
    char path[PATH_MAX];
    if (!path_of(fd, NULL, path)) return (int)syscall(SYS_fsync, fd);
    if (before("fsync", path)) return failed();
    int result = (int)syscall(SYS_fsync, fd);
    int error = errno;
    if (result == 0) note_sync(fd);
    after();
    errno = error;
    return result;
}

#define ON_PATH(call, directory, name, expression, note) \
    char path[PATH_MAX]; \
    if (!path_of(directory, name, path)) return (int)(expression); \
    if (before(call, path)) return failed(); \
    int result = (int)(expression); \
    int error = errno; \
    if (result == 0) { note; } \
    after(); \
    errno = error; \
    return result

int mkdir(const char *name, mode_t mode) {
    ON_PATH("mkdir", AT_FDCWD, name, syscall(SYS_mkdirat, AT_FDCWD, name, mode), note_name(MADE_DIRECTORY, path, NULL));
}

int rmdir(const char *name) {
    ON_PATH("rmdir", AT_FDCWD, name, syscall(SYS_unlinkat, AT_FDCWD, name, AT_REMOVEDIR), );
}

int unlink(const char *name) {
    ON_PATH("unlink", AT_FDCWD, name, syscall(SYS_unlinkat, AT_FDCWD, name, 0), );
}

int unlinkat(int directory, const char *name, int flags) {
    ON_PATH("unlinkat", directory, name, syscall(SYS_unlinkat, directory, name, flags), );
}

int linkat(int from, const char *a, int to, const char *b, int flags) {
    ON_PATH("linkat", to, b, syscall(SYS_linkat, from, a, to, b, flags), note_name(MADE_FILE, path, NULL));
}

static void note_rename(const char *from, const char *to, bool replaces, unsigned flags) {
    if (flags & RENAME_EXCHANGE) note_name(EXCHANGED, from, to);
    else if (!replaces) note_name(MOVED, from, to);
}

int renameat2(int from, const char *a, int to, const char *b, unsigned flags) {
    struct stat status;
    bool replaces = !(flags & RENAME_EXCHANGE) && fstatat(to, b, &status, AT_SYMLINK_NOFOLLOW) == 0;
    ON_PATH("renameat2", to, b, syscall(SYS_renameat2, from, a, to, b, flags), note_rename(a, path, replaces, flags));
}

int rename(const char *a, const char *b) { return renameat2(AT_FDCWD, a, AT_FDCWD, b, 0); }

int flock(int fd, int operation) {
    char path[PATH_MAX];
    if (!path_of(fd, NULL, path)) return (int)syscall(SYS_flock, fd, operation);
    // Waiting for another process may take long; counted, and not under our own lock.
    if (before("flock", path)) return failed();
    after();
    return (int)syscall(SYS_flock, fd, operation);
}
