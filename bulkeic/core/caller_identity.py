"""Who calls AWS, as STS GetCallerIdentity answers."""

import msgspec


class CallerIdentity(msgspec.Struct, frozen=True):
    """The owner of credentials.

    Attributes:
        account_id: the account.
        arn: of the principal.
    """

    account_id: str
    arn: str

    @property
    def partition(self) -> str:
        """The partition of the account, for example ``aws``."""
        return self.arn.split(":")[1] if self.arn.startswith("arn:") else ""

    @property
    def principal(self) -> str:
        """The ARN without the name of a role's session, which differs from session to session."""
        head, mark, rest = self.arn.partition(":assumed-role/")
        return f"{head}{mark}{rest.partition('/')[0]}" if mark else self.arn

    def is_same_account(self, other: "CallerIdentity") -> bool:
        """Whether both are in one account of one partition."""
        return (self.account_id, self.partition) == (other.account_id, other.partition)

    def __str__(self) -> str:
        """The principal and its account, for people."""
        return f"{self.arn} of account {self.account_id}"
