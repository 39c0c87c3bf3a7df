#include "eval/npy.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "base/temporary_folder.h"
#include "support/npy.h"

namespace msrnn::testing {
namespace {

TEST(Npy, ComesBack) {
  const TemporaryFolder folder;
  for (const std::vector<std::int64_t>& shape :
       {std::vector<std::int64_t>{0}, {1}, {7}, {2, 3}, {30, 1, 1024}, {3, 0, 5}, {1, 1, 1, 1, 1, 1, 1, 1}}) {
    std::int64_t count = 1;
    for (const std::int64_t n : shape) count *= n;
    std::vector<float> floats;
    std::vector<std::int32_t> integers;
    for (std::int64_t i = 0; i < count; ++i) {
      floats.push_back(std::sqrt(static_cast<float>(i)) - 3);
      integers.push_back(static_cast<std::int32_t>(i * 1000003 - 5));
    }
    write_npy(folder.path() / "f.npy", floats, shape);
    write_npy(folder.path() / "i.npy", integers, shape);
    const Array<float> f = read_npy<float>(folder.path() / "f.npy");
    const Array<std::int32_t> i = read_npy<std::int32_t>(folder.path() / "i.npy");
    EXPECT_EQ(f.shape, shape);
    EXPECT_EQ(i.shape, shape);
    EXPECT_EQ(f.values, floats);
    EXPECT_EQ(i.values, integers);
    EXPECT_THROW(read_npy<float>(folder.path() / "i.npy"), std::runtime_error);
  }
}

TEST(Npy, IsWhatNumPyWrites) {
  const TemporaryFolder folder;
  write_npy(folder.path() / "a.npy", std::vector<std::int32_t>{1, -1}, {2});
  const std::string expected = std::string("\x93NUMPY\x01\x00v\x00", 10) +
                               "{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }" +
                               std::string(60, ' ') + "\n" +
                               std::string("\x01\x00\x00\x00\xff\xff\xff\xff", 8);
  EXPECT_EQ(TemporaryFolder::read(folder.path() / "a.npy"), expected);
}

TEST(Npy, RefusesAWrongShapeAndAMissingFolder) {
  const TemporaryFolder folder;
  EXPECT_THROW(write_npy(folder.path() / "a.npy", std::vector<float>(5), {2, 3}), Error);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "a.npy"));
  EXPECT_THROW(write_npy(folder.path() / "missing" / "a.npy", std::vector<float>(6), {2, 3}), Error);
}

}  // namespace
}  // namespace msrnn::testing
