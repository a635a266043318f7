// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

namespace disruptor_mp {

inline constexpr std::uint64_t max_event_size = std::uint64_t{1} << 20U;   ///< 1 MiB
inline constexpr std::uint64_t max_event_align = std::uint64_t{1} << 12U;  ///< a page

/// What two processes must agree on before one reads what the other wrote.
struct EventType {
  std::uint64_t size = 0;   ///< bytes, 1 … max_event_size
  std::uint64_t align = 1;  ///< a power of two, at most max_event_align
  std::string name = {};    ///< at most 127 bytes; empty: any type of this size will do
  std::string schema = {};  ///< "price:i64@0 quantity:i64@8", or empty if not described
  [[nodiscard]] std::uint64_t fingerprint() const noexcept;  ///< of all of the above
};

/// One field of an event: for the fingerprint, and for tools that print events.
struct Field {
  std::string name;        ///< as it is written in the type
  std::string type;        ///< u8 … u64, i8 … i64, f32, f64, char, bool, or bytes
  std::size_t count = 1;   ///< elements, for arrays
  std::size_t offset = 0;  ///< bytes from the begin of the event
  std::size_t size = 0;    ///< bytes of the whole field
};

/// One data member, as it is described; made by `field`.
template <class E, class M>
struct FieldOf {
  std::string_view name;  ///< as tools show it
  M E::*member;           ///< where it is
};
/// Describes one data member; for EventTraits::fields. Numbers, enumerations, bool, char,
/// std::byte, arrays of them, and what else is trivially copyable, of which tools show the bytes.
template <class E, class M>
constexpr FieldOf<E, M> field(std::string_view name, M E::*member) {
  return {name, member};
}

/// Describes an event type to the library, once for all: the fingerprint by which two programs know
/// that they mean the same, `event_text`, and tools that know nothing of the type (`dmp sub
/// --format fields`). Optional: without it the type is known by its C++ name, size and alignment
/// only. Specialise it beside the type; that names are unique, no member is there twice and none is
/// a pointer is checked when it is compiled:
/// ```
/// template <> struct disruptor_mp::EventTraits<Quote> {
///   static constexpr std::string_view name = "Quote";
///   static constexpr std::tuple fields{field("instrument", &Quote::instrument),
///                                      field("bid", &Quote::bid)};
/// };
/// ```
template <class E>
struct EventTraits;

/// Events whose size is known at run time only. `Producer<Bytes>` and `Consumer<Bytes>` handle an
/// event as std::span<std::byte> of the ring's event size; they attach to a ring of any event type.
struct Bytes;

namespace detail {

/// The element type of a field as tools read it.
template <class T>
constexpr std::string_view field_type() {
  constexpr bool is_number = std::is_arithmetic_v<T> || std::is_enum_v<T>;
  if constexpr (std::is_same_v<T, std::byte> || !is_number) {
    return "bytes";
  } else if constexpr (std::is_enum_v<T>) {
    return field_type<std::underlying_type_t<T>>();
  } else if constexpr (std::is_same_v<T, bool>) {
    return "bool";
  } else if constexpr (std::is_same_v<T, char>) {
    return "char";
  } else if constexpr (std::is_floating_point_v<T>) {
    return sizeof(T) == 4 ? "f32" : sizeof(T) == 8 ? "f64" : "bytes";
  } else {
    constexpr bool is_signed = std::is_signed_v<T>;
    switch (sizeof(T)) {
      case 1:
        return is_signed ? "i8" : "u8";
      case 2:
        return is_signed ? "i16" : "u16";
      case 4:
        return is_signed ? "i32" : "u32";
      default:
        return is_signed ? "i64" : "u64";
    }
  }
}

/// What an array is made of, through all its dimensions; std::array counts as one.
template <class T>
struct ElementOf {
  using type = T;
};
template <class T, std::size_t N>
struct ElementOf<T[N]> : ElementOf<T> {};
template <class T, std::size_t N>
struct ElementOf<std::array<T, N>> : ElementOf<T> {};

/// The type's name as the compiler spells it. g++ and clang agree for plain classes outside
/// templates.
template <class T>
constexpr std::string_view spelled_name() {
  std::string_view text = __PRETTY_FUNCTION__;
  const auto begin = text.find("T = ") + 4;
  const auto end = text.find_first_of(";]", begin);
  return text.substr(begin, end - begin);
}

template <class E>
concept Described = requires {
  EventTraits<E>::name;
};

template <class E>
concept DescribedByField = Described<E> && requires {
  EventTraits<E>::fields;
};

/// "price:i64@0 quantity:i64@8". @throws Error{invalid_option} if two fields overlap, as members of
/// a union do.
std::string make_schema(std::string_view type, const std::vector<Field>& fields);

constexpr bool is_identifier(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  if (name.empty() || !is_letter(name.front())) return false;
  for (const char c : name) {
    if (!is_letter(c) && (c < '0' || c > '9')) return false;
  }
  return true;
}

template <class A, class B>
constexpr bool are_twins(const A& a, const B& b) {
  if (a.name == b.name) return true;
  if constexpr (std::is_same_v<A, B>) {
    return a.member == b.member;
  } else {
    return false;
  }
}
template <class First, class... Rest>
constexpr bool has_twins(const First& first, const Rest&... rest) {
  if ((are_twins(first, rest) || ...)) return true;
  if constexpr (sizeof...(Rest) != 0) {
    return has_twins(rest...);
  } else {
    return false;
  }
}

/// The rules of a description that can be checked when it is compiled.
template <class E>
constexpr void require_description() {
  constexpr auto& fields = EventTraits<E>::fields;
  static_assert(std::apply([](const auto&... f) { return (is_identifier(f.name) && ...); }, fields),
                "the name of a field is letters, digits and _, as in C++");
  static_assert(std::apply([](const auto&... f) { return !has_twins(f...); }, fields),
                "each field has a name of its own, and is there once");
  static_assert(std::apply(
                    []<class... Of, class... M>(const FieldOf<Of, M>&...) {
                      return (!std::is_pointer_v<typename ElementOf<M>::type> && ...);
                    },
                    fields),
                "a pointer means nothing in another process: do not describe one");
  static_assert(std::apply(
                    []<class... Of, class... M>(const FieldOf<Of, M>&...) {
                      return (std::is_base_of_v<Of, E> && ...) && (sizeof(M) + ...) <= sizeof(E);
                    },
                    fields),
                "the fields are members of the event, and together no larger than it");
}

}  // namespace detail

/// A member's place and size, of an event of type E.
template <class E, class Of, class M>
Field place_field(const FieldOf<Of, M>& described) {
  using Element = typename detail::ElementOf<M>::type;
  constexpr std::string_view type = detail::field_type<Element>();
  // The member's place in an object that is never made: only the distance between two addresses is
  // used.
  alignas(E) static const std::byte storage[sizeof(E)] = {};
  const auto* object = reinterpret_cast<const E*>(storage);
  const auto offset = reinterpret_cast<const std::byte*>(&(object->*described.member)) - storage;
  return {.name = std::string(described.name),
          .type = std::string(type),
          .count = type == "bytes" ? sizeof(M) : sizeof(M) / sizeof(Element),
          .offset = static_cast<std::size_t>(offset),
          .size = sizeof(M)};
}

/// What may travel between processes: bytes that mean the same everywhere.
template <class E>
constexpr void require_event() {
  static_assert(!std::is_reference_v<E>, "an event is an object, not a reference");
  static_assert(!std::is_const_v<E> && !std::is_volatile_v<E>,
                "write the event type without const or volatile");
  static_assert(!std::is_pointer_v<E> && !std::is_member_pointer_v<E> && !std::is_null_pointer_v<E>,
                "a pointer means nothing in another process: send an index or an offset");
  static_assert(std::is_object_v<E>, "an event is an object type");
  static_assert(
      std::is_trivially_copyable_v<E>,
      "an event must be trivially copyable: its bytes are all that reaches the other process");
  static_assert(std::is_standard_layout_v<E>,
                "an event must have standard layout, so that all compilers place its fields alike");
  static_assert(!std::is_polymorphic_v<E>, "an event may not have virtual functions");
  static_assert(sizeof(E) <= max_event_size, "an event may have at most 1 MiB");
  static_assert(alignof(E) <= max_event_align, "an event may be aligned to at most 4096");
}

/// The fields of a described type.
template <class E>
requires detail::DescribedByField<E> std::vector<Field> fields_of() {
  detail::require_description<E>();
  return std::apply(
      [](const auto&... described) { return std::vector<Field>{place_field<E>(described)...}; },
      EventTraits<E>::fields);
}

/// The identity of `E`, as it is written into a ring's header.
template <class E>
EventType event_type_of() {
  require_event<E>();
  EventType type{.size = sizeof(E), .align = alignof(E), .name = {}, .schema = {}};
  if constexpr (detail::Described<E>) {
    type.name = EventTraits<E>::name;
    if constexpr (detail::DescribedByField<E>)
      type.schema = detail::make_schema(type.name, fields_of<E>());
  } else if constexpr (std::is_arithmetic_v<E>) {
    type.name = detail::field_type<E>();
  } else {
    type.name = detail::spelled_name<E>();
  }
  return type;
}

}  // namespace disruptor_mp
