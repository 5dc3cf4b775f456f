#include "sim/journal.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MAGIC = 0x4c534a52, RECORD_MAX = 1 << 30, HEADER_MAX = 256 };

struct record {
    uint32_t magic, length;
    uint64_t batch, checksum;
};

const uint64_t journal_hash_start = UINT64_C(0xcbf29ce484222325);

uint64_t journal_hash(uint64_t hash, const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static struct record make_record(uint64_t batch, const char *bytes, size_t length)
{
    struct record record = {htole32(MAGIC), htole32((uint32_t)length), htole64(batch), 0};
    uint64_t hash = journal_hash(journal_hash_start, &record, offsetof(struct record, checksum));
    record.checksum = htole64(journal_hash(hash, bytes, length));
    return record;
}

static int failed(const struct journal *journal, const char *what, struct diag *diag)
{
    return diag_set(diag, STATUS_IO, journal->path, 0, NULL, "the journal cannot be %s: %s", what,
                    strerror(errno));
}

static int torn(const struct journal *journal, const char *why, struct diag *diag)
{
    return diag_set(diag, STATUS_IO, journal->path, 0, NULL, "the journal cannot be read: %s", why);
}

/* Writes all of it, however the system cuts it up. */
static bool write_all(int file, struct iovec *parts, int count, uint64_t at)
{
    while (count > 0) {
        ssize_t wrote = pwritev(file, parts, count, (off_t)at);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return false;
        at += (uint64_t)wrote;
        while (count > 0 && (size_t)wrote >= parts->iov_len) {
            wrote -= (ssize_t)parts->iov_len;
            parts++;
            count--;
        }
        if (count > 0) {
            parts->iov_base = (char *)parts->iov_base + wrote;
            parts->iov_len -= (size_t)wrote;
        }
    }
    return true;
}

static bool read_all(int file, void *out, size_t length, uint64_t at)
{
    char *to = out;
    while (length > 0) {
        ssize_t got = pread(file, to, length, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        to += got;
        at += (uint64_t)got;
        length -= (size_t)got;
    }
    return true;
}

/* A new file's name is on disk only once its folder is. */
static void flush_folder(const char *path)
{
    char copy[4096];
    snprintf(copy, sizeof copy, "%s", path);
    int folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
        fsync(folder);
        close(folder);
    }
}

static int begin(struct journal *journal, const char *header, struct diag *diag)
{
    struct iovec part = {(char *)header, strlen(header)};
    if (ftruncate(journal->file, 0) != 0 || !write_all(journal->file, &part, 1, 0) ||
        fsync(journal->file) != 0)
        return failed(journal, "written", diag);
    flush_folder(journal->path);
    journal->end = strlen(header);
    return STATUS_OK;
}

/* Reads a record's head and bytes at `at`; false: there is no good one. */
static bool read_record(const struct journal *journal, uint64_t at, uint64_t size,
                        struct record *record, char **bytes)
{
    if (size - at < sizeof *record || !read_all(journal->file, record, sizeof *record, at))
        return false;
    uint32_t length = le32toh(record->length);
    if (le32toh(record->magic) != MAGIC || length > RECORD_MAX ||
        size - at - sizeof *record < length || le64toh(record->batch) >= journal->batches)
        return false;
    *bytes = malloc(length + 1);
    if (*bytes == NULL)
        return false;
    struct record good;
    if (read_all(journal->file, *bytes, length, at + sizeof *record)) {
        good = make_record(le64toh(record->batch), *bytes, length);
        if (good.checksum == record->checksum)
            return true;
    }
    free(*bytes);
    return false;
}

static int scan(struct journal *journal, uint64_t size, struct diag *diag)
{
    struct record record;
    char *bytes;
    while (read_record(journal, journal->end, size, &record, &bytes)) {
        uint64_t batch = le64toh(record.batch);
        free(bytes);
        journal->held += journal->place[batch] == 0;
        if (journal->place[batch] == 0)
            journal->place[batch] = journal->end;
        journal->end += sizeof record + le32toh(record.length);
    }
    journal->dropped_bytes = size - journal->end;
    if (journal->dropped_bytes > 0 &&
        (ftruncate(journal->file, (off_t)journal->end) != 0 || fsync(journal->file) != 0))
        return failed(journal, "written", diag);
    return STATUS_OK;
}

/* Tells another study from another version, and from a file that is no journal. */
static int refuse(const struct journal *journal, const char *found, struct diag *diag)
{
    char version[32];
    uint64_t study;
    if (sscanf(found, "scalesim-journal 1 %31s %" SCNx64, version, &study) != 2)
        return diag_set(diag, STATUS_DATA, journal->path, 0, NULL,
                        "is not a journal that this version can read");
    if (strcmp(version, SCALESIM_VERSION) != 0)
        return diag_set(diag, STATUS_DATA, journal->path, 0, NULL,
                        "is the journal of scalesim %s, this is %s: its results may differ",
                        version, SCALESIM_VERSION);
    return diag_set(diag, STATUS_DATA, journal->path, 0, NULL,
                    "is the journal of another study: an option, a file or a table differs");
}

static int resume_or_begin(struct journal *journal, const char *header, struct diag *diag)
{
    struct stat status;
    char found[HEADER_MAX] = "";
    size_t length = strlen(header);
    if (fstat(journal->file, &status) != 0)
        return failed(journal, "read", diag);
    uint64_t size = (uint64_t)status.st_size;
    size_t here = size < sizeof found - 1 ? (size_t)size : sizeof found - 1;
    if (!read_all(journal->file, found, here, 0))
        return failed(journal, "read", diag);
    if (size < length && strncmp(found, header, here) == 0) /* killed before the first line ended */
        return begin(journal, header, diag);
    if (strncmp(found, header, length) != 0)
        return refuse(journal, found, diag);
    journal->end = length;
    return scan(journal, size, diag);
}

/* Each flush covers all that was appended before it began. */
static void *flush_appended(void *argument)
{
    struct journal *journal = argument;
    pthread_mutex_lock(&journal->lock);
    for (;;) {
        while (!journal->closing && (journal->flushed == journal->end || journal->flush_error != 0))
            pthread_cond_wait(&journal->moved, &journal->lock);
        uint64_t end = journal->end;
        if (journal->flushed == end || journal->flush_error != 0)
            break;
        pthread_mutex_unlock(&journal->lock);
        int error = fdatasync(journal->file) == 0 ? 0 : errno;
        pthread_mutex_lock(&journal->lock);
        journal->flushed = end;
        journal->flush_error = error;
        pthread_cond_broadcast(&journal->moved);
    }
    pthread_mutex_unlock(&journal->lock);
    return NULL;
}

static int start_flusher(struct journal *journal, struct diag *diag)
{
    journal->flushed = journal->end;
    pthread_mutex_init(&journal->lock, NULL);
    pthread_cond_init(&journal->moved, NULL);
    journal->flushes = pthread_create(&journal->flusher, NULL, flush_appended, journal) == 0;
    return journal->flushes ? STATUS_OK
                            : diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "cannot start a thread");
}

static void stop_flusher(struct journal *journal)
{
    pthread_mutex_lock(&journal->lock);
    journal->closing = true;
    pthread_cond_broadcast(&journal->moved);
    pthread_mutex_unlock(&journal->lock);
    pthread_join(journal->flusher, NULL);
    pthread_cond_destroy(&journal->moved);
    pthread_mutex_destroy(&journal->lock);
}

int journal_open(struct journal *journal, const char *path, uint64_t study, uint64_t batches,
                 bool resume, struct diag *diag)
{
    char header[HEADER_MAX];
    *journal = (struct journal){.path = path, .batches = batches, .file = -1};
    snprintf(header, sizeof header, "scalesim-journal 1 %s %016" PRIx64 " %" PRIu64 "\n",
             SCALESIM_VERSION, study, batches);
    journal->place = calloc(batches + 1, sizeof *journal->place);
    if (journal->place == NULL)
        return diag_set(diag, STATUS_MEMORY, NULL, 0, NULL, "out of memory");
    journal->file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | (resume ? 0 : O_EXCL), 0666);
    if (journal->file < 0 && errno == EEXIST)
        return diag_set(diag, STATUS_USAGE, path, 0, NULL,
                        "a journal is there already: --resume goes on with its study; remove it to "
                        "begin anew");
    if (journal->file < 0)
        return failed(journal, "opened", diag);
    if (flock(journal->file, LOCK_EX | LOCK_NB) != 0)
        return diag_set(diag, STATUS_IO, path, 0, NULL, "the journal is in use by another process");
    int status = resume_or_begin(journal, header, diag);
    return status == STATUS_OK ? start_flusher(journal, diag) : status;
}

void journal_close(struct journal *journal)
{
    if (journal->flushes)
        stop_flusher(journal);
    if (journal->file >= 0)
        close(journal->file);
    free(journal->place);
    *journal = (struct journal){.path = journal->path, .file = -1};
}

void journal_remove(const struct journal *journal)
{
    unlink(journal->path);
}

bool journal_has(const struct journal *journal, uint64_t batch)
{
    return journal->place[batch] != 0;
}

int journal_append(struct journal *journal, uint64_t batch, const char *bytes, size_t length,
                   struct diag *diag)
{
    if (length > RECORD_MAX)
        return diag_set(diag, STATUS_IO, journal->path, 0, NULL, "a batch of %zu bytes is too long",
                        length);
    struct record record = make_record(batch, bytes, length);
    struct iovec parts[] = {{&record, sizeof record}, {(char *)bytes, length}};
    int status = STATUS_OK;
    pthread_mutex_lock(&journal->lock);
    errno = journal->flush_error;
    if (errno != 0 || !write_all(journal->file, parts, 2, journal->end)) {
        status = failed(journal, "written", diag);
    } else {
        journal->held += journal->place[batch] == 0;
        journal->place[batch] = journal->end;
        journal->end += sizeof record + length;
        pthread_cond_broadcast(&journal->moved);
    }
    pthread_mutex_unlock(&journal->lock);
    return status;
}

int journal_flush(struct journal *journal, struct diag *diag)
{
    pthread_mutex_lock(&journal->lock);
    while (journal->flushed < journal->end && journal->flush_error == 0)
        pthread_cond_wait(&journal->moved, &journal->lock);
    errno = journal->flush_error;
    pthread_mutex_unlock(&journal->lock);
    return errno == 0 ? STATUS_OK : failed(journal, "written", diag);
}

int journal_read(struct journal *journal, uint64_t batch, char **bytes, size_t *length,
                 struct diag *diag)
{
    struct record record;
    pthread_mutex_lock(&journal->lock);
    uint64_t place = journal->place[batch];
    uint64_t end = journal->end;
    pthread_mutex_unlock(&journal->lock);
    if (place == 0 || !read_record(journal, place, end, &record, bytes))
        return torn(journal, "a record has changed", diag);
    *length = le32toh(record.length);
    return STATUS_OK;
}
