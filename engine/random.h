// Random numbers.
#ifndef TRIVET_ENGINE_RANDOM_H_
#define TRIVET_ENGINE_RANDOM_H_

#include "absl/random/bit_gen_ref.h"

namespace trivet::engine {

// A generator of the calling thread, seeded by the system.
absl::BitGenRef Random();

// For simulations: Random() of this thread is this generator, until it is given null.
void UseRandom(absl::BitGenRef* random);

}  // namespace trivet::engine

#endif  // TRIVET_ENGINE_RANDOM_H_
