"""What must be the same whoever answers: the plain search, or the fast engine."""


def lengths(report):
    """Give everything that a report says can be reached, with the length of the shortest way."""
    found = {"rule": report.counterexamples, "example": report.examples, "report": report.reports}
    return {(kind, name): len(way) for kind, ways in found.items() for name, way in ways.items()}


def differences(plain, fast):
    """Give what two reports do not agree on."""
    one, other = lengths(plain), lengths(fast)
    odd = {key: (one.get(key), other.get(key)) for key in {**one, **other} if one.get(key) != other.get(key)}
    if plain.complete and (fast.complete, fast.holds) != (plain.complete, plain.holds):
        odd["verdict"] = (plain.holds, fast.holds)
    return odd
