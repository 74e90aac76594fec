"""Small functions of every kind that people write, for the comparison with Python.

The parameter's name says what it is called with: `n` a small integer (a count), `x` and `y` any
integer of 64 bits, `a` and `b` any float, `p` and `q` bools, `s` and `t` texts. One corpus:
hence the length.
"""

from __future__ import annotations

import math

PI2 = 6.25
PRIMES = (2, 3, 5, 7, 11)
VOWELS = "aeiou"


# -- integers


def gcd(x: int, y: int) -> int:
    x, y = abs(x), abs(y)
    while y:
        x, y = y, x % y
    return x


def lcm(x: int, y: int) -> int:
    return abs(x * y) // gcd(x, y)


def is_prime(n: int) -> bool:
    if n < 2:
        return False
    return all(n % i for i in range(2, int(math.sqrt(n)) + 1))


def factorial(n: int) -> int:
    if n < 0:
        raise ValueError("factorial() not defined for negative values")
    return 1 if n < 2 else n * factorial(n - 1)


def fibonacci(n: int) -> int:
    first, second = 0, 1
    for _ in range(n):
        first, second = second, first + second
    return first


def digits_sum(x: int) -> int:
    return sum(int(digit) for digit in str(abs(x)))


def reversed_number(n: int) -> int:
    return int(str(n)[::-1]) if n >= 0 else -int(str(-n)[::-1])


def collatz_steps(n: int) -> int:
    if n < 1:
        raise ValueError("n must be positive")
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


def power_of_two(x: int) -> bool:
    return x > 0 and x & (x - 1) == 0


def count_bits(x: int) -> int:
    count = 0
    x = abs(x)
    while x:
        x &= x - 1
        count += 1
    return count


def triangle(x: int) -> int:
    return x * (x + 1) // 2


def sylvester(n: int) -> int:
    if n < 1:
        raise ValueError(f"the input value of [n={n}] has to be > 0")
    if n == 1:
        return 2
    number = sylvester(n - 1)
    return (number - 1) * number + 1


def perfect(n: int) -> bool:
    return n > 0 and sum(i for i in range(1, n) if n % i == 0) == n


def binomial(n: int, x: int) -> int:
    return math.comb(n, x % 7) if n >= 0 else -1


def modular(x: int, n: int) -> int:
    return pow(x, n, 97)


def two_to(n: int) -> float:
    return 2**n


def shifts(x: int, n: int) -> int:
    return (x << n) ^ (x >> n)


def floor_and_rest(x: int, y: int) -> int:
    return x // y * y + x % y


def half(x: int) -> float:
    return x / 2


def ratio(x: int, y: int) -> float:
    return x / y


def mixed_divmod(x: int, y: int) -> tuple[int, int]:
    return divmod(x, y)


def absolute_difference(x: int, y: int) -> int:
    return abs(x - y)


def largest(x: int, y: int, n: int) -> int:
    return max(x, y, n)


def clamp(x: int, y: int) -> int:
    return min(max(x, -10), y)


def sign(x: int) -> int:
    return (x > 0) - (x < 0)


def hexadecimal(x: int) -> str:
    return hex(x)


def binary(n: int) -> str:
    return bin(n)[2:] if n >= 0 else "-" + bin(n)[3:]


def octal(x: int) -> str:
    return oct(x)


def root(x: int) -> int:
    return math.isqrt(x)


def harshad(n: int) -> bool:
    return n % digits_sum(n) == 0


def armstrong(n: int) -> bool:
    text = str(n)
    return sum(int(d) ** len(text) for d in text) == n


def ones_complement(x: int) -> int:
    return ~x


def parity(x: int) -> str:
    return "even" if x % 2 == 0 else "odd"


def leap(n: int) -> bool:
    return n % 4 == 0 and (n % 100 != 0 or n % 400 == 0)


def josephus(n: int) -> int:
    survivor = 0
    for size in range(2, n + 1):
        survivor = (survivor + 3) % size
    return survivor


def horner(x: int) -> int:
    result = 0
    for coefficient in (3, -2, 0, 7):
        result = result * x + coefficient
    return result


def square_sum(n: int) -> int:
    return sum([i**2 for i in range(n)])


def alternating(n: int) -> int:
    total = 0
    for i in range(n):
        total += -i if i % 2 else i
    return total


def prime_index(n: int) -> int:
    return PRIMES[n]


def ackermann(n: int) -> int:
    def inner(k: int) -> int:
        return k + 2

    return inner(n) * inner(n + 1)


def catalan(n: int) -> int:
    return math.comb(2 * n, n) // (n + 1) if n >= 0 else 0


def hamming(x: int, y: int) -> int:
    return count_bits((x ^ y) & 0xFFFFFFFF)


def gray(n: int) -> int:
    return n ^ (n >> 1)


def in_steps(n: int) -> int:
    total = 0
    for i in range(n, -n, -3):
        if i == 4:
            continue
        if i < -8:
            break
        total += i
    return total


def nested_loops(n: int) -> int:
    count = 0
    for i in range(n):
        for j in range(i):
            if (i * j) % 3 == 1:
                count += 1
    return count


def sieve(n: int) -> list[int]:
    flags = [True] * (n + 1) if n >= 0 else [True]
    found = []
    for i in range(2, n + 1):
        if flags[i]:
            found.append(i)
            for j in range(i * i, n + 1, i):
                flags[j] = False
    return found


def pascal_row(n: int) -> list[int]:
    row = [1]
    for _ in range(n):
        row = [1] + [row[i] + row[i + 1] for i in range(len(row) - 1)] + [1]
    return row


def divisors(n: int) -> list[int]:
    return [i for i in range(1, n + 1) if n % i == 0]


def bubble(x: int, y: int, n: int) -> list[int]:
    values = [x, n, y, 0]
    for i in range(len(values)):
        for j in range(len(values) - 1 - i):
            if values[j] > values[j + 1]:
                values[j], values[j + 1] = values[j + 1], values[j]
    return values


def sorted_down(x: int, y: int) -> list[int]:
    return sorted([x, 3, y], reverse=True)


def distinct(x: int, y: int) -> int:
    return len({x, y, 3})


def running_totals(n: int) -> list[int]:
    totals = []
    total = 0
    for i in range(n):
        total += i * i
        totals.append(total)
    return totals


def matrix_trace(n: int) -> int:
    grid = [[i * j for j in range(n)] for i in range(n)]
    return sum(grid[i][i] for i in range(n))


def found_or_none(n: int) -> int | None:
    for i in range(1, n):
        if i * i > 50:
            return i
    return None


def last_digit(x: int) -> int:
    return x % 10


def average_int(x: int, y: int) -> float:
    return (x + y) / 2


def decimal_places(x: int) -> float:
    return round(x / 7, 3)


def truth(x: int, y: int) -> bool:
    return bool(x) and not y


def either(x: int, y: int) -> int:
    return x or y


def chained(x: int, y: int) -> bool:
    return -5 < x <= y < 100


def checked(x: int) -> int:
    if not isinstance(x, int):
        raise TypeError("x must be an integer")
    if x < 0:
        raise ValueError("x must not be negative", x)
    return x + 1


def asserted(n: int) -> int:
    assert n > 2, "too small"
    return n


def reciprocal_or_zero(n: int) -> float:
    try:
        return 1 / n
    except ZeroDivisionError:
        return 0.0


def matched(n: int) -> str:
    match n:
        case 1:
            return "one"
        case 2 | 3:
            return "few"
        case _:
            return "many"


def as_pair(x: int) -> tuple[int, str]:
    return x, str(x)


def as_record(x: int) -> dict[str, object]:
    return {"id": x, "name": f"number {x}", "positive": x > 0, "half": x / 2}


# -- floats


def celsius(a: float) -> float:
    return (a - 32) * 5 / 9


def rounded_celsius(a: float) -> float:
    return round((a - 32) * 5 / 9, 2)


def circle(a: float) -> float:
    if a < 0:
        raise ValueError("negative radius")
    return math.pi * a**2


def hypotenuse(a: float, b: float) -> float:
    return math.sqrt(a * a + b * b)


def quadratic(a: float, b: float) -> tuple[float, float]:
    delta = b * b - 4 * a
    return (-b + math.sqrt(delta)) / 2, (-b - math.sqrt(delta)) / 2


def sigmoid(a: float) -> float:
    return 1 / (1 + math.exp(-a))


def logarithm(a: float) -> float:
    return math.log(a)


def gaussian(a: float) -> float:
    return 1 / math.sqrt(2 * math.pi) * math.exp(-(a**2) / 2)


def to_whole(a: float) -> int:
    return int(a)


def floor_of(a: float) -> int:
    return math.floor(a)


def ceil_of(a: float) -> int:
    return math.ceil(a)


def nearest(a: float) -> int:
    return round(a)


def two_digits(a: float) -> float:
    return round(a, 2)


def price(a: float) -> str:
    return f"{a:.2f} EUR"


def shown(a: float) -> str:
    return str(a)


def modulo_float(a: float, b: float) -> float:
    return a % b


def floor_float(a: float, b: float) -> float:
    return a // b


def power_float(a: float, b: float) -> float:
    return a**b


def cube(a: float) -> float:
    return a**3


def square(a: float) -> float:
    return a**2


def inverse(a: float) -> float:
    return a**-1


def relu(a: float) -> float:
    return max(0, a)


def step_function(a: float) -> float:
    if a > 0:
        return a
    return 0


def accumulated(n: int, a: float) -> float:
    total = 0
    for _ in range(n):
        total += a  # type: ignore[assignment]
    return total


def product_until(n: int, a: float) -> float:
    result = 1
    for _ in range(n):
        result *= a  # type: ignore[assignment]
    return result


def harmonic(n: int) -> float:
    return sum(1 / i for i in range(1, n))


def mean_of(a: float, b: float) -> float:
    values = [a, b, 1.5]
    return sum(values) / len(values)


def median_of(a: float, b: float) -> float:
    return sorted([a, b, 2.0])[1]


def float_extremes(a: float, b: float) -> tuple[float, float]:
    return max([a, b]), min([a, b])


def compared(a: float, x: int) -> bool:
    return a < x


def equal(a: float, x: int) -> bool:
    return a == x


def scaled(a: float, x: int) -> float:
    return a * x


def over(a: float, x: int) -> float:
    return x / a


def interest(a: float, n: int) -> float:
    return 1000 * (1 + a / 100) ** n


def newton_root(a: float) -> float:
    if a < 0:
        raise ValueError("math domain error")
    guess = a
    for _ in range(20):
        if guess == 0:
            break
        guess = (guess + a / guess) / 2
    return guess


def angles(a: float) -> tuple[float, float]:
    return math.degrees(a), math.radians(a)


def trigonometry(a: float) -> float:
    return math.sin(a) ** 2 + math.cos(a) ** 2


def special(a: float) -> tuple[bool, bool, bool]:
    return math.isnan(a), math.isinf(a), math.isfinite(a)


def chosen(a: float, b: float, p: bool) -> float:
    return a if p else b


def piecewise(a: float) -> float:
    if a < -1:
        return -1.0
    elif a > 1:
        return 1.0
    else:
        return a


def quarter(a: float) -> float:
    return PI2 * a / 4


def as_complex(a: float, b: float) -> complex:
    return complex(a, b) * 2


def truthy(a: float) -> bool:
    return not a


def maybe_float(a: float) -> float | None:
    return None if a < 0 else a


# -- bools


def exclusive(p: bool, q: bool) -> bool:
    return p != q


def implies(p: bool, q: bool) -> bool:
    return not p or q


def nand(p: bool, q: bool) -> int:
    return int(not (p and q))


def bool_sum(p: bool, q: bool) -> int:
    return p + q


def bool_bits(p: bool, q: bool) -> bool:
    return (p & q) | (p ^ q)


def bool_text(p: bool) -> str:
    return f"{p}!"


def bool_times(p: bool, x: int) -> int:
    return p * x


def bool_choice(p: bool, q: bool) -> int:
    return 1 if p is True else 0 if q else -1


# -- texts


def palindrome(s: str) -> bool:
    return s == s[::-1]


def clean_palindrome(s: str) -> bool:
    kept = "".join(c for c in s.lower() if c.isalnum())
    return kept == kept[::-1]


def vowels(s: str) -> int:
    return sum(1 for c in s if c in VOWELS)


def capitals(s: str) -> int:
    count = 0
    for c in s:
        if c.isupper():
            count += 1
    return count


def caesar(s: str, n: int) -> str:
    result = ""
    for c in s:
        if "a" <= c <= "z":
            result += chr((ord(c) - 97 + n) % 26 + 97)
        else:
            result += c
    return result


def word_lengths(s: str) -> list[int]:
    return [len(word) for word in s.split()]


def longest_word(s: str) -> int:
    return max([len(word) for word in s.split()])


def reversed_words(s: str) -> str:
    return " ".join(s.split()[::-1])


def reversed_text(s: str) -> str:
    return "".join(reversed(s))


def joined(s: str, t: str) -> str:
    return "-".join([s, t, "end"])


def anagrams(s: str, t: str) -> bool:
    return sorted(s.lower()) == sorted(t.lower())


def hamming_text(s: str, t: str) -> int:
    if len(s) != len(t):
        raise ValueError("String lengths must match!")
    return sum(1 for c, d in zip(s, t) if c != d)  # noqa: B905


def common_prefix(s: str, t: str) -> str:
    count = 0
    for i in range(min(len(s), len(t))):
        if s[i] != t[i]:
            break
        count += 1
    return s[:count]


def levenshtein(s: str, t: str) -> int:
    row = list(range(len(t) + 1))
    for i in range(len(s)):
        previous, row[0] = row[0], i + 1
        for j in range(len(t)):
            cost = previous if s[i] == t[j] else 1 + min(previous, row[j], row[j + 1])
            previous, row[j + 1] = row[j + 1], cost
    return row[-1]


def number_or(s: str) -> int:
    try:
        return int(s)
    except ValueError:
        return -1


def as_number(s: str) -> float:
    return float(s)


def is_number(s: str) -> bool:
    return s.isdigit()


def decimal_from_binary(s: str) -> int:
    value = 0
    for c in s:
        if c not in "01":
            raise ValueError("Non-binary value was passed to the function")
        value = value * 2 + int(c)
    return value


def first(s: str) -> str:
    return s[0]


def nth(s: str, n: int) -> str:
    return s[n]


def sliced(s: str, n: int) -> str:
    return s[n:] + s[:n]


def repeated(s: str, n: int) -> str:
    return s * n


def contains(s: str, t: str) -> bool:
    return t in s


def position(s: str, t: str) -> int:
    return s.find(t)


def replaced(s: str, t: str) -> str:
    return s.replace(t, "*")


def counted(s: str, t: str) -> int:
    return s.count(t)


def starts(s: str, t: str) -> bool:
    return s.startswith(t) or s.endswith(t)


def stripped(s: str) -> str:
    return s.strip()


def split_on(s: str, t: str) -> list[str]:
    return s.split(t)


def lines(s: str) -> list[str]:
    return s.splitlines()


def unique(s: str) -> bool:
    return len(set(s)) == len(s)


def ordered(s: str, t: str) -> bool:
    return s < t


def greeting(s: str, n: int) -> str:
    return f"Hello {s}, you are {n} years old"


def padded(s: str, n: int) -> str:
    return f"{s:>8}|{n:04d}|{n:<5}|"


def char_codes(s: str) -> list[int]:
    return [ord(c) for c in s]


def enumerated(s: str) -> str:
    result = ""
    for i, c in enumerate(s):
        if i % 2 == 0:
            result += c
    return result


def pangram(s: str) -> bool:
    return all(c in s.lower() for c in "abcdefghijklmnopqrstuvwxyz")


def no_upper(s: str) -> bool:
    return not any(c.isupper() for c in s)


def run_lengths(s: str) -> list[tuple[str, int]]:
    result = []
    i = 0
    while i < len(s):
        j = i
        while j < len(s) and s[j] == s[i]:
            j += 1
        result.append((s[i], j - i))
        i = j
    return result


def text_or(s: str, t: str) -> str:
    return s or t


def titled(s: str) -> str:
    return " ".join(word.capitalize() for word in s.split())


def swapped(s: str) -> str:
    return s.swapcase()


def user_record(x: int, s: str) -> dict[str, object]:
    return {"user_id": x, "message": s, "length": len(s), "status": "sent"}


def listed(s: str) -> list[str]:
    return list(s)


def sorted_text(s: str) -> str:
    return "".join(sorted(s))


def mapped(s: str) -> list[str]:
    return list(map(str.upper, s.split()))


def mapped_numbers(n: int) -> str:
    return ",".join(map(str, range(n)))


def optional_text(s: str) -> str | None:
    return s if s else None


def brackets(s: str) -> bool:
    stack = []
    for c in s:
        if c == "(":
            stack.append(c)
        elif c == ")":
            if not stack:
                return False
            stack.pop()
    return not stack


# -- numbers through the C library


def floor_of_an_integer(x: int) -> int:
    return math.floor(x) - math.ceil(x) + math.trunc(x) + round(x)  # noqa: RUF057


def power_of_integers(x: int, n: int) -> float:
    return math.pow(x, n)


def square_by_power(a: float) -> float:
    return math.pow(a, 2) - 0.5


def power_of_floats(a: float, b: float) -> float:
    return math.pow(a, b)


# -- methods of tuples, bases, templates


def zeros_among(a: float, b: float) -> int:
    return (a, b, 1.0).count(0)


def zeros_among_kinds(x: int, a: float) -> int:
    if (x, a, 1.0).count(0) != 1:
        raise ValueError("one must be 0")
    return (x, a).index(0)


def counted_in_a_list(x: int, y: int) -> int:
    return [x, y, 0].count(y)


def counted_in_a_text(s: str, t: str) -> int:
    return s.count(t)


def read_in_base(s: str, n: int) -> int:
    return int(s, 2 + abs(n) % 35)


def hexadecimal_back(x: int) -> int:
    return int(hex(x), 16) + int(bin(x), 2) + int(oct(x)[2:] if x >= 0 else "7", 8)


def first_letter(s: str) -> str:
    return min(s) + max(s)


def countdown(n: int) -> int:
    total = 0
    for i in reversed(range(1, n)):
        total = total * 2 + i
    return total


def countdown_by_steps(n: int, x: int) -> list[int]:
    return [i for i in reversed(range(n, 20, 3))] + [x % 7]  # noqa: C416


def logarithm_to_base(a: float, b: float) -> float:
    return math.log(a, b)


def digits_by_logarithm(x: int) -> int:
    return math.floor(math.log(abs(x), 10) + 1) if x else 1


def common_multiple(x: int, y: int) -> int:
    return math.lcm(x, y) + math.gcd(x, y, 12)


def common_divisor(x: int, y: int) -> int:
    return math.gcd(x, y)


def remainder_of_c(a: float, b: float) -> float:
    return math.fmod(a, b)


def product_of_list(x: int, n: int) -> int:
    return math.prod([x, n, 3])


def close(a: float, b: float) -> bool:
    return math.isclose(a, b)


def member(a: float, b: float) -> bool:
    return a in (b, 1.0, a)


def equal_pairs(a: float, b: float) -> bool:
    return (a, 1) == (b, 1)


def other_bases(x: int) -> str:
    return f"{x:b} {x:#o} {x:X} {x:+x} {x:08b} {x:>20,} {x:_d}"


def written_as_floats(x: int) -> str:
    return f"{x:.2f} {x:%}"


def parts_per_hundred(a: float) -> str:
    return f"{a:.1%} {a:+.2f} {a:,.2f} {a:f}"


def exponents(a: float) -> str:
    return f"{a:e} {a:.0e} {a:>+12.3E} {a:012.2e} {a:g} {a:.10G}" + "%g|%-9.2e|" % (a, a)  # noqa: UP031


def exponents_of_ints(x: int) -> str:
    return f"{x:e} {x:g} {x:8.2g}"


def quoted_text(s: str, x: int) -> str:
    return f"{s!r:>8} {x!r} {repr(s)}"  # noqa: RUF010


def template(s: str, x: int) -> str:
    return "{} is {:>6}".format(s, x) + "{a}{b:x}".format(a=s, b=x)  # noqa: UP032


def percent_template(s: str, x: int, a: float) -> str:
    return "%s: %05d, %-8s| %.2f %%" % (s, x, s, a)  # noqa: UP031


def complaint(x: int, s: str) -> int:
    if x < 0:
        raise ValueError(f"{x:e} is negative, {s!a}")
    assert x != 1, f"{s:.3} is one"
    return x
