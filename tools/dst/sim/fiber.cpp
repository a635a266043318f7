// SPDX-License-Identifier: MIT OR Apache-2.0
#include "fiber.hpp"

#include <cxxabi.h>

#include <array>

// dmp_sim_switch(void** save, void* load): pushes the callee-saved registers, stores the stack
// pointer, loads the other one, pops. dmp_sim_start: where a new fiber begins; it finds entry and
// argument in two of those registers.
#if defined(__x86_64__)

asm(R"(
.text
.globl dmp_sim_switch
.hidden dmp_sim_switch
.type dmp_sim_switch, @function
dmp_sim_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size dmp_sim_switch, .-dmp_sim_switch
.globl dmp_sim_start
.hidden dmp_sim_start
.type dmp_sim_start, @function
dmp_sim_start:
  .cfi_startproc
  .cfi_undefined rip
  movq %r13, %rdi
  callq *%r12
  ud2
  .cfi_endproc
.size dmp_sim_start, .-dmp_sim_start
)");

#elif defined(__aarch64__)

asm(R"(
.text
.globl dmp_sim_switch
.hidden dmp_sim_switch
.type dmp_sim_switch, @function
dmp_sim_switch:
  sub sp, sp, #160
  stp x19, x20, [sp, #0]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
.size dmp_sim_switch, .-dmp_sim_switch
.globl dmp_sim_start
.hidden dmp_sim_start
.type dmp_sim_start, @function
dmp_sim_start:
  .cfi_startproc
  .cfi_undefined x30
  mov x0, x20
  blr x19
  brk #0
  .cfi_endproc
.size dmp_sim_start, .-dmp_sim_start
)");

#else
#error "the simulator has no context switch for this processor"
#endif

extern "C" void dmp_sim_switch(void** save, void* load) noexcept;
extern "C" void dmp_sim_start() noexcept;

namespace disruptor_mp::sim {
namespace {

/// The start of __cxa_eh_globals (Itanium C++ ABI, section 2.2.2).
struct ExceptionGlobals {
  void* caught;
  unsigned uncaught;
};

ExceptionGlobals& exception_globals() noexcept {
  static thread_local auto* globals = reinterpret_cast<ExceptionGlobals*>(abi::__cxa_get_globals());
  return *globals;
}

}  // namespace

void Fiber::prepare(std::byte* stack, std::size_t size, Entry entry, void* argument) noexcept {
  auto* top = reinterpret_cast<std::uintptr_t*>((reinterpret_cast<std::uintptr_t>(stack) + size) &
                                                ~std::uintptr_t{63});
#if defined(__x86_64__)
  // At entry of a function the stack is 8 below a multiple of 16; `call` in dmp_sim_start does
  // that.
  top -= 2;
  *--top = reinterpret_cast<std::uintptr_t>(&dmp_sim_start);
  *--top = 0;                                           // rbp
  *--top = 0;                                           // rbx
  *--top = reinterpret_cast<std::uintptr_t>(entry);     // r12
  *--top = reinterpret_cast<std::uintptr_t>(argument);  // r13
  *--top = 0;                                           // r14
  *--top = 0;                                           // r15
#elif defined(__aarch64__)
  top -= 20;
  for (int i = 0; i < 20; ++i) top[i] = 0;
  top[0] = reinterpret_cast<std::uintptr_t>(entry);            // x19
  top[1] = reinterpret_cast<std::uintptr_t>(argument);         // x20
  top[11] = reinterpret_cast<std::uintptr_t>(&dmp_sim_start);  // x30
#endif
  stack_pointer_ = top;
  caught_exceptions_ = nullptr;
  uncaught_exceptions_ = 0;
}

void Fiber::switch_to(Fiber& from, Fiber& to) noexcept {
  ExceptionGlobals& globals = exception_globals();
  from.caught_exceptions_ = globals.caught;
  from.uncaught_exceptions_ = globals.uncaught;
  globals.caught = to.caught_exceptions_;
  globals.uncaught = to.uncaught_exceptions_;
  dmp_sim_switch(&from.stack_pointer_, to.stack_pointer_);
}

}  // namespace disruptor_mp::sim
