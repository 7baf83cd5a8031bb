// The other unit of test_two_units.cpp.
#include "check.hpp"

Executor<int> make_elsewhere();
int take_elsewhere(Executor<int>& executor);

Executor<int> make_elsewhere() {
    return {Config().workers(1).pin_off(), [](int& value) { value *= 7; }};
}

int take_elsewhere(Executor<int>& executor) {
    int sum = 0;
    for (auto& result : executor.results(patience)) sum += *result.payload;
    return sum;
}
