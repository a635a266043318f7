// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What memory_object.cpp does with the pages of its mapping; and its tests.
#pragma once

#include <cstddef>
#include <cstdint>

#include "disruptor_mp/os/pages.hpp"

namespace disruptor_mp::os {

class ObjectName;

/// What one entry of the page directory maps: the size of a transparent huge page; 0 where the
/// kernel has none.
[[nodiscard]] std::uint64_t transparent_page_size();

/// Puts the pages of an object that nobody else has yet together into transparent huge ones.
/// `data` is a mapping of it from its begin, aligned to them.
[[nodiscard]] PageNote collapse(std::byte* data, std::uint64_t size);

/// Moves the pages of an object that nobody else has yet to a memory node, if there is a choice.
[[nodiscard]] NodeNote place_on_node(std::byte* data, std::uint64_t size, std::uint32_t node);
/// The same, choice or not.
[[nodiscard]] NodeNote bind_to_node(std::byte* data, std::uint64_t size, std::uint32_t node);

/// Takes the page faults of a mapping now. Changes nothing in it.
void prefault(const std::byte* data, std::uint64_t size, bool is_writable);

/// Keeps a mapping in memory. @throws Error{permission_denied, system_error}
void lock_pages(const ObjectName& name, const std::byte* data, std::uint64_t size);

}  // namespace disruptor_mp::os
