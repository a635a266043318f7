// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/unpacked_file.hpp"

#include <zlib.h>

#include <array>
#include <new>
#include <utility>

namespace disruptor_mp::market_feed {
namespace {

constexpr std::size_t packed_size = 64U << 10U;
constexpr std::array<unsigned char, 2> gzip_magic = {0x1f, 0x8b};
constexpr int gzip_only = 16 + MAX_WBITS;

}  // namespace

void UnpackedFile::End::operator()(z_stream_s* stream) const noexcept {
  inflateEnd(stream);
  delete stream;
}

UnpackedFile::UnpackedFile(File file) : file_(std::move(file)) {
  std::array<unsigned char, 2> first{};
  file_.read_at(0, std::as_writable_bytes(std::span(first)));
  if (first != gzip_magic) return;
  auto stream = std::make_unique<z_stream>();
  if (inflateInit2(stream.get(), gzip_only) != Z_OK) throw std::bad_alloc();
  stream_.reset(stream.release());
  packed_.resize(packed_size);
}

std::size_t UnpackedFile::read(std::span<char> bytes) {
  if (!is_compressed()) {
    const std::size_t got = file_.read_at(offset_, std::as_writable_bytes(bytes));
    offset_ += got;
    return got;
  }
  stream_->next_out = reinterpret_cast<unsigned char*>(bytes.data());
  stream_->avail_out = static_cast<unsigned>(bytes.size());
  while (stream_->avail_out > 0 && damage_.empty()) {
    if (!has_input()) {
      if (!is_between_members_)
        damage_ = "the end of the file inside its compressed data (truncated)";
      break;
    }
    if (is_between_members_) begin_member();
    if (damage_.empty()) unpack();
  }
  return bytes.size() - stream_->avail_out;
}

bool UnpackedFile::has_input() {
  if (stream_->avail_in > 0) return true;
  const std::size_t got = file_.read_at(offset_, std::as_writable_bytes(std::span(packed_)));
  offset_ += got;
  stream_->next_in = packed_.data();
  stream_->avail_in = static_cast<unsigned>(got);
  return got > 0;
}

void UnpackedFile::begin_member() {
  if (*stream_->next_in != gzip_magic[0]) {
    damage_ = "bytes behind its compressed data that are none";
    return;
  }
  inflateReset(stream_.get());
  is_between_members_ = false;
}

void UnpackedFile::unpack() {
  switch (inflate(stream_.get(), Z_NO_FLUSH)) {
    case Z_OK:
    case Z_BUF_ERROR:  // no room or no input: both come with the next round
      return;
    case Z_STREAM_END:
      is_between_members_ = true;
      return;
    case Z_MEM_ERROR:
      throw std::bad_alloc();
    default:
      damage_ = "corrupt compressed data";
      if (stream_->msg != nullptr) damage_ += std::string(" (") + stream_->msg + ")";
  }
}

}  // namespace disruptor_mp::market_feed
