// SPDX-License-Identifier: MIT OR Apache-2.0
// How each contract type looks in JSON: one write and one read per type, next to each other in the
// order of the fields.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "disruptor_mp/dst/result.hpp"
#include "disruptor_mp/dst/vocabulary.hpp"
#include "dst/json_reader.hpp"
#include "dst/json_writer.hpp"

namespace disruptor_mp::dst {

/// A reader of a bare variant: there is nothing to read, only a value to set.
template <class T>
JsonReader::Read sets(T& out, T value) {
  return [&out, value] {
    out = value;
    return true;
  };
}

/// A reader of a number or string into `out`.
template <class T>
JsonReader::Read reads(JsonReader& in, T& out) {
  return [&in, &out] { return in.read(out); };
}

void write(JsonWriter& out, const ProcessRole& role);
bool read(JsonReader& in, ProcessRole& role);
void write(JsonWriter& out, const SchedulerAction& action);
bool read(JsonReader& in, SchedulerAction& action);
void write(JsonWriter& out, const TraceStatus& status);
bool read(JsonReader& in, TraceStatus& status);

// The types of one header are written and read by static functions of its source file; these
// templates find them by their argument, which an unnamed namespace would prevent.

template <class T>
void write(JsonWriter& out, const std::vector<T>& elements) {
  out.begin_array();
  for (const T& element : elements) write(out, element);
  out.end_array();
}

template <class T>
bool read(JsonReader& in, std::vector<T>& elements) {
  elements.clear();
  return in.array([&] { return read(in, elements.emplace_back()); });
}

template <class T>
std::string pretty_json(const T& value) {
  JsonWriter out(JsonWriter::Style::pretty);
  write(out, value);
  return out.take();
}

template <class T>
std::string compact_json(const T& value) {
  JsonWriter out(JsonWriter::Style::compact);
  write(out, value);
  return out.take();
}

/// Reads a whole text as one T.
template <class T>
Result<T, JsonError> parse_json(std::string_view text) {
  JsonReader in(text);
  T value;
  if (!read(in, value) || !in.end()) return Failure{in.error()};
  return value;
}

}  // namespace disruptor_mp::dst
