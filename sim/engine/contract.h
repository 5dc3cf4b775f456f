/*
 * Two levels of assertion.
 *
 * contract()  - the caller's side of an API, always on: one predictable branch, and a clear death
 *               at the line that broke the rule instead of a wrong figure an hour later.
 * invariant() - the module's own bookkeeping, on in sanitizer builds (or with -DSIM_INVARIANTS),
 *               where a slow check costs nobody anything.
 */
#ifndef SIM_ENGINE_CONTRACT_H
#define SIM_ENGINE_CONTRACT_H

#include <stdio.h>
#include <stdlib.h>

#if !defined(SIM_INVARIANTS) && defined(__SANITIZE_ADDRESS__)
#define SIM_INVARIANTS 1
#endif
#if !defined(SIM_INVARIANTS) && defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SIM_INVARIANTS 1
#endif
#endif

__attribute__((noreturn, cold, noinline, unused)) static void
contract_broken(const char *what, const char *function, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s: broken: %s\n", file, line, function, what);
    abort();
}

#define contract(condition)                                                                        \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0))                                                     \
            contract_broken(#condition, __func__, __FILE__, __LINE__);                             \
    } while (0)

#ifdef SIM_INVARIANTS
#define invariant(condition) contract(condition)
#else
#define invariant(condition) ((void)sizeof(!(condition)))
#endif

#endif
