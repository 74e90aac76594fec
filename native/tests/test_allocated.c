/* What single runs have allocated: whose it is, and how long it is kept. */
#include "check.h"
#include "allocated.h"

static struct cz__runs runs;
static struct cz_record outer, inner, other;

static void test_what_grows_is_the_innermost_run_s(void)
{
    cz__runs_enter(&runs, &outer);
    cz__runs_grow(&runs, 5);
    cz__runs_enter(&runs, &inner);
    cz__runs_grow(&runs, 70);
    CHECK(cz__runs_leave(&runs, &inner) == 70);
    cz__runs_grow(&runs, 600);
    CHECK(cz__runs_leave(&runs, &outer) == 605);
    CHECK(cz__runs_leave(&runs, &outer) == UINT64_MAX);
    cz__runs_grow(&runs, 1); /* nobody's */
    CHECK(runs.depth == 0);
}

static void test_run_that_others_helped_is_not_known(void)
{
    cz__runs_helped(&runs);
    cz__runs_enter(&runs, &outer);
    cz__runs_enter(&runs, &inner);
    cz__runs_helped(&runs);
    CHECK(cz__runs_leave(&runs, &inner) == UINT64_MAX);
    CHECK(cz__runs_leave(&runs, &outer) == 0);
    cz__runs_enter(&runs, &inner);
    CHECK(cz__runs_leave(&runs, &inner) == 0);
}

static void test_run_without_an_end_is_left_with_the_one_around_it(void)
{
    cz__runs_enter(&runs, &outer);
    cz__runs_enter(&runs, &inner);
    CHECK(cz__runs_leave(&runs, &other) == UINT64_MAX);
    CHECK(runs.depth == 2);
    CHECK(cz__runs_leave(&runs, &outer) == 0);
    CHECK(runs.depth == 0);
}

static void test_nothing_is_known_of_runs_too_deep(void)
{
    struct cz_record deep[CZ__NESTED + 3];
    for (int i = 0; i < CZ__NESTED + 3; i++) {
        cz__runs_enter(&runs, &deep[i]);
        cz__runs_grow(&runs, (uint64_t)i);
    }
    for (int i = CZ__NESTED + 2; i >= CZ__NESTED; i--)
        CHECK(cz__runs_leave(&runs, &deep[i]) == UINT64_MAX);
    for (int i = CZ__NESTED - 1; i >= 0; i--)
        CHECK(cz__runs_leave(&runs, &deep[i]) == (uint64_t)i);
}

static void test_figure_is_its_id_s_until_another_takes_the_place(void)
{
    static _Atomic(uint64_t) figures[CZ__FIGURES];
    CHECK(cz__figure_load(figures, 7) == UINT64_MAX);
    cz__figure_store(figures, 7, 0);
    CHECK(cz__figure_load(figures, 7) == 0);
    CHECK(cz__figure_load(figures, 7 + CZ__FIGURES) == UINT64_MAX);
    cz__figure_store(figures, 7 + CZ__FIGURES, (uint64_t)1 << 39);
    CHECK(cz__figure_load(figures, 7) == UINT64_MAX);
    CHECK(cz__figure_load(figures, 7 + CZ__FIGURES) == (uint64_t)1 << 39);
    cz__figure_store(figures, 7 + CZ__FIGURES, (uint64_t)1 << 40); /* does not fit */
    CHECK(cz__figure_load(figures, 7 + CZ__FIGURES) == UINT64_MAX);
    cz__figure_store(figures, 8, UINT64_MAX);
    CHECK(cz__figure_load(figures, 8) == UINT64_MAX);
}

int main(void)
{
    RUN(test_what_grows_is_the_innermost_run_s);
    RUN(test_run_that_others_helped_is_not_known);
    RUN(test_run_without_an_end_is_left_with_the_one_around_it);
    RUN(test_nothing_is_known_of_runs_too_deep);
    RUN(test_figure_is_its_id_s_until_another_takes_the_place);
    return 0;
}
