// Where requests become replies: the routes, the rules (key, model, forbidden text) and, once the
// provider has judged, the rendering of answers and of faults. It decides what is to be sent and
// when; the event loop does it. One desk a loop; not thread-safe.
#pragma once

#include "protocol/base/clock.hpp"
#include "tools/sim/model_request.hpp"
#include "tools/sim/provider.hpp"
#include "tools/sim/request_reader.hpp"

#include <memory>
#include <optional>
#include <string>

namespace perennial::sim {

/// What a connection is to do about one request.
struct reply {
  enum class action : uint8_t {
    send,
    hang,  ///< say nothing until the client goes
    hold,  ///< say nothing; ask again when the settings change
    reset, ///< reset the connection
  };

  action act = action::send;
  std::string bytes;
  /// So many dots stand in the bytes, before the one at `pad_at`: an answer of any length is sent
  /// without being held.
  uint64_t pad = 0;
  size_t pad_at = 0;
  std::chrono::nanoseconds delay{}; ///< before the act
  bool close = false;               ///< the connection, after the last byte
  std::chrono::nanoseconds gap{};   ///< between two pieces; 0 sends everything at once
  bool by_event = false;            ///< pieces are events of a stream, else single bytes
  bool in_flight = false;           ///< counted as arrived; tell the provider when it left
  std::optional<uint64_t> answers;  ///< the prompt that is answered once this is done

  uint64_t size() const { return bytes.size() + pad; }
  /// Bytes from `from` on, at least one, none from `end` on.
  std::string_view piece(uint64_t from, uint64_t end) const;
};

class desk {
public:
  /// `number` tells the desks of one process apart.
  desk(provider& p, uint64_t number);

  /// Takes up changed settings; true if there were any.
  bool refresh();
  uint64_t version() const { return version_; }
  const settings& rules() const { return *settings_; }

  /// Answers a request. `held` says that it was here before and got `hold`.
  reply answer(const http_request& request, steady_time now, bool held);

  /// Answers what could not be read as a request.
  reply refuse(const request_refusal& why);

private:
  reply answer_model(endpoint kind, const http_request& request, steady_time now);
  std::optional<reply> break_rule(const model_request& asked, bool keep_alive);
  reply commit(fault fate, const model_request& asked, bool keep_alive);
  reply good_answer(const model_request& asked, bool keep_alive);
  reply service(const http_request& request, steady_time now);
  reply control(const http_request& request, steady_time now);
  bool authorized(const http_head& head) const;

  reply failure(int status, std::string_view message, std::string_view code, bool keep_alive,
                std::string_view extra = {});
  reply turn_away(refusal why, int status, std::string_view message, std::string_view code,
                  bool keep_alive, std::string_view extra = {});
  uint64_t next_id();

  provider& provider_;
  std::shared_ptr<const settings> settings_;
  uint64_t version_ = 0;
  uint64_t ids_;
  model_request_reader reader_;
};

} // namespace perennial::sim
