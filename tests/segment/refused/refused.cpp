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

// Descriptions. Each breaks one rule.
struct Pair {
  std::uint64_t a;
  std::uint64_t b;
};
struct Named : Pair {};
struct Unnamed : Pair {};
struct Twice : Pair {};
struct OneName : Pair {};
struct Pointer {
  const char* text;
};
struct Foreign {
  std::uint64_t value;
};
union Either {
  std::uint64_t a;
  std::uint64_t b;
};

namespace disruptor_mp {

template <>
struct EventTraits<Named> {
  static constexpr std::string_view name = "Named";
  static constexpr std::tuple fields{field("a", &Named::a), field("b", &Named::b)};
};
template <>
struct EventTraits<Unnamed> {
  static constexpr std::string_view name = "Unnamed";
  static constexpr std::tuple fields{field("a b", &Unnamed::a)};
};
template <>
struct EventTraits<Twice> {
  static constexpr std::string_view name = "Twice";
  static constexpr std::tuple fields{field("a", &Twice::a), field("b", &Twice::a)};
};
template <>
struct EventTraits<OneName> {
  static constexpr std::string_view name = "OneName";
  static constexpr std::tuple fields{field("a", &OneName::a), field("a", &OneName::b)};
};
template <>
struct EventTraits<Pointer> {
  static constexpr std::string_view name = "Pointer";
  static constexpr std::tuple fields{field("text", &Pointer::text)};
};
template <>
struct EventTraits<Foreign> {
  static constexpr std::string_view name = "Foreign";
  static constexpr std::tuple fields{field("a", &Pair::a)};
};
template <>
struct EventTraits<Either> {
  static constexpr std::string_view name = "Either";
  static constexpr std::tuple fields{field("a", &Either::a), field("b", &Either::b)};
};

}  // namespace disruptor_mp

#if defined(PRODUCER)
void use() { (void)disruptor_mp::Producer<EVENT>::create("refused"); }
#elif defined(CONSUMER)
void use() { (void)disruptor_mp::Consumer<EVENT>::attach("refused"); }
#else
void use() { (void)disruptor_mp::event_type_of<EVENT>(); }  // what both begin with
#endif
