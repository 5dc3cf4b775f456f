#include "sim/engine/station_tokens.h"

#include "sim/engine/contract.h"

#include <string.h>

void station_tokens_init(struct station_tokens *tokens, const struct sim *sim, uint64_t capacity)
{
    contract(capacity <= INT64_MAX);
    memset(tokens, 0, sizeof *tokens);
    tokens->capacity = (int64_t)capacity;
    tokens->free = (int64_t)capacity;
    station_level_restart(&tokens->taken, sim_now(sim));
    station_level_restart(&tokens->waiting, sim_now(sim));
}

static void move_tokens(struct sim *sim, struct station_tokens *tokens, int64_t taken)
{
    tokens->free -= taken;
    station_level_set(&tokens->taken, sim_now(sim), (uint64_t)(tokens->capacity - tokens->free));
}

static void leave_line(struct sim *sim, struct token_request *request)
{
    struct station_tokens *tokens = request->tokens;

    *(request->before != NULL ? &request->before->after : &tokens->head) = request->after;
    *(request->after != NULL ? &request->after->before : &tokens->tail) = request->before;
    station_level_set(&tokens->waiting, sim_now(sim), tokens->waiting.now - 1);
}

static void on_granted(struct sim *sim, void *arg)
{
    struct token_request *request = arg;

    request->timer.event = SIM_EVENT_NONE;
    request->state = TOKEN_AWAY;
    request->granted(sim, request->arg);
}

static void serve(struct sim *sim, struct station_tokens *tokens)
{
    while (tokens->head != NULL && (int64_t)tokens->head->amount <= tokens->free) {
        struct token_request *request = tokens->head;

        leave_line(sim, request);
        move_tokens(sim, tokens, (int64_t)request->amount);
        request->state = TOKEN_GRANTED;
        station_timer_set(sim, &request->timer, 0, on_granted, request);
    }
}

int station_tokens_try(struct sim *sim, struct station_tokens *tokens, uint64_t amount)
{
    contract(amount <= INT64_MAX);
    if (tokens->head != NULL || (int64_t)amount > tokens->free) {
        return 0;
    }
    move_tokens(sim, tokens, (int64_t)amount);
    return 1;
}

int station_tokens_take(struct sim *sim, struct station_tokens *tokens,
                        struct token_request *request)
{
    contract(request->state == TOKEN_AWAY && request->granted != NULL);
    if (station_tokens_try(sim, tokens, request->amount)) {
        return 1;
    }
    request->tokens = tokens;
    request->timer.event = SIM_EVENT_NONE;
    request->state = TOKEN_WAITING;
    request->after = NULL;
    request->before = tokens->tail;
    *(tokens->tail != NULL ? &tokens->tail->after : &tokens->head) = request;
    tokens->tail = request;
    station_level_set(&tokens->waiting, sim_now(sim), tokens->waiting.now + 1);
    return 0;
}

void station_tokens_give(struct sim *sim, struct station_tokens *tokens, uint64_t amount)
{
    contract(amount <= INT64_MAX && (int64_t)amount <= tokens->capacity - tokens->free);
    move_tokens(sim, tokens, -(int64_t)amount);
    serve(sim, tokens);
}

void station_tokens_abandon(struct sim *sim, struct token_request *request)
{
    struct station_tokens *tokens = request->tokens;

    contract(request->state != TOKEN_AWAY);
    station_timer_stop(sim, &request->timer);
    if (request->state == TOKEN_WAITING) {
        leave_line(sim, request);
    } else {
        move_tokens(sim, tokens, -(int64_t)request->amount);
    }
    request->state = TOKEN_AWAY;
    serve(sim, tokens); /* it may have been the head that held up the rest */
}

void station_tokens_set_capacity(struct sim *sim, struct station_tokens *tokens, uint64_t capacity)
{
    contract(capacity <= INT64_MAX);
    tokens->free += (int64_t)capacity - tokens->capacity;
    tokens->capacity = (int64_t)capacity;
    serve(sim, tokens);
}
