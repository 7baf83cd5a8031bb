// The handwritten digits: reading them, and the split into training and held-out images.
#ifndef DIGITS_HPP
#define DIGITS_HPP

#include <array>
#include <cstddef>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

constexpr std::size_t side = 8;
constexpr std::size_t pixels = side * side;
constexpr std::size_t classes = 10;

/// Grey values from 0 to 1, row by row.
using Image = std::array<float, pixels>;

struct Digit {
    Image image{};
    std::size_t label = 0;
};

struct Digits {
    std::vector<Digit> training;
    std::vector<Digit> held_out;
};

/// Reads lines of 64 pixels from 0 to 16 and a label. Every fifth line is held out.
inline Digits read_digits(const std::string& path) {
    std::ifstream file(path);
    if (!file) throw std::runtime_error("cannot read " + path);
    Digits digits;
    std::string line;
    for (std::size_t number = 1; std::getline(file, line); ++number) {
        std::istringstream fields(line);
        Digit digit;
        char comma = ',';
        for (float& pixel : digit.image) {
            fields >> pixel >> comma;
            pixel /= 16;
        }
        fields >> digit.label;
        if (!fields || comma != ',' || digit.label >= classes)
            throw std::runtime_error(path + ": line " + std::to_string(number) + " is no digit");
        (number % 5 == 0 ? digits.held_out : digits.training).push_back(digit);
    }
    if (digits.held_out.empty()) throw std::runtime_error(path + " has too few lines");
    return digits;
}

#endif
