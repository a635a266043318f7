// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace disruptor_mp {

/// Why a set-up call failed. Closed list: every value has a test that provokes it.
enum class Errc : std::uint8_t {
  invalid_name,            ///< The ring's name or a participant's id breaks the naming rules.
  invalid_option,          ///< An option is out of its range, or two options contradict each other.
  not_found,               ///< No object has this name (and none appeared before the timeout).
  already_exists,          ///< `create` met an object of this name.
  no_space,                ///< /dev/shm or the disk cannot hold the object.
  permission_denied,       ///< The kernel refused access to the object or its directory.
  not_a_ring,              ///< The object is something else: it does not start with our magic.
  truncated,               ///< The object is shorter than its header says, or than a header.
  corrupt,                 ///< The header contradicts itself.
  version_mismatch,        ///< The object has another format version.
  byte_order_mismatch,     ///< The object was made on a machine of other byte order or word size.
  event_size_mismatch,     ///< The ring's events have another size.
  event_align_mismatch,    ///< The ring's events have another alignment.
  event_type_mismatch,     ///< The ring's events have another name or other fields.
  producer_alive,          ///< A single-producer ring already has a living producer.
  consumer_alive,          ///< A living consumer already uses this id.
  table_full,              ///< Every row of the participant table is taken.
  locks_unsupported,       ///< The file system lacks open-file-description locks.
  membarrier_unavailable,  ///< The ring relies on membarrier(2), which this process may not call.
  consumers_missing,       ///< Consumers did not arrive in time.
  dependency_cycle,        ///< Consumers would wait for each other in a circle.
  graph_busy,              ///< Somebody who declares whom it waits for does not come to an end.
  gated,                   ///< A consumer that this one waits for has not committed what is there.
  predecessor_missing,     ///< A consumer that this one waits for is away.
  consumer_stalled,        ///< A required consumer lives and does not move.
  stopped,                 ///< A liveness policy has ended the stream for all.
  passed_over,             ///< A producer has gone on without this consumer.
  closed,                  ///< The ring was closed: nothing can be published any more.
  earlier_boot,     ///< A file ring written before the last reboot: its content is not trusted.
  used_after_fork,  ///< The endpoint belongs to the parent of this process.
  batch_too_large,  ///< A claim of more events than the ring has slots, or of none.
  claim_open,     ///< A claim or burst of this producer is still open; there can be one at a time.
  claim_revoked,  ///< A claim was open for longer than `revoke_stopped_after`, and revoked.
  interrupted,    ///< A wait for events was interrupted by the program itself.
  lease_open,     ///< A lease of this consumer is still open; there can be one at a time.
  ring_full,      ///< No room, at once or before the deadline.
  producer_gone,  ///< The producer died or left; a successor may come.
  object_replaced,  ///< The ring's name leads to nothing or to another object now.
  system_error,     ///< The kernel failed a call in a way that has no name above.
};

/// The name of a code as it is written in source, e.g. "no_space".
[[nodiscard]] std::string_view to_string(Errc code) noexcept;

/// What a set-up error says: which object, what is wrong, what was found and expected, what to do.
struct ErrorText {
  std::string object;    ///< e.g. "shm:quotes"
  std::string problem;   ///< e.g. "events have another size"
  std::string found;     ///< may be empty
  std::string expected;  ///< may be empty
  std::string remedy;    ///< an imperative sentence
};

/// The one exception type of the library. Thrown by set-up calls only (create, attach, wait_for_…);
/// never by publish or poll. `what()` is one line made of all parts.
class Error : public std::runtime_error {
 public:
  /// Makes `what()` of the parts.
  Error(Errc code, ErrorText text);

  /// Why, for programs.
  [[nodiscard]] Errc code() const noexcept { return code_; }
  /// Which ring, file or participant.
  [[nodiscard]] const std::string& object() const noexcept { return text_.object; }
  /// What is wrong with it.
  [[nodiscard]] const std::string& problem() const noexcept { return text_.problem; }
  /// What was found; may be empty.
  [[nodiscard]] const std::string& found() const noexcept { return text_.found; }
  /// What was expected; may be empty.
  [[nodiscard]] const std::string& expected() const noexcept { return text_.expected; }
  /// What to do about it.
  [[nodiscard]] const std::string& remedy() const noexcept { return text_.remedy; }

 private:
  Errc code_;
  ErrorText text_;
};

}  // namespace disruptor_mp
