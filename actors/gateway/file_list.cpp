#include "actors/gateway/file_list.hpp"

#include "actors/gateway/batch_view.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace perennial::actors {

namespace {

constexpr std::string_view output_purpose = "batch_output";
/// Uploads between two looks at their purpose.
constexpr size_t page_size = 1000;

/// Oldest first: by id, and then in the order of `id_kind`.
using place = std::pair<uint64_t, openai::id_kind>;
struct placed {
  place at;
  openai::file_object file;
};
using placed_list = std::vector<placed>;

struct search {
  const storage::store& db;
  const openai::list_query& query;
  size_t wanted;

  bool is_behind(const place& a, const place& b) const {
    return query.newest_first ? a < b : a > b;
  }
  /// Not on an earlier page.
  bool is_due(const place& p) const {
    return !query.after || is_behind(p, {query.after->id, query.after->kind});
  }

  result<placed_list> uploads() const {
    placed_list out;
    auto after = query.after ? query.after->id : 0;
    const auto size = std::min(wanted, page_size);
    while (out.size() < wanted) {
      auto page = db.list_files(after, size, query.newest_first);
      if (!page) return tl::unexpected{page.error()};
      for (const auto& f : *page) {
        auto view = view_of(f);
        if (query.purpose.empty() || view.purpose == query.purpose) {
          out.push_back({{f.id, openai::id_kind::file}, std::move(view)});
        }
      }
      if (page->size() < size) break;
      after = page->back().id;
    }
    return out;
  }

  result<placed_list> outputs() const {
    using openai::id_kind;
    placed_list out;
    // Oldest first needs all of them; newest first those from the batch of `after` on.
    const auto from = query.newest_first && query.after ? query.after->id + 1 : 0;
    const auto most = query.newest_first ? wanted + 1 : std::numeric_limits<uint32_t>::max();
    auto batches = db.list_batches(from, most);
    if (!batches) return tl::unexpected{batches.error()};
    for (const auto& b : *batches) {
      for (const auto kind : {id_kind::error_file, id_kind::output_file}) {
        const place at{b.id, kind};
        if (!is_due(at)) continue;
        auto view = output_view_of(b, kind == id_kind::output_file ? storage::output_kind::ok
                                                                   : storage::output_kind::error);
        if (view.bytes > 0) out.push_back({at, std::move(view)});
      }
    }
    if (!query.newest_first) std::ranges::reverse(out);
    return out;
  }
};

} // namespace

result<std::vector<openai::file_object>> find_files(const storage::store& db,
                                                    const openai::list_query& query) {
  const search s{db, query, size_t{query.limit} + 1};
  placed_list all;
  if (query.purpose != output_purpose) {
    auto found = s.uploads();
    if (!found) return tl::unexpected{found.error()};
    all = std::move(*found);
  }
  if (query.purpose.empty() || query.purpose == output_purpose) {
    auto found = s.outputs();
    if (!found) return tl::unexpected{found.error()};
    std::ranges::move(*found, std::back_inserter(all));
  }
  std::ranges::sort(all, [&](const placed& a, const placed& b) { return s.is_behind(b.at, a.at); });
  if (all.size() > s.wanted) all.resize(s.wanted);
  std::vector<openai::file_object> out;
  for (auto& p : all) out.push_back(std::move(p.file));
  return out;
}

} // namespace perennial::actors
