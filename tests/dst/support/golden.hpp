// SPDX-License-Identifier: MIT OR Apache-2.0
// Reads tests/dst/golden (its README says where the files come from).
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

namespace disruptor_mp::dst::testing {

/// The content of a golden file without its final newline.
inline std::string golden(const std::string& name) {
  const std::string path = std::string(DMP_SOURCE_DIR) + "/tests/dst/golden/" + name;
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << "cannot read " << path;
  std::ostringstream content;
  content << file.rdbuf();
  std::string text = content.str();
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace disruptor_mp::dst::testing
