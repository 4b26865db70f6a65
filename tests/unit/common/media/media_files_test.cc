#include "common/media/media_files.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"

namespace attune::media {
namespace {

using testing::ErrorOf;
using testing::TemporaryDirectory;

void Touch(const std::filesystem::path& path, const std::string& text = "") {
  std::ofstream(path) << text;
}

TEST(MediaFiles, ItemsAreNamesWithoutExtensionInOrder) {
  const TemporaryDirectory directory;
  for (const char* name : {"9.JPG", "10.png", "a.b.mp4", "notes.txt"}) Touch(directory / name);
  std::filesystem::create_directory(directory / "more.png");
  const MediaFiles found = FindMedia(directory.path());
  ASSERT_EQ(found.files.size(), 3);
  EXPECT_EQ(found.files[0].item, "10");
  EXPECT_EQ(found.files[1].item, "9");
  EXPECT_EQ(found.files[2].item, "a.b");
  EXPECT_EQ(found.files[2].kind, MediaKind::kVideo);
  EXPECT_EQ(found.ignored, 1);
}

TEST(MediaFiles, TwoFilesOfOneItemAreNamed) {
  const TemporaryDirectory directory;
  Touch(directory / "7.jpg");
  Touch(directory / "7.png");
  const std::string error = ErrorOf(ErrorKind::kBadInput, [&] { FindMedia(directory.path()); });
  EXPECT_NE(error.find("'7'"), std::string::npos);
  EXPECT_NE(error.find("7.jpg"), std::string::npos);
  EXPECT_NE(error.find("7.png"), std::string::npos);
}

TEST(MediaFiles, ADirectoryWithoutPicturesIsAnError) {
  const TemporaryDirectory directory;
  Touch(directory / "notes.txt");
  EXPECT_NE(ErrorOf(ErrorKind::kBadInput, [&] { FindMedia(directory.path()); }).find("no picture"),
            std::string::npos);
  ErrorOf(ErrorKind::kBadInput, [&] { FindMedia(directory / "none"); });
}

TEST(MediaFiles, AListNamesItemsAndPaths) {
  const TemporaryDirectory directory;
  Touch(directory / "list.tsv", "item\tpath\nmovie 2\tclips/x.mkv\nmovie 1\t/pictures/y.jpg\n");
  const MediaFiles found = ReadMediaList(directory / "list.tsv");
  ASSERT_EQ(found.files.size(), 2);
  EXPECT_EQ(found.files[0].item, "movie 1");
  EXPECT_EQ(found.files[0].path, "/pictures/y.jpg");
  EXPECT_EQ(found.files[1].path, directory / "clips/x.mkv");
}

TEST(MediaFiles, BadLinesOfAListAreNamed) {
  const TemporaryDirectory directory;
  const auto error = [&](const std::string& text) {
    Touch(directory / "list.tsv", text);
    return ErrorOf(ErrorKind::kBadInput, [&] { ReadMediaList(directory / "list.tsv"); });
  };
  EXPECT_NE(error("movie\tfile\n").find("list.tsv:1"), std::string::npos);
  EXPECT_NE(error("item\tpath\na\tb.jpg\nc\n").find("list.tsv:3"), std::string::npos);
  EXPECT_NE(error("item\tpath\na\tb.txt\n").find("extension"), std::string::npos);
  EXPECT_NE(error("item\tpath\n\tb.jpg\n").find("empty"), std::string::npos);
  EXPECT_NE(error("item\tpath\n").find("names no file"), std::string::npos);
}

}  // namespace
}  // namespace attune::media
