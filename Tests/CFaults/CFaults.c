#define _GNU_SOURCE
#include "CFaults.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static _Thread_local int armed_at, action_at, code_at, counted;
static _Thread_local bool refuse_flags;

// Files with bytes that no fsync has seen: a descriptor of our own and the length that is safe.
enum { DIRTY_ROOM = 64 };
static struct dirty { int fd; dev_t device; ino_t inode; off_t safe; } dirty[DIRTY_ROOM];
static int dirty_count;

#define REAL(result, name, ...) \
    static result (*real)(__VA_ARGS__); \
    if (!real) real = (result (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static void die(void) {
    if (action_at == FAULTS_LOSE_UNSYNCED || action_at == FAULTS_TEAR_UNSYNCED) {
        for (int i = 0; i < dirty_count; i++) {
            struct stat status;
            if (fstat(dirty[i].fd, &status) != 0) continue;
            off_t kept = action_at == FAULTS_LOSE_UNSYNCED ? dirty[i].safe
                                                           : dirty[i].safe + (status.st_size - dirty[i].safe) / 2;
            if (ftruncate(dirty[i].fd, kept) != 0) abort();
        }
    }
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

// True when this call has to fail.
static bool before(void) {
    if (!armed_at) return false;
    counted += 1;
    if (counted != armed_at) return false;
    if (action_at == FAULTS_KILL_BEFORE) die();
    if (action_at != FAULTS_FAIL) return false;
    errno = code_at;
    return true;
}

static void after(void) {
    if (armed_at && counted == armed_at && action_at != FAULTS_FAIL) die();
}

#define CALL(type, expression) \
    if (before()) return -1; \
    type result = (expression); \
    after(); \
    return result

static void note_write(int fd) {
    if (!armed_at || dirty_count == DIRTY_ROOM) return;
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return;
    for (int i = 0; i < dirty_count; i++)
        if (dirty[i].inode == status.st_ino && dirty[i].device == status.st_dev) return;
    dirty[dirty_count++] = (struct dirty){dup(fd), status.st_dev, status.st_ino, status.st_size};
}

static void note_sync(int fd) {
    struct stat status;
    if (!armed_at || fstat(fd, &status) != 0) return;
    for (int i = 0; i < dirty_count; i++) {
        if (dirty[i].inode != status.st_ino || dirty[i].device != status.st_dev) continue;
        close(dirty[i].fd);
        dirty[i] = dirty[--dirty_count];
        return;
    }
}

int open(const char *path, int flags, ...) {
    REAL(int, "open", const char *, int, ...);
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    CALL(int, real(path, flags, mode));
}

ssize_t write(int fd, const void *bytes, size_t count) {
    REAL(ssize_t, "write", int, const void *, size_t);
    if (before()) return -1;
    note_write(fd);
    ssize_t result = real(fd, bytes, count);
    after();
    return result;
}

int fsync(int fd) {
    REAL(int, "fsync", int);
    if (before()) return -1;
    int result = real(fd);
    if (result == 0) note_sync(fd);
    after();
    return result;
}

int mkdir(const char *path, mode_t mode) {
    REAL(int, "mkdir", const char *, mode_t);
    CALL(int, real(path, mode));
}

int rmdir(const char *path) {
    REAL(int, "rmdir", const char *);
    CALL(int, real(path));
}

int unlink(const char *path) {
    REAL(int, "unlink", const char *);
    CALL(int, real(path));
}

int unlinkat(int directory, const char *path, int flags) {
    REAL(int, "unlinkat", int, const char *, int);
    CALL(int, real(directory, path, flags));
}

int linkat(int from, const char *a, int to, const char *b, int flags) {
    REAL(int, "linkat", int, const char *, int, const char *, int);
    CALL(int, real(from, a, to, b, flags));
}

int renameat2(int from, const char *a, int to, const char *b, unsigned flags) {
    REAL(int, "renameat2", int, const char *, int, const char *, unsigned);
    if (refuse_flags && flags) {
        errno = EINVAL;
        return -1;
    }
    CALL(int, real(from, a, to, b, flags));
}

void faults_arm(int nth, int action, int code) {
    counted = 0;
    dirty_count = 0;
    action_at = action;
    code_at = code;
    armed_at = nth;
}

int faults_disarm(void) {
    armed_at = 0;
    return counted;
}

void faults_refuse_rename_flags(bool refuse) { refuse_flags = refuse; }

int faults_in_child(void (*body)(void *), void *context) {
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        body(context);
        _exit(0);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}
