"""Runs jobs and returns their outcomes. Every lane has its own pace; all lanes run at once."""
