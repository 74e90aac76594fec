"""One task per level: which of four waiting tasks a worker takes first."""

from __future__ import annotations

import threading

from catzilla_jit import Runtime, TaskPriority

order: list[str] = []


def log_security_event(event: str) -> bool:
    order.append(f"critical: {event}")
    return True


def send_email_notification(user_id: int) -> None:
    order.append(f"high: mail to {user_id}")


def generate_monthly_report(month: int) -> None:
    order.append(f"normal: report of month {month}")


def cleanup_temp_files(directory: str) -> int:
    order.append(f"low: clean {directory}")
    return 0


def main() -> None:
    # Without auto-scaling: a critical task would be given a worker of its own.
    with Runtime(workers=1, enable_auto_scaling=False) as runtime:
        started, may_end = threading.Event(), threading.Event()

        def occupy() -> None:
            started.set()
            may_end.wait(10)

        runtime.add_task(occupy, compile_to_c=False)
        started.wait(10)  # the one worker is busy: what follows waits in the queues
        add = runtime.add_task
        add(cleanup_temp_files, "/tmp", priority=TaskPriority.LOW, compile_to_c=False)
        add(generate_monthly_report, 5, priority=TaskPriority.NORMAL, compile_to_c=False)
        add(send_email_notification, 7, priority=TaskPriority.HIGH, compile_to_c=False)
        add(log_security_event, "login", priority=TaskPriority.CRITICAL, compile_to_c=False)
        may_end.set()
    print("\n".join(order))


if __name__ == "__main__":
    main()
