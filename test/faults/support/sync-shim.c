/*
 * Tells in which order a process writes its store, syncs it and answers: LD_PRELOADed into Node-RED by
 * test/faults/power-loss.test.ts. One counter numbers the events of all threads. Per event one line in the file
 * that CROSSDOCK_SHIM_LOG names:
 *   <n> W <file> <offset> <length> <token>...   a write to the store or its log has returned; tokens: message ids in it
 *   <n> F <file>                                a sync of that file begins
 *   <n> f <file> <n of its F> <result>          and has returned
 *   <n> N <own port> <peer's port> <hex>        bytes are about to be handed to a TCP socket
 * A write is numbered after it, a sync before and after, an answer before: so "write < begin, end < answer" proves
 * that the answer went out after a sync that had begun after the write.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long counter;
static int log_fd = -1;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("CROSSDOCK_SHIM_LOG");
  if (path) log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static long next(void) { return atomic_fetch_add(&counter, 1) + 1; }

/* One write per line: lines of several threads do not mix in a file that is appended to. */
static void put(const char *text, size_t length) { syscall(SYS_write, log_fd, text, length); }

/* "wal", "db", or NULL for what is no part of a store. */
static const char *store_file(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return NULL;
  path[length] = 0;
  if (length > 11 && strcmp(path + length - 11, ".sqlite-wal") == 0) return "wal";
  if (length > 7 && strcmp(path + length - 7, ".sqlite") == 0) return "db";
  return NULL;
}

/* A message id: "plx" and six digits. */
static int is_token(const char *at) {
  if (at[0] != 'p' || at[1] != 'l' || at[2] != 'x') return 0;
  for (int i = 3; i < 9; i++)
    if (at[i] < '0' || at[i] > '9') return 0;
  return 1;
}

static void wrote(int fd, const char *data, size_t length, off_t offset) {
  if (log_fd < 0) return;
  const char *file = store_file(fd);
  if (!file) return;
  long n = next();
  size_t room = 64 + length * 2;
  char *line = malloc(room);
  if (!line) abort();
  size_t used = snprintf(line, room, "%ld W %s %ld %zu", n, file, (long)offset, length);
  for (size_t i = 0; length >= 9 && i <= length - 9; i++) {
    if (!is_token(data + i)) continue;
    line[used++] = ' ';
    memcpy(line + used, data + i, 9);
    used += 9;
    i += 8;
  }
  line[used++] = '\n';
  put(line, used);
  free(line);
}

static void answering(int fd, const struct iovec *parts, int count) {
  if (log_fd < 0) return;
  struct stat info;
  if (fstat(fd, &info) != 0 || !S_ISSOCK(info.st_mode)) return;
  struct sockaddr_in6 own = {0}, peer = {0};
  socklen_t own_length = sizeof own, peer_length = sizeof peer;
  if (getsockname(fd, (struct sockaddr *)&own, &own_length) != 0) return;
  if (getpeername(fd, (struct sockaddr *)&peer, &peer_length) != 0) return;
  if (own.sin6_family != AF_INET && own.sin6_family != AF_INET6) return;
  size_t total = 0;
  for (int i = 0; i < count; i++) total += parts[i].iov_len;
  char *line = malloc(96 + total * 2);
  if (!line) abort();
  /* The port is at the same place in both families. */
  size_t used = sprintf(line, "%ld N %d %d ", next(), ntohs(own.sin6_port), ntohs(peer.sin6_port));
  static const char digits[] = "0123456789abcdef";
  for (int i = 0; i < count; i++) {
    const unsigned char *bytes = parts[i].iov_base;
    for (size_t k = 0; k < parts[i].iov_len; k++) {
      line[used++] = digits[bytes[k] >> 4];
      line[used++] = digits[bytes[k] & 15];
    }
  }
  line[used++] = '\n';
  put(line, used);
  free(line);
}

#define REAL(name) \
  static __typeof__(name) *real; \
  if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) {
  REAL(pwrite64);
  ssize_t done = real(fd, data, length, offset);
  if (done > 0) wrote(fd, data, done, offset);
  return done;
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) {
  REAL(pwrite);
  ssize_t done = real(fd, data, length, offset);
  if (done > 0) wrote(fd, data, done, offset);
  return done;
}

ssize_t write(int fd, const void *data, size_t length) {
  REAL(write);
  struct iovec part = {(void *)data, length};
  answering(fd, &part, 1);
  off_t offset = log_fd >= 0 ? lseek(fd, 0, SEEK_CUR) : -1;
  ssize_t done = real(fd, data, length);
  if (done > 0 && offset >= 0) wrote(fd, data, done, offset);
  return done;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  REAL(writev);
  answering(fd, parts, count);
  return real(fd, parts, count);
}

ssize_t send(int fd, const void *data, size_t length, int flags) {
  REAL(send);
  struct iovec part = {(void *)data, length};
  answering(fd, &part, 1);
  return real(fd, data, length, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  REAL(sendmsg);
  answering(fd, message->msg_iov, (int)message->msg_iovlen);
  return real(fd, message, flags);
}

static int synced(int fd, int (*sync_it)(int)) {
  const char *file = log_fd < 0 ? NULL : store_file(fd);
  if (!file) return sync_it(fd);
  char line[64];
  long began = next();
  put(line, snprintf(line, sizeof line, "%ld F %s\n", began, file));
  int result = sync_it(fd);
  put(line, snprintf(line, sizeof line, "%ld f %s %ld %d\n", next(), file, began, result));
  return result;
}

int fsync(int fd) {
  REAL(fsync);
  return synced(fd, real);
}

int fdatasync(int fd) {
  REAL(fdatasync);
  return synced(fd, real);
}
