// A batch for pools that queue functions: one function per task would cost what batches save.
#ifndef SHARES_HPP
#define SHARES_HPP

#include <algorithm>
#include <cstdint>
#include <vector>

/// The tasks that one function runs.
using Share = std::vector<void*>;

/// Splits tasks evenly among workers and gives each share to `post`.
template <class Post>
void in_shares(void** tasks, std::uint64_t count, std::uint64_t workers, const Post& post) {
    const std::uint64_t shares = std::min(count, workers);
    for (std::uint64_t share = 0; share < shares; ++share) {
        post(Share(tasks + count * share / shares, tasks + count * (share + 1) / shares));
    }
}

#endif
