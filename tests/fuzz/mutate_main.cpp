// Runs a libFuzzer target without libFuzzer: every file of a directory as it is, then so many
// random mutations of them. The same seed makes the same inputs. An input that ends the process is
// in the file `fuzz-last-input` of the working directory.
//
//   fuzz_jobs CORPUS_DIR [ITERATIONS [SEED]]
#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr size_t longest_input = 8192;

std::string last_input;

/// Async-signal-unsafe, and fine: the process is at its end, and this is a test.
void keep_last_input(int) {
  if (auto* file = std::fopen("fuzz-last-input", "wb")) {
    std::fwrite(last_input.data(), 1, last_input.size(), file);
    std::fclose(file);
  }
  std::_Exit(1);
}

void run(const std::string& input) {
  last_input = input;
  // An exact block, so that a sanitizer sees what is read beyond it.
  const std::vector<uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

std::vector<std::string> read_corpus(const std::filesystem::path& dir) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator{dir}) paths.push_back(entry.path());
  std::ranges::sort(paths);
  std::vector<std::string> out;
  for (const auto& path : paths) {
    std::ifstream in{path, std::ios::binary};
    out.emplace_back(std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{});
  }
  return out;
}

class mutator {
public:
  mutator(const std::vector<std::string>& corpus, uint64_t seed)
    : corpus_(corpus)
    , random_(seed) {}

  std::string make() {
    auto text = any(corpus_);
    for (auto n = below(6) + 1; n > 0; --n) change(text);
    if (text.size() > longest_input) text.resize(longest_input);
    return text;
  }

private:
  size_t below(size_t n) { return n == 0 ? 0 : random_() % n; }
  const std::string& any(const std::vector<std::string>& from) { return from[below(from.size())]; }

  void change(std::string& text) {
    static const std::vector<std::string> words{"\"",
                                                "\\",
                                                "{",
                                                "}",
                                                "[",
                                                "]",
                                                ",",
                                                ":",
                                                "\n",
                                                "\r\n",
                                                " ",
                                                "\t",
                                                "null",
                                                "true",
                                                "1e400",
                                                "-0",
                                                "0.5",
                                                "\\u0000",
                                                "\\ud83d\\ude00",
                                                "\\ud800",
                                                "\\udc00",
                                                "\xEF\xBB\xBF",
                                                "\xff",
                                                "\xc3\xa9",
                                                "\"model\":\"x\",",
                                                "\"prompt\":\"p\"",
                                                "\"custom_id\":\"c\",",
                                                "\"body\":{},",
                                                "\"id\":1,",
                                                "\"system\":\"s\",",
                                                "\"messages\":[],",
                                                "\"mod\\u0065l\":7,",
                                                "\n{\"prompt\":\"q\"}\n"};
    const auto at = below(text.size() + 1);
    const auto length = std::min(below(below(4) == 0 ? 200 : 8), text.size() - at);
    switch (below(8)) {
    case 0: text.insert(at, any(words)); break;
    case 1: text.erase(at, length); break;
    case 2:
      if (at < text.size()) text[at] = static_cast<char>(below(256));
      break;
    case 3:
      if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
      break;
    case 4: text.insert(at, text.substr(at, length)); break;
    case 5: {
      const auto& other = any(corpus_);
      text.insert(at, other.substr(below(other.size() + 1), below(100)));
      break;
    }
    case 6: text.insert(at, std::string(below(60), any(words)[0])); break;
    default: text.replace(at, length, any(words)); break;
    }
  }

  const std::vector<std::string>& corpus_;
  std::mt19937_64 random_;
};

} // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s CORPUS_DIR [ITERATIONS [SEED]]\n", argv[0]);
    return 2;
  }
  std::signal(SIGABRT, keep_last_input);
  std::signal(SIGSEGV, keep_last_input);
  const auto corpus = read_corpus(argv[1]);
  if (corpus.empty()) {
    std::fprintf(stderr, "%s holds no inputs\n", argv[1]);
    return 2;
  }
  const auto iterations = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 10'000;
  const auto seed = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1;
  for (const auto& input : corpus) run(input);
  mutator mutate{corpus, seed};
  for (uint64_t i = 0; i < iterations; ++i) run(mutate.make());
  std::printf("%zu inputs and %llu mutations of them, seed %llu: all holds\n", corpus.size(),
              iterations, seed);
  return 0;
}
