// SPDX-License-Identifier: MIT OR Apache-2.0
//
// docs/crashes.md promises that each of its rows is shown by a test. Here is who checks that.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace disruptor_mp::process_test {
namespace {

using testing::IsSubsetOf;
using testing::SizeIs;

/// The suites whose every test is a row of the document.
bool belongs_into_the_document(const std::string& suite) {
  static const std::set<std::string> suites = {"CrashTable",
                                               "KilledAtEveryCall",
                                               "KilledAtInstruction",
                                               "Stopped",
                                               "StoppedAtEveryCall",
                                               "SeveralProducersKilled",
                                               "SeveralProducersStopped",
                                               "SeveralProducersRevoked",
                                               "OneOfSeveralKilledAtEveryCall",
                                               "OneOfSeveralKilledAtInstruction",
                                               "OneOfSeveralStoppedAtEveryCall",
                                               "Fork",
                                               "GraphsOfProcesses"};
  return suites.contains(suite);
}

/// "Suite.Test", without the parameter.
std::set<std::string> existing_tests() {
  std::set<std::string> names;
  const auto* all = testing::UnitTest::GetInstance();
  for (int i = 0; i < all->total_test_suite_count(); ++i) {
    const auto* suite = all->GetTestSuite(i);
    if (!belongs_into_the_document(suite->name())) continue;
    for (int j = 0; j < suite->total_test_count(); ++j) {
      const std::string test = suite->GetTestInfo(j)->name();
      names.insert(std::string(suite->name()) + "." + test.substr(0, test.find('/')));
    }
  }
  return names;
}

std::string document() {
  std::ifstream file(DMP_SOURCE_DIR "/docs/crashes.md");
  return {std::istreambuf_iterator<char>(file), {}};
}

std::set<std::string> documented_tests() {
  const std::string text = document();
  static const std::regex test_name("`([A-Z][A-Za-z]+\\.[A-Z][A-Za-z_]+)`");
  std::set<std::string> names;
  for (std::sregex_iterator match(text.begin(), text.end(), test_name), end; match != end; ++match)
    names.insert((*match)[1]);
  return names;
}

TEST(CrashesDocument, Each_test_that_it_names_exists) {
  EXPECT_THAT(documented_tests(), SizeIs(testing::Gt(40U)));
  EXPECT_THAT(documented_tests(), IsSubsetOf(existing_tests()));
}

TEST(CrashesDocument, It_has_a_row_for_each_test_of_the_crash_table) {
  EXPECT_THAT(existing_tests(), IsSubsetOf(documented_tests()));
}

TEST(CrashesDocument, Each_row_of_its_table_says_within_what_time_and_which_test_shows_it) {
  const std::string text = document();
  const std::size_t begin = text.find("## The table");
  std::istringstream table(text.substr(begin, text.find("\n## ", begin) - begin));
  static const std::regex heading("\\| killed.*\\| within \\|.*\\| shown by \\||\\|(---\\|){6}");
  // killed while | the others see | within | lost | again | shown by
  static const std::regex row(
      "(\\| [^|]+ ){2}\\| [^|]*(at once|[0-9] ms|–)[^|]* (\\| [^|]+ ){2}\\| `\\w+\\.\\w+`[^|]* "
      "\\|");
  std::size_t rows = 0;
  for (std::string line; std::getline(table, line);) {
    if (!line.starts_with("|") || std::regex_match(line, heading)) continue;
    EXPECT_TRUE(std::regex_match(line, row)) << line;
    ++rows;
  }
  EXPECT_GT(rows, 60U);
}

}  // namespace
}  // namespace disruptor_mp::process_test
