// A tiny picture, for the fake provider's images: valid PNG, made without a compressor.
#pragma once

#include <cstdint>
#include <string>

namespace perennial::sim {

/// An 8 x 8 picture in colours that follow from `seed`, as the bytes of a PNG file.
std::string tiny_png(uint64_t seed);

} // namespace perennial::sim
