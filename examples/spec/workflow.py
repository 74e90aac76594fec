"""A workflow of three steps, first with waits in between, then as one chain.

The chain needs no thread that waits: each step is submitted when the one before has ended,
and cancelling the chain's result cancels the step that runs.
"""

from __future__ import annotations

from typing import Any

from catzilla_jit import TaskPriority, TaskResult, add_task, chain, task


@task
def fetch_user_data(user_id: int) -> dict[str, Any]:
    if user_id < 0:
        raise LookupError(f"no user {user_id}")
    return {"user_id": user_id, "name": f"User{user_id}", "friends": list(range(user_id % 10))}


@task
def analyze_behavior(user: dict[str, Any]) -> dict[str, Any]:
    return {
        "user_id": user["user_id"],
        "engagement_score": 8.5,
        "recommendation_count": len(user["friends"]) * 2,
    }


@task(priority=TaskPriority.HIGH)
def send_recommendations(analysis: dict[str, Any]) -> dict[str, Any]:
    return {"status": "recommendations_sent", "count": analysis["recommendation_count"]}


def generate_recommendations(user_id: int, priority: str = "normal") -> dict[str, Any]:
    """Each step with a limit for its run and another for the wait."""
    steps: list[str] = []
    try:
        fetched: TaskResult[Any] = add_task(
            fetch_user_data, user_id, priority=priority, timeout_ms=5000
        )
        user = fetched.wait(timeout=5.0)
        steps.append("fetch")
        analysis = add_task(analyze_behavior, user, priority=priority).wait(timeout=10.0)
        steps.append("analysis")
        sent = add_task(send_recommendations, analysis, priority="high").wait(timeout=2.0)
        steps.append("recommendations")
    except TimeoutError as error:
        return {"error": "Workflow timeout", "completed": steps, "detail": str(error)}
    except Exception as error:
        return {"error": "Workflow failed", "completed": steps, "detail": str(error)}
    return {"sent": sent["count"], "score": analysis["engagement_score"], "completed": steps}


def main() -> None:
    print(generate_recommendations(17, priority="critical"))
    print(generate_recommendations(-1))

    recommend = chain(fetch_user_data, analyze_behavior, send_recommendations)
    print(recommend, "->", recommend.submit(17).wait(timeout=10.0))

    # The same, written from the results: `then`, and a result as an argument.
    analysis = fetch_user_data.submit(17).then(analyze_behavior)
    print(send_recommendations.submit(analysis).wait(timeout=10.0))

    # A failed step fails the chain: the same type of exception, with the original as cause.
    error = recommend.submit(-1).exception(timeout=10.0)
    assert error is not None
    print(repr(error), "from", repr(error.__cause__))


if __name__ == "__main__":
    main()
