#include "launch/status/status_site.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "launch/status/http_exchange.h"
#include "launch/status/status_json.h"
#include "tests/unit/launch/status/full_status.h"

namespace attune::launch {
namespace {

using namespace std::chrono_literals;

class StatusSiteTest : public ::testing::Test {
 protected:
  SiteAnswer Ask(const std::string& target, const std::string& method = "GET", const std::string& host = "",
                 const std::string& accept = "") {
    now_ += 1s;
    return site_.Answer({method, target, host, accept});
  }
  /// The answer to bytes, which come in pieces of that size.
  std::string Exchange(const std::string& bytes, std::size_t piece = 100000) {
    HttpExchange exchange(site_);
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      if (exchange.Take(std::string_view(bytes).substr(at, piece))) return exchange.answer();
    }
    return "";
  }

  int looked_ = 0;
  StatusSite::Clock::time_point now_{};
  StatusSite site_{[this] {
                     ++looked_;
                     return testing::FullStatus();
                   },
                   true, [this] { return now_; }};
};

TEST_F(StatusSiteTest, HasThreePages) {
  EXPECT_EQ(Ask("/metrics").code, 200u);
  EXPECT_TRUE(Ask("/metrics").type.starts_with("text/plain; version=0.0.4"));
  EXPECT_TRUE(Ask("/").body.starts_with("<!doctype html>"));
  EXPECT_TRUE(Ask("/status?x=1", "HEAD").body.starts_with("{"));
  const auto json = nlohmann::json::parse(Ask("/status").body);
  EXPECT_EQ(json.at("phase"), "training");
  EXPECT_EQ(json.at("epochs").at("done"), 10);
  EXPECT_EQ(json.at("processes").at(1).at("state"), "dead");
  EXPECT_EQ(json.at("history").at("epochs").size(), 10u);
  EXPECT_EQ(json.at("checkpoints").at("newest").at("age_seconds"), 30.0);
  EXPECT_EQ(Ask("/status", "GET", "", "text/html").type, "text/html; charset=utf-8");
  for (const char* target :
       {"", "/x", "//", "/status/", "*", "/../status", "https://localhost/status", "http:///status"})
    EXPECT_EQ(Ask(target).code, 404u) << target;
}

TEST(StatusJson, ProcessesAreAListWheneverTheyAreThere) {
  JobStatus status = testing::FullStatus();
  EXPECT_TRUE(ToJson(status).at("processes").is_array());
  status.live.reset();
  EXPECT_FALSE(ToJson(status).contains("processes"));
  EXPECT_EQ(ToJson(status).at("begun_with_processes"), 2);
}

TEST_F(StatusSiteTest, RefusesWhatWouldTellItSomething) {
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "get", ""})
    EXPECT_EQ(Ask("/status", method).code, 405u) << method;
  EXPECT_EQ(site_.counters().refused, 6u);
}

TEST_F(StatusSiteTest, AtLoopbackNamesOfOthersAreRefused) {
  for (const char* host :
       {"localhost", "localhost:80", "127.0.0.1:8080", "[::1]:80", "[::1]", "10.0.0.1", ""})
    EXPECT_EQ(Ask("/status", "GET", host).code, 200u) << host;
  for (const char* host :
       {"evil.example", "evil.example:80", "localhost.evil.example", "[::1", "127.0.0.1.evil", "[::1]evil",
        "localhost:x@evil.example", "127.0.0.1, evil.example"})
    EXPECT_EQ(Ask("/status", "GET", host).code, 421u) << host;
  StatusSite open([] { return testing::FullStatus(); }, false);
  EXPECT_EQ(open.Answer({"GET", "/status", "node7.cluster", ""}).code, 200u);
}

TEST_F(StatusSiteTest, TheHostOfATargetCounts) {
  for (const char* target :
       {"http://127.0.0.1:8080/metrics", "HTTP://LocalHost/metrics", "http://[::1]:80/metrics?x=/"}) {
    EXPECT_TRUE(Ask(target).type.starts_with("text/plain; version")) << target;
    EXPECT_EQ(Ask(target, "GET", "evil.example").code, 200u) << target;  // RFC 9112, section 3.2.2
  }
  EXPECT_TRUE(Ask("http://localhost").body.starts_with("<!doctype html>"));
  EXPECT_TRUE(Ask("http://localhost?x=1").body.starts_with("<!doctype html>"));
  EXPECT_EQ(Ask("http://localhost/x").code, 404u);
  for (const char* target : {"http://evil.example/metrics", "http://localhost@evil.example/metrics"})
    EXPECT_EQ(Ask(target, "GET", "localhost").code, 421u) << target;
}

TEST_F(StatusSiteTest, ARequestHasOneHost) {
  const std::string begin = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n";
  EXPECT_TRUE(Exchange(begin + "\r\n").starts_with("HTTP/1.1 200 "));
  for (const char* second : {"evil.example", "localhost", ""})
    EXPECT_TRUE(Exchange(begin + "host: " + second + "\r\n\r\n").starts_with("HTTP/1.1 400 ")) << second;
  EXPECT_EQ(site_.counters().refused, 3u);
}

TEST_F(StatusSiteTest, WhoPrefersAPageGetsIt) {
  const std::string firefox = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
  for (const std::string& accept :
       {firefox, std::string("text/html"), std::string("TEXT/*"),
        std::string("application/json;q=0.5, text/html"),
        std::string("*/*;q=0.1 , text/html ; charset=utf-8 ; q=0.2"), std::string("application/json;q=0,*/*"),
        std::string("application/json;q=2, text/html;q=0.1")})
    EXPECT_EQ(Ask("/status", "GET", "", accept).type, "text/html; charset=utf-8") << accept;
  for (const char* accept :
       {"", "*/*", "application/json", "text/html;q=0.5, application/json", "text/html, application/json",
        "text/html;q=0", "text/html;q=x", "text/htmlx", "text/html;q=0.1, application/*",
        "text/html;q=0.5,*/*", ",,;q=1,;", "q=1", "text/html;q=", "image/png"})
    EXPECT_EQ(Ask("/status", "GET", "", accept).type, "application/json") << accept;
  const std::string fields =
      "GET /status HTTP/1.1\r\nAccept: text/html;q=0.3\r\nAccept: application/json\r\n\r\n";
  EXPECT_NE(Exchange(fields).find("Content-Type: application/json"), std::string::npos);
}

TEST_F(StatusSiteTest, ManyWhoAskCostOneLook) {
  for (int n = 0; n < 1000; ++n) {
    now_ += 1ms;
    site_.Answer({"GET", "/metrics", "", ""});
  }
  EXPECT_LE(looked_, 5);
  EXPECT_EQ(site_.counters().answered, 1000u);
}

TEST_F(StatusSiteTest, AnswersRequestsInPiecesOfAnySize) {
  const std::string request = "GET /status HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n";
  const std::string whole = Exchange(request);
  EXPECT_TRUE(whole.starts_with("HTTP/1.1 200 OK\r\n")) << whole.substr(0, 200);
  EXPECT_NE(whole.find("\r\nConnection: close\r\n"), std::string::npos);
  EXPECT_NE(whole.find("\r\nX-Content-Type-Options: nosniff\r\n"), std::string::npos);
  const std::size_t body = whole.find("\r\n\r\n") + 4;
  EXPECT_NE(whole.find("Content-Length: " + std::to_string(whole.size() - body)), std::string::npos);
  for (const std::size_t piece : {1, 2, 7, 30}) EXPECT_EQ(Exchange(request, piece), whole);
  EXPECT_EQ(Exchange("HEAD" + request.substr(3)).find("\r\n\r\n") + 4,
            Exchange("HEAD" + request.substr(3)).size());
  EXPECT_EQ(Exchange(request.substr(0, request.size() - 2)), "");  // the header has not ended
  EXPECT_TRUE(Exchange("GET /status HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 200"));
}

TEST_F(StatusSiteTest, HostileBytesAreRefused) {
  std::string zeros(5000, '\0');
  for (const std::string& bytes :
       {std::string("\r\n\r\n\r\n\r\n"), std::string("GET / HTTP/9.9\r\n\r\n"),
        std::string("GET / HTTP/1.1\nHost x\n\n"), std::string("\x16\x03\x01\x02", 4) + zeros,
        std::string("GET /\r\n\r\n"), std::string("GET / HTTP/1.1\r\n: x\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n")}) {
    for (const std::size_t piece : {1, 100000}) {
      const std::string answer = Exchange(bytes + "\r\n\r\n", piece);
      EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 "))
          << answer.substr(0, 80) << " to " << bytes.substr(0, 40);
    }
  }
  for (const std::string& bytes :
       {"GET /" + std::string(9000, 'a') + " HTTP/1.1\r\n\r\n", std::string(9000, 'G'),
        "GET / HTTP/1.1\r\n" + std::string(9000, 'x') + ": y\r\n\r\n"}) {
    for (const std::size_t piece : {1, 1000, 100000}) {
      const std::string answer = Exchange(bytes, piece);
      EXPECT_TRUE(answer.starts_with("HTTP/1.1 4")) << answer.substr(0, 80) << " to " << bytes.substr(0, 40);
    }
  }
  EXPECT_TRUE(
      Exchange("POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\nabc").starts_with("HTTP/1.1 405 "));
  EXPECT_TRUE(
      Exchange("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz").starts_with("HTTP/1.1 200 "));
}

}  // namespace
}  // namespace attune::launch
