// The header may be used in several units of one program.
#include "check.hpp"

Executor<int> make_elsewhere();
int take_elsewhere(Executor<int>& executor);

int main() {
    auto executor = make_elsewhere();
    auto payload = std::make_unique<int>(6);
    CHECK(executor.put(payload) == Status::ok);
    CHECK(executor.finish() == Status::ok);
    CHECK(take_elsewhere(executor) == 42);
    check_close(executor);
}
