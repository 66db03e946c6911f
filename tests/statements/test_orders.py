"""The facts' orders of operations hold on v6.16, and each call gives back what it took."""

import pytest

from tests.statements.orders import ORDERS


@pytest.mark.parametrize("name", ORDERS)
def test_order(name):
    """The order, or the balance, that the check's docstring names."""
    assert ORDERS[name]("v6.16"), ORDERS[name].__doc__
