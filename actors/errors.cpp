#include "actors/errors.hpp"

#include <caf/make_message.hpp>
#include <caf/sec.hpp>

namespace perennial::actors {

caf::error to_caf(const error& e) { return caf::make_error(e.kind, e.message); }

error from_caf(const caf::error& e) {
  if (e.category() == caf::atom("perennial")) {
    const auto& context = e.context();
    std::string text;
    if (context.match_elements<std::string>()) text = context.get_as<std::string>(0);
    return {static_cast<errc>(e.code()), std::move(text)};
  }
  if (e == caf::sec::request_timeout) {
    return {errc::timed_out, "the service did not answer in time; try again"};
  }
  if (e == caf::sec::request_receiver_down || e.category() == caf::atom("exit")) {
    return {errc::unavailable, "the service is shutting down; try again after its restart"};
  }
  return {errc::internal, "between actors: " + caf::to_string(e)};
}

} // namespace perennial::actors
