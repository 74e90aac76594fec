/* os_maps.c: the list of this process's mappings, on Linux.
 *
 * The file stays open, so that a process without a free descriptor can still read it. It shows the
 * mappings of the process that opened it: the child of a fork opens its own. A program may close
 * descriptors that it does not know, and the number may be another file's by then, which is seen
 * by the file's identity.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os.h"

/* Guarded by the callers' lock. */
static int kept = -1;
static pid_t owner;
static dev_t device;
static ino_t inode;

static bool is_ours(void)
{
    struct stat now;
    return kept >= 0 && fstat(kept, &now) == 0 && now.st_dev == device && now.st_ino == inode;
}

bool cz__maps_open(void)
{
    struct stat opened;
    bool ours = is_ours();
    if (ours && owner == getpid())
        return true;
    if (ours)
        close(kept);
    kept = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (kept >= 0 && fstat(kept, &opened)) {
        close(kept);
        kept = -1;
    }
    if (kept < 0)
        return false;
    owner = getpid();
    device = opened.st_dev;
    inode = opened.st_ino;
    return true;
}

/* A line that is longer is cut: what is behind its path's beginning matters to nobody. */
struct assembly {
    char text[512];
    size_t length;
};

static void take(struct assembly *line, const char *bytes, size_t count, cz__maps_line *line_is,
                 void *context)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] != '\n') {
            if (line->length < sizeof line->text - 1)
                line->text[line->length++] = bytes[i];
            continue;
        }
        line->text[line->length] = 0;
        line_is(context, line->text);
        line->length = 0;
    }
}

bool cz__maps_read(cz__maps_line *line_is, void *context)
{
    struct assembly line = {.length = 0};
    char bytes[8192];
    off_t at = 0;
    ssize_t got;
    if (!cz__maps_open())
        return false;
    while ((got = pread(kept, bytes, sizeof bytes, at)) > 0) {
        take(&line, bytes, (size_t)got, line_is, context);
        at += got;
    }
    return got == 0 && at > 0;
}
