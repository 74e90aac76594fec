/* The jobs of bench_fork.py with TBB: parallel_invoke, and a task group where one half goes on.
 *
 * usage: fork WORKERS fib|quicksort|queens SIZE ROUNDS; prints {"seconds": [one per round]}
 */
#include "fork_jobs.h"
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <tbb/global_control.h>
#include <tbb/parallel_invoke.h>
#include <tbb/task_group.h>
#include <vector>

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
        long first = begin, high;
        begin = partition(x, begin, end, &high);
        forked.run([=] { quicksort(x, first, high + 1); });
    }
    insertion_sort(x, begin, end);
    forked.wait();
}

static long all_queens(long n, long first, long last)
{
    long middle = (first + last) / 2, half, rest;
    if (last - first == 1)
        return queens_from(n, first);
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
        fill(numbers.data(), (long)numbers.size());
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
        result = is_sorted(numbers.data(), size);
    std::printf("], \"result\": %ld}\n", result);
    return 0;
}
