// What workers do with a batch: each image is turned, scaled, shifted and made noisy.
#ifndef AUGMENT_HPP
#define AUGMENT_HPP

#include "digits.hpp"
#include "jobexec_batches.hpp"

#include <cmath>
#include <cstdint>
#include <new>
#include <random>

/// A batch's input is a row of these: which digits to take. Its output is what became of them.
using Pick = std::uint32_t;

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

/// Fills a batch. The same seed makes the same batch, on a thread or in a process.
inline void augment(const std::vector<Digit>& source, jobexec::BatchJob& job) {
    std::mt19937_64 random(job.seed());
    const auto* pick = reinterpret_cast<const Pick*>(job.input().begin());
    const std::size_t count = job.input().size / sizeof(Pick);
    auto* place = reinterpret_cast<Digit*>(job.output().begin());
    for (std::size_t i = 0; i < count; ++i) {
        const Digit& digit = source.at(pick[i]);
        new (place + i) Digit{augment(digit.image, random), digit.label};
    }
    job.set_output(count * sizeof(Digit));
}

#endif
