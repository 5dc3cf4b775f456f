/*
 * The switch between two stacks.
 *
 * On x86-64 and aarch64 it is inline assembly: stack pointer, frame pointer and the address to go
 * on at are exchanged, every other register is declared clobbered, so the compiler saves exactly
 * those that are live at that very place, often none. The jump is indirect and nothing is called
 * or returned from, so the processor's stack of return addresses stays in step: a switch through
 * `ret` is mispredicted every time and costs three times as much. Floating-point control words are
 * not exchanged; a process that changes the rounding mode changes it for all.
 *
 * Elsewhere, or with -DPROCESS_UCONTEXT, it is swapcontext, a hundred times slower.
 *
 * Address sanitizer keeps a shadow of the stack in use and is told of every switch.
 */
#ifndef SIM_ENGINE_CONTEXT_H
#define SIM_ENGINE_CONTEXT_H

#include <stddef.h>
#include <stdint.h>

#if !defined(__x86_64__) && !defined(__aarch64__) && !defined(PROCESS_UCONTEXT)
#define PROCESS_UCONTEXT 1
#endif

#ifdef PROCESS_UCONTEXT
#include <ucontext.h>
#endif

#if defined(__SANITIZE_ADDRESS__)
#define CONTEXT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CONTEXT_ASAN 1
#endif
#endif
#ifdef CONTEXT_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

/* Where an execution that is not running will go on, and the stack it has. */
struct context {
#ifdef PROCESS_UCONTEXT
    ucontext_t machine;
#else
    struct {
        void *stack_pointer;
        void *frame_pointer;
        void *resume;
    } machine;
#endif
#ifdef CONTEXT_ASAN
    void *fake_stack;
    const void *bottom;
    size_t bytes;
    struct context *left; /* whom the last switch to this one left */
#endif
};

/* Called on a new stack with the argument of the first switch to it; must not return. */
typedef void context_entry(void *arg);

#ifdef PROCESS_UCONTEXT

/* makecontext passes ints: the pointer travels in two halves. */
static inline void context_split_entry(unsigned entry_high, unsigned entry_low, unsigned arg_high,
                                       unsigned arg_low)
{
    context_entry *entry = (context_entry *)((uintptr_t)entry_high << 32 | entry_low);
    entry((void *)((uintptr_t)arg_high << 32 | arg_low));
}

static inline void context_prepare_machine(struct context *context, void *bottom, size_t bytes,
                                           context_entry *entry, void *arg)
{
    uint64_t e = (uintptr_t)entry;
    uint64_t a = (uintptr_t)arg;
    getcontext(&context->machine);
    context->machine.uc_stack.ss_sp = bottom;
    context->machine.uc_stack.ss_size = bytes;
    context->machine.uc_link = NULL;
    makecontext(&context->machine, (void (*)(void))context_split_entry, 4, (unsigned)(e >> 32),
                (unsigned)e, (unsigned)(a >> 32), (unsigned)a);
}

static inline void context_switch_machine(struct context *from, struct context *to, void *arg)
{
    (void)arg;
    swapcontext(&from->machine, &to->machine);
}

#else

static inline void context_prepare_machine(struct context *context, void *bottom, size_t bytes,
                                           context_entry *entry, void *arg)
{
    (void)arg;
    char *top = (char *)(((uintptr_t)bottom + bytes) & ~(uintptr_t)15);
#ifdef __x86_64__
    top -= 16 + sizeof(void *); /* as if called: the return address, which is 0 and never used */
#endif
    context->machine.stack_pointer = top;
    context->machine.frame_pointer = NULL;
    context->machine.resume = (void *)entry;
}

static inline void context_switch_machine(struct context *from, struct context *to, void *arg)
{
    void *save = &from->machine;
    void *load = &to->machine;
#ifdef __x86_64__
    __asm__ volatile("leaq 1f(%%rip), %%rax\n\t"
                     "movq %%rsp, 0(%%rsi)\n\t"
                     "movq %%rbp, 8(%%rsi)\n\t"
                     "movq %%rax, 16(%%rsi)\n\t"
                     "movq 16(%%rdx), %%rax\n\t"
                     "movq 8(%%rdx), %%rbp\n\t"
                     "movq 0(%%rdx), %%rsp\n\t"
                     "jmpq *%%rax\n"
                     "1:"
                     : "+D"(arg), "+S"(save), "+d"(load)
                     :
                     : "rax", "rbx", "rcx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
                       "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
                       "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",
#ifdef __AVX512F__
                       "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23",
                       "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31", "k1",
                       "k2", "k3", "k4", "k5", "k6", "k7",
#endif
                       "memory", "cc");
#else
    register void *x0 __asm__("x0") = arg;
    register void *x1 __asm__("x1") = save;
    register void *x2 __asm__("x2") = load;
    __asm__ volatile("adr x3, 1f\n\t"
                     "mov x4, sp\n\t"
                     "stp x4, x29, [x1]\n\t"
                     "str x3, [x1, #16]\n\t"
                     "ldp x4, x29, [x2]\n\t"
                     "ldr x3, [x2, #16]\n\t"
                     "mov sp, x4\n\t"
                     "br x3\n"
                     "1:"
                     : "+r"(x0), "+r"(x1), "+r"(x2)
                     :
                     : "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
                       "x15", "x16", "x17", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26",
                       "x27", "x28", "x30", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8",
                       "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19",
                       "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30",
                       "v31", "memory", "cc");
#endif
}

#endif

/* The first switch to the context calls entry(arg) on the stack [bottom, bottom + bytes). */
static inline void context_prepare(struct context *context, void *bottom, size_t bytes,
                                   context_entry *entry, void *arg)
{
    context_prepare_machine(context, bottom, bytes, entry, arg);
#ifdef CONTEXT_ASAN
    context->fake_stack = NULL;
    context->bottom = bottom;
    context->bytes = bytes;
#endif
}

/* Leaves `from`, to be resumed by a switch to it, and goes on in `to`. */
static inline void context_switch(struct context *from, struct context *to, void *arg)
{
#ifdef CONTEXT_ASAN
    to->left = from;
    __sanitizer_start_switch_fiber(&from->fake_stack, to->bottom, to->bytes);
#endif
    context_switch_machine(from, to, arg);
#ifdef CONTEXT_ASAN
    __sanitizer_finish_switch_fiber(from->fake_stack, NULL, NULL);
#endif
}

/* First thing on the new stack of a context. */
static inline void context_arrive(struct context *here)
{
#ifdef CONTEXT_ASAN
    __sanitizer_finish_switch_fiber(NULL, &here->left->bottom, &here->left->bytes);
#else
    (void)here;
#endif
}

/* Leaves a stack for good. */
__attribute__((noreturn)) static inline void context_leave(struct context *from, struct context *to)
{
#ifdef CONTEXT_ASAN
    __sanitizer_start_switch_fiber(NULL, to->bottom, to->bytes);
#endif
    context_switch_machine(from, to, NULL);
    __builtin_unreachable();
}

/* Nobody will return into the frames left on this stack. */
static inline void context_forget(void *bottom, size_t bytes)
{
#ifdef CONTEXT_ASAN
    __asan_unpoison_memory_region(bottom, bytes);
#else
    (void)bottom;
    (void)bytes;
#endif
}

#endif
