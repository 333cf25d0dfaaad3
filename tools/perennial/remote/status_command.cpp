// `perennial status`: one batch of a running service, or the list of them.
#include "tools/perennial/exit_code.hpp"
#include "tools/perennial/remote/batch_text.hpp"
#include "tools/perennial/remote/batch_watch.hpp"
#include "tools/perennial/remote/remote_command.hpp"
#include "tools/perennial/terminal.hpp"

#include <memory>

namespace perennial::tool {

namespace {

constexpr uint32_t page_size = 100;

struct status_options {
  std::string batch;
  std::string url;
  uint32_t limit = 20;
  bool watch = false;
  bool json = false;
};

result<std::vector<openai::batch_object>> newest(api_client& api, uint32_t limit) {
  std::vector<openai::batch_object> out;
  for (;;) {
    const auto left = limit - static_cast<uint32_t>(out.size());
    auto page = api.list_batches(std::min(left, page_size), out.empty() ? "" : out.back().id);
    if (!page) return tl::unexpected{page.error()};
    for (auto& b : page->data) out.push_back(std::move(b));
    if (!page->has_more || page->data.empty() || out.size() >= limit) return out;
  }
}

int show_list(const status_options& o, api_client& api) {
  auto all = newest(api, o.limit);
  if (!all) return give_up(all.error());
  if (o.json) {
    for (const auto& b : *all) fmt::print("{}\n", openai::to_json(b));
  } else if (all->empty()) {
    say(fmt::format("There is no batch at {} yet. Make one: perennial submit JOBS", api.url()));
  } else {
    fmt::print("{}\n", table(*all));
  }
  return done;
}

int show_one(const status_options& o, api_client& api) {
  signals interrupts;
  auto b = o.watch ? watch_batch(api, o.batch, interrupts, {}) : api.get_batch(o.batch);
  if (!b) return give_up(b.error());
  fmt::print("{}\n", o.json ? openai::to_json(*b) : details(*b));
  if (!o.json && b->perennial) {
    for (const auto& sentence : b->perennial->waiting_for) say_warning(sentence);
  }
  return is_final(*b) ? exit_status(*b) : int{done};
}

int status(const status_options& o) {
  auto api = api_client::connect(o.url);
  if (!api) return give_up(api.error());
  if (!o.batch.empty()) return show_one(o, *api);
  if (!o.watch) return show_list(o, *api);
  say_error("--watch needs the id of a batch; `perennial status` lists them");
  return wrong_use;
}

} // namespace

void add_status(CLI::App& app, action& chosen) {
  auto o = std::make_shared<status_options>();
  auto* c = app.add_subcommand("status", "Show a batch of a running service, or list them");
  c->add_option("BATCH", o->batch, "Its id; without one, the newest batches");
  c->add_flag("--watch", o->watch, "Show progress until its end");
  c->add_option("--limit", o->limit, "How many to list")
    ->check(CLI::Range(1, 10'000))
    ->capture_default_str();
  c->add_flag("--json", o->json, "Print Batch objects, one on each line");
  add_url_option(*c, o->url);
  c->footer("Examples:\n"
            "  perennial status\n"
            "  perennial status batch_… --watch\n"
            "\n"
            "Exit status of a batch that is at its end: 0 all lines done, 1 some failed or were "
            "not run,\n2 its file was refused.");
  c->callback([o, &chosen] { chosen = [o] { return status(*o); }; });
}

} // namespace perennial::tool
