#include "base/atomic_file.h"

#include <csignal>
#include <filesystem>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "base/temporary_folder.h"

namespace msrnn {
namespace {

using testing::TemporaryFolder;

std::size_t files_in(const TemporaryFolder& folder) {
  const std::filesystem::directory_iterator begin(folder.path());
  return static_cast<std::size_t>(std::distance(begin, {}));
}

TEST(AtomicFile, ReplacesTheTargetWhenCommitted) {
  const TemporaryFolder folder;
  const auto target = folder.write("f", "old");
  AtomicFile file(target);
  file.write("new ");
  file.write("content");
  EXPECT_EQ(TemporaryFolder::read(target), "old");
  file.commit();
  EXPECT_EQ(TemporaryFolder::read(target), "new content");
  EXPECT_EQ(files_in(folder), 1u);
}

TEST(AtomicFile, LeavesNothingBehindWhenNotCommitted) {
  const TemporaryFolder folder;
  const auto target = folder.write("f", "old");
  { AtomicFile(target).write("new"); }
  EXPECT_EQ(TemporaryFolder::read(target), "old");
  { AtomicFile(folder.path() / "other").write("new"); }
  EXPECT_EQ(files_in(folder), 1u);
}

TEST(AtomicFile, WritesMuchAndNothing) {
  const TemporaryFolder folder;
  const std::string much(10'000'000, 'x');
  AtomicFile file(folder.path() / "much");
  file.write(much);
  file.write("");
  file.commit();
  EXPECT_EQ(TemporaryFolder::read(folder.path() / "much"), much);
  AtomicFile(folder.path() / "nothing").commit();
  EXPECT_EQ(std::filesystem::file_size(folder.path() / "nothing"), 0u);
}

TEST(AtomicFile, HasThePermissionsOfAnOrdinaryNewFile) {
  const TemporaryFolder folder;
  const mode_t mask = ::umask(027);
  AtomicFile(folder.path() / "f").commit();
  ::umask(mask);
  struct stat status {};
  ASSERT_EQ(::stat((folder.path() / "f").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0640u);
}

TEST(AtomicFile, FailsWhereTheFolderIsMissing) {
  const TemporaryFolder folder;
  EXPECT_THROW(AtomicFile(folder.path() / "missing" / "f"), Error);
}

TEST(AtomicFile, FailsWhereTheFolderIsReadOnly) {
  const TemporaryFolder folder;
  constexpr uid_t kNobody = 65534;
  const uid_t user = ::geteuid();
  ASSERT_EQ(::seteuid(user == 0 ? kNobody : user), 0);  // root may write anywhere
  std::error_code ignored;
  std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_read, ignored);
  EXPECT_THROW(AtomicFile(folder.path() / "f"), Error);
  std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_all, ignored);
  ASSERT_EQ(::seteuid(user), 0);
}

TEST(AtomicFile, FailsWhereTheTargetIsAFolder) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() / "f");
  AtomicFile file(folder.path() / "f");
  file.write("new");
  EXPECT_THROW(file.commit(), Error);
}

// A limit on file sizes stands for a full disk.
TEST(AtomicFile, LeavesTheTargetWhenTheDiskIsFull) {
  const TemporaryFolder folder;
  const auto target = folder.write("f", "old");
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{4096, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  {
    AtomicFile file(target);
    EXPECT_THROW(file.write(std::string(10000, 'x')), Error);
  }
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(TemporaryFolder::read(target), "old");
  EXPECT_EQ(files_in(folder), 1u);
}

}  // namespace
}  // namespace msrnn
