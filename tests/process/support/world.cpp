// SPDX-License-Identifier: MIT OR Apache-2.0
#include "support/world.hpp"

#include "support/deadline.hpp"

namespace disruptor_mp::process_test {

PeerSpec World::victim(const std::string& kind, const std::string& script) const {
  PeerSpec spec;
  spec.id = kind == "producer" && !has_several() ? "producer" : "victim";
  spec.form = setting_.form;
  spec.capacity = room();
  spec.max_batch = max_batch;
  spec.rows = rows;
  spec.options = "--kind=" + kind + " --log-size=1000";
  if (has_several()) spec.options += " --producers=multi";
  spec.script = script;
  return spec;
}

void World::create(std::uint64_t events) {
  producer.emplace(scratch_, setting_.form, ProducerBirth::create, next_incarnation_++,
                   options("producer"));
  ASSERT_EQ(producer->publish(events), Publish::ok);
}

void World::succeed(Duration timeout) {
  producer.emplace(scratch_, setting_.form, ProducerBirth::create_or_attach, next_incarnation_++,
                   options("producer", timeout));
}

void World::join_successor() {
  successor.emplace(scratch_, setting_.form, ProducerBirth::attach, next_incarnation_++,
                    options("successor"));
}

void World::join_heir(ConsumerKind kind, std::vector<std::string> after) {
  ConsumerOptions options = gating(Start::resume);
  options.kind = kind;
  options.after = std::move(after);
  heir.emplace(scratch_, "victim", 2, options);
}

void World::read_all() {
  for (auto* consumer : {&reader, &heir}) {
    if (*consumer) {
      ASSERT_EQ((*consumer)->read_to(producer->next()), Poll::events);
      if (!successor) continue;
      ASSERT_EQ((*consumer)->read_to(successor->next()), Poll::events);
    }
  }
}

void World::stream() {
  read_all();
  for (std::uint64_t sent = 0; sent < 3 * room(); sent += room() / 2) {
    if (testing::Test::HasFatalFailure()) return;
    ASSERT_EQ(producer->publish(room() / 2), Publish::ok);
    read_all();
    if (!successor) continue;
    ASSERT_EQ(successor->publish(room() / 4), Publish::ok);
    read_all();
  }
}

void World::close() {
  if (successor) producer->finish();
  (successor ? *successor : *producer).finish_for_all();
  if (reader) {
    EXPECT_EQ(reader->drain(), Poll::closed);
  }
  if (heir) {
    EXPECT_EQ(heir->drain(), Poll::closed);
  }
  if (reader) reader->leave();
  if (heir) heir->leave();
}

void World::expect_over() const {
  EXPECT_THAT(scratch_.remains(), testing::IsEmpty());
  EXPECT_THAT(judge(scratch_.logs()).violations, testing::IsEmpty());
}

void World::begin_anew() {
  EXPECT_THAT(judge(scratch_.logs()).violations, testing::IsEmpty());
  scratch_.clear_logs();
}

bool World::is_stream_over() const {
  const auto segment = Segment::try_attach(os::ObjectName::parse(scratch_.ring()),
                                           SegmentRole::inspector, EventType{});
  return !segment || stream_position(*segment).is_closed;
}

void World::expect_whole() const {
  EXPECT_NO_THROW({
    const auto segment = Segment::try_attach(os::ObjectName::parse(scratch_.ring()),
                                             SegmentRole::inspector, EventType{});
    EXPECT_EQ(segment.has_value(), scratch_.ring_exists());
  });
}

void World::go_on_and_end() {
  expect_whole();
  if (!producer) succeed();
  if (has_several() && !successor) join_successor();
  if (!reader) join_reader();
  stream();
  end();
}

}  // namespace disruptor_mp::process_test
