// One connection's requests and replies, in order: the next request is read once the reply to the
// last one is out, so that pipelining works whatever the delays.
//
//            ┌──────────────────────────── reply is out ────────────────────────────┐
//            ▼                                                                       │
//         reading ──request──▶ delayed ──timer──▶ sending ◀──timer──▶ between pieces─┤
//            ▲                                                                       │
//            └───settings change── held          silent (until the client goes)      ┘
//
// A client that closes its side is taken for gone: what it waited for is dropped and not counted as
// answered. Belongs to one event loop; never blocks.
#pragma once

#include "tools/sim/channel.hpp"
#include "tools/sim/desk.hpp"
#include "tools/sim/request_reader.hpp"
#include "tools/sim/timer_queue.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace perennial::sim {

/// What the conversations of one loop share.
struct loop_context {
  provider& owner;
  desk replies;
  timer_queue timers;
  int epoll = -1;
  std::vector<char> buffer; ///< what was just read; `body_padding` bytes longer than is used
  steady_time now{};
};

class conversation {
public:
  /// `counted` is false for connections to the control port.
  conversation(loop_context& loop, channel io, bool counted);
  ~conversation();
  conversation(const conversation&) = delete;
  conversation& operator=(const conversation&) = delete;

  /// The socket is ready; `events` are epoll's.
  void on_ready(uint32_t events);
  void on_timer(uint64_t ticket);
  /// The settings changed: what was held is looked at again.
  void on_settings();
  /// Ends it with a reset.
  void abort();

  /// Whether it came to its end and is to be destroyed.
  bool over() const { return over_; }
  bool counted() const { return counted_; }

private:
  enum class stage : uint8_t { reading, delayed, sending, between_pieces, held, silent };

  void read();
  void take(std::string_view bytes);
  size_t consume(std::string_view bytes);
  void keep(std::string_view bytes);
  void resume();

  void begin(reply r);
  void act();
  void next_piece();
  void flush();
  void settle();
  void finish();
  void wait_for(std::chrono::nanoseconds delay, stage next);
  void watch(bool readable, bool writable);

  loop_context& loop_;
  channel io_;
  request_reader reader_;
  std::string in_; ///< bytes from the first request that is not answered; padded
  reply reply_;    ///< under way, unless `stage_` is reading
  size_t sent_ = 0;
  size_t piece_end_ = 0;
  uint64_t ticket_ = 0; ///< of the timer that is waited for
  uint32_t interest_ = 0;
  stage stage_ = stage::reading;
  bool counted_;
  bool seen_before_ = false; ///< the next request was held
  bool paused_ = false;      ///< enough is read ahead
  bool over_ = false;
};

} // namespace perennial::sim
