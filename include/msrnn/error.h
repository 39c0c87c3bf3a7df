// What msrnn throws. Every failure of the library is one of these two; their messages say what was expected
// and what was found, and are meant to be shown to the user as they are.
#pragma once

#include <stdexcept>
#include <string>

#include "msrnn/export.h"

namespace MSRNN_API msrnn {

// Something failed: a file that cannot be read, a model that is damaged, memory that ran out. Exit status 1.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The caller asked for something impossible: an unknown policy, a capacity of 0. Exit status 2.
class UsageError : public Error {
 public:
  using Error::Error;
};

}  // namespace msrnn
