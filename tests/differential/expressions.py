"""The expressions of the grammar: templates by type, whose holes are types in `$...$`."""

from __future__ import annotations

#: What a parameter may be, with its weight.
PARAMETERS = {
    "int": 8, "float": 6, "bool": 2, "str": 6, "list[int]": 4, "list[float]": 3, "list[str]": 3,
    "dict[str, int]": 2, "dict[int, float]": 1, "tuple[int, float]": 1, "int | None": 1,
    "float | None": 1, "complex": 1, "bytes": 1, "list[tuple[str, int]]": 0,
    "array f8 1": 3, "array i8 1": 2, "array f8 2": 2, "array b1 1": 1, "array c16 1": 1,
    "array f4 1": 1, "array u1 1": 1, "array i4 1": 1, "array i8 2": 1,
}  # fmt: skip

CONSTANTS = {
    "int": ("0", "1", "2", "3", "7", "-1", "10", "255", "2**31", "10**9 + 7", "2**62", "-5"),
    "float": ("0.0", "1.0", "0.5", "-1.5", "2.5", "1e300", "0.1", "-0.0", "3.0"),
    "bool": ("True", "False"),
    "str": ("''", "'a'", "'ab'", "' '", "'x,y'", "'12'", "'é'", "'-3.5'"),
    "complex": ("1j", "0j", "2 + 1j"),
    "bytes": ("b''", "b'a'", "b'\\x00\\xff'"),
    "list[int]": ("[1, 2, 3]", "[0]", "[5, -5]"),
    "list[float]": ("[0.5, 1.5]", "[0.0]", "[-1.0, 2.0]"),
    "list[str]": ("['a', 'b']", "['']", "['x', 'yy']"),
    "dict[str, int]": ("{'a': 1}", "{'a': 1, 'b': 2}", "{'': 0}"),
    "dict[int, float]": ("{1: 0.5}", "{0: 1.0, 3: 2.0}"),
    "tuple[int, float]": ("(1, 0.5)", "(0, 2.0)"),
    "set[int]": ("{1, 2}", "{0}"),
    "int | None": ("None",),
    "float | None": ("None",),
    "array f8 1": ("np.zeros(3)", "np.array([1.0, -2.5])", "np.ones(2)"),
    "array i8 1": ("np.array([1, 2, 3])", "np.arange(4)"),
    "array f8 2": ("np.zeros((2, 3))", "np.eye(2)"),
}

#: By type; a template that stands twice is chosen twice as often.
TEMPLATES: dict[str, tuple[str, ...]] = {
    "Colour": ("Colour.RED", "COLOUR", "Colour.BLUE if $bool$ else $Colour$", "Colour.BLUE"),
    "Level": ("Level.LOW", "Level.HIGH if $bool$ else Level.LOW"),
    "Point": ("Point($int$, $float$)", "Point(y=$float$, x=$int$)", "Point($int$)"),
    "Circle": ("Circle($float$)", "Circle($float$, $str$)", "Circle($float$, at=$Point$)"),
    "Account": ("Account($str$)", "Account($str$, $float$)", "Account($str$, balance=$int$)"),
    "int": (
        "$Point$.x", "$Point$[0]", "len($Point$)", "$Level$ + $int$", "$Level$ * $Level$",
        "int($Level$)", "$Level$.value", "bisect.bisect_left($list[int]$, $int$)",
        "bisect.bisect($list[str]$, $str$)", "functools.reduce(lambda a, b: a + b, $list[int]$)",
        "functools.reduce(operator.mul, $list[int]$, $int$)", "len(keyed($int$, by=$int$))",
        "sum(a < b for a, b in itertools.combinations($list[int]$, 2))",
        "sum(map(len, itertools.product($str$, $str$)))", "max($int$, $int$, key=lambda v: -v)",
        "sum(v for v in deque($list[int]$))", "len(deque($str$))",
        "Counter($str$)[$str$]", "len(Counter($list[int]$))", "sum(Counter($str$).values())",
        "Counter($list[int]$).most_common(1)[0][1]", "operator.index($int$)",
        "next(v for v in $list[int]$ if v > $int$)",
        "next((i for i, v in enumerate($list[str]$) if v == $str$), -1)",
        "sum(x * y for x, y in zip($list[int]$, $list[int]$, strict=False))",
        "sum(map(operator.mul, $list[int]$, $list[int]$))",
        "$int$ + $int$", "$int$ - $int$", "$int$ * $int$", "$int$ // $int$", "$int$ % $int$",
        "-$int$", "abs($int$)", "$int$ & $int$", "$int$ | $int$", "$int$ ^ $int$", "~$int$",
        "$int$ << ($int$ % 66)", "$int$ >> ($int$ % 70)", "$int$ ** ($int$ % 4)", "len($str$)",
        "len($list[int]$)", "len($list[str]$)", "len($dict[str, int]$)", "int($float$)",
        "round($float$)", "int($str$)", "int($bool$)", "max($int$, $int$)",
        "min($int$, $int$, $int$)", "sum($list[int]$)", "max($list[int]$)", "min($list[int]$)",
        "$list[int]$[$int$]", "$list[int]$[0]", "$list[int]$[-1]", "$dict[str, int]$[$str$]",
        "$dict[str, int]$.get($str$, $int$)", "$str$.find($str$)", "$str$.count($str$)",
        "$str$.index($str$)", "ord($str$[$int$])", "$list[int]$.count($int$)",
        "$list[int]$.index($int$)", "$int$ if $bool$ else $int$", "divmod($int$, $int$)[1]",
        "math.gcd($int$, $int$)", "math.isqrt($int$)", "math.floor($float$)", "math.ceil($float$)",
        "pow($int$, $int$ % 5, $int$)", "$tuple[int, float]$[0]", "sum(x * 2 for x in $list[int]$)",
        "sum(1 for c in $str$ if c == $str$)", "sum($dict[str, int]$.values())",
        "len(set($list[int]$))", "sum([$int$ for _ in range(3)])", "$int$.bit_length()",
        "int($str$, $int$ % 40)", "len($set[int]$)", "math.comb($int$ % 30, $int$ % 30)",
        "math.trunc($float$)", "hash($int$)", "len($bytes$)", "$bytes$[$int$]",
        "int.from_bytes($bytes$, 'little')", "$int | None$ or $int$", "LIMITS[$int$ % 3]",
        "CODES[$str$]", "CODES.get($str$, $int$)", "sum(LIMITS)", "len(CODES)", "len($array f8 1$)",
        "$array f8 2$.shape[0]", "int($array i8 1$[$int$])", "min(max($int$, 0), 20)",
        "sum(v for k, v in $dict[str, int]$.items() if k != $str$)",
        "max(len(w) for w in $list[str]$)", "$tuple[int, float]$.count($int$)", "COLOUR.value",
        "Colour.RED.value + $int$", "$str$.rfind($str$)", "len($str$.split($str$))",
        "helper($int$)", "math.factorial($int$ % 23)", "total_of($int$, $int$, $int$)",
        "calendar.monthrange($int$ % 3000, $int$ % 14)[1]", "$int$ - $bool$",
    ),
    "float": (
        "$Point$.y", "$Circle$.r", "$Account$.balance", "$Level$ * $float$",
        "$float$ + $float$", "$float$ - $float$", "$float$ * $float$", "$float$ / $float$",
        "$int$ / $int$", "$float$ // $float$", "$float$ % $float$", "-$float$", "abs($float$)",
        "$float$ ** 2", "$float$ ** $float$", "$float$ ** $int$", "$int$ ** 0.5", "float($int$)",
        "float($str$)", "math.sqrt($float$)", "math.exp($float$)", "math.log($float$)",
        "math.sin($float$)", "math.atan2($float$, $float$)", "math.hypot($float$, $float$)",
        "math.floor($float$) / 2", "round($float$, 2)", "round($float$, $int$ % 6)",
        "max($float$, $float$)", "min($float$, $int$)", "sum($list[float]$)", "max($list[float]$)",
        "$list[float]$[$int$]", "$float$ if $bool$ else $float$", "$int$ + $float$",
        "$int$ * $float$", "$tuple[int, float]$[1]", "$dict[int, float]$[$int$]",
        "$dict[int, float]$.get($int$, $float$)", "math.fmod($float$, $float$)", "math.pi",
        "math.log10($float$)", "math.log($float$, $float$)", "math.copysign($float$, $float$)",
        "sum(x / 2 for x in $list[int]$)", "math.fsum($list[float]$)", "math.pow($float$, $float$)",
        "$float | None$ or $float$", "abs($complex$)", "$complex$.imag", "math.inf", "math.nan",
        "float($array f8 1$[$int$])", "float($array f8 1$.sum())", "float($np.f8$)",
        "math.degrees($float$)",
        "math.tan($float$)", "math.dist(($float$, $float$), ($float$, 1.0))", "RATES[$str$]",
        "RATES.get($str$, 0.25)", "WEIGHTS[$int$ % 4]",
        "sum(x * w for x, w in zip($list[float]$, WEIGHTS))", "math.ldexp($float$, $int$ % 9)",
        "divmod($float$, $float$)[0]", "math.log1p($float$)", "math.cosh($float$)",
        "math.prod($list[float]$)", "mean_of($list[float]$)",
    ),
    "bool": (
        "Counter($str$) == Counter($str$)", "Counter($list[int]$) != Counter($list[int]$)",
        "$Colour$ is Colour.RED", "$Colour$ == $Colour$", "$Level$ > $int$", "$Point$ == $Point$",
        "$int$ in $dict[str, int]$.values()",
        "$int$ < $int$", "$int$ == $int$", "$float$ <= $float$", "$float$ != $float$",
        "$str$ == $str$", "$str$ < $str$", "$str$ in $str$", "not $bool$", "$bool$ and $bool$",
        "$bool$ or $bool$", "$int$ in $list[int]$", "$str$ in $dict[str, int]$",
        "$str$.startswith($str$)", "$str$.isdigit()", "$str$.isalpha()",
        "any(x > $int$ for x in $list[int]$)", "all(x for x in $list[int]$)", "$int$ > $float$",
        "$list[int]$ == $list[int]$", "$list[str]$ != $list[str]$", "isinstance($int$, int)",
        "math.isnan($float$)", "math.isclose($float$, $float$)",
        "math.isclose($float$, $float$, rel_tol=1e-3, abs_tol=0.5)", "$int | None$ is None",
        "$float | None$ is not None", "bool($str$)", "bool($list[int]$)", "$int$ < $int$ <= $int$",
        "$bool$ == $bool$", "$bool$ ^ $bool$", "$str$ in $list[str]$", "$int$ not in $set[int]$",
        "isinstance($float$, (int, float))", "$float$.is_integer()", "$str$ in CODES",
        "$int$ in LIMITS", "calendar.isleap($int$)", "$str$.isupper()",
        "$tuple[int, float]$ == $tuple[int, float]$", "$str$ in NAMES", "$int$ in ODD",
        "bool(($array f8 1$ > $float$).any())", "bool($np.f8$ > $float$)",
        "bool(np.allclose($list[float]$, $float$))", "math.isfinite($float$)", "not $list[str]$",
        "isinstance($str$, str)", "COLOUR is Colour.RED", "COLOUR == Colour.BLUE",
    ),
    "str": (
        "$str$ + $str$", "$str$ * ($int$ % 4)", "$str$[$int$]", "$str$[$int$:]", "$str$[:$int$]",
        "$str$[$int$:$int$]", "$str$[::-1]", "$str$.upper()", "$str$.lower()", "$str$.strip()",
        "$str$.replace($str$, $str$)", "str($int$)", "str($float$)", "str($bool$)", "repr($str$)",
        "chr($int$ % 300)", "f'{$int$}'", "f'{$float$:.2f}'", "f'{$str$}-{$int$}'", "'%d' % $int$",
        "'%s=%s' % ($str$, $int$)", "'%.3f' % $float$", "','.join($list[str]$)",
        "$str$.join($list[str]$)", "$list[str]$[$int$]", "hex($int$)", "bin($int$)",
        "$str$ if $bool$ else $str$", "$str$.title()", "$str$.capitalize()",
        "$str$.zfill($int$ % 9)", "$str$.center($int$ % 9)", "$str$.rjust($int$ % 9, '*')",
        "max($str$, $str$)", "f'{$int$:>6}'", "f'{$float$!r}'", "f'{$float$:e}'", "f'{$float$:g}'",
        "f'{$float$:8.3g}'", "f'{$int$:05d}'", "f'{$int$:,}'", "f'{$str$:<5}|'",
        "'{:>8.3f}'.format($float$)", "'%5d|%-5s' % ($int$, $str$)", "'%g' % $float$",
        "'%e' % $float$", "'%x' % $int$", "'%r' % $str$", "'%i' % $int$", "'%c' % $str$",
        "'%5.1f%%' % $float$", "f'{$float$}'", "f'{$bool$}'", "f'{$int$!r:>5}'", "f'{$float$:.3}'",
        "f'{$float$:+.1e}'", "f'{$int$:x}'", "f'{$str$:{$int$ % 9}}'",
        "f'{$float$:{$int$ % 9}.{$int$ % 5}f}'", "f'{$int$:e}'", "min($list[str]$)",
        "''.join(sorted($str$))", "$str$.partition($str$)[0]", "NAMES[$int$]",
        "''.join(c for c in $str$ if c.isalpha())", "str($list[int]$)", "f'{$list[int]$}'",
        "$str$.lstrip($str$)", "$str$.removeprefix($str$)", "str($tuple[int, float]$)",
        "f'{$tuple[int, float]$}'", "str($complex$)", "$str$.swapcase()", "$str$.split($str$)[0]",
        "'%s' % $float$", "'%s' % ($bool$,)", "'{0}-{1}'.format($int$, $str$)", "COLOUR.name",
        "$Colour$.name", "$str$ * $bool$", "f'{$int$:>05}'", "keyed($int$)", "$Account$.owner",
        "'%08.3f' % $float$", "'%+d' % $int$", "f'{$float$:.0f}'", "f'{$float$:%}'",
        "f'{$float$:n}'",
    ),
    "complex": (
        "$complex$ + $complex$", "$complex$ * $complex$", "$complex$ / $complex$", "-$complex$",
        "complex($float$, $float$)", "complex($float$)", "$complex$ * $float$",
        "$complex$.conjugate()", "complex($int$, $float$)",
    ),
    "bytes": ("$bytes$ + $bytes$", "$str$.encode()", "$bytes$[$int$:]", "bytes([$int$ % 256])"),
    "list[int]": (
        "list(itertools.accumulate($list[int]$))", "list(dict.fromkeys($list[int]$))",
        "[v for v, _ in Counter($list[int]$).most_common($int$)]",
        "sum([$list[int]$, [$int$]], [])",
        "sorted($list[int]$, key=lambda v: v % $int$, reverse=$bool$)",
        "list(map(max, $list[int]$, $list[int]$))",
        "[a * b for a, b in itertools.permutations($list[int]$, 2)]",
        "[x for x in itertools.chain($list[int]$, $list[int]$)]",
        "[sum(c) for c in zip(*[$list[int]$, $list[int]$])]",
        "[v for _, v in sorted($dict[str, int]$.items(), key=operator.itemgetter(1))]",
        "$list[int]$ + $list[int]$", "$list[int]$[$int$:]", "sorted($list[int]$)",
        "[x + 1 for x in $list[int]$]", "[$int$, $int$]", "list(range($int$ % 6))",
        "$list[int]$[::-1]", "[len(w) for w in $list[str]$]", "$list[int]$ * ($int$ % 3)",
        "list($dict[str, int]$.values())", "[x for x in $list[int]$ if x % 2 == 0]",
        "sorted(set($list[int]$))", "$list[int]$.copy()", "list(map(abs, $list[int]$))",
        "[ord(c) for c in $str$]", "$list[int]$[:$int$]", "[$int$] * ($int$ % 4)",
        "[i * j for i in range(3) for j in range(i)]", "list(reversed($list[int]$))",
        "sorted($list[int]$, key=lambda v: -v)", "LIMITS[1:]", "[v + $int$ for v in LIMITS]",
        "[k for k in $dict[int, float]$]", "list(countdown($int$ % 7))",
        "[v for v in countdown($int$ % 6) if v != 2]", "[*$list[int]$, $int$]",
    ),
    "list[float]": (
        "$list[float]$ + $list[float]$", "sorted($list[float]$)", "[$float$, $float$]",
        "[x * 0.5 for x in $list[float]$]", "[float(x) for x in $list[int]$]", "$list[float]$[1:]",
        "[math.floor(x) / 2 for x in $list[float]$]", "[abs(v) for v in WEIGHTS]",
        "[a + b for a, b in zip($list[float]$, $list[float]$)]", "$list[float]$.copy()",
        "[float(v) for v in $array f8 1$]",
    ),
    "list[str]": (
        "$str$.split()", "$str$.split($str$)", "[c for c in $str$]", "sorted($list[str]$)",
        "[w.upper() for w in $list[str]$]", "[$str$, $str$]", "$list[str]$ + [$str$]",
        "list($str$)", "[w for w in $list[str]$ if w]", "list($dict[str, int]$)",
        "[str(x) for x in $list[int]$]", "$str$.splitlines()", "[n for n in NAMES]",
        "sorted($list[str]$, key=len)", "list($dict[str, int]$.keys())",
        "$str$.split(',', $int$ % 3)", "$list[str]$[::-1]",
    ),
    "dict[str, int]": (
        "$dict[str, int]$ | $dict[str, int]$", "{**$dict[str, int]$, **$dict[str, int]$}",
        "{$str$: $int$}", "{w: len(w) for w in $list[str]$}", "dict(zip($list[str]$, $list[int]$))",
        "{c: $int$ for c in $str$}", "$dict[str, int]$.copy()", "dict($dict[str, int]$)",
        "{k: v + 1 for k, v in $dict[str, int]$.items()}", "counted($list[str]$)",
    ),
    "dict[int, float]": (
        "{$int$: $float$}", "{i: x for i, x in enumerate($list[float]$)}",
        "{k: v * 2 for k, v in $dict[int, float]$.items()}",
    ),
    "tuple[int, float]": (
        "($int$, $float$)", "divmod($int$, 7)[0:1] + ($float$,)",
        "(len($list[int]$), sum($list[float]$))", "($int$, $float$)",
    ),
    "set[int]": ("set($list[int]$)", "{$int$, $int$}", "{x % 3 for x in $list[int]$}",
                 "$set[int]$ | $set[int]$", "$set[int]$ & $set[int]$"),
    "int | None": ("$int$ if $bool$ else None", "$dict[str, int]$.get($str$)", "CODES.get($str$)"),
    "float | None": ("$float$ if $bool$ else None", "RATES.get($str$)"),
    "array f8 1": (
        "$array f8 1$ + $float$", "$array f8 1$ * $array f8 1$", "$array f8 1$[::-1]",
        "np.zeros($int$ % 5)", "np.sqrt($array f8 1$)", "$array f8 1$[1:]", "$array f8 2$[0]",
        "np.array($list[float]$)", "np.where($array f8 1$ > 0, $array f8 1$, 0.0)",
        "$array f8 2$.sum(axis=0)", "$array f8 1$.copy()", "$array f8 1$[$array f8 1$ > $float$]",
        "np.maximum($array f8 1$, $float$)", "$array f8 1$ ** 2", "$array i8 1$ / 2",
        "$array f8 1$ * [$float$, $int$, 1.5]", "np.array($list[np.f8]$)",
        "np.hypot($list[float]$, $float$)",
        "np.exp([$float$, $np.f8$])", "$array f8 1$ + $list[float]$",
        "np.cross($array f8 1$, [0.0, 0.0, 1.0])",
        "np.pad($array f8 1$, $int$ % 3)", "np.pad($array f8 1$, (1, 2), mode='edge')",
        "np.insert($array f8 1$, $int$ % 3, $float$)", "np.delete($array f8 1$, $int$ % 3)",
        "np.select([$array f8 1$ > $float$, $array f8 1$ < 0], [$array f8 1$, $float$], $float$)",
        "np.add($array f8 1$, $float$, $array f8 1$ * 1.0)",
        "np.linalg.solve([[2.0, $float$], [0.5, 1.0]], [$float$, 1.0])",
        "np.correlate($array f8 1$, [1.0, $float$])",
        "np.bincount($array i8 1$ % 5, weights=$array i8 1$)",
        "np.append($array f8 1$, [$float$, $np.f8$])", "np.diff($list[float]$)",
        "np.cumsum($array f8 2$)",
        "np.interp($array f8 1$, [0.0, 1.0, 2.5], $array f8 1$)",
        "np.fromiter((x * 2.0 for x in $list[float]$), float)",
        "np.histogram($array f8 1$, [0.0, $float$, 3.0])[1]",
        "np.linalg.norm($array f8 2$, axis=1)",
    ),
    "np.f8": (
        "$array f8 1$[$int$]", "$array f8 1$.sum()", "$array f8 1$.mean()", "$np.f8$ * $float$",
        "$np.f8$ + $np.f8$",
        "np.float64($float$)", "abs($np.f8$)", "-$np.f8$", "max($np.f8$, $np.f8$)",
        "np.exp($np.f8$)",
        "np.sqrt($float$)", "$np.f8$ / $float$", "$np.f8$ if $bool$ else $np.f8$",
        "sum($list[np.f8]$)",
        "$list[np.f8]$[$int$]", "np.asarray($float$) * $float$",
        "np.dot($list[float]$, $array f8 1$)",
        "np.log(np.asarray($float$))", "np.max([abs(x) for x in $list[float]$])", "halved($np.f8$)",
        "np.linalg.norm([$float$, $np.f8$])", "np.mean([$float$, $int$])",
        "np.median($list[float]$)",
    ),
    "list[np.f8]": (
        "[$np.f8$, $np.f8$]", "[x * $float$ for x in $array f8 1$]", "list($array f8 1$)",
        "[x for x in $array f8 1$ if x > $float$]",
        "sorted($list[np.f8]$)", "[halved(x) for x in $array f8 1$]", "$list[np.f8]$ + [$np.f8$]",
        "$list[np.f8]$[::-1]",
    ),
    "array i8 1": (
        "$array i8 1$ + $int$", "$array i8 1$ // 3", "$array i8 1$ * $array i8 1$",
        "np.arange($int$ % 6)", "$array i8 1$[::2]", "np.array($list[int]$)", "$array i8 1$ & 3",
        "$array f8 1$.astype(int)", "np.cumsum($array i8 1$)", "$array i8 1$ << 2",
        "np.gcd($array i8 1$, 6)",
        "np.union1d($array i8 1$, [1, $int$])", "np.setdiff1d($array i8 1$, [$int$])",
        "np.triu_indices($int$ % 4, 1)[0]",
        "np.histogram($array f8 1$, [0.0, 1.0, $float$])[0]", "np.bincount($array i8 1$ % 4)",
        "$array i8 1$ * [1, $int$, 2]",
        "np.count_nonzero($array f8 2$ > $float$, axis=1)", "np.argsort($list[float]$)",
        "np.array([$int$, $int$, 2])",
    ),
    "array f8 2": (
        "$array f8 2$.T", "$array f8 2$ * $float$", "$array f8 2$ + $array f8 1$",
        "np.zeros(($int$ % 4, 2))", "$array f8 2$[:, ::-1]", "$array f8 2$.reshape(-1, 1)",
        "np.zeros([2, $int$ % 3])", "np.diag([$float$, 1.0, $np.f8$])", "np.eye($int$ % 4, k=1)",
        "np.array([$list[float]$, $list[float]$])",
        "np.outer($list[float]$, $array f8 1$)", "np.pad($array f8 2$, 1)",
        "np.delete($array f8 2$, 0, axis=1)",
        "np.array([[$float$, $np.f8$], [1, $int$]])",
        "np.append($array f8 2$, $array f8 2$, axis=0)",
        "np.take_along_axis($array f8 2$, np.argsort($array f8 2$, axis=1), axis=1)",
        "np.linalg.qr($array f8 2$)[1]",
    ),
}  # fmt: skip

#: What a result may be, beside tuples of variables.
RESULTS = (
    "int", "int", "float", "float", "str", "str", "bool", "list[int]", "list[float]", "list[str]",
    "dict[str, int]", "tuple[int, float]", "int | None", "complex", "bytes", "Colour", "Point",
    "Circle", "Account", "Level",
)  # fmt: skip
#: What it may be beside where there are arrays.
NUMPYS = ("np.f8", "list[np.f8]", "np.f8", "array f8 1", "array i8 1", "array f8 2")

#: What the modules of programs begin with.
HEAD = """\
from __future__ import annotations
import bisect, calendar, dataclasses, enum, functools, itertools, math, operator, typing, warnings
from collections import Counter, defaultdict, deque
import numpy as np

LIMITS = [3, 10, -2]
WEIGHTS = [0.5, -1.5, 0.0]
NAMES = ["a", "bb", ""]
CODES = {"a": 1, "b": 2, "": -7}
RATES = {"a": 0.5, "Hello World": -0.0}
ODD = {1, 3, 5, -7}

class Colour(enum.Enum):
    RED = 1
    BLUE = 2

COLOUR = Colour.RED

class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2**40

class Point(typing.NamedTuple):
    x: int
    y: float = 0.5

@dataclasses.dataclass(frozen=True)
class Circle:
    r: float
    name: str = "c"
    at: Point = None

@dataclasses.dataclass
class Account:
    owner: str
    balance: float = 0.0

def helper(n):
    if n < 0:
        raise ValueError(f"negative {n}")
    return n * 3 + 1

def mean_of(xs):
    return sum(xs) / len(xs)

def halved(x):
    return x / 2 if x > 0 else 0.0

def total_of(*numbers):
    total = 0
    for number in numbers:
        total += number
    return total

def keyed(n, *, by=2, name="k"):
    return name * (n % 3) + str(n // by)

def countdown(n):
    while n > 0:
        yield n
        n -= 1

def counted(words):
    found = {}
    for word in words:
        found[word] = found.get(word, 0) + 1
    return found

"""
