// SPDX-License-Identifier: MIT OR Apache-2.0
//
// make_corpus FOLDER: writes what the fuzzers of rings begin with, FOLDER/attach/*, FOLDER/tools/*
// and FOLDER/streams/*. The rings are made by the library: of all kinds, young, in use, full, and
// of processes that died in the middle of something.
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "byte_frame.hpp"
#include "disruptor_mp/disruptor_mp.hpp"
#include "fuzz/support/image.hpp"
#include "fuzz/support/script.hpp"

namespace disruptor_mp::fuzz {
namespace {

using Image = std::vector<std::uint8_t>;

struct Kind {
  std::string name;
  EventType event;
  ProducerOptions options;
};

std::vector<Kind> kinds() {
  const EventType tick = event_type_of<Tick>();
  ProducerOptions small;
  small.capacity = 4;
  small.max_participants = 3;
  small.fences = FenceChoice::portable;
  ProducerOptions far = small;
  far.first_sequence = (std::uint64_t{1} << 60U) - 2;
  ProducerOptions free = small;
  free.when_alone = WhenAlone::run_free;
  free.fences = FenceChoice::asymmetric;
  free.capacity = 1;
  ProducerOptions several = small;
  several.producers = ProducerKind::multi;
  several.max_participants = 5;
  ProducerOptions far_several = several;
  far_several.first_sequence = far.first_sequence;
  return {{"stamped", tick, small},
          {"packed",
           {.size = 200, .align = 64, .name = "Large", .schema = "price:i64@0 text:char[32]@8"},
           small},
          {"far", tick, far},
          {"free", {.size = 1, .align = 1, .name = {}, .schema = {}}, free},
          {"framed", tool::framed_event_type(28), small},
          {"several", tick, several},
          {"several-far", tick, far_several}};
}

Image bytes_of(const Folder& folder) {
  std::ifstream file(folder.ring_path(), std::ios::binary);
  Image image{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  // The same bytes whenever and wherever this runs.
  format::Header header;
  if (!read_header_of(image, header)) return image;
  header.birth = {.instance = {1, 2},
                  .boot = this_boot,
                  .created_ns = 1'700'000'000'000'000'000U,
                  .creator_pid = 1,
                  .creator_uid = 0};
  header.checksum = checksum_of(header);
  std::memcpy(image.data(), &header, sizeof header);
  return image;
}

/// Somebody attaches, reads, publishes; and somebody writes where the tail and the horizon are.
Script eventful_script() {
  return {{{.action = Action::attach_producer, .argument = 2},
           {.action = Action::attach_consumer, .argument = 16},  // required, id "first"
           {.action = Action::attach_consumer, .argument = 2},   // an observer
           {.action = Action::attach_consumer, .argument = 7},   // gating
           {.action = Action::claim, .argument = 2, .place = 3, .value = 2U << 3U},
           {.action = Action::publish_until, .argument = 2, .value = 1},
           {.action = Action::poll, .argument = 0},
           {.action = Action::poll_until, .argument = 1, .value = 1},
           {.action = Action::poll_until, .argument = 2, .value = 1},
           {.action = Action::look},
           {.action = Action::write_word, .place = (8192 + 384) / 8, .value = 3},
           {.action = Action::try_publish, .argument = 2},
           {.action = Action::write_word, .place = (8192 + 128) / 8, .value = 5},
           {.action = Action::try_publish, .argument = 2},
           {.action = Action::leave_consumer, .argument = 4},
           {.action = Action::close, .argument = 2}}};
}

/// Consumers that wait for each other and for nobody, one that holds a lease, and somebody who
/// looks after them.
Script graph_script() {
  return {
      {{.action = Action::attach_consumer, .argument = 16},          // required, id "first"
       {.action = Action::attach_consumer, .argument = 32 + 1},      // gating, after "first"
       {.action = Action::attach_consumer, .argument = 96 + 3 + 8},  // after one that never was
       {.action = Action::attach_producer, .argument = 2},
       {.action = Action::enable_liveness, .argument = 2},
       {.action = Action::watch, .argument = 0},
       {.action = Action::try_publish, .argument = 2},
       {.action = Action::poll_until, .argument = 1, .value = 1},
       {.action = Action::lease, .argument = 0, .place = 2, .value = 2},
       {.action = Action::poll, .argument = 1},
       {.action = Action::look},
       {.action = Action::write_word, .place = (8192 + 512 + 512 + 296) / 8, .value = 0x7473726966},
       {.action = Action::watch, .argument = 1},
       {.action = Action::poll_until, .argument = 2, .value = 1},
       {.action = Action::leave_consumer, .argument = 4},
       {.action = Action::look}}};
}

class Writer {
 public:
  explicit Writer(std::filesystem::path folder) : folder_(std::move(folder)) {
    for (const char* part : {"attach", "tools", "streams"})
      std::filesystem::create_directories(folder_ / part);
  }
  void write(const std::string& name, const Image& image) {
    put(folder_ / "tools" / name, {}, image);
    put(folder_ / "streams" / name, {}, image);
    put(folder_ / "attach" / name, Script{}, image);
    put(folder_ / "attach" / (name + "-eventful"), eventful_script(), image);
    Script typed = eventful_script();
    typed.front().flags = 1;
    put(folder_ / "attach" / (name + "-typed"), typed, image);
    put(folder_ / "attach" / (name + "-graph"), graph_script(), image);
  }

 private:
  static void put(const std::filesystem::path& path, const std::optional<Script>& script,
                  const Image& image) {
    std::ofstream file(path, std::ios::binary);
    if (script) file.write(reinterpret_cast<const char*>(script->data()), sizeof *script);
    file.write(reinterpret_cast<const char*>(image.data()),
               static_cast<std::streamsize>(image.size()));
    if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
  }
  std::filesystem::path folder_;
};

/// The file is looked at while its participants are there: without their locks, they are dead.
void write_life_of(const Kind& kind, Writer& writer) {
  const Folder folder;
  const std::string ring = folder.ring_name();
  const auto fill = [](std::span<std::byte> event) { std::memset(event.data(), 7, event.size()); };
  ProducerOptions options = kind.options;
  options.id = "writer";
  options.bias_after = 2;
  auto producer = Producer<Bytes>::create(ring, kind.event, options);
  writer.write(kind.name + "-young", bytes_of(folder));
  auto required = Consumer<Bytes>::attach(
      ring, {.id = "first", .kind = ConsumerKind::required, .after = {"second"}});
  auto gating = Consumer<Bytes>::attach(ring, {.id = "second"});
  (void)producer.try_publish(fill);
  gating.poll([](auto) {});
  writer.write(kind.name + "-in-use", bytes_of(folder));
  while (producer.try_publish(fill) == Publish::ok) {
  }
  writer.write(kind.name + "-full", bytes_of(folder));
  gating.poll([](auto) {});
  required.poll([](auto) {});
  {
    auto claim = producer.try_claim(kind.options.capacity);
    writer.write(kind.name + "-claimed", bytes_of(folder));
    claim.publish(1);
  }
  writer.write(kind.name + "-abandoned", bytes_of(folder));
  producer.close();
  writer.write(kind.name + "-closed", bytes_of(folder));
}

}  // namespace
}  // namespace disruptor_mp::fuzz

int main(int count, char** arguments) try {
  if (count != 2) {
    std::cerr << "usage: make_corpus FOLDER\n";
    return 2;
  }
  disruptor_mp::fuzz::Writer writer(arguments[1]);
  for (const auto& kind : disruptor_mp::fuzz::kinds())
    disruptor_mp::fuzz::write_life_of(kind, writer);
  return 0;
} catch (const std::exception& error) {
  std::cerr << "make_corpus: " << error.what() << '\n';
  return 1;
}
