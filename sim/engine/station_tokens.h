/*
 * Pool of equal tokens: memory, credits, queue slots, licences. Requests are served strictly in
 * order: one that does not fit holds up all behind it, so that large ones cannot starve.
 *
 * CAPACITY may change at any time. Below what is taken nothing is torn away: `free` turns negative
 * and nobody is served until enough came back.
 *
 * ORDER AT AN INSTANT. Requests that can be met by a release are granted in order, each through an
 * event at the same instant, so that callbacks never nest.
 *
 * Cost: O(1) for each request; nothing is allocated.
 */
#ifndef SIM_ENGINE_STATION_TOKENS_H
#define SIM_ENGINE_STATION_TOKENS_H

#include "sim/engine/sim.h"
#include "sim/engine/station_level.h"
#include "sim/engine/station_timer.h"

#include <stdint.h>

enum token_state { TOKEN_AWAY, TOKEN_WAITING, TOKEN_GRANTED };

/* Belongs to the caller; zeroed before its first use; in place while WAITING or GRANTED. */
struct token_request {
    uint64_t amount;       /* <= INT64_MAX */
    sim_callback *granted; /* called when a request that had to wait has been met */
    void *arg;
    uint32_t state; /* read only; GRANTED: the tokens are its own, `granted` is due this instant */
    /* below: private to station_tokens.c */
    struct station_tokens *tokens;
    struct token_request *before;
    struct token_request *after;
    struct station_timer timer;
};

struct station_tokens {
    /* read only */
    int64_t capacity;
    int64_t free;
    struct station_level taken;
    struct station_level waiting; /* requests */
    /* below: private to station_tokens.c */
    struct token_request *head;
    struct token_request *tail;
};

void station_tokens_init(struct station_tokens *tokens, const struct sim *sim, uint64_t capacity);

/*
 * Returns 1 when the tokens were there, and nobody before it in line: they are the caller's. Else
 * 0, and `granted` will be called. An amount above the capacity waits until the capacity grows.
 */
int station_tokens_take(struct sim *sim, struct station_tokens *tokens,
                        struct token_request *request);

/* Take them only if that needs no waiting; returns whether it did. */
int station_tokens_try(struct sim *sim, struct station_tokens *tokens, uint64_t amount);

/* Give tokens back, not necessarily in the amounts in which they were taken. */
void station_tokens_give(struct sim *sim, struct station_tokens *tokens, uint64_t amount);

/* Give up; `granted` is not called. Tokens already granted go back. */
void station_tokens_abandon(struct sim *sim, struct token_request *request);

void station_tokens_set_capacity(struct sim *sim, struct station_tokens *tokens, uint64_t capacity);

#endif
