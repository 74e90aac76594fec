/* The jobs of bench_fork.py with TBB: parallel_invoke, and a task group where one half goes on.
 *
 * usage: fork WORKERS fib|quicksort|queens SIZE ROUNDS; prints {"seconds": [one per round]}
 */
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <tbb/global_control.h>
#include <tbb/parallel_invoke.h>
#include <tbb/task_group.h>
#include <vector>

constexpr long SMALL = 64;

static long fib(long n)
{
    long left, right;
    if (n < 2)
        return n;
    tbb::parallel_invoke([&] { left = fib(n - 1); }, [&] { right = fib(n - 2); });
    return left + right;
}

static void quicksort(double *x, long begin, long end)
{
    tbb::task_group forked;
    while (end - begin > SMALL) {
        double pivot = x[(begin + end) / 2];
        long low = begin, high = end - 1, first = begin;
        while (low <= high) {
            while (x[low] < pivot)
                low++;
            while (x[high] > pivot)
                high--;
            if (low <= high)
                std::swap(x[low++], x[high--]);
        }
        forked.run([=] { quicksort(x, first, high + 1); });
        begin = low;
    }
    for (long i = begin + 1; i < end; i++) {
        double value = x[i];
        long at = i;
        for (; at > begin && x[at - 1] > value; at--)
            x[at] = x[at - 1];
        x[at] = value;
    }
    forked.wait();
}

static long queens(long n, long row, long columns, long left, long right)
{
    long count = 0;
    if (row == n)
        return 1;
    for (long column = 0; column < n; column++) {
        long bit = 1L << column;
        if (((columns | left | right) & bit) == 0)
            count += queens(n, row + 1, columns | bit, (left | bit) << 1, (right | bit) >> 1);
    }
    return count;
}

static long all_queens(long n, long first, long last)
{
    long middle = (first + last) / 2, half, rest;
    if (last - first == 1)
        return queens(n, 1, 1L << first, 1L << first << 1, 1L << first >> 1);
    tbb::parallel_invoke([&] { half = all_queens(n, first, middle); },
                         [&] { rest = all_queens(n, middle, last); });
    return half + rest;
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 1;
    std::string job = argv[2];
    long size = std::atol(argv[3]), result = 0;
    tbb::global_control limit(tbb::global_control::max_allowed_parallelism,
                              (std::size_t)std::atoi(argv[1]));
    std::vector<double> numbers(job == "quicksort" ? (std::size_t)size : 0);
    std::printf("{\"seconds\": [");
    for (int i = -1; i < std::atoi(argv[4]); i++) { /* the first is not told */
        unsigned long long state = 1;
        for (double &each : numbers) {
            state = state * 6364136223846793005ULL + 1442695040888963407ULL;
            each = (double)(state >> 11) * 0x1p-53;
        }
        auto began = std::chrono::steady_clock::now();
        if (job == "fib")
            result = fib(size);
        else if (job == "queens")
            result = all_queens(size, 0, size);
        else
            quicksort(numbers.data(), 0, size);
        std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
        if (i >= 0)
            std::printf("%s%.9f", i ? ", " : "", took.count());
    }
    if (job == "quicksort")
        result = std::is_sorted(numbers.begin(), numbers.end());
    std::printf("], \"result\": %ld}\n", result);
    return 0;
}
