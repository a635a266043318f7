// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Batches claimed as a range: all or nothing, visible when the claim says so and not before.
#include <optional>
#include <stdexcept>
#include <thread>

#include "endpoint/drain.hpp"

namespace disruptor_mp::test {
namespace {

template <class E>
class Claiming : public testing::Test {
 protected:
  /// Fills a claim with the numbers of its sequences.
  static void fill(const Claim<E>& claim) {
    std::uint64_t number = claim.first().value();
    for (E& slot : claim) slot = E::of(number++);
  }

  Producer<E> producer = Producer<E>::create(unique_ring_name(), {.capacity = 8});
  Consumer<E> consumer = Consumer<E>::attach(producer.segment().name());
};
TYPED_TEST_SUITE(Claiming, BothLayouts, LayoutName);

TYPED_TEST(Claiming, A_claim_is_published_when_it_goes_out_of_scope) {
  {
    auto claim = this->producer.claim(5);
    ASSERT_TRUE(claim);
    EXPECT_EQ(claim.status(), Publish::ok);
    EXPECT_EQ(claim.size(), 5U);
    EXPECT_EQ(claim.first(), Sequence(0));
    this->fill(claim);
    EXPECT_EQ(drain(this->consumer), Numbers{});
    EXPECT_EQ(this->producer.next_sequence(), Sequence(0));
  }
  EXPECT_EQ(this->producer.next_sequence(), Sequence(5));
  EXPECT_EQ(drain(this->consumer), numbers(0, 5));
}

TYPED_TEST(Claiming, A_claim_can_be_filled_by_index) {
  {
    auto claim = this->producer.claim(3);
    for (std::size_t i = claim.size(); i-- > 0;) claim[i] = TypeParam::of(i * 10);
  }
  EXPECT_EQ(drain(this->consumer), (Numbers{0, 10, 20}));
}

TYPED_TEST(Claiming, Claims_of_every_size_fit_round_the_end_of_the_ring) {
  std::uint64_t published = 0;
  for (int lap = 0; lap < 10; ++lap) {
    for (std::size_t size = 1; size <= 8; ++size) {
      {
        auto claim = this->producer.try_claim(size);
        ASSERT_TRUE(claim) << size;
        this->fill(claim);
      }
      ASSERT_EQ(drain(this->consumer), numbers(published, size));
      published += size;
    }
  }
}

TYPED_TEST(Claiming, No_event_or_more_than_the_ring_holds_is_too_large) {
  EXPECT_EQ(this->producer.claim(0).status(), Publish::too_large);
  EXPECT_EQ(this->producer.claim(9).status(), Publish::too_large);
  EXPECT_EQ(this->producer.claim(~std::size_t{0}).status(), Publish::too_large);
  EXPECT_EQ(this->producer.try_claim(0).status(), Publish::too_large);
  EXPECT_EQ(this->producer.try_claim(9).status(), Publish::too_large);
  EXPECT_EQ(this->producer.claim_until(never, 0).status(), Publish::too_large);
  EXPECT_EQ(this->producer.claim_until(never, 9).status(), Publish::too_large);

  publish_numbers(this->producer, 1);  // the same with room known in advance
  EXPECT_EQ(this->producer.claim(0).status(), Publish::too_large);
  EXPECT_EQ(this->producer.try_claim(0).status(), Publish::too_large);
  EXPECT_EQ(drain(this->consumer), Numbers{0});
  EXPECT_TRUE(this->producer.try_claim(8));
}

TYPED_TEST(Claiming, A_claim_gets_all_it_wants_or_nothing) {
  publish_numbers(this->producer, 5);
  EXPECT_EQ(this->producer.try_claim(4).status(), Publish::full);
  EXPECT_EQ(this->producer.claim_until(std::chrono::steady_clock::now(), 4).status(),
            Publish::timed_out);
  EXPECT_EQ(this->producer.next_sequence(), Sequence(5));
  {
    auto claim = this->producer.try_claim(3);
    ASSERT_TRUE(claim);
    this->fill(claim);
  }
  EXPECT_EQ(this->producer.try_claim(1).status(), Publish::full);
  EXPECT_EQ(drain(this->consumer), numbers(0, 8));
}

TYPED_TEST(Claiming, A_failed_claim_is_empty_and_does_nothing) {
  publish_numbers(this->producer, 8);
  {
    auto claim = this->producer.try_claim(1);
    EXPECT_FALSE(claim);
    EXPECT_EQ(claim.size(), 0U);
    EXPECT_EQ(claim.begin(), claim.end());
    for ([[maybe_unused]] TypeParam& slot : claim) ADD_FAILURE() << "a slot of a failed claim";
    claim.publish();
  }
  EXPECT_EQ(this->producer.next_sequence(), Sequence(8));
}

TYPED_TEST(Claiming, A_waiting_claim_is_granted_when_there_is_room_for_all_of_it) {
  publish_numbers(this->producer, 8);
  std::jthread reader([&] {
    for (int i = 0; i < 6;) i += this->consumer.try_next() ? 1 : 0;
  });
  {
    auto claim = this->producer.claim(6);
    ASSERT_TRUE(claim);
    this->fill(claim);
  }
  reader.join();
  EXPECT_EQ(drain(this->consumer), numbers(6, 8));
}

TYPED_TEST(Claiming, Abandoned_slots_are_claimed_again) {
  {
    auto claim = this->producer.claim(4);
    this->fill(claim);
    claim.abandon();
    EXPECT_EQ(claim.size(), 0U);
    claim.publish();  // nothing is left to be published
  }
  EXPECT_EQ(drain(this->consumer), Numbers{});
  auto again = this->producer.claim(8);
  ASSERT_TRUE(again);
  EXPECT_EQ(again.first(), Sequence(0));
  this->fill(again);
  again.publish();
  EXPECT_EQ(drain(this->consumer), numbers(0, 8));
}

TYPED_TEST(Claiming, Part_of_a_claim_can_be_published_and_the_rest_is_given_back) {
  {
    auto claim = this->producer.claim(8);
    this->fill(claim);
    claim.publish(3);
    EXPECT_EQ(drain(this->consumer), numbers(0, 3));
  }  // nothing more at the end of the scope
  EXPECT_EQ(this->producer.next_sequence(), Sequence(3));
  {
    auto claim = this->producer.claim(8);
    EXPECT_EQ(claim.first(), Sequence(3));
    claim.publish(0);
  }
  EXPECT_EQ(this->producer.next_sequence(), Sequence(3));
  {
    auto claim = this->producer.claim(2);
    this->fill(claim);
    claim.publish(100);  // at most what was claimed
  }
  EXPECT_EQ(drain(this->consumer), numbers(3, 2));
}

TYPED_TEST(Claiming, An_exception_on_its_way_keeps_the_claim_unpublished) {
  EXPECT_THROW(
      {
        auto claim = this->producer.claim(4);
        this->fill(claim);
        throw std::runtime_error("half filled");
      },
      std::runtime_error);
  EXPECT_EQ(drain(this->consumer), Numbers{});
  EXPECT_EQ(this->producer.next_sequence(), Sequence(0));
  publish_numbers(this->producer, 1);
  EXPECT_EQ(drain(this->consumer), Numbers{0});
}

TYPED_TEST(Claiming, A_claim_made_while_another_exception_is_on_its_way_is_published) {
  struct PublishesAtTheEnd {
    Producer<TypeParam>& producer;
    ~PublishesAtTheEnd() {
      auto claim = producer.claim(1);
      claim[0] = TypeParam::of(9);
    }
  };
  EXPECT_THROW(
      {
        const PublishesAtTheEnd guard{this->producer};
        throw std::runtime_error("on its way");
      },
      std::runtime_error);
  EXPECT_EQ(drain(this->consumer), Numbers{9});
}

TYPED_TEST(Claiming, A_moved_claim_is_published_once) {
  {
    std::optional<Claim<TypeParam>> kept;
    {
      auto claim = this->producer.claim(2);
      this->fill(claim);
      kept.emplace(std::move(claim));
    }
    EXPECT_EQ(drain(this->consumer), Numbers{});
    EXPECT_EQ(kept->size(), 2U);
  }
  EXPECT_EQ(drain(this->consumer), numbers(0, 2));
  EXPECT_EQ(this->producer.next_sequence(), Sequence(2));
}

TYPED_TEST(Claiming, A_claim_open_at_the_close_is_abandoned) {
  {
    auto claim = this->producer.claim(3);
    this->fill(claim);
    this->producer.close();
  }
  EXPECT_EQ(drain(this->consumer), Numbers{});
  EXPECT_EQ(this->consumer.poll([](const TypeParam&) {}).outcome, Poll::closed);
  EXPECT_EQ(this->producer.next_sequence(), Sequence(0));
}

TYPED_TEST(Claiming, A_claim_open_at_the_detaching_is_abandoned) {
  const std::string name = this->producer.segment().name();
  {
    auto claim = this->producer.claim(3);
    this->fill(claim);
    this->producer.detach();
  }
  EXPECT_EQ(drain(this->consumer), Numbers{});
  EXPECT_EQ(Producer<TypeParam>::attach(name).next_sequence(), Sequence(0));
}

TYPED_TEST(Claiming, Nothing_else_is_published_while_one_is_open) {
  auto claim = this->producer.claim(2);
  EXPECT_EQ(this->producer.publish(TypeParam::of(666)), Publish::claim_open);
  EXPECT_EQ(this->producer.publish_until(never, TypeParam::of(666)), Publish::claim_open);
  EXPECT_EQ(this->producer.claim(2).status(), Publish::claim_open);
  EXPECT_EQ(this->producer.try_burst(1).status(), Publish::claim_open);
  EXPECT_EQ(drain(this->consumer), Numbers{});
  this->fill(claim);
  EXPECT_EQ(claim.publish(), Publish::ok);
  EXPECT_EQ(this->producer.publish(TypeParam::of(2)), Publish::ok);
  EXPECT_EQ(drain(this->consumer), numbers(0, 3));
}

TYPED_TEST(Claiming, A_claim_of_a_producer_that_is_moved_is_abandoned) {
  auto claim = this->producer.claim(2);
  auto moved = std::move(this->producer);
  this->fill(claim);
  EXPECT_EQ(claim.publish(), Publish::closed);
  EXPECT_EQ(moved.publish(TypeParam::of(7)), Publish::ok);
  EXPECT_EQ(drain(this->consumer), Numbers{7});
}

TYPED_TEST(Claiming, A_ring_of_one_slot_takes_claims_of_one) {
  auto single = Producer<TypeParam>::create(unique_ring_name(), {.capacity = 1});
  auto reader = Consumer<TypeParam>::attach(single.segment().name());
  for (std::uint64_t i = 0; i < 20; ++i) {
    {
      auto claim = single.try_claim(1);
      ASSERT_TRUE(claim);
      this->fill(claim);
    }
    EXPECT_EQ(single.try_claim(1).status(), Publish::full);
    EXPECT_EQ(single.try_claim(2).status(), Publish::too_large);
    ASSERT_EQ(drain(reader), Numbers{i});
  }
}

}  // namespace
}  // namespace disruptor_mp::test
