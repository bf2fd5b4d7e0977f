"""The only room that knows aiobotocore: credentials, the calls, and what their failures mean."""

from bulkeic.aws.access import Access, CredentialSource
from bulkeic.aws.caller import LambdaCaller
from bulkeic.aws.redaction import clean

__all__ = ["Access", "CredentialSource", "LambdaCaller", "clean"]
