// Not run: shows that every policy's functions compile for a device from the headers that the host uses.
#include <variant>

#include "policy/policy.h"
#include "policy/sweep.h"

namespace {

template <class P>
__global__ void step(P policy, msrnn::Slot* slots, std::int32_t n_slots, const float* mass,
                     msrnn::Clock clock, msrnn::Pins pins, msrnn::Eviction* eviction) {
  msrnn::update_scores(policy, slots, n_slots, mass);
  *eviction = msrnn::evict(policy, slots, n_slots, clock, pins);
}

}  // namespace

// One instance for each policy of the variant.
void launch(const msrnn::Policy& policy, msrnn::Slot* slots, std::int32_t n_slots, const float* mass,
            msrnn::Clock clock, msrnn::Pins pins, msrnn::Eviction* eviction) {
  std::visit(
      [&](const auto& p) {
        static_assert(msrnn::EvictionPolicy<std::decay_t<decltype(p)>>);
        step<<<1, 1>>>(p, slots, n_slots, mass, clock, pins, eviction);
      },
      policy);
}
