"""Let pytest explain the assertions of a helper module, too."""

import pytest

pytest.register_assert_rewrite(f"{__package__}.call_audit")
