#include "protocol/jobs/huge_body.hpp"

#include "protocol/jobs/usage_dom.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <string>

namespace perennial::jobs {

namespace {

/// Hears the text's events and keeps the numbers of {"usage": {…, "…_details": {…}}}.
class usage_listener final : public nlohmann::json_sax<nlohmann::json> {
public:
  const usage_fields& found() const { return found_; }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t n) override {
    if (in_objects_ == depth_ && depth_ >= 2 && depth_ <= keys_.size() && keys_[0] == "usage") {
      found_.take(keys_[1], depth_ == 3 ? keys_[2] : std::string_view{}, n);
    }
    return true;
  }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(size_t) override {
    if (in_objects_ == depth_) ++in_objects_;
    ++depth_;
    if (depth_ <= keys_.size()) keys_[depth_ - 1].clear();
    return true;
  }
  bool key(string_t& name) override {
    if (depth_ <= keys_.size()) keys_[depth_ - 1] = name.substr(0, longest_key);
    return true;
  }
  bool end_object() override {
    leave();
    return true;
  }
  bool start_array(size_t) override {
    ++depth_;
    return true;
  }
  bool end_array() override {
    leave();
    return true;
  }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

private:
  static constexpr size_t longest_key = 64;

  void leave() {
    --depth_;
    in_objects_ = std::min(in_objects_, depth_);
  }

  usage_fields found_;
  size_t depth_ = 0;
  size_t in_objects_ = 0; ///< Levels from the top that are objects.
  std::array<std::string, 3> keys_;
};

} // namespace

std::optional<usage> usage_of_huge(std::string_view body) {
  usage_listener listener;
  if (!nlohmann::json::sax_parse(body.begin(), body.end(), &listener)) return std::nullopt;
  return listener.found().sum();
}

} // namespace perennial::jobs
