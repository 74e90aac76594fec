/* What the jobs of bench_fork.py compute between their forks, for fork.c and fork.cpp. */
#ifndef FORK_JOBS_H
#define FORK_JOBS_H

enum { SMALL = 64 };

/* Moves what is not above the pivot before the rest; returns where the rest begins, and in `high`
 * the last index of the first part. */
static long partition(double *x, long begin, long end, long *high)
{
    double pivot = x[(begin + end) / 2];
    long low = begin, last = end - 1;
    while (low <= last) {
        while (x[low] < pivot)
            low++;
        while (x[last] > pivot)
            last--;
        if (low <= last) {
            double kept = x[low];
            x[low++] = x[last];
            x[last--] = kept;
        }
    }
    *high = last;
    return low;
}

static void insertion_sort(double *x, long begin, long end)
{
    for (long i = begin + 1; i < end; i++) {
        double value = x[i];
        long at = i;
        for (; at > begin && x[at - 1] > value; at--)
            x[at] = x[at - 1];
        x[at] = value;
    }
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

/* The solutions with the first queen in one column. */
static long queens_from(long n, long column)
{
    return queens(n, 1, 1L << column, 1L << column << 1, 1L << column >> 1);
}

static void fill(double *numbers, long size)
{
    unsigned long long state = 1;
    for (long i = 0; i < size; i++) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        numbers[i] = (double)(state >> 11) * 0x1p-53;
    }
}

static long is_sorted(const double *numbers, long size)
{
    for (long i = 1; i < size; i++)
        if (numbers[i - 1] > numbers[i])
            return 0;
    return 1;
}

#endif
