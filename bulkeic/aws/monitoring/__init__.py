"""What decides beside a run whether it may go on: CloudWatch alarms and change calendars."""
