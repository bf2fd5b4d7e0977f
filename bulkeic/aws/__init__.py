"""The only room that knows aiobotocore: credentials, the calls, and what their failures mean."""

from typing import TYPE_CHECKING

from bulkeic.lazy import imported_from

if TYPE_CHECKING:
    from bulkeic.aws.access import Access, CredentialSource
    from bulkeic.aws.caller import LambdaCaller
    from bulkeic.aws.environment import environment_region
    from bulkeic.aws.redaction import clean
else:
    __getattr__ = imported_from(
        __name__,
        {
            "access": (
                "Access",
                "CredentialSource",
            ),
            "caller": ("LambdaCaller",),
            "environment": ("environment_region",),
            "redaction": ("clean",),
        },
    )

__all__ = ["Access", "CredentialSource", "LambdaCaller", "clean", "environment_region"]
