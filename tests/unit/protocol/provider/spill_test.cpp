// A long answer goes out as it comes: nothing of it is held, the key is covered wherever the pieces
// are cut, and what the spill says becomes the call's outcome.
#include "raw_server.hpp"

#include "protocol/provider/outcome.hpp"
#include "protocol/provider/secret_cover.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial;
using namespace perennial::test;

BOOST_AUTO_TEST_SUITE(spilled_answers)

namespace {

struct kept_answer final : answer_spill {
  result<void> begin(const call_report& head) override {
    ++begun;
    status = head.status;
    request_id = head.request_id;
    text.clear();
    return {};
  }
  result<void> append(std::string_view bytes) override {
    if (text.size() + bytes.size() > room) return fail(why, "no room for it");
    text += bytes;
    return {};
  }
  result<void> end() override {
    ended = true;
    return {};
  }

  int begun = 0;
  int status = 0;
  bool ended = false;
  std::string request_id;
  std::string text;
  size_t room = ~size_t{0};
  errc why = errc::no_space;
};

struct counted_memory final : answer_memory {
  bool grow(uint64_t bytes, steady_time, const std::function<bool()>&) override {
    held += bytes;
    return true;
  }
  void shrink_to(uint64_t bytes) override { held = std::min(held, bytes); }
  uint64_t held = 0;
};

raw_server::script always(std::string bytes) {
  return [bytes = std::move(bytes)](peer& p) {
    while (!p.read_request().empty())
      if (!p.send(bytes)) return;
  };
}

std::string chunked(std::string_view body, size_t piece) {
  std::string out = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nx-request-id: r1\r\n\r\n";
  for (size_t at = 0; at < body.size(); at += piece) {
    const auto part = body.substr(at, piece);
    out += fmt::format("{:x}\r\n{}\r\n", part.size(), part);
  }
  return out + "0\r\n\r\n";
}

call_report call_with(uint16_t port, const call_options& options, std::string key = {}) {
  auto settings = settings_for(port);
  settings.api_key = secret{std::move(key)};
  return connect_to(std::move(settings))->call(chat, "{}", options).value();
}

const std::string body = "[\"" + std::string(300'000, 'x') + "\"]";

} // namespace

BOOST_AUTO_TEST_CASE(a_long_answer_goes_to_the_spill_whole_and_nothing_is_held) {
  for (const auto& sent : {answer("200 OK", body, "x-request-id: r1\r\n"), chunked(body, 7000)}) {
    raw_server server{always(sent)};
    kept_answer spill;
    counted_memory memory;
    const auto got =
      call_with(server.port(), {.memory = &memory, .spill = &spill, .spill_over = 100'000});
    BOOST_TEST(std::string{to_string(got.failure)} == "none");
    BOOST_TEST(got.spilled == body.size());
    BOOST_TEST(got.body.empty());
    BOOST_TEST(memory.held == 0u);
    BOOST_TEST((spill.text == body));
    BOOST_TEST(spill.begun == 1);
    BOOST_TEST(spill.status == 200);
    BOOST_TEST(spill.request_id == "r1");
    BOOST_TEST(spill.ended);
    BOOST_TEST((classify(got, {}).kind == outcome_kind::success));
  }
}

BOOST_AUTO_TEST_CASE(a_shorter_answer_and_one_of_the_limit_itself_are_held) {
  raw_server server{always(answer("200 OK", body))};
  kept_answer spill;
  const auto got = call_with(server.port(), {.spill = &spill, .spill_over = body.size()});
  BOOST_TEST((got.body == body));
  BOOST_TEST(got.spilled == 0u);
  BOOST_TEST(spill.begun == 0);
}

BOOST_AUTO_TEST_CASE(a_refusal_is_never_spilled_and_has_a_limit_of_its_own) {
  raw_server server{always(answer("400 Bad Request", body))};
  kept_answer spill;
  const auto got = call_with(server.port(), {.spill = &spill, .spill_over = 100'000});
  BOOST_TEST(spill.begun == 0);
  BOOST_TEST(std::string{to_string(got.failure)} == "too_large");
  BOOST_TEST(got.status == 400);
}

BOOST_AUTO_TEST_CASE(the_key_is_covered_wherever_the_pieces_are_cut) {
  const std::string key = "sk-0123456789";
  const std::string text = "[\"" + key + std::string(2000, 'y') + key + key + "\"]";
  const std::string hidden(key.size(), '*');
  const std::string expected = "[\"" + hidden + std::string(2000, 'y') + hidden + hidden + "\"]";
  const secret covered{key};
  for (size_t piece = 1; piece < 40; ++piece) {
    secret_cover cover{covered};
    std::string out;
    for (size_t at = 0; at < text.size(); at += piece) out += cover.feed(text.substr(at, piece));
    out += cover.rest();
    BOOST_TEST(out == expected, "piece " << piece);
  }
  raw_server server{always(chunked(text, 5))};
  kept_answer spill;
  const auto got = call_with(server.port(), {.spill = &spill, .spill_over = 1000}, key);
  BOOST_TEST(got.spilled == text.size());
  BOOST_TEST(spill.text == expected);
}

BOOST_AUTO_TEST_CASE(no_room_for_it_gives_the_line_back_with_a_wait_and_uses_no_attempt) {
  raw_server server{always(answer("200 OK", body))};
  kept_answer spill;
  spill.room = 200'000;
  const auto got = call_with(server.port(), {.spill = &spill, .spill_over = 100'000});
  BOOST_TEST(std::string{to_string(got.failure)} == "not_kept");
  const auto o = classify(got, {});
  BOOST_TEST((o.kind == outcome_kind::aborted));
  BOOST_TEST(!o.attempt_used);
  BOOST_TEST(o.ambiguous);
  BOOST_TEST((o.breaker == breaker_effect::none));
  BOOST_TEST((o.wait_at_least == std::chrono::seconds{30}));
}

BOOST_AUTO_TEST_CASE(bytes_that_the_spill_refuses_are_a_bad_answer) {
  raw_server server{always(answer("200 OK", body))};
  kept_answer spill;
  spill.room = 200'000;
  spill.why = errc::invalid_input;
  const auto got = call_with(server.port(), {.spill = &spill, .spill_over = 100'000});
  BOOST_TEST((classify(got, {}).kind == outcome_kind::bad_answer));
}

BOOST_AUTO_TEST_CASE(the_limit_for_answers_counts_for_spilled_ones_too) {
  raw_server server{always(chunked(body, 7000))};
  kept_answer spill;
  auto settings = settings_for(server.port());
  settings.max_response_bytes = body.size() - 1;
  const auto got = connect_to(std::move(settings))
                     ->call(chat, "{}", {.spill = &spill, .spill_over = 1000})
                     .value();
  BOOST_TEST(std::string{to_string(got.failure)} == "too_large");
}

BOOST_AUTO_TEST_SUITE_END()
