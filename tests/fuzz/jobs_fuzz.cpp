// A libFuzzer target for all that reads job files: whatever the bytes,
//   - every size of chunk gives the same lines, and the counter counts them alike;
//   - what the validator takes is JSON to another parser too, and the slicer takes it apart into
//   the
//     same values; what it refuses as JSON is refused there too, but for numbers and nesting;
//   - a line that was not validated does the slicer no harm;
//   - every result is one line of JSON, from which the head reads back.
//
// The first byte of an input chooses the rules, the others are the file. As a test it runs with
// `mutate_main.cpp`; with libFuzzer, from the top of the checkout:
//   clang++ -std=c++20 -O1 -fsanitize=fuzzer,address -I. -DSPDLOG_FMT_EXTERNAL=1
//     tests/fuzz/jobs_fuzz.cpp protocol/{jobs,openai}/*.cpp protocol/base/{bytes,error,suggest}.cpp
//     -lsimdjson -lfmt
#include "protocol/jobs/json_text.hpp"
#include "protocol/jobs/replace_model.hpp"
#include "protocol/jobs/result_line.hpp"
#include "protocol/jobs/slicer.hpp"
#include "protocol/jobs/validator.hpp"
#include "protocol/openai/create_batch.hpp"
#include "protocol/openai/list.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

using namespace perennial;
using namespace perennial::jobs;
using nlohmann::json;

namespace {

void must(bool holds, const char* what, std::string_view about = "") {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n%.*s\n", what, static_cast<int>(about.size()),
               about.data());
  std::abort();
}

struct owned_line {
  line where;
  std::string bytes; // with padding
};

std::vector<owned_line> split(std::string_view file, size_t chunk, uint64_t limit) {
  line_splitter splitter{{}, limit};
  std::vector<owned_line> out;
  line l;
  const auto keep = [&] {
    out.push_back({l, with_padding(l.bytes)});
    out.back().where.bytes = {};
  };
  while (!file.empty()) {
    // A block of its own, so that a sanitizer sees what is read beyond it.
    const std::vector<char> piece(
      file.begin(), file.begin() + static_cast<ptrdiff_t>(std::min(chunk, file.size())));
    splitter.feed({piece.data(), piece.size()});
    while (splitter.next(l)) keep();
    file.remove_prefix(piece.size());
  }
  if (splitter.finish(l)) keep();
  return out;
}

void check_same(const std::vector<owned_line>& a, const std::vector<owned_line>& b) {
  must(a.size() == b.size(), "chunks do not change the number of lines");
  for (size_t i = 0; i < a.size(); ++i) {
    const auto &x = a[i].where, &y = b[i].where;
    must(a[i].bytes == b[i].bytes && x.ordinal == y.ordinal && x.number == y.number &&
           x.offset == y.offset && x.size == y.size && x.too_long == y.too_long,
         "chunks do not change a line", a[i].bytes);
    must(x.ordinal == i, "ordinals have no gaps");
  }
}

uint64_t count(std::string_view file, size_t chunk) {
  line_counter counter;
  for (size_t at = 0; at < file.size(); at += chunk) counter.feed(file.substr(at, chunk));
  return counter.lines();
}

const json* member(const json& object, const char* key) {
  const auto at = object.find(key);
  return at == object.end() ? nullptr : &*at;
}

/// nlohmann keeps the last of two equal keys, simdjson the first: tell whether it matters.
bool has_equal_keys(std::string_view text) {
  std::vector<std::vector<std::string>> open;
  bool found = false;
  const auto look = [&](int, json::parse_event_t event, json& value) {
    if (event == json::parse_event_t::object_start) open.emplace_back();
    if (event == json::parse_event_t::object_end) open.pop_back();
    if (event == json::parse_event_t::key) {
      auto key = value.get<std::string>();
      found = found || std::ranges::find(open.back(), key) != open.back().end();
      open.back().push_back(std::move(key));
    }
    return true;
  };
  found = json::parse(text, look, false).is_discarded() || found;
  return found;
}

void check_body(const json& body, const job_line& got, const job_rules& rules) {
  const auto* model = member(body, "model");
  if (!rules.model.empty()) {
    must(model && model->is_string() && *model == rules.model, "the model is the rules'",
         got.body());
    must(got.model == rules.model, "the model is told");
  } else {
    must(got.model == (model && model->is_string() ? model->get<std::string>() : ""),
         "the model is the line's", got.body());
  }
}

void check_openai_line(const json& whole, const json& body, const job_line& got) {
  must(got.custom_id == whole["custom_id"].get<std::string>(), "the custom_id is the line's");
  auto want = whole["body"], have = body;
  want.erase("model");
  have.erase("model");
  must(want == have, "the body is the line's", got.body());
}

void check_short_line(const json& whole, const json& body, const job_line& got,
                      const job_rules& rules) {
  const auto& prompt = whole["prompt"];
  switch (find_endpoint(rules.endpoint)->place) {
  case prompt_place::messages: must(body["messages"].back()["content"] == prompt, "prompt"); break;
  case prompt_place::prompt: must(body["prompt"] == prompt, "prompt"); break;
  case prompt_place::input:
  case prompt_place::response: must(body["input"] == prompt, "prompt"); break;
  }
  for (const auto* key : {"custom_id", "id"}) {
    const auto* id = member(whole, key);
    if (!id) continue;
    must(got.custom_id == (id->is_string() ? id->get<std::string>() : id->dump()), "id");
  }
  for (const auto& [key, value] : whole.items()) {
    if (key == "prompt" || key == "id" || key == "custom_id" || key == "model" || key == "system") {
      continue;
    }
    must(body[key] == value, "other fields are the line's", got.body());
  }
}

void check_line(const owned_line& l, validator& check, slicer& cut, const job_rules& rules) {
  auto given = l.where;
  given.bytes = l.bytes;
  const auto id = check.validate(given);
  const auto got = cut.slice(l.bytes, given.ordinal);
  if (rules.format == job_format::text) {
    must(!id || got.has_value(), "text can be sliced");
    return;
  }
  const auto whole = json::parse(l.bytes, nullptr, false);
  if (!id) {
    // nlohmann skips a byte order mark.
    const bool mark = l.bytes.starts_with("\xEF\xBB\xBF");
    if (id.error().code == problem_code::invalid_json_line && !whole.is_discarded() && !mark) {
      must(id.error().message.find("number") != std::string::npos ||
             id.error().message.find("nested") != std::string::npos,
           id.error().message.c_str(), l.bytes);
    }
    return;
  }
  must(!whole.is_discarded(), "what is good is JSON", l.bytes);
  must(got.has_value(), "what is good can be sliced", l.bytes);
  must(got->custom_id == *id, "validator and slicer give one custom_id", l.bytes);
  const auto body = json::parse(got->body(), nullptr, false);
  must(body.is_object(), "the body is an object", got->body());
  if (has_equal_keys(l.bytes)) return;
  check_body(body, *got, rules);
  if (whole.contains("body")) {
    check_openai_line(whole, body, *got);
  } else {
    check_short_line(whole, body, *got, rules);
  }
  const auto text = with_padding(got->body());
  const auto once = replace_model(text, "another");
  must(once && once->changed, "a model can be replaced", text);
  must(!replace_model(with_padding(once->body), "another")->changed, "and then stays", once->body);
}

void check_result(std::string_view id, std::string_view body, int status) {
  result_fields fields;
  fields.custom_id = id;
  fields.status_code = status;
  fields.body = body;
  fields.error_code = status == 0 ? "batch_expired" : "";
  fields.error_message = body;
  std::string out;
  const auto rendered = render_result(fields, out);
  must(rendered.bytes == out.size() && out.find('\n') == out.size() - 1, "a result is one line",
       out);
  const auto whole = json::parse(out, nullptr, false);
  must(!whole.is_discarded(), "a result is JSON", out);
  const auto head = read_result_head(out);
  must(head && head->status_code == status, "the head reads back", out);
  if (is_utf8(id)) must(head->custom_id == id, "the custom_id reads back", out);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const auto choice = data[0];
  const std::string_view file{reinterpret_cast<const char*>(data + 1), size - 1};
  job_rules rules;
  rules.format = choice & 4 ? job_format::text : job_format::jsonl;
  rules.max_line_bytes = choice & 8 ? 40 : 100'000;
  if (choice & 2) rules.model = "the \"model\"";
  if (choice & 1) rules.endpoint = endpoint_paths()[(choice >> 4) % endpoint_paths().size()];

  const auto lines = split(file, file.size() + 1, rules.max_line_bytes);
  for (const size_t chunk : {size_t{1}, size_t{2}, size_t{7}, file.size() / 2 + 1}) {
    check_same(lines, split(file, chunk, rules.max_line_bytes));
    must(count(file, chunk) == lines.size(), "the counter counts lines");
  }
  validator check{rules};
  slicer cut{rules};
  for (const auto& l : lines) {
    check_line(l, check, cut, rules);
    check_result(std::string_view{l.bytes}.substr(0, 20), l.bytes, 200);
  }
  check_result(file, file, 0);
  check_result("a", file, 500);

  (void)openai::parse_create_batch(file);
  (void)openai::parse_batch_list(file);
  (void)openai::parse_batch(file);
  (void)openai::parse_api_error(500, file);
  (void)usage_of(file);
  return 0;
}
