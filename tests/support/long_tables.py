"""Tests of which `make test` runs one in a few cases; `make test-all`, and CI, run all of them.

They compare long tables of functions, each of which is compiled, or repeat what takes long. Without
what is left out, tests/compile runs 98 in 100 of the lines of the compiler that it runs with it.
"""

from __future__ import annotations

import os

import pytest

PURE = os.environ.get("CATZILLA_JIT_DISABLE_NATIVE") == "1"
ALL = os.environ.get("ALL_CASES_OF_CATZILLA_JIT") == "1"
#: How many cases there are to one that is taken: by the file, then the test.
STEPS = {
    "compile/test_array_calls.py": {"test_array_of_an_argument_is_numpys": 6},
    "compile/test_array_forms.py": {
        "test_reductions_of_tables_are_numpys": 3,
        "test_reductions_along_several_axes_are_numpys": 2,
        "test_norms_of_tables_are_numpys": 2,
    },
    "compile/test_array_kinds.py": {"test_answer_is_numpys": 3},
    "compile/test_array_lists.py": {"test_array_of_a_list_is_numpys": 3},
    "compile/test_bytes.py": {"test_task_of_bytes_answers_as_python": 8},
    "compile/test_bytes_life.py": {
        "test_saved_code_reads_bytes_in_another_process": 2,
        "test_nobody_keeps_the_bytes_of_a_caller": 3,
    },
    "compile/test_check_numpy_parity.py": {"test_answers_are_numpys": 6},
    "compile/test_comparison.py": {"test_compiled_function_answers_as_python": 12},
    "compile/test_complex_checks.py": {"test_answer_is_pythons": 3},
    "compile/test_counters.py": {"test_a_counter_answers_as_pythons": 3},
    "compile/test_dict_argument.py": {"test_task_of_dicts_answers_as_python": 6},
    "compile/test_dicts_of_lists.py": {"test_the_answer_is_pythons": 4},
    "compile/test_fits.py": {
        "test_covariances_of_tables_are_numpys": 2,
        "test_deviations_without_nan_are_numpys": 2,
        "test_fitted_polynomials_are_numpys": 2,
    },
    "compile/test_float_checks.py": {
        "test_one_float_gives_pythons_answer": 4,
        "test_two_floats_give_pythons_answer": 3,
        "test_an_int_and_a_float_give_pythons_answer": 3,
    },
    "compile/test_integers.py": {"test_answer_is_pythons_wherever_it_fits": 3},
    "compile/test_keys.py": {"test_the_answer_is_pythons": 4},
    "compile/test_list_argument.py": {"test_task_of_lists_answers_as_python": 8},
    "compile/test_lists_to_helpers.py": {
        "test_list_that_a_helper_may_change_or_keep_is_pythons": 2,
        "test_number_out_of_a_list_of_either_is_as_it_went_in": 2,
    },
    "compile/test_list_sorts.py": {
        "test_equal_items_keep_their_order": 2,
        "test_order_of_nan_is_pythons": 2,
    },
    "compile/test_math_functions.py": {"test_result_is_pythons": 5},
    "compile/test_numpy_loops.py": {"test_tables_of_every_layout_are_numpys": 2},
    "compile/test_numpy_parity.py": {
        "test_answer_for_a_line_is_numpys": 10,
        "test_answer_for_a_table_is_numpys": 6,
        "test_sums_of_large_tables_are_numpys": 8,
    },
    "compile/test_number_containers.py": {
        "test_list_of_numpys_numbers_is_numpys": 3,
        "test_container_that_something_else_is_put_into_is_pythons": 2,
        "test_dict_of_numpys_numbers_is_numpys": 3,
    },
    "compile/test_outputs.py": {"test_outputs_are_numpys": 3},
    "compile/test_random_generators.py": {"test_what_numpy_refuses_is_left_to_it": 4},
    "compile/test_record_arguments.py": {
        "test_fields_are_read_as_python_reads_them": 8,
        "test_fields_are_written_through_to_the_callers_array": 4,
        "test_returned_array_has_the_dtype_and_strides_of_pythons": 3,
        "test_task_that_writes_to_records_is_not_run_twice": 3,
    },
    "compile/test_recursion.py": {"test_recursion_whose_types_change_answers_as_python": 2},
    "compile/test_rules.py": {"test_last_example_compiles": 6},
    "compile/test_table_items.py": {"test_part_of_a_table_is_numpys": 2},
    "compile/test_text_templates.py": {"test_text_is_pythons": 6},
    "compile/test_texts.py": {
        "test_each_character_is_as_in_this_python": 4,
        "test_each_count_is_as_in_python": 5,
    },
    "compile/test_textbook.py": {"test_function_compiles_and_answers_as_python": 4},
    "compile/test_unused_values.py": {
        "test_exception_of_a_value_that_nobody_reads_is_raised": 3,
    },
    # On malloc alone.
    "memory/test_soak.py": {"test_memory_threads_and_descriptors_stay_flat": 2},
}

#: Cases that run lines of the compiler that no other one does.
ALWAYS = {
    "compile/test_bytes.py": ("[decoded_latin]", "[size]"),
    "compile/test_comparison.py": ("[exponents_of_ints]", "[mapped]", "[zeros_among_kinds]"),
    "compile/test_counters.py": ("[asked_of_none]", "[compares]"),
    "compile/test_keys.py": ("[first]",),
    "compile/test_textbook.py": ("[queued-]", "[searched-]", "[turned-]"),
}

#: On the pure-Python pool, of which each test starts a process: each with one of its two kinds.
HALVED = {"behaviour/test_exit.py", "behaviour/test_fork.py", "behaviour/test_interrupt.py"}


def left_out(items: list[pytest.Item]) -> list[pytest.Item]:
    """Return the cases that this run does without."""
    met: dict[tuple[str, str], int] = {}
    found = []
    for item in items:
        file = f"{item.path.parent.name}/{item.path.name}"
        test = file, getattr(item, "originalname", item.name)
        step = STEPS.get(file, {}).get(test[1], 1)
        met[test] = met.get(test, -1) + 1
        if file in HALVED and PURE:
            number = sum(met[each] + 1 for each in met if each[0] == file) - 1
            if (number + number // 2) % 2:  # now the first, now the second
                found.append(item)
        # The count begins inside the first few: the first is often the plainest.
        always = item.name.endswith(ALWAYS.get(file, ()) or "\0")
        if met[test] % step != (step - 1) // 2 and not always:
            found.append(item)
    return [] if ALL else found
