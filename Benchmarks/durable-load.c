// Drives a chat server, or a Redis, on this machine in a closed loop and says what a write costs until it is kept.
//
//     durable-load chat  PORT CLIENTS SECONDS FIRST     each client in a session of its own, numbered from FIRST
//     durable-load redis PORT CLIENTS SECONDS BYTES     each client sets a key of its own, another for each write
//
// Each client sends its next message when its last one was acknowledged: the `ack` of its id, or +OK. One thread, epoll.
// The first second isn't counted. The output is one line: writes a second, and in milliseconds p50, p99 and the slowest.
// It connects to 127.0.0.1 and nowhere else, and ends by itself.

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { INPUT_BYTES = 65536, MAXIMUM_CLIENTS = 10000, MAXIMUM_TIMES = 20000000 };

typedef struct {
    int descriptor;
    int number;
    int open;
    long sent;
    uint64_t sent_at;
    size_t filled;
    char input[INPUT_BYTES];
} client;

static int is_redis;
static long value_bytes;
static uint64_t begin, end;
static uint32_t *times;
static size_t time_count;

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void fail(const char *what) {
    fprintf(stderr, "%s: %s\n", what, errno ? strerror(errno) : "unexpected");
    exit(1);
}

static void write_all(client *self, const char *bytes, size_t count) {
    // Never more than one message is on its way, which every socket has room for.
    if (write(self->descriptor, bytes, count) != (ssize_t)count) fail("write");
}

/// Sends the next message of a client, with a text of about 60 bytes.
static void send_next(client *self) {
    char text[1024], frame[1100];
    self->sent += 1;
    if (is_redis) {
        char key[64];
        int key_length = snprintf(key, sizeof key, "m%d:%ld", self->number, self->sent);
        int length = snprintf(frame, sizeof frame, "*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%ld\r\n", key_length, key, value_bytes);
        memset(frame + length, 'x', (size_t)value_bytes);
        memcpy(frame + length + value_bytes, "\r\n", 2);
        self->sent_at = now();
        write_all(self, frame, (size_t)(length + value_bytes + 2));
        return;
    }
    int length = snprintf(
        text, sizeof text,
        "{\"type\":\"user\",\"message\":\"Where do I change the address of invoice %ld for my company?\","
        "\"id\":\"m%d-%ld\",\"context\":{\"page\":\"/account/invoices\"}}",
        self->sent, self->number, self->sent);
    // RFC 6455 section 5.2, with a mask of zeros.
    char head[8] = {(char)0x81, (char)(0x80 | 126), (char)(length >> 8), (char)(length & 0xFF), 0, 0, 0, 0};
    memcpy(frame, head, 8);
    memcpy(frame + 8, text, (size_t)length);
    self->sent_at = now();
    write_all(self, frame, (size_t)length + 8);
}

static void acknowledged(client *self) {
    uint64_t time = now();
    if (time >= end) return;
    if (self->sent_at >= begin && time_count < MAXIMUM_TIMES) times[time_count++] = (uint32_t)((time - self->sent_at) / 1000);
    send_next(self);
}

static void take(client *self, size_t count) {
    memmove(self->input, self->input + count, self->filled - count);
    self->filled -= count;
}

static void read_redis(client *self) {
    char *line;
    while ((line = memchr(self->input, '\n', self->filled))) {
        if (self->input[0] != '+') fail(self->input);
        take(self, (size_t)(line - self->input) + 1);
        acknowledged(self);
    }
}

static void read_chat(client *self) {
    if (!self->open) {
        self->input[self->filled] = 0;
        char *rest = strstr(self->input, "\r\n\r\n");
        if (!rest) return;
        if (strncmp(self->input, "HTTP/1.1 101 ", 13)) fail(self->input);
        take(self, (size_t)(rest + 4 - self->input));
        self->open = 1;
        send_next(self);
    }
    while (self->filled >= 2) {
        size_t length = (unsigned char)self->input[1] & 0x7F, start = 2;
        if (length == 126) {
            if (self->filled < 4) return;
            length = (size_t)(unsigned char)self->input[2] << 8 | (unsigned char)self->input[3];
            start = 4;
        }
        if (length == 127) fail("a frame that is too long");
        if (self->filled < start + length) return;
        if ((self->input[0] & 0x0F) == 8) fail("closed by the server");
        char kept = self->input[start + length];
        self->input[start + length] = 0;
        char *text = self->input + start;
        int is_ack = strstr(text, "\"type\":\"ack\"") != NULL;
        // One that isn't durable is none.
        if (strstr(text, "\"type\":\"error\"") || (is_ack && strstr(text, "\"durable\":false"))) fail(text);
        self->input[start + length] = kept;
        take(self, start + length);
        if (is_ack) acknowledged(self);
    }
}

static int ascending(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return a < b ? -1 : a > b;
}

int main(int count, char **arguments) {
    if (count != 6 || (strcmp(arguments[1], "chat") && strcmp(arguments[1], "redis"))) {
        fprintf(stderr, "usage: durable-load chat PORT CLIENTS SECONDS FIRST | durable-load redis PORT CLIENTS SECONDS BYTES\n");
        return 2;
    }
    is_redis = !strcmp(arguments[1], "redis");
    int port = atoi(arguments[2]), clients = atoi(arguments[3]), seconds = atoi(arguments[4]);
    int first = is_redis ? 0 : atoi(arguments[5]);
    value_bytes = is_redis ? atol(arguments[5]) : 0;
    if (clients < 1 || clients > MAXIMUM_CLIENTS || seconds < 1 || seconds > 600 || value_bytes > 900) fail("arguments");
    times = malloc(MAXIMUM_TIMES * sizeof *times);
    client *all = calloc((size_t)clients, sizeof *all);
    int poll = epoll_create1(EPOLL_CLOEXEC);
    if (!times || !all || poll < 0) fail("no memory");
    begin = now() + 1000000000u;
    end = begin + (uint64_t)seconds * 1000000000u;
    for (int index = 0; index < clients; index++) {
        client *self = &all[index];
        self->number = first + index;
        self->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (connect(self->descriptor, (struct sockaddr *)&address, sizeof address)) fail("connect");
        int one = 1;
        setsockopt(self->descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        fcntl(self->descriptor, F_SETFL, O_NONBLOCK);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = self};
        if (epoll_ctl(poll, EPOLL_CTL_ADD, self->descriptor, &event)) fail("epoll");
        if (is_redis) {
            send_next(self);
            continue;
        }
        char head[400];
        int length = snprintf(
            head, sizeof head,
            "GET /ws/chat?session=s%d HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Protocol: chat.v1\r\n\r\n",
            self->number);
        write_all(self, head, (size_t)length);
    }
    // What is on its way at the end isn't waited for by more than a second.
    while (now() < end) {
        struct epoll_event events[256];
        int found = epoll_wait(poll, events, 256, 100);
        for (int index = 0; index < found; index++) {
            client *self = events[index].data.ptr;
            ssize_t got = read(self->descriptor, self->input + self->filled, INPUT_BYTES - 1 - self->filled);
            if (got == 0 || (got < 0 && errno != EAGAIN)) fail("closed");
            if (got > 0) self->filled += (size_t)got;
            if (is_redis) read_redis(self); else read_chat(self);
        }
    }
    if (!time_count) fail("nothing was acknowledged");
    qsort(times, time_count, sizeof *times, ascending);
    printf(
        "%.0f %.3f %.3f %.3f\n", (double)time_count / seconds, times[time_count / 2] / 1000.0,
        times[time_count * 99 / 100] / 1000.0, times[time_count - 1] / 1000.0);
    return 0;
}
