"""The tests of the compile stage: Hypothesis choose the same examples each time.

A few tests compare a long table of functions, each of which is compiled. Where other tests, or a
part of the table, run every line of ours that the whole table does, `make test` takes one in a few
of its cases. `make test-all`, and CI, take all of them.
"""

from __future__ import annotations

import os

import hypothesis
import pytest

hypothesis.settings.register_profile("same", derandomize=True, database=None, deadline=None)
hypothesis.settings.load_profile("same")

ALL = os.environ.get("ALL_CASES_OF_CATZILLA_JIT") == "1"
#: How many cases there are to one that is taken.
STEPS = {
    "test_array_calls.py": {"test_array_of_an_argument_is_numpys": 3},
    "test_array_kinds.py": {"test_answer_is_numpys": 3},
    "test_bytes.py": {"test_task_of_bytes_answers_as_python": 3},
    "test_check_numpy_parity.py": {"test_answers_are_numpys": 3},
    "test_comparison.py": {"test_compiled_function_answers_as_python": 5},
    "test_complex_checks.py": {"test_answer_is_pythons": 3},
    "test_dict_argument.py": {"test_task_of_dicts_answers_as_python": 2},
    "test_dicts_of_lists.py": {"test_the_answer_is_pythons": 2},
    "test_float_checks.py": {
        "test_one_float_gives_pythons_answer": 4,
        "test_two_floats_give_pythons_answer": 3,
        "test_an_int_and_a_float_give_pythons_answer": 3,
    },
    "test_integers.py": {"test_answer_is_pythons_wherever_it_fits": 3},
    "test_keys.py": {"test_the_answer_is_pythons": 2},
    "test_list_argument.py": {"test_task_of_lists_answers_as_python": 3},
    "test_list_sorts.py": {"test_equal_items_keep_their_order": 2},
    "test_math_functions.py": {"test_result_is_pythons": 5},
    "test_numpy_parity.py": {
        "test_answer_for_a_line_is_numpys": 4,
        "test_answer_for_a_table_is_numpys": 6,
        "test_sums_of_large_tables_are_numpys": 3,
    },
    "test_record_arguments.py": {
        "test_fields_are_read_as_python_reads_them": 3,
        "test_fields_are_written_through_to_the_callers_array": 3,
        "test_returned_array_has_the_dtype_and_strides_of_pythons": 3,
    },
    "test_rules.py": {"test_last_example_compiles": 2},
    "test_text_templates.py": {"test_text_is_pythons": 2},
    "test_texts.py": {
        "test_each_character_is_as_in_this_python": 3,
        "test_each_count_is_as_in_python": 2,
    },
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    named = config.option.keyword or config.option.lf or any("::" in arg for arg in config.args)
    if ALL or named:
        return
    met: dict[tuple[str, str], int] = {}
    left_out = []
    for item in items:
        test = (item.path.name, getattr(item, "originalname", item.name))
        step = STEPS.get(test[0], {}).get(test[1], 1)
        met[test] = met.get(test, -1) + 1
        # The count begins in the middle of the first few: those are often the plainest.
        if met[test] % step != step // 2 and item.path.parent.name == "compile":
            left_out.append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]
