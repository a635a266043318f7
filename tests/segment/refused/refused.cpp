// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Not part of any program. Compiled once per test with EVENT set to a type that must not be an
// event; the test passes if the compiler says why. The one with a good type shows that nothing else
// is wrong here.
#include <cstddef>
#include <cstdint>
#include <string>

#include "disruptor_mp/segment/event_type.hpp"
#if defined(PRODUCER) || defined(CONSUMER)
#include "disruptor_mp/disruptor_mp.hpp"
#endif

struct Good {
  std::uint64_t value;
};
struct WithString {
  std::string text;
};
struct Virtual {
  virtual void call() const {}
  std::uint64_t value;
};
struct Destructor {
  ~Destructor() {}
  std::uint64_t value;
};
class Mixed {
 public:
  std::uint64_t shown;

 private:
  [[maybe_unused]] std::uint64_t hidden;
};
struct TooLarge {
  std::byte bytes[(1 << 20) + 1];
};
struct alignas(8192) TooAligned {
  std::byte byte;
};

#if defined(PRODUCER)
void use() { (void)disruptor_mp::Producer<EVENT>::create("refused"); }
#elif defined(CONSUMER)
void use() { (void)disruptor_mp::Consumer<EVENT>::attach("refused"); }
#else
void use() { (void)disruptor_mp::event_type_of<EVENT>(); }  // what both begin with
#endif
