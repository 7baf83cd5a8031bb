// A network of one hidden layer: ReLU, softmax, cross-entropy, trained by SGD with momentum.
#ifndef NETWORK_HPP
#define NETWORK_HPP

#include "digits.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>

/// A fully connected layer and its gradient, summed over a batch.
template <std::size_t In, std::size_t Out>
class Layer {
public:
    explicit Layer(std::mt19937_64& random) {
        std::normal_distribution<float> normal(0, std::sqrt(2.0F / In));
        for (auto& row : weights_)
            for (float& weight : row) weight = normal(random);
    }

    std::array<float, Out> forward(const std::array<float, In>& in) const {
        std::array<float, Out> out = weights_[In];
        for (std::size_t i = 0; i < In; ++i)
            for (std::size_t o = 0; o < Out; ++o) out[o] += in[i] * weights_[i][o];
        return out;
    }

    /// Adds to the gradient; answers the loss's slope at the input.
    std::array<float, In> backward(const std::array<float, In>& in,
                                   const std::array<float, Out>& slope) {
        std::array<float, In> back{};
        for (std::size_t i = 0; i < In; ++i)
            for (std::size_t o = 0; o < Out; ++o) {
                gradient_[i][o] += in[i] * slope[o];
                back[i] += weights_[i][o] * slope[o];
            }
        for (std::size_t o = 0; o < Out; ++o) gradient_[In][o] += slope[o];
        return back;
    }

    /// Moves the weights against the gradient, which is forgotten but for its momentum.
    void descend(float rate, float momentum) {
        for (std::size_t i = 0; i <= In; ++i)
            for (std::size_t o = 0; o < Out; ++o) {
                speed_[i][o] = momentum * speed_[i][o] - rate * gradient_[i][o];
                weights_[i][o] += speed_[i][o];
                gradient_[i][o] = 0;
            }
    }

    /// Writes the weights, as they lie in memory.
    void save(std::ostream& file) const {
        file.write(reinterpret_cast<const char*>(&weights_), sizeof weights_);
    }

private:
    /// A row for each input, and one for the bias.
    using Matrix = std::array<std::array<float, Out>, In + 1>;
    Matrix weights_{}, gradient_{}, speed_{};
};

struct Score {
    double accuracy = 0, loss = 0;
};

class Network {
public:
    explicit Network(std::uint64_t seed) : random_(seed), first_(random_), second_(random_) {}

    /// One step of training, on so many digits. Answers their mean loss.
    float train(const Digit* batch, std::size_t size, float rate) {
        float loss = 0;
        for (const Digit* at = batch; at < batch + size; ++at) {
            const Digit& digit = *at;
            const auto hidden = relu(first_.forward(digit.image));
            auto slope = softmax(second_.forward(hidden));
            loss += loss_of(slope, digit);
            slope[digit.label] -= 1;
            auto back = second_.backward(hidden, slope);
            for (std::size_t i = 0; i < back.size(); ++i)
                if (hidden[i] <= 0) back[i] = 0;
            first_.backward(digit.image, back);
        }
        const auto count = static_cast<float>(size);
        first_.descend(rate / count, 0.9F);
        second_.descend(rate / count, 0.9F);
        return loss / count;
    }

    /// How well it does on digits: the share that it recognises, and the mean loss.
    Score score(const std::vector<Digit>& digits) const {
        Score score;
        for (const Digit& digit : digits) {
            const auto chances = softmax(second_.forward(relu(first_.forward(digit.image))));
            const auto best = std::max_element(chances.begin(), chances.end()) - chances.begin();
            score.accuracy += static_cast<std::size_t>(best) == digit.label;
            score.loss += loss_of(chances, digit);
        }
        const auto count = static_cast<double>(digits.size());
        return {score.accuracy / count, score.loss / count};
    }

    /// Writes all weights to a file.
    void save(const std::string& path) const {
        std::ofstream file(path, std::ios::binary);
        first_.save(file);
        second_.save(file);
        if (!file.flush()) throw std::runtime_error("cannot write " + path);
    }

private:
    static constexpr std::size_t width = 64;

    static std::array<float, width> relu(std::array<float, width> values) {
        for (float& value : values) value = std::max(value, 0.0F);
        return values;
    }
    static std::array<float, classes> softmax(std::array<float, classes> values) {
        const float most = *std::max_element(values.begin(), values.end());
        float sum = 0;
        for (float& value : values) sum += value = std::exp(value - most);
        for (float& value : values) value /= sum;
        return values;
    }
    static float loss_of(const std::array<float, classes>& chances, const Digit& digit) {
        return -std::log(std::max(chances[digit.label], 1e-9F));
    }

    std::mt19937_64 random_;
    Layer<pixels, width> first_;
    Layer<width, classes> second_;
};

#endif
