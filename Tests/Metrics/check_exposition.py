"""Reads a page of metrics from standard input, as Prometheus would; says what is wrong, exit status 1 if anything is.

    curl -s http://127.0.0.1:8080/metrics | python3 Tests/Metrics/check_exposition.py
    python3 Tests/Metrics/check_exposition.py < Tests/Metrics/exposition.txt

Exit status 77 if `prometheus_client`, the parser, isn't installed.
"""

import math
import sys

try:
    from prometheus_client.parser import text_string_to_metric_families
except ImportError:
    print("prometheus_client isn't installed; python3 -m pip install prometheus_client")
    sys.exit(77)

SUFFIXES = {"counter": {"_total"}, "gauge": {""}, "histogram": {"_bucket", "_sum", "_count"}}


def histogram_mistakes(family):
    """Buckets that fall, or that don't end with the count."""
    series = {}
    for sample in family.samples:
        labels = tuple(sorted((name, value) for name, value in sample.labels.items() if name != "le"))
        parts = series.setdefault(labels, {"buckets": []})
        if sample.name.endswith("_bucket"):
            parts["buckets"].append((float(sample.labels["le"]), sample.value))
        else:
            parts[sample.name.removeprefix(family.name)] = sample.value
    for labels, parts in series.items():
        buckets = parts["buckets"]
        if buckets != sorted(buckets) or [count for _, count in buckets] != sorted(count for _, count in buckets):
            yield f"{family.name}{labels}: the buckets don't rise"
        if not buckets or not math.isinf(buckets[-1][0]) or buckets[-1][1] != parts.get("_count"):
            yield f"{family.name}{labels}: the bucket +Inf isn't the count"
        if "_sum" not in parts:
            yield f"{family.name}{labels}: there is no sum"


def mistakes(text):
    """All that is wrong in a page, in sentences."""
    if not text.endswith("\n"):
        yield "the last line doesn't end"
    seen_names, seen_series = set(), set()
    for family in text_string_to_metric_families(text):
        if family.name in seen_names:
            yield f"{family.name}: there are two blocks"
        seen_names.add(family.name)
        if family.type not in SUFFIXES:
            yield f"{family.name}: the type is {family.type}"
            continue
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            if key in seen_series:
                yield f"{key}: there are two lines"
            seen_series.add(key)
            if sample.name.removeprefix(family.name) not in SUFFIXES[family.type]:
                yield f"{sample.name}: no name for a {family.type}"
            if family.type != "gauge" and not 0 <= sample.value < math.inf:
                yield f"{key}: {sample.value} in a {family.type}"
        if family.type == "histogram":
            yield from histogram_mistakes(family)
    if not seen_names:
        yield "there is no metric"


def main():
    text = sys.stdin.buffer.read().decode("utf-8", errors="strict")
    try:
        found = list(mistakes(text))
    except ValueError as error:
        found = [f"no page of metrics: {error}"]
    for mistake in found:
        print(mistake)
    lines = sum(not line.startswith("#") for line in text.split("\n")[:-1])
    print(f"{lines} lines of values, {len(found)} mistakes")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
