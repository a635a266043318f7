// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Judges a run by what its processes wrote into their logs, and by nothing else. It never repairs
// or fills in evidence: what is not in a log did not happen.
//
//   acknowledged  the publish returned ok
//   in doubt      started, and the producer died before it returned: may appear or not, but whole
//
//   no loss         a required consumer, over all its lives, has handled every acknowledged event
//   no invention    whatever was handled was started by a producer, for that very sequence
//   no tear         whatever was handled passes is_proven (checked by the consumer, on the spot)
//   agreement       what was acknowledged for a sequence is what everybody sees there
//   order           one life of a consumer handles sequences in steps of exactly one, but for
//   voids;
//                   an observer in rising order. A producer's events have the order it made them in
//   voids           several producers: what one consumer skipped as void nobody handles, and it was
//                   not acknowledged; a single producer leaves none
//   redelivery      a life that resumes begins at most one batch before where the last one stood
//   exact counts    sequence = start + handled so far + missed so far + voids so far, at every
//   event completeness    who saw the end of the stream has handled (or missed, or skipped,
//   exactly) all before
//                   it
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "evidence/event_log.hpp"

namespace disruptor_mp::evidence {

struct Verdict {
  std::vector<std::string> violations;  ///< empty: all is well; at most a few of each kind

  // What the run contained; so that a test can see that it tested something.
  std::uint64_t acknowledged = 0;
  std::uint64_t in_doubt = 0;       ///< started, not acknowledged
  std::uint64_t in_doubt_seen = 0;  ///< of these, handled by somebody
  std::uint64_t handled = 0;
  std::uint64_t handled_again = 0;  ///< by a later life of the same consumer
  std::uint64_t missed = 0;         ///< by observers
  std::uint64_t voids = 0;          ///< sequences that were skipped by somebody, each counted once
};

/// Looks at all logs of the folder.
[[nodiscard]] Verdict judge(const std::filesystem::path& logs);

}  // namespace disruptor_mp::evidence
