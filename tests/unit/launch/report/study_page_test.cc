#include "launch/report/study_page.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "launch/report/study_tables.h"
#include "launch/study/study_results.h"
#include "tests/support/temporary_directory.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;

/// A study without trainings: what the best on validation, BPR, was compared with is planted.
class StudyVerdict : public ::testing::Test {
 protected:
  void Plant(const char* other, double difference, double p) {
    comparisons_.push_back({{"dim", 8},
                            {"metric", "ndcg@100"},
                            {"best", "bpr"},
                            {"other", other},
                            {"users", 100},
                            {"mean_difference", difference},
                            {"t", 1.0},
                            {"p", p},
                            {"effect_size", 0.1}});
  }

  std::string Page() const {
    ordered_json methods = ordered_json::array();
    for (const auto& [name, title] : {std::pair("bpr", "BPR"), std::pair("svdpp", "SVD++"),
                                      std::pair("popularity", "Popularity"), std::pair("fism", "FISM")}) {
      methods.push_back(
          {{"name", name}, {"title", title}, {"table2", ""}, {"table3", ""}, {"everywhere", true}});
    }
    const ordered_json data = {{"path", "data"}, {"fingerprint", "ab"}, {"users", 9},
                               {"items", 9},     {"training", 9},       {"validation", 9},
                               {"test", 9},      {"test_users", 9},     {"sparsity", 0.5}};
    const ordered_json json = {{"kind", kResultsKind},
                               {"format_version", kResultsVersion},
                               {"created_by", "attune"},
                               {"data", data},
                               {"settings", {{"trials", 4}, {"seeds", 3}, {"threads", 1}}},
                               {"dims", {8}},
                               {"table_dim", 8},
                               {"metric", "ndcg@100"},
                               {"groups", ordered_json::array()},
                               {"methods", methods},
                               {"results", ordered_json::array()},
                               {"comparisons", comparisons_},
                               {"failures", ordered_json::array()}};
    std::ofstream(directory_ / "results.json") << json;
    const StudyFile study(directory_.path());
    return StudyPage(study, StudyTables(study));
  }
  void Expect(const std::string& verdict) const {
    const std::string page = Page();
    EXPECT_NE(
        page.find("<strong>BPR</strong> was best on validation. On the test it has a higher NDCG@100 than " +
                  verdict),
        std::string::npos)
        << page.substr(page.find("<p>At D"), 400);
  }

  testing::TemporaryDirectory directory_;
  ordered_json comparisons_ = ordered_json::array();
};

TEST_F(StudyVerdict, NamesWhatIsEqualAndWhatIsBetter) {
  Plant("svdpp", 0.1, 0.01);
  Expect("1 of 1 others (paired t-test over users, p &lt; 0.05).</p>");
  Plant("fism", -0.1, 0.2);
  Expect("1 of 2 others (paired t-test over users, p &lt; 0.05); there is no such difference to FISM.</p>");
  Plant("popularity", -0.1, 0.001);
  Expect(
      "1 of 3 others (paired t-test over users, p &lt; 0.05); <strong>a lower one than Popularity</strong>; "
      "there is no such difference to FISM.</p>");
}

TEST_F(StudyVerdict, OfNothingIsNothing) {
  EXPECT_NE(Page().find("There is nothing to compare."), std::string::npos);
}

}  // namespace
}  // namespace attune::launch
