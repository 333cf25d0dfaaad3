#include "actors/protect/breaker_report.hpp"

namespace perennial::actors {

counted_call report_of(const outcome& o, std::chrono::milliseconds took, breaker_scope scope) {
  counted_call r;
  switch (o.breaker) {
  case breaker_effect::none: return r;
  case breaker_effect::success: r.effect = call_effect::success; break;
  case breaker_effect::failure: r.effect = call_effect::failure; break;
  }
  const bool unreached = o.kind == outcome_kind::never_sent;
  if (scope == breaker_scope::model && unreached) return {}; // no fault of the model
  if (scope == breaker_scope::connections && !unreached) {   // somebody was there
    r.effect = call_effect::success;
    return r;
  }
  r.connection_failure = unreached;
  r.slow = o.slow;
  r.silent = o.silent;
  r.outage = o.outage;
  r.took = took;
  if (r.effect == call_effect::failure) r.detail = o.message;
  return r;
}

} // namespace perennial::actors
