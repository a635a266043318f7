// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/line_source.hpp"

#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "market_feed/error.hpp"

namespace disruptor_mp::market_feed {
namespace {

constexpr std::size_t initial_buffer = 256U << 10U;

}  // namespace

void LineSource::Close::operator()(gzFile_s* file) const noexcept { gzclose_r(file); }

LineSource::LineSource(std::filesystem::path path)
    : path_(std::move(path)), file_(gzopen(path_.c_str(), "rb")), buffer_(initial_buffer) {
  if (!file_) {
    throw Error({.object = path_.string(),
                 .found = std::string("that it cannot be opened: ") + std::strerror(errno),
                 .expected = "a readable feed, plain or .gz",
                 .remedy = "check the path and its permissions"});
  }
  gzbuffer(file_.get(), initial_buffer);
  refill();
  check_name_against_content();
}

void LineSource::check_name_against_content() {
  // zlib passes what is not gzip through unchanged, so a damaged first byte would otherwise show up
  // as a "malformed line 1" of binary rubbish.
  if (path_.extension() == ".gz" && damage_.empty() && gzdirect(file_.get()) != 0) {
    throw Error({.object = path_.string(),
                 .found = end_ == 0 ? "an empty file" : "no gzip data",
                 .expected = "gzip data, because the name ends in .gz",
                 .remedy = "fetch the file again, or drop .gz from the name of a plain feed"});
  }
}

std::optional<std::string_view> LineSource::next() {
  for (;;) {
    const char* const from = buffer_.data() + scanned_;
    if (const void* newline = std::memchr(from, '\n', end_ - scanned_)) {
      const auto stop =
          static_cast<std::size_t>(static_cast<const char*>(newline) - buffer_.data());
      const std::string_view line(buffer_.data() + begin_, stop - begin_);
      begin_ = scanned_ = stop + 1;
      ++line_number_;
      return line;
    }
    scanned_ = end_;
    if (at_end_) break;
    refill();
  }
  if (!damage_.empty()) fail(damage_, "fetch the file again; the lines before this one were read");
  if (begin_ == end_) return std::nullopt;
  // The last line of a plain file may lack its '\n'. Whether it is whole is for the parser to say.
  const std::string_view line(buffer_.data() + begin_, end_ - begin_);
  begin_ = scanned_ = end_;
  ++line_number_;
  return line;
}

void LineSource::refill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    scanned_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size()) {
    if (buffer_.size() >= max_line_length) {
      fail("a line longer than " + std::to_string(max_line_length) + " bytes",
           "check that this is a feed");
    }
    buffer_.resize(buffer_.size() * 2);
  }
  const auto wanted = static_cast<unsigned>(buffer_.size() - end_);
  const int got = gzread(file_.get(), buffer_.data() + end_, wanted);
  if (got > 0) end_ += static_cast<std::size_t>(got);
  if (got == static_cast<int>(wanted)) return;

  // Fewer bytes than asked for: the end, or damage. A cut-off gzip file is reported by gzread only
  // here, as Z_BUF_ERROR with the bytes before the cut; looking at `got` alone would call it
  // complete.
  at_end_ = true;
  int code = Z_OK;
  const char* const text = gzerror(file_.get(), &code);
  if (code == Z_BUF_ERROR) {
    damage_ = "the end of the file inside its compressed data (truncated)";
  } else if (code == Z_ERRNO) {
    damage_ = std::string("that it cannot be read: ") + std::strerror(errno);
  } else if (code != Z_OK && code != Z_STREAM_END) {
    damage_ = std::string("corrupt compressed data (") + text + ")";
  }
}

void LineSource::fail(std::string found, std::string remedy) const {
  throw Error({.object = path_.string() + ":" + std::to_string(line_number_ + 1),
               .found = std::move(found),
               .expected = "a whole line of the feed",
               .remedy = std::move(remedy)});
}

}  // namespace disruptor_mp::market_feed
