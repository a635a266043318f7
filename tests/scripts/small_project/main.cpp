// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A user's program: three events through a ring of its own, named by the argument.
#include <cstdio>
#include <disruptor_mp/disruptor_mp.hpp>
#ifdef WITH_TEST_SUPPORT
#include <disruptor_mp/dst/dst.hpp>
#endif

struct Tick {
  long price;
};

int main(int argc, char** argv) {
  if (argc != 2) return 2;
#ifdef WITH_TEST_SUPPORT
  std::printf("%zu profiles\n", disruptor_mp::dst::profile_catalog().size());
#endif
  auto producer = disruptor_mp::Producer<Tick>::create(argv[1], {.capacity = 4});
  auto consumer = disruptor_mp::Consumer<Tick>::attach(argv[1], {.id = "small"});
  for (long price : {1, 20, 300}) producer.publish({price});
  producer.close();
  long sum = 0;
  for (const Tick& tick : consumer) sum += tick.price;
  std::printf("sum %ld\n", sum);
  return sum == 321 ? 0 : 1;
}
