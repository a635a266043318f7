// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/line_source.hpp"

#include <cstring>
#include <span>
#include <utility>

#include "market_feed/error.hpp"

namespace disruptor_mp::market_feed {
namespace {

constexpr std::size_t initial_buffer = 256U << 10U;

File regular_file(const std::filesystem::path& path) {
  File file(path, File::Mode::read);
  file.require_regular();
  return file;
}

}  // namespace

LineSource::LineSource(std::filesystem::path path)
    : path_(std::move(path)), file_(regular_file(path_)), buffer_(initial_buffer) {
  refill();
  check_name_against_content();
}

void LineSource::check_name_against_content() {
  // What is not gzip is taken for plain text, so a damaged first byte would otherwise show up as a
  // "malformed line 1" of binary rubbish.
  if (path_.extension() == ".gz" && !is_compressed()) {
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
  if (!file_.damage().empty())
    fail(file_.damage(), "fetch the file again; the lines before this one were read");
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
  const auto room = std::span(buffer_).subspan(end_);
  const std::size_t got = file_.read(room);
  end_ += got;
  at_end_ = got < room.size();
}

void LineSource::fail(std::string found, std::string remedy) const {
  throw Error({.object = path_.string() + ":" + std::to_string(line_number_ + 1),
               .found = std::move(found),
               .expected = "a whole line of the feed",
               .remedy = std::move(remedy)});
}

}  // namespace disruptor_mp::market_feed
