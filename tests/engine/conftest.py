"""pytest explains only the assertions it rewrote, and by itself it rewrites no helpers."""

import pytest

pytest.register_assert_rewrite(f"{__package__}.audit")
