// All open connections, the idle ones among them in the order in which they became idle. The
// parker's thread only.
#pragma once

#include "protocol/http/edge_connection.hpp"

#include <list>
#include <memory>
#include <vector>

namespace perennial::http {

class connection_table {
public:
  explicit connection_table(edge_counters& counters)
    : counters_(counters) {}
  ~connection_table();
  connection_table(const connection_table&) = delete;
  connection_table& operator=(const connection_table&) = delete;

  connection& add(std::unique_ptr<connection> c);
  /// Closes its socket at once; the object lives until `bury`, since events for it may be at hand.
  void close(connection& c);
  void bury() { graves_.clear(); }

  /// Puts it into the list of idle connections or takes it out, as it is.
  void note_idle(connection& c);
  /// Counts its memory as it is now.
  void charge(connection& c);

  /// The one that has been idle for longest; null if none is.
  connection* longest_idle() const { return idle_.empty() ? nullptr : idle_.front(); }
  size_t size() const { return all_.size(); }
  const std::vector<std::unique_ptr<connection>>& all() const { return all_; }

private:
  void set_idle(connection& c, bool idle);

  edge_counters& counters_;
  std::vector<std::unique_ptr<connection>> all_, graves_;
  std::list<connection*> idle_;
};

} // namespace perennial::http
