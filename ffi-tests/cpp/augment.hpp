// What workers do with a batch: each image is turned, scaled, shifted and made noisy.
#ifndef AUGMENT_HPP
#define AUGMENT_HPP

#include "digits.hpp"

#include <cmath>
#include <cstdint>
#include <random>

/// The payload of a job: which digits to take, then what became of them.
struct Batch {
    std::vector<std::size_t> picks;
    std::vector<Digit> digits;
};

/// The grey value at a point between the pixels; black outside.
inline float sample(const Image& image, float x, float y) {
    const float left = std::floor(x), top = std::floor(y);
    const auto at = [&](float column, float row) {
        if (column < 0 || row < 0 || column >= side || row >= side) return 0.0F;
        return image[static_cast<std::size_t>(row) * side + static_cast<std::size_t>(column)];
    };
    const float dx = x - left, dy = y - top;
    return (1 - dy) * ((1 - dx) * at(left, top) + dx * at(left + 1, top)) +
           dy * ((1 - dx) * at(left, top + 1) + dx * at(left + 1, top + 1));
}

/// One image, changed at random by up to 10 degrees, a tenth of its size and half a pixel.
inline Image augment(const Image& image, std::mt19937_64& random) {
    std::uniform_real_distribution<float> symmetric(-1, 1);
    std::normal_distribution<float> noise(0, 0.03F);
    const float angle = 0.175F * symmetric(random);
    const float scale = 1 + 0.1F * symmetric(random);
    const float shift_x = 0.5F * symmetric(random), shift_y = 0.5F * symmetric(random);
    const float cosine = std::cos(angle) * scale, sine = std::sin(angle) * scale;
    constexpr float centre = (side - 1) / 2.0F;
    Image changed;
    for (std::size_t at = 0; at < pixels; ++at) {
        const float x = static_cast<float>(at % side) - centre;
        const float y = static_cast<float>(at / side) - centre;
        changed[at] = sample(image, centre + cosine * x - sine * y + shift_x,
                             centre + sine * x + cosine * y + shift_y) +
                      noise(random);
    }
    return changed;
}

/// Fills a batch. The same seed makes the same batch.
inline void augment(const std::vector<Digit>& source, Batch& batch, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    batch.digits.clear();
    for (const std::size_t pick : batch.picks)
        batch.digits.push_back({augment(source[pick].image, random), source[pick].label});
}

#endif
