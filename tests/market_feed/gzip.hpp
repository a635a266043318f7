// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <zlib.h>

#include <filesystem>
#include <string_view>

namespace disruptor_mp::market_feed {

/// Writes `text` compressed; mode "ab" adds a second member to the file.
inline std::filesystem::path write_gzip(const std::filesystem::path& path, std::string_view text,
                                        const char* mode = "wb") {
  gzFile file = gzopen(path.c_str(), mode);
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  return path;
}

}  // namespace disruptor_mp::market_feed
